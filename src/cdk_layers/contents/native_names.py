"""What the path of a native file says: the module that it is, its Python, its machine, whether it is a program."""

from __future__ import annotations

import re
from typing import Final

from cdk_layers.lambda_service.runtimes import SHARED_ABI_SINCE

_BUILD: Final = re.compile(r"(?P<stem>.*/|)(?P<name>[^/.]+)\.(?:(?P<tag>[^/]+)\.)?(?P<suffix>so|pyd)")
_OF_PYTHON: Final = re.compile(r"cpython-(?P<version>\d+t?)(?:-(?P<platform>.+))?")
_OTHER_PYTHON_FOLDER: Final = re.compile(r"python/lib/python(?P<version>\d+\.\d+)/")
_MACHINE_WORD: Final = re.compile(
    r"(?<![a-z0-9])(?:x86[-_]?64|amd64|x64|x86|i[3-6]86|ia32|aarch64|arm64|armv\d\w*|armhf|arm|ppc64(?:le|el)?|s390x"
    r"|riscv64|loongarch64|mips\w*)(?![a-z0-9])",
    re.IGNORECASE,
)
_STARTED: Final = re.compile(r"bootstrap|extensions/[^/]+")

SOURCE: Final = "py"
"""Takes the place of a tag for the Python source of a module."""


def is_program(path: str) -> bool:
    """Return whether an ELF file, by its name, is neither a module nor a library."""
    return ".so" not in path.rpartition("/")[2]


def is_started(path: str) -> bool:
    """Return whether Lambda itself starts a program of a layer: an external extension, or a custom runtime."""
    return bool(_STARTED.fullmatch(path))


def is_mypyc_part(path: str) -> bool:
    """Return whether a file is the part that modules compiled by mypyc share; only these import it."""
    return "__mypyc." in path


def module_of(path: str) -> str | None:
    """Return folder and name of the extension module that a file is a build of; None for any other file."""
    build = _BUILD.fullmatch(path)
    return (build["stem"] + build["name"]).removesuffix("/__init__") if build else None


def tag_of(path: str) -> str | None:
    """Return the tag in the name of an extension module, such as "abi3", "" if it has none; None for any other file."""
    build = _BUILD.fullmatch(path)
    return (build["tag"] or "") if build else None


def python_tag(path: str) -> str | None:
    """Return the CPython version in the name of an extension module, such as "313" or "313t"; None without one."""
    match = _OF_PYTHON.fullmatch(tag_of(path) or "")
    return match["version"] if match else None


def is_tied(path: str) -> bool:
    """Return whether the name of an extension module limits the Python versions that import it."""
    tag = tag_of(path)
    return tag is not None and (tag == "abi3t" or bool(_OF_PYTHON.fullmatch(tag)))


def suits_python(tag: str, python: str) -> bool:
    """Return whether Python finds a module by the tag in its name. Source: `importlib.machinery.EXTENSION_SUFFIXES`."""
    match = _OF_PYTHON.fullmatch(tag)
    is_stable = tag == "abi3t" and int(python.partition(".")[2]) >= SHARED_ABI_SINCE
    is_own = match is not None and match["version"] == python.replace(".", "")
    return tag in ("", SOURCE, "abi3") or is_stable or is_own


def is_for_other_system(path: str) -> bool:
    """Return whether a file that is not an ELF file is named like an extension module: for macOS, or for Windows."""
    tag = tag_of(path)
    if tag is None:
        return False
    return path.endswith(".pyd") or tag in ("abi3", "abi3t") or tag.startswith("cpython-")


def is_unreachable(path: str, python: str, root: str) -> bool:
    """Return whether nothing on `sys.path` leads to a file: another Python's folder, or a module outside of the root.

    Programs with modules of their own, such as the AWS CLI in a layer, work without those that they cannot load.
    """
    folder = _OTHER_PYTHON_FOLDER.match(path)
    tag = tag_of(path)
    is_module = tag is not None and (tag != "" or path.endswith(".pyd"))
    is_outside = is_module and not path.startswith(root)
    return is_outside or (folder is not None and folder["version"] != python)


def names_its_machine(path: str) -> bool:
    """Return whether a file that is not an extension module says in its path what machine it is for.

    Packages with such files choose among them at run time, and often work without them.
    """
    return python_tag(path) is None and bool(_MACHINE_WORD.search(path))


def without_machine(path: str) -> str:
    """Return a path with "{}" in place of the names of machines, so that counterparts have the same one."""
    return _MACHINE_WORD.sub("{}", path)
