"""Installed distributions, read from their .dist-info folders."""

from __future__ import annotations

import csv
import io
import posixpath
import re
from collections import defaultdict
from email.parser import HeaderParser
from itertools import islice, product
from typing import TYPE_CHECKING, Final

from cdk_layers.contents.model import Distribution
from cdk_layers.contents.names import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import Message
    from pathlib import Path

    from cdk_layers.contents.model import File

_METADATA_FILE: Final = re.compile(r"(?:(?P<folder>.*)/)?(?P<info>[^/]+\.dist-info)/(?P<kind>METADATA|RECORD|WHEEL)")

_NOT_NORMAL: Final = re.compile(r"(?:^|/)\.{0,2}(?:/|$)")
"""An empty name, "." or ".." between two slashes, or at an end."""

_VENDOR_FOLDERS: Final = frozenset({"_vendor", "_vendored", "_vendored_packages"})

_MAX_TAGS: Final = 1_000
"""How many tags of one distribution are read. No known wheel has more than a few dozen."""


def is_metadata(path: str) -> bool:
    """Return whether `read_distributions` reads a file."""
    return ".dist-info/" in path and _METADATA_FILE.fullmatch(path) is not None


def read_distributions(metadata: Mapping[str, bytes], files: Mapping[str, File]) -> tuple[Distribution, ...]:
    """Return the distributions of a tree, sorted by name.

    Args:
        metadata: The bytes of the files that `is_metadata` accepts, by path. A .dist-info folder does not count if its
            METADATA lacks a name or a version, or if it belongs to a copy inside of another distribution: in a folder
            called _vendor, or with its METADATA in the RECORD of the other.
        files: All files by path.
    """
    infos: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for path, data in metadata.items():
        if found := _METADATA_FILE.fullmatch(path):
            infos[found["folder"] or "", found["info"]][found["kind"]] = data.decode("utf-8", "replace")
    vendored = _vendored(infos)
    found_here = (
        _distribution(folder, texts, files)
        for (folder, info), texts in infos.items()
        if "METADATA" in texts and (folder, info) not in vendored
    )
    distributions = filter(None, found_here)
    return tuple(sorted(distributions, key=lambda each: (each.name, each.folder, each.version)))


def read_installed(tree: Path) -> tuple[Distribution, ...]:
    """Return the distributions in a folder on disk, sorted by name, without the sizes of their files."""
    files = (path for info in tree.glob("*.dist-info") for path in (info / "METADATA", info / "WHEEL"))
    metadata = {path.relative_to(tree).as_posix(): path.read_bytes() for path in files if path.is_file()}
    return read_distributions(metadata, {})


def _vendored(infos: Mapping[tuple[str, str], Mapping[str, str]]) -> set[tuple[str, str]]:
    """Return the .dist-info folders of copies inside of other distributions, such as those in setuptools/_vendor."""
    # The .dist-info folder is in the folder of the modules, so a copy is deeper than its owner.
    top = min((len(folder) for folder, _ in infos), default=0)
    deeper = {f"{folder}/{info}/METADATA": (folder, info) for folder, info in infos if len(folder) > top}
    found = {key for key in infos if _VENDOR_FOLDERS.intersection(key[0].split("/"))}
    for (folder, _), texts in infos.items() if deeper else ():
        for recorded in _recorded(texts.get("RECORD", "")):
            path = _below(folder, recorded)
            if path in deeper and deeper[path][0] != folder:
                found.add(deeper[path])
    return found


def _distribution(folder: str, texts: Mapping[str, str], files: Mapping[str, File]) -> Distribution | None:
    fields = HeaderParser().parsestr(texts["METADATA"])
    name, version = _field(fields, "Name"), _field(fields, "Version")
    if not name or not version:
        return None
    present: set[str] = set()
    top_level: set[str] = set()
    for recorded in _recorded(texts.get("RECORD", "")):
        top_level.add(recorded.partition("/")[0])
        path = _below(folder, recorded)
        if path in files:
            present.add(path)
    return Distribution(
        canonical(name),
        version,
        folder,
        sum(files[path].size for path in present),
        tuple(" ".join(str(line).split()) for line in fields.get_all("Requires-Dist", ())),
        _field(fields, "Requires-Python"),
        _license(fields),
        _tags(HeaderParser().parsestr(texts.get("WHEEL", ""))),
        tuple(sorted(top_level - {"..", ""})),
        tuple(sorted({canonical(str(extra).strip()) for extra in fields.get_all("Provides-Extra", ())})),
    )


def _field(fields: Message, name: str) -> str | None:
    return str(fields.get(name, "")).strip() or None


def _recorded(record: str) -> Iterator[str]:
    try:
        for row in csv.reader(io.StringIO(record, newline="")):
            if row and row[0] and not row[0].startswith("/"):
                path = row[0].replace("\\", "/")
                # Few paths need it, and it takes as long as all else here.
                yield posixpath.normpath(path) if _NOT_NORMAL.search(path) else path
    except csv.Error:
        return


def _below(folder: str, path: str) -> str:
    """Return the normalized path of what is at a normalized path relative to a folder."""
    if path.startswith(".."):
        return posixpath.normpath(posixpath.join(folder, path))
    return f"{folder}/{path}" if folder else path


def _license(fields: Message) -> str | None:
    text = _field(fields, "License-Expression") or _field(fields, "License")
    return text if text and "\n" not in text and text != "UNKNOWN" else None


def _tags(fields: Message) -> tuple[str, ...]:
    """Return the tags of a WHEEL file. Older wheels write several as one, such as "py2.py3-none-any"."""
    tags: list[str] = []
    for compressed in fields.get_all("Tag", ()):
        parts = str(compressed).strip().split("-")
        if len(parts) == 3:  # noqa: PLR2004 - Python, ABI and platform
            every = product(*(part.split(".") for part in parts))
            tags += map("-".join, islice(every, _MAX_TAGS - len(tags)))
    return tuple(dict.fromkeys(tags))
