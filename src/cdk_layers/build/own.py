"""The files that an entry brings itself: its code, and what lands in the archive's root as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pathspec import GitIgnoreSpec

from cdk_layers.build.archive import collect
from cdk_layers.build.dependencies import NEVER_ARCHIVED
from cdk_layers.build.notes import Note
from cdk_layers.build.options import DEFAULT_EXCLUDES
from cdk_layers.errors import EntryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from cdk_layers.build.archive import Member
    from cdk_layers.build.job import Job
    from cdk_layers.build.options import BuildOptions

_NEVER_IN_ROOT: Final = (".git/", ".DS_Store")


def own_members(job: Job, left_out: Iterable[Path]) -> list[Member]:
    """Return the entry's own files, and those of `opt_entry`, under their names in the archive, sorted.

    Args:
        job: What is built.
        left_out: Files and folders of the entry that are installed instead, or say what is.

    Raises:
        EntryError: A file cannot be read, a link leaves its folder, or both folders bring one path.
    """
    root, options = job.entry, job.options
    inside = [path for path in (*left_out, *_opt_entry(options)) if path.is_relative_to(root) and path != root]
    patterns = [*DEFAULT_EXCLUDES, *(f"/{name}" for name in NEVER_ARCHIVED), *map(_pattern(root), inside)]
    members = collect(root, options.prefix, excluded=_matcher([*patterns, *options.excludes]))
    names = {member.name for member in members}
    for folder in _opt_entry(options):
        for member in collect(folder, excluded=_matcher(_NEVER_IN_ROOT)):
            if member.name in names:
                message = (
                    f"{member.name!r} comes from {root} and from the opt_entry {folder} as well. "
                    "Remove it from one of them."
                )
                raise EntryError(message)
            members.append(member)
    return sorted(members, key=lambda member: member.name)


def _opt_entry(options: BuildOptions) -> Iterator[Path]:
    if options.opt_entry is None:
        return
    folder = options.opt_entry
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        message = f"The opt_entry {str(folder)!r} {what}. It has to be a folder, such as one with bin/ or lib/."
        raise EntryError(message)
    yield folder.resolve()


def _pattern(root: Path) -> Callable[[Path], str]:
    def pattern(path: Path) -> str:
        name = path.relative_to(root).as_posix()
        for special in "\\*?[]! ":
            name = name.replace(special, "\\" + special)
        return f"/{name}"

    return pattern


def _matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    spec = GitIgnoreSpec.from_lines(patterns)
    return spec.match_file


def own_notes(members: Iterable[Member], job: Job) -> Iterator[Note]:
    """Yield what is likely not meant in the entry's own files."""
    entry, options = job.entry, job.options
    if not options.prefix:
        return
    nested = f"{options.prefix}/{options.prefix}/"
    if any(member.name.startswith(nested) for member in members):
        yield Note(
            "wrong-folder",
            f"{entry.name}/ holds a folder {options.prefix}/ of its own, which lands in /opt/{nested}: "
            "Python does not look there.",
            f"Move what is in {entry.name}/{options.prefix}/ one folder up, or pass that folder's parent as opt_entry.",
        )
