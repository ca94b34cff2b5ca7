"""Measurement of the contents of a zip or a folder, within fixed bounds.

Sizes are those of the zip's directory, and are checked as entries are inflated, up to `MAX_INFLATED_BYTES`, twice the
limit of Lambda. Files beyond that are counted with their sizes, but not inspected.
"""

from __future__ import annotations

import stat
import tempfile
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, TypeVar, cast

from isal import isal_zlib

from cdk_layers.contents.bytecode_times import used_bytecode
from cdk_layers.contents.distributions import is_metadata
from cdk_layers.contents.elf import MAGIC
from cdk_layers.contents.inflation import checked_entries, inflated
from cdk_layers.contents.inspection import HEAD_BYTES, MAX_TEXT_BYTES, ContentsBuilder, Seen, is_binary, look
from cdk_layers.contents.model import Contents, File
from cdk_layers.contents.readers import unreadable
from cdk_layers.contents.tree import walk
from cdk_layers.contents.zipformat import BrokenZipError, RefusedZipError
from cdk_layers.errors import AssemblyError
from cdk_layers.lambda_service.limits import MAX_UNZIPPED_BYTES
from cdk_layers.system.parallel import batches, in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cdk_layers.contents.tree import Node
    from cdk_layers.contents.zipformat import Entry

MAX_INFLATED_BYTES: Final = 2 * MAX_UNZIPPED_BYTES
MAX_METADATA_BYTES: Final = 16 * 1024**2

_IN_MEMORY: Final = 8 * 1024**2
_MAX_LINK_BYTES: Final = 4096
_FOLDER_MODE: Final = 0o755
_FILE_MODE: Final = 0o644


_Item = TypeVar("_Item", "Entry", "Node")


class _Look(NamedTuple):
    """One zip entry, or one file of a folder, with the facts about it."""

    path: str
    file: File
    seen: Seen


def measure(path: Path) -> Contents:
    """Return the contents of a zip or a folder.

    A folder is measured as the CDK packs it: symlinks to files and folders inside are followed, and also listed as
    links; symlinks that lead elsewhere are only listed. A symlink in a zip has the size of its target's name.

    Args:
        path: A zip, whatever its name, or a folder.

    Raises:
        DamagedArchiveError: It is not a zip, or is damaged, so that Lambda cannot unpack it.
        AssemblyError: It does not exist, cannot be read, or is hostile.
    """
    try:
        return _measure_folder(path) if path.is_dir() else _measure_zip(path)
    except (OSError, BrokenZipError) as error:
        raise unreadable(path, error) from error


def _measure_folder(path: Path) -> Contents:
    builder = ContentsBuilder()
    links: dict[str, str] = {}
    files: list[Node] = []
    for node in walk(path):
        if node.link is not None:
            links[node.name] = node.link
        elif node.status is None:
            message = f"{node.name or '.'!r} in {str(path)!r} {node.trouble}. Remove it, or make it readable."
            raise AssemblyError(message)
        if node.status is not None and not node.is_folder:
            files.append(node)
    inspected, rest = _within_bounds(files, _size)
    for batch in in_order(lambda batch: [_look_at(node) for node in batch], batches(inspected, _size, HEAD_BYTES)):
        _add_all(builder, batch)
    for node in rest:
        builder.files[node.name] = File(_size(node), 0, _mode(node))
    return builder.contents(links)


def _size(node: Node) -> int:
    return node.status.st_size if node.status else 0


def _mode(node: Node) -> int:
    return stat.S_IMODE(node.status.st_mode) if node.status else _FILE_MODE


def _look_at(node: Node) -> _Look:
    size, crc32, head = 0, 0, b""
    path = Path(node.path)
    with path.open("rb", buffering=0) as file:
        while data := file.read(HEAD_BYTES):
            head = head or data
            size += len(data)
            crc32 = isal_zlib.crc32(data, crc32)
    return _Look(node.name, File(size, crc32, _mode(node)), look(node.name, size, head, lambda: path.open("rb")))


def _add_all(builder: ContentsBuilder, looks: Iterable[_Look]) -> None:
    for path, file, seen in looks:
        builder.add(path, file, seen)
    if sum(map(len, builder.metadata.values())) > MAX_METADATA_BYTES:
        message = f"has more than {MAX_METADATA_BYTES} bytes of metadata about distributions"
        raise RefusedZipError(message)


def _measure_zip(path: Path) -> Contents:
    builder = ContentsBuilder()
    links: dict[str, str] = {}
    folder_modes: dict[str, int] = {}
    with path.open("rb") as file:
        entries = checked_entries(file)
        for entry in entries.values():
            if entry.is_folder:
                folder_modes[entry.name.rstrip("/")] = stat.S_IMODE(entry.mode) if entry.mode else _FOLDER_MODE
            elif entry.is_link:
                target = b"".join(inflated(file, entry, _MAX_LINK_BYTES))
                links[entry.name] = target.decode("utf-8", "replace")
                builder.files[entry.name] = File(entry.size, entry.crc32, stat.S_IMODE(entry.mode))
    regular = [entry for entry in entries.values() if not entry.is_folder and not entry.is_link]
    inspected, rest = _within_bounds(regular, lambda entry: entry.size)
    for batch in in_order(
        lambda batch: _look_inside(path, batch), batches(inspected, lambda entry: entry.size, HEAD_BYTES)
    ):
        _add_all(builder, batch)
    for entry in rest:
        builder.files[entry.name] = _file(entry)
    with path.open("rb") as file:
        for name in used_bytecode(file, entries, chain.from_iterable(builder.traits.values())):
            del builder.traits[name]
    return builder.contents(links, folder_modes)


def _within_bounds(items: Iterable[_Item], size: Callable[[_Item], int]) -> tuple[list[_Item], list[_Item]]:
    """Return what is inspected, and what is beyond the bound; metadata of distributions comes first."""
    left, inspected, rest = MAX_INFLATED_BYTES, [], []
    for item in sorted(items, key=lambda item: not is_metadata(item.name)):
        if size(item) <= left:
            left -= size(item)
            inspected.append(item)
        else:
            rest.append(item)
    return inspected, rest


def _look_inside(path: Path, batch: Sequence[Entry]) -> list[_Look]:
    with path.open("rb") as file:
        return [_Look(entry.name, _file(entry), _seen(file, entry)) for entry in batch]


def _file(entry: Entry) -> File:
    return File(entry.size, entry.crc32, stat.S_IMODE(entry.mode) if entry.mode else _FILE_MODE)


def _seen(file: BinaryIO, entry: Entry) -> Seen:
    """Return what the content of a file in a zip shows. It is read to the end, which verifies its checksum."""
    blocks = inflated(file, entry, entry.size)
    head = b""
    while len(head) < min(entry.size, HEAD_BYTES):
        head += next(blocks)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as whole:
        is_wanted = head.startswith(MAGIC) or (entry.size <= MAX_TEXT_BYTES and not is_binary(head))
        if is_wanted and len(head) < entry.size:
            whole.write(head)
            whole.writelines(blocks)
            whole.seek(0)
        for _ in blocks:
            pass  # To its end, where the checksum is checked.
        return look(entry.name, entry.size, head, lambda: cast("BinaryIO", whole))
