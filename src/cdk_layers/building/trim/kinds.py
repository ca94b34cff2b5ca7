"""Kinds of files in a distribution that no function needs at run time.

Some files never have a kind: the .dist-info folder, licenses, bundled libraries, and importable packages that only look
like tests or documents, such as numpy.testing, sqlalchemy.testing and boto3.docs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from cdk_layers.building.content_options import TrimKind

TEST_FOLDERS: Final = frozenset({"tests", "test", "_tests"})
TEST_MODULE: Final = "conftest"
"""A module that only pytest imports."""

_TEST_FILE: Final = re.compile(r"tests?_.*\.py|.*_tests?\.py|tests?\.py")
"""Names that pytest and unittest collect. Source: their documentation, `python_files` and `discover`; wheels have the
plurals as well."""

_STUB_FOLDER: Final = "-stubs"
"""End of the name of a package that contains only stubs. Source: PEP 561."""

_SOURCES: Final = (
    ".c", ".cc", ".cpp", ".cxx", ".pyx", ".pxd", ".pxi",
    ".pyx.tp", ".pxd.tp", ".pxi.tp", ".pyx.in", ".pxd.in", ".pxi.in",
)  # fmt: skip
_LIBRARIES: Final = (".a", ".h", ".hh", ".hpp", ".hxx")
_DOCUMENT: Final = re.compile(
    r"(?:readme|change(?:s|log)|history|news|release[-_]?notes|contributing|todo|roadmap|install)"
    r"(?:\.(?:md|rst|txt))?",
    re.IGNORECASE,
)
_DOCUMENT_FOLDERS: Final = ("share/man/", "share/doc/", "share/info/")
"""Folders of manuals in the data_files of wheels. `--target` installs them next to the packages."""

_LICENSE: Final = re.compile(r"(?:licen[sc]e|copying|copyright|notice|authors|patents)(?![a-z])", re.IGNORECASE)
_CODE: Final = (".py", ".pyc", ".so")
_FOR_TYPE_CHECKERS: Final = ("/py.typed", ".pyi")
_SITE_PACKAGES: Final = re.compile(r"python/(?:lib/python[\d.]+/site-packages/)?")
_METADATA: Final = (".dist-info", ".egg-info")
_BUNDLED: Final = ".libs"
"""End of the name of the folder that auditwheel puts bundled libraries into."""

REFERABLE: Final = tuple(dict.fromkeys(
    (*(ending for ending in (*_SOURCES, *_LIBRARIES) if ending.count(".") == 1), ".pyi", ".md", ".rst", ".txt")
))  # fmt: skip
"""Extensions of files that code may read by name."""


def is_protected(path: str) -> bool:
    """Return whether a file never has a kind: metadata, a license, or a bundled library."""
    top, _, _ = path.partition("/")
    *folders, name = path.split("/")
    return top.endswith((*_METADATA, _BUNDLED)) or "licenses" in folders or _LICENSE.match(name) is not None


def is_inert(path: str) -> bool:
    """Return whether no function can depend on which of two files it gets: for type checkers, licenses, tests of tools.

    Files below the top are data that code may read, except for those of type checkers.

    Args:
        path: POSIX path in an archive or relative to site-packages.
    """
    root = _SITE_PACKAGES.match(path)
    top, slash, _ = path[root.end() if root else 0 :].partition("/")
    if slash:
        return top in TEST_FOLDERS or path.endswith(_FOR_TYPE_CHECKERS)
    return not top.endswith(_CODE) and (_LICENSE.match(top) or _DOCUMENT.fullmatch(top)) is not None


def is_metadata(path: str) -> bool:
    """Return whether a file belongs to a distribution's metadata, which is never left out."""
    return path.partition("/")[0].endswith(_METADATA) and "/" in path


def find_test_folders(paths: Iterable[str]) -> frozenset[str]:
    """Return the outermost folders that contain tests, by their names and by the name of a file in them.

    A package named test without a test file, such as django.test, is not a test folder.

    Args:
        paths: The files of one distribution, relative to site-packages.
    """
    found: set[str] = set()
    for path in paths:
        *folders, name = path.split("/")
        if TEST_FOLDERS.isdisjoint(folders) or not _TEST_FILE.fullmatch(name):
            continue
        found.update("/".join(folders[: depth + 1]) for depth, folder in enumerate(folders) if folder in TEST_FOLDERS)
    return frozenset(folder for folder in found if enclosing(folder.rpartition("/")[0], found) is None)


def enclosing(path: str, folders: Collection[str]) -> str | None:
    """Return the outermost of these folders that contains a path or is the path; None if there is none."""
    parts = path.split("/")
    prefixes = ("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
    return next((prefix for prefix in prefixes if prefix in folders), None)


def module_name(path: str) -> str:
    """Return the dotted name of a folder or of a module's file."""
    return path.removesuffix(".py").replace("/", ".")


def kind_of(path: str, modules: Collection[str]) -> TrimKind | None:
    """Return the kind of a file; None if it may be needed. The file is not protected and not in a test folder.

    Args:
        path: POSIX path relative to site-packages.
        modules: The modules and packages of the distribution without extensions: "yaml/__init__", "yaml/_yaml".
    """
    name = path.rpartition("/")[2]
    if name == f"{TEST_MODULE}.py" and "/" in path:
        return "tests"
    if name.endswith(".pyi"):
        return "stubs" if _is_stub(path, modules) else None
    if name.endswith(_SOURCES):
        return "sources"
    if name.endswith(_LIBRARIES):
        return "libraries"
    return "documents" if path.startswith(_DOCUMENT_FOLDERS) or _DOCUMENT.fullmatch(name) else None


def _is_stub(path: str, modules: Collection[str]) -> bool:
    """Return whether a stub describes an installed module. Other stubs are data, as in jedi's typeshed."""
    top, stem = path.partition("/")[0], path.removesuffix(".pyi")
    return top.endswith(_STUB_FOLDER) or stem in modules or stem.removesuffix("/__init__") in modules


def find_modules(paths: Iterable[str]) -> frozenset[str]:
    """Return the Python modules and native modules of a distribution, without their extensions."""
    found = set()
    for path in paths:
        if path.endswith(".py"):
            found.add(path.removesuffix(".py"))
        elif path.endswith(".so"):
            folder, slash, name = path.rpartition("/")
            found.add(f"{folder}{slash}{name.partition('.')[0]}")
    return frozenset(found)
