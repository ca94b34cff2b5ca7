"""Native files of an archive that a machine, a Python or a C library cannot load.

Builds and rules ask the same functions. `root` is the folder of the archive that modules are imported from: "python/"
of a layer, "" of a function's code.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_layers.contents.accelerators import OPTIONAL_EXTENSIONS
from cdk_layers.contents.owners import kept, owner
from cdk_layers.lambda_service.runtimes import PYTHON_RUNTIMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cdk_layers.contents.model import Contents, Native
    from cdk_layers.lambda_service.target import Target

_BUILD: Final = re.compile(r"(?P<stem>.*/|)(?P<name>[^/.]+)\.(?:(?P<tag>[^/]+)\.)?(?P<suffix>so|pyd)")
_OF_PYTHON: Final = re.compile(r"cpython-(?P<version>\d+t?)(?:-(?P<platform>.+))?")
_OTHER_PYTHON_FOLDER: Final = re.compile(r"python/lib/python(?P<version>\d+\.\d+)/")
_MACHINE_WORD: Final = re.compile(
    r"(?<![a-z0-9])(?:x86[-_]?64|amd64|x64|x86|i[3-6]86|ia32|aarch64|arm64|armv\d\w*|armhf|arm|ppc64(?:le|el)?|s390x"
    r"|riscv64|loongarch64|mips\w*)(?![a-z0-9])",
    re.IGNORECASE,
)
_STARTED: Final = re.compile(r"bootstrap|extensions/[^/]+")
_SHARED_ABI_SINCE: Final = 15
"""The minor version from which "abi3t" is a stable ABI that every build of Python loads. Source: PEP 803."""


def foreign_files(
    contents: Contents, target: Target, root: str = "python/", *, optional: bool = False
) -> Iterator[str]:
    """Yield the native files that a target needs and cannot load, sorted.

    These are files for another machine, another Python or a newer glibc than the target's. Programs that belong to no
    distribution are not among them: they are judged as for one target, by the rules, where a function uses them.

    Args:
        contents: The contents of an archive.
        target: What it is for.
        root: The folder of the archive that modules are imported from.
        optional: Whether modules that Python does without count too (see `is_optional`).
    """
    foreign = {native.path for native in for_other_machine(contents, target.architecture, root)}
    foreign.update(for_other_python(contents, target.python, root))
    foreign.update(native.path for native in past_glibc(contents, target.runtime.name, root))
    for path in sorted(foreign):
        spare = (is_optional(contents, path) and not optional) or names_its_machine(path)
        if not spare and not _is_own_program(contents, path):
            yield path


def is_program(path: str) -> bool:
    """Return whether an ELF file, by its name, is neither a module nor a library."""
    return ".so" not in path.rpartition("/")[2]


def is_started(path: str) -> bool:
    """Return whether Lambda itself starts a program of a layer: an external extension, or a custom runtime."""
    return bool(_STARTED.fullmatch(path))


def _is_own_program(contents: Contents, path: str) -> bool:
    return is_program(path) and owner(contents, path) is None


def is_optional(contents: Contents, path: str) -> bool:
    """Return whether Python imports what a native module accelerates without it too, only slower.

    That is so when the source is next to it, since Python skips modules whose tag is not its own; for mypyc's shared
    part, which only such modules import; and for distributions that are known to do without.
    """
    if python_tag(path) and ("py" in _other_builds(contents, path) or "__mypyc." in path):
        return True
    return owner(contents, path) in OPTIONAL_EXTENSIONS and not is_program(path)


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
            found.setdefault(_module(build), []).append(build["tag"] or "")
    return found


def _module(build: re.Match[str]) -> str:
    return (build["stem"] + build["name"]).removesuffix("/__init__")


def _other_builds(contents: Contents, path: str) -> list[str]:
    build = _BUILD.fullmatch(path)
    return _builds(contents).get(_module(build), []) if build else []


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
    return tuple(
        native.path
        for native in contents.natives
        if (build := _BUILD.fullmatch(native.path))
        and _is_tied(build["tag"] or "")
        and not _suits(build["tag"] or "", python)
        and not _idle(native.path, python, root)
        # mypyc's shared part is named after the package; without the modules that it serves nobody asks for it.
        and "__mypyc." not in native.path
        and not any(_suits(other, python) for other in _other_builds(contents, native.path))
    )


def _is_tied(tag: str) -> bool:
    return bool(_OF_PYTHON.fullmatch(tag)) or tag == "abi3t"


def _suits(tag: str, python: str) -> bool:
    """Return whether Python finds a module by the tag in its name. Source: `importlib.machinery.EXTENSION_SUFFIXES`."""
    match = _OF_PYTHON.fullmatch(tag)
    stable = tag == "abi3t" and int(python.partition(".")[2]) >= _SHARED_ABI_SINCE
    return tag in ("", "py", "abi3") or stable or (match is not None and match["version"] == python.replace(".", ""))


@kept
def for_other_system(contents: Contents, python: str, root: str) -> tuple[str, ...]:
    """Return the extension modules for macOS or Windows that have no build which this Python can import on Linux."""
    natives = {native.path for native in contents.natives}
    return tuple(
        path
        for path in contents.files
        if path.endswith((".so", ".pyd"))
        and path not in natives
        and (build := _BUILD.fullmatch(path))
        and (
            build["suffix"] == "pyd" or build["tag"] in ("abi3", "abi3t") or (build["tag"] or "").startswith("cpython-")
        )
        and contents.files[path].size
        and not _idle(path, python, root)
        and "__mypyc." not in path
        and not any(_suits(other, python) for other in _other_builds(contents, path))
    )


@kept
def for_musl_only(contents: Contents, python: str, root: str) -> tuple[str, ...]:
    """Return the ELF files linked against musl that have no other build, in an archive without musl itself."""
    if any(path.rpartition("/")[2].startswith(("libc.musl", "ld-musl")) for path in (*contents.files, *contents.links)):
        return ()
    return tuple(
        native.path
        for native in contents.natives
        if for_musl(native)
        and not _idle(native.path, python, root)
        and not ("__mypyc." in native.path and python_tag(native.path))
        and not any(_suits(other, python) for other in _other_builds(contents, native.path))
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


def by_need(contents: Contents, paths: Iterable[str], *, with_programs: bool = True) -> tuple[list[str], list[str]]:
    """Return those of some native files that a function fails without, and those that it may do without.

    Args:
        contents: The archive's contents.
        paths: The files.
        with_programs: Whether a function fails without a program. Those that Lambda itself starts always count.
    """
    needed: list[str] = []
    spare: list[str] = []
    for path in paths:
        lax = is_optional(contents, path) or (not with_programs and is_program(path) and not is_started(path))
        (spare if lax else needed).append(path)
    return needed, spare


def owners(contents: Contents) -> set[str]:
    """Return the names of the distributions with native files whose names tell what Python they are for."""
    return {owner(contents, native.path) or "" for native in contents.natives if python_tag(native.path)}
