"""Removal of the building machine's paths and interpreter from an installation, so that all machines build the same."""

from __future__ import annotations

import base64
import configparser
import csv
import hashlib
import io
import os
import re
from dataclasses import dataclass, replace
from email.parser import HeaderParser
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.contents.names import canonical
from cdk_layers.errors import DependencyError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

_is_link: Final = lru_cache(maxsize=4096)(os.path.islink)

_TRACES: Final = frozenset({"direct_url.json", "uv_cache.json", "uv_build.json", "REQUESTED"})
"""Files in a .dist-info folder in which an installer records where, when and why it installed."""

_NO_NAMES: Final = frozenset({"", ".", ".."})
"""Parts of a path that are not names of files or folders."""

_ROOT_TRACES: Final = (".lock", "_virtualenv.py", "_virtualenv.pth")
SCRIPT_FOLDERS: Final = ("bin", "Scripts") if os.name == "nt" else ("bin",)
"""Where uv installs programs. Elsewhere, Scripts is a package of a distribution."""

_OF_THIS_PYTHON: Final = re.compile(r"pip3\.\d+(?:\.exe)?")
"""Program that uv installs with pip, as pip does, named after the Python that uv runs with and not after the target's.

It is the same as bin/pip3."""

_SHEBANG: Final = b"#!/usr/bin/env python3\n"
"""Lambda's PATH contains the interpreter of the runtime."""

_FILE_REFERENCE: Final = re.compile(rb"^(?P<name>Requires-Dist:[^@;\n]*)@[ \t]*file:[^\s;]*", re.MULTILINE)
"""A requirement of a folder or file on the machine that built the wheel."""

_PYTHON_SHEBANG: Final = re.compile(rb"#!(?=[^\n]*python)[^\n]*\n|#!/bin/sh\n'''exec'[^\n]*\n' '''\n")
_ENTRY_POINT: Final = re.compile(r"(?P<module>[\w.]+)\s*:\s*(?P<object>[\w.]+)")
_SCRIPT: Final = """\
import re
import sys
from {module} import {first}
if __name__ == "__main__":
    sys.argv[0] = re.sub(r"(-script\\.pyw|\\.exe)?$", "", sys.argv[0])
    sys.exit({object}())
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """One installed distribution."""

    name: str
    folder: Path
    """Its .dist-info folder."""

    tags: tuple[str, ...]
    """The tags of its wheel."""

    record: Mapping[str, tuple[str, str]]
    """The normalized paths of its RECORD that are in the tree, with their digests and sizes as written there, or ""."""


def find_distributions(tree: Path) -> tuple[Installed, ...]:
    """Return the distributions in a folder, sorted by the names of their .dist-info folders.

    Raises:
        DependencyError: A RECORD cannot be read.
    """
    return tuple(map(_read_distribution, sorted(tree.glob("*.dist-info"))))


def _read_distribution(folder: Path) -> Installed:
    wheel = HeaderParser().parsestr(_read(folder / "WHEEL"))
    name = canonical(folder.name.split("-")[0])
    return Installed(name, folder, tuple(wheel.get_all("Tag", [])), dict(_rows(folder / "RECORD")))


def tidy(
    tree: Path, distributions: Iterable[Installed], lost: Collection[tuple[str, str]] = ()
) -> tuple[Installed, ...]:
    """Remove an installation's traces of this machine, and set Lambda's interpreter in its programs.

    Files are replaced and not changed in place, since they may be hard links into uv's cache.

    Args:
        tree: The installation.
        distributions: Its distributions.
        lost: Pairs of a distribution and a path in its RECORD whose file is another distribution's.

    Returns:
        The distributions with their new RECORDs.
    """
    for name in _ROOT_TRACES:
        (tree / name).unlink(missing_ok=True)
    tidied = tuple(
        _tidy(tree, distribution, {path for name, path in lost if name == distribution.name})
        for distribution in distributions
    )
    for name in SCRIPT_FOLDERS:
        folder = tree / name
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return tidied


def _tidy(tree: Path, distribution: Installed, lost: Collection[str]) -> Installed:
    folder, rows = distribution.folder, {}
    programs = _entry_points(folder)
    for path, facts in distribution.record.items():
        if _is_trace(tree, path, folder.name):
            (tree / path).unlink(missing_ok=True)
        elif path.split("/")[0] in SCRIPT_FOLDERS and path.count("/") == 1:
            if path in lost:
                continue
            rows.update(_program(tree, path, programs) or {path: facts})
        else:
            is_metadata = path == f"{folder.name}/METADATA"
            rows[path] = (is_metadata and _without_paths(tree / path)) or facts
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([path, *facts] for path, facts in sorted(rows.items()))
    _replace(folder / "RECORD", text.getvalue().encode())
    return replace(distribution, record=rows)


def _rows(record: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the rows of a RECORD with normalized paths in the tree. Others are ignored: the wheel may be hostile."""
    tree = os.fspath(record.parents[1])
    try:
        for row in csv.reader(io.StringIO(_read(record), newline="")):
            path, digest, size = (*row, "", "", "")[:3]
            path = path.replace("\\", "/")
            if _is_inside(tree, path):
                yield path, (digest, size)
    except csv.Error as error:
        message = f"The RECORD of {record.parent.name} cannot be read: {error}. Its wheel is damaged or hostile."
        raise DependencyError(message) from None


