"""The files that an entry brings itself: its code, and what lands in the archive's root as it is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cdk_layers.building.archives.members import collect
from cdk_layers.building.excludes import by_name, exclusion
from cdk_layers.building.job import missing_folder
from cdk_layers.building.layout import layout_of
from cdk_layers.building.notes import Note
from cdk_layers.building.requirements.manifest_names import NEVER_ARCHIVED, PRECEDENCE
from cdk_layers.building.uv.used_caches import without_caches
from cdk_layers.errors import EntryError
from cdk_layers.system.wording import listed, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from cdk_layers.building.archives.members import Member
    from cdk_layers.building.job import Job
    from cdk_layers.building.options import BuildOptions

_NEVER_IN_ROOT: Final = (".git/", ".DS_Store")
_COSTLY_BYTES: Final = 1024**2
_NAMED: Final = 5


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
    places = [*NEVER_ARCHIVED, *(path.relative_to(root).as_posix() for path in inside)]
    excluded = exclusion(root, places, options.excludes, defaults=options.default_excludes)
    excluded = without_caches(job, root, excluded)
    members = _placed(collect(root, options.prefix, excluded=excluded, follow=options.follow_links), job)
    names = {member.name for member in members}
    for folder in _opt_entry(options):
        left_out_here = without_caches(job, folder, by_name(_NEVER_IN_ROOT))
        for member in collect(folder, excluded=left_out_here, follow=options.follow_links):
            if member.name in names:
                message = (
                    f"{member.name!r} comes from {root} and from the opt_entry {folder} as well. "
                    "Remove it from one of them."
                )
                raise EntryError(message)
            members.append(member)
    return sorted(members, key=lambda member: member.name)


def _placed(members: list[Member], job: Job) -> list[Member]:
    """Return the entry's files with the packages of a src layout where an installation would put them."""
    layout = layout_of(job.entry)
    if not layout.moves:
        return members
    start = f"{job.options.prefix}/" if job.options.prefix else ""
    return [replace(one, name=f"{start}{layout.place(one.name.removeprefix(start))}") for one in members]


def _opt_entry(options: BuildOptions) -> Iterator[Path]:
    if options.opt_entry is None:
        return
    folder = options.opt_entry
    if not folder.is_dir():
        message = f"{missing_folder('opt_entry', folder)} Give a folder, such as one with bin/ or lib/."
        raise EntryError(message)
    yield folder.resolve()


def own_notes(members: Sequence[Member], job: Job) -> Iterator[Note]:
    """Yield what is likely not meant in the entry's own files."""
    yield from _copies(members)
    yield from _useless(job)
    if job.options.prefix:
        yield from _misplaced(members, job)


def _copies(members: Sequence[Member]) -> Iterator[Note]:
    """Say which links cost space: an archive gets a copy for each, since how Lambda extracts links is not verified."""
    named: dict[Path, list[Member]] = defaultdict(list)
    for member in members:
        named[member.source].append(member)
    several = [same for same in named.values() if len(same) > 1]
    extra = sum((len(same) - 1) * (same[0].size or 0) for same in several)
    if extra >= _COSTLY_BYTES or any(".so" in same[0].source.name for same in several):
        names = sorted(" = ".join(member.name for member in same) for same in several)
        yield Note(
            "copied-link",
            f"Symlinks become copies, which takes {size(extra)} more: {listed(names, _NAMED)}.",
            "Keep each file under one name: a library under the one that programs ask for, such as libx.so.1.",
        )


def _useless(job: Job) -> Iterator[Note]:
    """Say what brings nothing where it is."""
    folder = job.options.opt_entry
    if folder is None or folder.resolve() == job.entry:
        return
    found = [name for name in PRECEDENCE if (folder / name).is_file()]
    if found:
        yield Note(
            "ignored-manifest",
            f"{', '.join(found)} in the opt_entry {folder.name}/ installs nothing: the folder lands in /opt as it is.",
            f"Pass the folder as entry=, or move {found[0]} to a folder that is the entry.",
        )
    if not any(folder.iterdir()):
        yield Note(
            "wrong-folder",
            f"The opt_entry {folder.name}/ is empty, so nothing of it lands in /opt.",
            "Put its bin/ or lib/ there, or leave out opt_entry=.",
        )


def _misplaced(members: Sequence[Member], job: Job) -> Iterator[Note]:
    entry, options = job.entry, job.options
    nested = f"{options.prefix}/{options.prefix}/"
    inside = {member.name.removeprefix(nested) for member in members if member.name.startswith(nested)}
    # An empty folder is kept by a hidden file; a folder with an __init__.py is a package of that name.
    if "__init__.py" not in inside and any(not name.rpartition("/")[2].startswith(".") for name in inside):
        yield Note(
            "wrong-folder",
            f"{entry.name}/ holds a folder {options.prefix}/ of its own, which lands in /opt/{nested}: "
            "Python does not look there.",
            f"Move what is in {entry.name}/{options.prefix}/ one folder up, or pass that folder's parent as opt_entry.",
        )
    reason = layout_of(entry).uncertain
    if reason is not None and any(member.name.startswith(f"{options.prefix}/src/") for member in members):
        yield Note(
            "wrong-folder",
            f"{entry.name}/src/ contains packages and lands in /opt/{options.prefix}/src/, where Python does not look: "
            f"where they belong is not certain, because {reason}.",
            f"Name {entry.name}/src as the entry, install the project with '.' in a requirements.txt and "
            "allow_source_builds, or give it a [build-system] whose defaults suit it.",
        )
