"""The files that an entry brings itself: its code, and what lands in the archive's root as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cdk_layers.build.dependencies import NEVER_ARCHIVED
from cdk_layers.build.job import missing_folder
from cdk_layers.build.layout import layout_of
from cdk_layers.build.members import collect
from cdk_layers.build.notes import Note
from cdk_layers.build.options import DEFAULT_EXCLUDES
from cdk_layers.errors import EntryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from cdk_layers.build.job import Job
    from cdk_layers.build.members import Member
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
    places = [*NEVER_ARCHIVED, *(path.relative_to(root).as_posix() for path in inside)]
    members = _placed(collect(root, options.prefix, excluded=_excluded(places, options.excludes)), job)
    names = {member.name for member in members}
    for folder in _opt_entry(options):
        for member in collect(folder, excluded=_by_name(_NEVER_IN_ROOT)):
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


def _excluded(places: Sequence[str], patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return what tells whether a path is left out: by the defaults, as a place, or by the user's patterns."""
    if patterns:
        # It takes as long to load as a recalled build takes, and few entries have patterns of their own.
        from pathspec import GitIgnoreSpec  # noqa: PLC0415

        spec = GitIgnoreSpec.from_lines([*DEFAULT_EXCLUDES, *map(_pattern, places), *patterns])
        return spec.match_file
    by_name, left_out = _by_name(DEFAULT_EXCLUDES), frozenset(places)
    return lambda path: path.removesuffix("/") in left_out or by_name(path)


def _pattern(place: str) -> str:
    for special in "\\*?[]! ":
        place = place.replace(special, "\\" + special)
    return f"/{place}"


def _by_name(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return what tells whether the last part of a path matches a pattern: "name", "name/" for folders, or "*.ext"."""
    names = frozenset(pattern for pattern in patterns if not pattern.startswith("*"))
    endings = tuple(pattern[1:] for pattern in patterns if pattern.startswith("*"))

    def matches(path: str) -> bool:
        last = path.removesuffix("/").rpartition("/")[2]
        forms = (last, f"{last}/") if path.endswith("/") else (last,)
        return any(form in names or form.endswith(endings) for form in forms)

    return matches


def own_notes(members: Iterable[Member], job: Job) -> Iterator[Note]:
    """Yield what is likely not meant in the entry's own files."""
    entry, options = job.entry, job.options
    if not options.prefix:
        return
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