def _is_inside(tree: str, path: str) -> bool:
    folder, _, name = path.rpartition("/")
    is_plain = name not in _NO_NAMES and "\0" not in name and (folder != "" or name[1:2] != ":")
    return is_plain and (not folder or _leads_inside(tree, folder))


@lru_cache(maxsize=4096)
def _leads_inside(tree: str, folder: str) -> bool:
    """Return whether a folder is in the tree, even if symlinks in its path are followed."""
    parts = folder.split("/")
    if "\0" in folder or folder[1:2] == ":" or not _NO_NAMES.isdisjoint(parts):
        return False
    on_the_way = accumulate(parts, "{}/{}".format, initial=tree)
    # Resolving a path takes ten times as long, and few wheels have links.
    return not any(map(_is_link, on_the_way)) or Path(tree, folder).resolve().is_relative_to(Path(tree).resolve())


def _is_trace(tree: Path, path: str, dist_info: str) -> bool:
    folder, _, name = path.rpartition("/")
    is_launcher = folder in SCRIPT_FOLDERS and _OF_THIS_PYTHON.fullmatch(name) is not None
    return (folder == dist_info and name in _TRACES) or is_launcher or _is_compiled(tree, path)


def _is_compiled(tree: Path, path: str) -> bool:
    """Return whether a file is bytecode that Python can do without: with a source in the tree, or in `__pycache__`.

    Other bytecode without a source is a module, as in distributions without sources.
    """
    if not path.endswith(".pyc"):
        return False
    return path.rpartition("/")[0].rpartition("/")[2] == "__pycache__" or (tree / path[:-1]).exists()


def _entry_points(folder: Path) -> dict[str, str]:
    parser = configparser.ConfigParser(delimiters=("=",), strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(_read(folder / "entry_points.txt"))
    except configparser.Error:
        return {}
    sections = (section for section in ("console_scripts", "gui_scripts") if parser.has_section(section))
    return {name: value for section in sections for name, value in parser.items(section)}


def _program(tree: Path, path: str, programs: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Rewrite a program that names this machine's interpreter, and return its row of the RECORD; {} for any other."""
    file = tree / path
    name = file.name.removesuffix(".exe") if file.suffix == ".exe" else file.name
    target = f"bin/{name}"
    entry_point = _ENTRY_POINT.match(programs.get(name, ""))
    if entry_point:
        first = entry_point["object"].partition(".")[0]
        body = _SCRIPT.format(module=entry_point["module"], first=first, object=entry_point["object"])
        content = _SHEBANG + body.encode()
    elif file.is_file() and (found := _PYTHON_SHEBANG.match(start := file.read_bytes())):
        content = _SHEBANG + start[found.end() :]
    else:
        return {}
    file.unlink(missing_ok=True)
    (tree / "bin").mkdir(exist_ok=True)
    _replace(tree / target, content)
    (tree / target).chmod(0o755)
    return {target: (_digest(content), str(len(content)))}


def _without_paths(metadata: Path) -> tuple[str, str] | None:
    """Remove the paths of the machine that built the wheel from its metadata; return the new digest and size if any."""
    try:
        before = metadata.read_bytes()
    except OSError:
        return None
    headers, blank_line, description = before.partition(b"\n\n")
    content = _FILE_REFERENCE.sub(lambda found: found["name"].rstrip(), headers) + blank_line + description
    if content == before:
        return None
    _replace(metadata, content)
    return _digest(content), str(len(content))


def _digest(content: bytes) -> str:
    """Return a digest as RECORD writes it."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"


def _replace(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
