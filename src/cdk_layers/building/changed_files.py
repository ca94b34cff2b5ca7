"""Files of an installation that are not as their wheel has them.

uv links the files of its cache into environments. A program that writes into such a file, such as one that appends a
company's certificate to certifi/cacert.pem, changes the cache, and so what is installed from it later. One that removes
old files from temporary folders may remove some of the cache's.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from itertools import chain
from typing import TYPE_CHECKING

from cdk_layers.building.tidying import SCRIPT_FOLDERS, find_distributions
from cdk_layers.errors import BuildError, DependencyError
from cdk_layers.system.outgoing import report_error
from cdk_layers.system.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from cdk_layers.building.tidying import Installed


def changed_files(tree: Path, distributions: Collection[Installed]) -> dict[str, list[str]]:
    """Return the files that are missing, or have another size than their RECORD says, by distribution.

    Reading all files to compare their digests would take a tenth of a build. Files that the installer writes are left
    out, and so are paths that several distributions record.

    Args:
        tree: An installation, not tidied yet.
        distributions: Its distributions.
    """
    owners = Counter(chain.from_iterable(distribution.record for distribution in distributions))
    found: dict[str, list[str]] = defaultdict(list)
    for distribution in distributions:
        written = (f"{distribution.folder.name}/", *(f"{folder}/" for folder in SCRIPT_FOLDERS))
        for path, (_, size) in distribution.record.items():
            is_checked = size.isdecimal() and owners[path] == 1 and not path.startswith(written)
            if is_checked and _size(tree / path) != int(size):
                found[distribution.name].append(path)
    return dict(found)


def replace_changed(
    changed: Mapping[str, Sequence[str]], tree: Path, install_again: Callable[[str, Path], object]
) -> tuple[Installed, ...]:
    """Install distributions again, and not from uv's cache, whose files something has changed there.

    Args:
        changed: The result of `changed_files` for the installation.
        tree: The installation.
        install_again: Installs the distribution of a name into a folder, without the cache.

    Returns:
        All distributions of the tree.

    Raises:
        BuildError: One cannot be installed without the cache.
    """
    try:
        for name in sorted(changed):
            install_again(name, tree)
    except DependencyError as error:
        found, remedy = _changed_text(changed)
        message = (
            f"{found} (or a wheel's RECORD is wrong), and the cache cannot be done without. {remedy}. "
            f"uv's reason: {error}"
        )
        raise BuildError(message) from error
    installed = find_distributions(tree)
    wrong = changed_files(tree, installed)
    if replaced := {name: paths for name, paths in changed.items() if name not in wrong}:
        found, remedy = _changed_text(replaced)
        report_error(f"cdk-layers: {found}. The build did not use these files. {remedy}")
    return installed


def _changed_text(changed: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    """Return what is wrong with uv's cache, and the remedy."""
    names = sorted(changed)
    found = f"Files of {quoted(names)} in uv's cache were changed or removed, such as {changed[names[0]][0]!r}"
    return found, f"To remove them from the cache, run: uv cache clean {' '.join(names)}"


def _size(path: Path) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - thousands of files
    except OSError:
        return None
