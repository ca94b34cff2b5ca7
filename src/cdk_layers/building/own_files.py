"""The entry's own files: its code, and the content of `opt_entry`."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from cdk_layers.building.archives.members import collect
from cdk_layers.building.excludes import by_name, exclusion
from cdk_layers.building.job import missing_folder
from cdk_layers.building.layout import layout_of
from cdk_layers.building.notes import Note
from cdk_layers.building.requirements.manifest_names import NEVER_ARCHIVED, PRECEDENCE
from cdk_layers.building.uv.used_caches import without_caches
from cdk_layers.errors import EntryError
from cdk_layers.system.wording import folder_fault, listed, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from cdk_layers.building.archives.members import Member
    from cdk_layers.building.job import Job
    from cdk_layers.building.options import BuildOptions

_NEVER_IN_ROOT: Final = (".git", ".DS_Store")
_COSTLY_BYTES: Final = 1024**2
_NAMED: Final = 5


def own_members(job: Job, manifests: Iterable[Path]) -> list[Member]:
    """Return the entry's own files and those of `opt_entry`, with their names in the archive, sorted.

    Args:
        job: The build.
        manifests: Manifests, and files and folders of the entry that they install. They are left out.

    Raises:
        EntryError: A file cannot be read, a link leaves its folder, or both folders contain the same path.
    """
    root, options = job.entry, job.options
    inside = [path for path in (*manifests, *_opt_entry(options)) if path.is_relative_to(root) and path != root]
    places = [*NEVER_ARCHIVED, *(path.relative_to(root).as_posix() for path in inside)]
    excluded = exclusion(root, places, options.excludes, defaults=options.default_excludes)
    excluded = without_caches(job, root, excluded)
    members = _with_layout(collect(root, options.prefix, excluded=excluded, follow=options.follow_links), job)
    names = {member.name for member in members}
    for folder in _opt_entry(options):
        excluded = without_caches(job, folder, by_name(_NEVER_IN_ROOT))
        for member in collect(folder, excluded=excluded, follow=options.follow_links):
            if member.name in names:
                message = f"Both {root} and the opt_entry {folder} contain {member.name!r}. Remove it from one of them."
                raise EntryError(message)
            members.append(member)
    return sorted(members, key=lambda member: member.name)


def _with_layout(members: list[Member], job: Job) -> list[Member]:
    """Return the entry's files, with the packages of a src layout at their place in the wheel."""
    layout = layout_of(job.entry)
    if not layout.moves:
        return members
    start = f"{job.options.prefix}/" if job.options.prefix else ""
    placed = (member._replace(name=f"{start}{layout.place(member.name.removeprefix(start))}") for member in members)
    # A link to a package that moves is another name of the same files.
    return list(dict.fromkeys(placed))


def _opt_entry(options: BuildOptions) -> Iterator[Path]:
    if options.opt_entry is None:
        return
    folder = options.opt_entry
    if folder_fault(folder):
        message = f"{missing_folder('opt_entry', folder)} Give a folder, such as one with bin/ or lib/."
        raise EntryError(message)
    yield folder.resolve()


def own_notes(members: Sequence[Member], job: Job, *, is_installed: bool = False) -> Iterator[Note]:
    """Yield notes about likely mistakes in the entry's own files.

    Args:
        members: The own files.
        job: The build.
        is_installed: Whether the manifest installs the project of the entry, so that its packages are found.
    """
    yield from _copied_links(members)
    yield from _unused_opt_entry(members, job)
    if job.options.prefix:
        yield from _misplaced_folder(members, job)
        if not is_installed:
            yield from _misplaced_project(members, job)


def _copied_links(members: Sequence[Member]) -> Iterator[Note]:
    """Yield a note if symlinks cost much space.

    The archive contains a copy for each, since it is not verified how Lambda extracts links.
    """
    by_source: dict[Path, list[Member]] = defaultdict(list)
    for member in members:
        by_source[member.source].append(member)
    copies = [group for group in by_source.values() if len(group) > 1]
    extra_bytes = sum((len(group) - 1) * (group[0].size or 0) for group in copies)
    if extra_bytes >= _COSTLY_BYTES or any(".so" in group[0].source.name for group in copies):
        names = sorted(" = ".join(member.name for member in group) for group in copies)
        yield Note(
            "copied-link",
            f"Symlinks become copies, which take {size(extra_bytes)} more: {listed(names, _NAMED)}.",
            "Keep each file under one name: a library under the name that programs load, such as libx.so.1.",
        )


def _unused_opt_entry(members: Sequence[Member], job: Job) -> Iterator[Note]:
    """Yield notes about an opt_entry that has no effect, or whose manifest has none."""
    folder = job.options.opt_entry
    if folder is None or folder.resolve() == job.entry:
        return
    # The user may have installed the distributions there already: pip install -r requirements.txt -t FOLDER/python.
    if not any(member.name.endswith(".dist-info/METADATA") for member in members):
        yield from _unused_manifests(folder)
    if not any(folder.iterdir()):
        yield Note(
            "wrong-folder",
            f"The opt_entry {folder.name}/ is empty, so it adds nothing to /opt.",
            "Put its bin/ or lib/ there, or leave out opt_entry=.",
            is_warning=True,
        )


def _unused_manifests(folder: Path) -> Iterator[Note]:
    for place in ("", "python/"):
        found = [f"{place}{name}" for name in PRECEDENCE if (folder / place / name).is_file()]
        if found:
            yield Note(
                "ignored-manifest",
                f"{', '.join(found)} in the opt_entry {folder.name}/ installs nothing: its files go to /opt unchanged.",
                f"Pass {folder.name}/{place} as entry= instead, or move {found[0]} to a folder that is the entry.",
            )


def _misplaced_folder(members: Sequence[Member], job: Job) -> Iterator[Note]:
    entry, options = job.entry, job.options
    nested = f"{options.prefix}/{options.prefix}/"
    inside = {member.name.removeprefix(nested) for member in members if member.name.startswith(nested)}
    # A hidden file may keep an empty folder in git; a folder with an __init__.py is a package of that name.
    if "__init__.py" not in inside and any(not name.rpartition("/")[2].startswith(".") for name in inside):
        yield Note(
            "wrong-folder",
            f"{entry.name}/ contains a folder {options.prefix}/, which goes to /opt/{nested}, where Python does not "
            "search.",
            # A manifest of the entry would install nothing with another entry.
            f"Move what is in {entry.name}/{options.prefix}/ one folder up."
            if any((entry / name).is_file() for name in PRECEDENCE)
            else f"Pass {entry.name}/{options.prefix}/ as the entry, or {entry.name}/ as opt_entry.",
        )


def _misplaced_project(members: Sequence[Member], job: Job) -> Iterator[Note]:
    entry, options = job.entry, job.options
    reason = layout_of(entry).uncertain
    if reason is not None and any(member.name.startswith(f"{options.prefix}/src/") for member in members):
        yield Note(
            "wrong-folder",
            f"{entry.name}/src/ contains packages and goes to /opt/{options.prefix}/src/, where Python does not "
            f"search. It is not moved, because {reason}.",
            f"Pass {entry.name}/src as the entry, install the project with '.' in a requirements.txt and "
            "allow_source_builds, or add a [build-system] whose defaults suit the project.",
        )
