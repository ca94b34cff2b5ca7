"""Which native files of an archive suit a machine, a Python and a C library; the rules say what follows from it.

`root` is the folder of the archive that modules are imported from: "python/" of a layer, "" of a function's code.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_layers.lambda_service.runtimes import PYTHON_RUNTIMES
from cdk_layers.rules.search_path import kept, owner

if TYPE_CHECKING:
    from cdk_layers.build.contents import Contents, Native

_BUILD: Final = re.compile(r"(?P<stem>.*/|)(?P<name>[^/.]+)\.(?:(?P<tag>[^/]+)\.)?(?P<suffix>so|pyd)")
_OF_PYTHON: Final = re.compile(r"cpython-(?P<version>\d+t?)(?:-(?P<platform>.+))?")
_OTHER_PYTHON_FOLDER: Final = re.compile(r"python/lib/python(?P<version>\d+\.\d+)/")
_MACHINE_WORD: Final = re.compile(
    r"(?<![a-z0-9])(?:x86[-_]?64|amd64|x64|x86|i[3-6]86|ia32|aarch64|arm64|armv\d\w*|armhf|arm|ppc64(?:le|el)?|s390x"
    r"|riscv64|loongarch64|mips\w*)(?![a-z0-9])",
    re.IGNORECASE,
)


def python_tag(path: str) -> str | None:
    """Return the CPython version in the name of an extension module, such as "313" or "313t"; None without one."""
    build = _BUILD.fullmatch(path)
    match = _OF_PYTHON.fullmatch(build["tag"] or "") if build else None
    return match["version"] if match else None


def for_musl(native: Native) -> bool:
    """Return whether an ELF file is linked against musl's C library instead of glibc."""
    return native.path.endswith("-linux-musl.so") or any(name.startswith("libc.musl") for name in native.needed)


def _idle(path: str, python: str, root: str) -> bool:
    """Return whether nothing on `sys.path` leads to a file: another Python's folder, or a module outside of the root.

    Programs that bring modules of their own, such as the AWS CLI in a layer, do without those that they cannot load.
    """
    folder = _OTHER_PYTHON_FOLDER.match(path)
    build = _BUILD.fullmatch(path)
    named = build is not None and (build["tag"] is not None or build["suffix"] == "pyd")
    module = named and not path.startswith(root)
    return module or (folder is not None and folder["version"] != python)


@kept
def _builds(contents: Contents) -> dict[str, list[str]]:
    """Return, by folder and module name, the tags of a module's files; "py" stands for its source."""
    found: dict[str, list[str]] = {}
    natives = {native.path: native for native in contents.natives}
    for path in contents.files:
        build = _BUILD.fullmatch(path)
        if path.endswith(".py"):
            found.setdefault(path.removesuffix(".py").removesuffix("/__init__"), []).append("py")
        elif build and path in natives and not for_musl(natives[path]):
            found.setdefault(build["stem"] + build["name"], []).append(build["tag"] or "")
    return found


def _other_builds(contents: Contents, path: str) -> list[str]:
    build = _BUILD.fullmatch(path)
    return _builds(contents).get(build["stem"] + build["name"], []) if build else []


@kept
def for_other_machine(contents: Contents, machine: str, root: str) -> tuple[Native, ...]:
    """Return the ELF files for other machines that have no counterpart for this one, "x86_64" or "arm64"."""
    suited = {_MACHINE_WORD.sub("{}", native.path) for native in contents.natives if native.machine == machine}
    return tuple(
        native
        for native in contents.natives
        if native.machine != machine
        and _MACHINE_WORD.sub("{}", native.path) not in suited
        and (native.path.startswith(root) or not python_tag(native.path))
    )


def names_its_machine(path: str) -> bool:
    """Return whether a file that is no extension module says in its path what machine it is for.

    Packages that carry such files choose among them as they run, and often do without.
    """
    return python_tag(path) is None and bool(_MACHINE_WORD.search(path))


@kept
def for_other_python(contents: Contents, python: str, root: str) -> tuple[str, ...]:
    """Return the extension modules for other CPython versions that have no build which this version can import."""
    wanted = python.replace(".", "")
    return tuple(
        native.path
        for native in contents.natives
        if (tag := python_tag(native.path)) and tag != wanted and not _idle(native.path, python, root)
        # mypyc's shared part is named after the package; without the modules that it serves nobody asks for it.
        and "__mypyc." not in native.path
        and not any(_suits(other, wanted) for other in _other_builds(contents, native.path))
    )  # fmt: skip


def _suits(tag: str, wanted: str) -> bool:
    match = _OF_PYTHON.fullmatch(tag)
    return tag in ("", "py", "abi3") or (match is not None and match["version"] == wanted)


@kept
def for_other_system(contents: Contents, python: str, root: str) -> tuple[str, ...]:
    """Return the extension modules for macOS or Windows that have no build which this Python can import on Linux."""
    wanted = python.replace(".", "")
    natives = {native.path for native in contents.natives}
    return tuple(
        path
        for path in contents.files
        if path.endswith((".so", ".pyd"))
        and path not in natives
        and (build := _BUILD.fullmatch(path))
        and (build["suffix"] == "pyd" or build["tag"] == "abi3" or (build["tag"] or "").startswith("cpython-"))
        and contents.files[path].size
        and not _idle(path, python, root)
        and not any(_suits(other, wanted) for other in _other_builds(contents, path))
    )


@kept
def for_musl_only(contents: Contents, python: str, root: str) -> tuple[str, ...]:
    """Return the ELF files linked against musl that have no other build, in an archive without musl itself."""
    if any(path.rpartition("/")[2].startswith(("libc.musl", "ld-musl")) for path in (*contents.files, *contents.links)):
        return ()
    wanted = python.replace(".", "")
    return tuple(
        native.path
        for native in contents.natives
        if for_musl(native)
        and not _idle(native.path, python, root)
        and not any(_suits(other, wanted) for other in _other_builds(contents, native.path))
    )


@kept
def past_glibc(contents: Contents, runtime: str, root: str) -> tuple[Native, ...]:
    """Return the ELF files that ask for GLIBC symbols newer than a runtime's; () for a runtime that is not known."""
    known = PYTHON_RUNTIMES.get(runtime)
    if known is None:
        return ()
    wanted = known.python.replace(".", "")
    return tuple(
        native
        for native in contents.natives
        if native.glibc is not None
        and native.glibc > known.glibc
        and not _idle(native.path, known.python, root)
        and python_tag(native.path) in (None, wanted)
    )


def owners(contents: Contents) -> set[str]:
    """Return the names of the distributions with native files whose names tell what Python they are for."""
    return {owner(contents, native.path) or "" for native in contents.natives if python_tag(native.path)}
