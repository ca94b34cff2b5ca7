"""`cdk-layers cache`: inspect, prune and verify the build cache."""

from __future__ import annotations

import argparse
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.errors import BuildError
from cdk_layers.store.location import store_folder
from cdk_layers.store.write_errors import FOLDER_VARIABLE

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterator

    from cdk_layers.store.pruning import Limits

_STATUS: Final = (
    "Exit status: 0 without a problem, 1 if something is damaged (verify) or cannot be removed (prune), 2 if the "
    "command could not run."
)
_UNITS: Final = {"m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}
_AGE: Final = re.compile(r"([0-9]{1,6}) ?([mhdw])")


def add_parser(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("cache", help="inspect, prune and verify the build cache", epilog=_STATUS)
    parser.description = "Inspect, prune and verify the build cache. Builds also prune it when it exceeds its limit."
    actions = parser.add_subparsers(metavar="ACTION", title="actions")
    _add(actions, "info", _info, "show the content of the cache, and its limit")
    prune = _add(actions, "prune", _prune, "remove what is over the limit, unused for long, or left by killed builds")
    prune.description = (
        "Remove the least recently used entries until the cache is within its limit, entries that have not been used "
        "for long, and leftovers of killed builds and older versions of cdk-layers. Entries that a running process "
        "uses are kept."
    )
    prune.add_argument(
        "--max-size", metavar="SIZE", help="use this limit instead of the configured one, such as 500MiB"
    )
    prune.add_argument(
        "--older-than",
        metavar="AGE",
        type=_seconds,
        help="remove everything that has not been used for this time, such as 12h or 7d",
    )
    prune.add_argument("--all", action="store_true", help="remove everything that no running process uses")
    prune.add_argument("--dry-run", action="store_true", help="only show what would be removed")
    verify = _add(actions, "verify", _verify, "read everything, and remove damaged entries")
    verify.description = (
        "Read every file that has a digest, and remove damaged entries, which the next build makes again. Unpacked "
        "layers and runtime clients have no digests."
    )
    verify.add_argument("--dry-run", action="store_true", help="only list damaged entries")
    _add(actions, "path", _path, "print the folder of the cache")


def _add(actions: Any, name: str, action: Callable[[Namespace], int], summary: str) -> ArgumentParser:
    parser: ArgumentParser = actions.add_parser(name, help=summary, epilog=_STATUS)
    if action is not _path:
        parser.add_argument("--format", choices=("table", "json"), default="table", help="the form (default: table)")
    parser.set_defaults(execute=execute, act=action)
    return parser


def execute(arguments: Namespace) -> int:
    """Run the action and return the exit status.

    Raises:
        BuildError: The folder cannot be read.
    """
    try:
        return int(arguments.act(arguments))
    except OSError as error:
        folder = store_folder()
        if not str(error.filename).startswith(str(folder)):
            raise
        message = (
            f"The build cache {str(folder)!r} cannot be read: {error.strerror or error}. Let {FOLDER_VARIABLE} name "
            "another folder, or make this one readable."
        )
        raise BuildError(message) from None


def _path(_: Namespace) -> int:
    from cdk_layers.project.user_store import unchecked_user_store  # noqa: PLC0415

    print(unchecked_user_store().folder)  # noqa: T201
    return 0


def _info(arguments: Namespace) -> int:
    from cdk_layers.project.user_store import unchecked_user_store  # noqa: PLC0415
    from cdk_layers.report.store_reports import show_inventory  # noqa: PLC0415
    from cdk_layers.store.inventory import items  # noqa: PLC0415

    store = unchecked_user_store()
    show_inventory(store.folder, store.max_bytes, list(items(store.folder)), as_json=arguments.format == "json")
    return 0


def _prune(arguments: Namespace) -> int:
    from cdk_layers.project.user_store import unchecked_user_store  # noqa: PLC0415
    from cdk_layers.report.store_reports import show_pruned  # noqa: PLC0415

    store = unchecked_user_store()
    with _progress("Removing") as report:
        pruned = store.prune(_limits(arguments, store.max_bytes), is_dry_run=arguments.dry_run, report=report)
    show_pruned(pruned, is_dry_run=arguments.dry_run, as_json=arguments.format == "json")
    return int(pruned.failed.count > 0)


def _limits(arguments: Namespace, max_bytes: int | None) -> Limits:
    from cdk_layers.errors import UsageError  # noqa: PLC0415
    from cdk_layers.project.settings import parse_size  # noqa: PLC0415
    from cdk_layers.store.pruning import Limits  # noqa: PLC0415

    if arguments.all:
        if arguments.max_size is not None or arguments.older_than is not None:
            message = "--all removes everything. Leave out --max-size and --older-than, or --all."
            raise UsageError(message)
        return Limits(0)
    size = max_bytes if arguments.max_size is None else parse_size(arguments.max_size, "--max-size")
    return Limits(size, arguments.older_than)


def _verify(arguments: Namespace) -> int:
    from cdk_layers.project.user_store import unchecked_user_store  # noqa: PLC0415
    from cdk_layers.report.store_reports import show_verified  # noqa: PLC0415

    store = unchecked_user_store()
    with _progress("Verifying") as report:
        verified = store.verify(is_dry_run=arguments.dry_run, report=report)
    show_verified(store.folder, verified, is_dry_run=arguments.dry_run, as_json=arguments.format == "json")
    return int(bool(verified.damaged))


@contextmanager
def _progress(doing: str) -> Iterator[Callable[[int, int], object]]:
    """Yield what shows progress in a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    from rich.console import Console  # noqa: PLC0415

    with Console(stderr=True).status(doing) as status:
        yield lambda done, all_of_them: status.update(f"{doing} {done} of {all_of_them}")


def _seconds(text: str) -> float:
    match = _AGE.fullmatch(text.strip())
    if match is None:
        message = f"{text!r} is not an age. Write one such as 90m, 12h, 7d or 4w."
        raise argparse.ArgumentTypeError(message)
    return int(match[1]) * _UNITS[match[2]]
