"""Archives unpacked once and kept by the digest of their content, and layers merged as Lambda merges them."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.contents.inflation import checked_entries, inflated
from cdk_layers.contents.measure import MAX_INFLATED_BYTES
from cdk_layers.contents.zipformat import BrokenZipError
from cdk_layers.errors import AssemblyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cdk_layers.contents.model import Contents
    from cdk_layers.contents.zipformat import Entry
    from cdk_layers.store.protocol import Store

_FILE_MODE: Final = 0o444
_PROGRAM_MODE: Final = 0o555


class UnpackedFolders:
    """The unpacked archives in a store, which processes share."""

    def __init__(self, store: Store) -> None:
        """Use a store."""
        self._store = store

    def unpacked(self, archive: Path) -> Path:
        """Return a folder with the files of an archive or a folder. Its files must not be changed.

        Raises:
            AssemblyError: The archive cannot be read.
        """
        digest = _digest(self._store.contents_of(archive))
        return self._kept(digest, lambda folder: _unpack(archive, folder))

    def written(self, files: Mapping[str, bytes]) -> Path:
        """Return a folder with some files, such as the code that a template contains."""
        digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()
        return self._kept(digest, lambda folder: _write_all(files, folder))

    def merged(self, archives: Sequence[Path]) -> Path:
        """Return a folder with the files of all archives, where a later one wins, as Lambda merges layers into /opt."""
        if not archives:
            return self.written({})
        folders = [self.unpacked(archive) for archive in archives]
        if len(folders) == 1:
            return folders[0]
        digest = hashlib.sha256("\n".join(folder.parent.name for folder in folders).encode()).hexdigest()
        return self._kept(digest, lambda merged: _merge(folders, merged))

    def _kept(self, digest: str, make: Callable[[Path], None]) -> Path:
        return self._store.get_or_make_folder("unpacked", digest, make)


def _digest(contents: Contents) -> str:
    seen = hashlib.sha256()
    for name, file in sorted(contents.files.items()):
        seen.update(repr((name, file.size, file.crc32, file.mode)).encode())
    for name, target in sorted(contents.links.items()):
        seen.update(repr((name, target)).encode())
    return seen.hexdigest()


def _unpack(archive: Path, folder: Path) -> None:
    if archive.is_dir():
        shutil.copytree(archive, folder, symlinks=True, copy_function=_copy)
        return
    folder.mkdir()
    links: list[tuple[Path, str]] = []
    try:
        with archive.open("rb") as file:
            for name, entry in checked_entries(file).items():
                if entry.is_link:
                    links.append((folder / name, os.fsdecode(b"".join(inflated(file, entry, MAX_INFLATED_BYTES)))))
                else:
                    _write(folder / name, entry, inflated(file, entry, MAX_INFLATED_BYTES))
        # Last, so that nothing is written through one.
        for path, target in links:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(target)
    except (OSError, BrokenZipError) as error:
        message = f"{str(archive)!r} cannot be unpacked: {error}"
        raise AssemblyError(message) from None


def _copy(source: str, target: str) -> None:
    shutil.copyfile(source, target, follow_symlinks=False)
    if not Path(target).is_symlink():
        Path(target).chmod(_PROGRAM_MODE if Path(source).stat().st_mode & 0o111 else _FILE_MODE)


def _write_all(files: Mapping[str, bytes], folder: Path) -> None:
    folder.mkdir()
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(_FILE_MODE)


def _write(path: Path, entry: Entry, data: Iterable[bytes]) -> None:
    if entry.is_folder:
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as output:
        output.writelines(data)
    path.chmod(_PROGRAM_MODE if entry.mode & 0o111 else _FILE_MODE)


def _merge(folders: Sequence[Path], merged: Path) -> None:
    merged.mkdir()
    for folder in folders:
        for place, names, files in os.walk(folder):
            target = merged / os.path.relpath(place, folder)
            for name in (*files, *(name for name in names if (Path(place) / name).is_symlink())):
                _put(Path(place) / name, target / name)
            for name in names:
                if not (Path(place) / name).is_symlink():
                    _make_folder(target / name)


def _put(source: Path, target: Path) -> None:
    if target.is_symlink() or target.is_file():
        target.unlink()
    elif target.is_dir():
        shutil.rmtree(target)
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def _make_folder(target: Path) -> None:
    if target.is_symlink() or target.is_file():
        target.unlink()
    target.mkdir(exist_ok=True)
