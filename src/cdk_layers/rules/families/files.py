"""Files that the user of a function cannot read or run, links that lead nowhere, and bytecode that is not used."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final

from cdk_layers.app.model import Function, Layer
from cdk_layers.contents.bytecode_times import COMPILE_COMMAND
from cdk_layers.contents.caching import once_per_archive
from cdk_layers.rules.facts.file_modes import EXECUTABLE, READABLE
from cdk_layers.rules.facts.search_path import LINKS_FOLLOWED, code_parts, is_folder, layer_parts, listed_files
from cdk_layers.rules.registry import Problem, further_check, register_family, rule
from cdk_layers.system.wording import count, listed, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.app.model import Fault, Settings
    from cdk_layers.contents.model import Contents, FileTrait
    from cdk_layers.findings import Severity
    from cdk_layers.rules.facts.search_path import Part

register_family(__name__, order=70)

_READ: Final = 0o004
_PASS: Final = 0o001
_MOST_LISTED: Final = 3
_DEEPEST: Final = 128
_OF_THE_RUNTIME: Final = ("/var/lang/", "/var/runtime/", "/tmp/")  # noqa: S108
_NOT_EXECUTABLE: Final = "not executable by all"
_DANGLES: Final = "leads to no file in the archive"
_OTHER_MOUNT: Final = "leads to what a layer may contain"
_CYCLE: Final = "leads in a cycle"
_UNVERIFIED: Final = "leads to a folder of the runtime, whose content is not verified"
_BYTECODE_TRAITS: Final = frozenset({"timestamp-bytecode", "unnamed-bytecode"})
COMPILE_SECONDS: Final = 0.2
"""CPU time of compiling the sources of one MiB of bytecode.

Source: `make bench ARGS=compiling` saw 0.15 to 0.24 s with CPython 3.9 to 3.13 on x86_64.
"""

_SHORTEST_SECONDS: Final = 0.05
"""What is not worth a warning, as for `cdk-layers start-time`."""

_CACHED_BYTECODE: Final = re.compile(r"\.cpython-3(?P<minor>\d{1,2})\.pyc$")


@rule(
    "unreadable-content",
    Layer,
    severity="error",
    meaning="The archive of a layer or of code is damaged, so that Lambda cannot unpack it. One that only this library "
    "does not read, such as for an absolute path in it, and a folder that is not readable here, are warnings. What is "
    "in them is not checked, and their size is unknown.",
    remedy="Pack an archive again, such as by `zip -r`, or download it again. Its content is not checked until then.",
    source="errors of PublishLayerVersion and CreateFunction; what Lambda does with unusual archives is not verified",
    aws_error="Could not unzip uploaded file. Please check your file, then try to upload again.",
    failing="an archive without its last kilobyte\n",
    passing="the whole archive\n",
)
def unreadable_content(layer: Layer, _: Settings) -> Iterator[Problem]:
    """Yield the problem of a layer whose content cannot be read."""
    yield from _fault_problem(layer.fault)


@further_check("unreadable-content", Function)
def unreadable_content_of_code(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield the problem of a function whose code cannot be read."""
    yield from _fault_problem(function.fault)


def _fault_problem(fault: Fault | None) -> Iterator[Problem]:
    if fault is not None:
        yield Problem(fault.text) if fault.is_certain else Problem(fault.text, severity="warning", aws_error="")


@rule(
    "unreadable-file",
    Layer,
    severity="error",
    meaning="Lambda's user cannot read a file, pass through a folder, or run a program.",
    remedy=READABLE,
    source="the developer guide: files need to be world-readable; programs in bin/ and extensions/ executable",
    aws_error="[Errno 13] Permission denied",
    failing="-rw------- python/settings.py\n-rw-r--r-- bin/ffmpeg\n",
    passing="-rw-r--r-- python/settings.py\n-rwxr-xr-x bin/ffmpeg\n",
)
def unreadable_file(layer: Layer, _: Settings) -> Iterator[Problem]:
    """Yield the problems of a layer's files."""
    for part in layer_parts([layer]):
        yield from _access_problems(part)


@further_check("unreadable-file", Function)
def unreadable_code(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield the problems of the files of a function's code."""
    for part in code_parts(function):
        yield from _access_problems(part)


def _access_problems(part: Part) -> Iterator[Problem]:
    contents = part.contents
    # Archives that were created on Windows contain no modes. Lambda makes such files readable.
    modes = {path: file.mode for path, file in contents.files.items() if file.mode}
    faults = {
        ("file", "not readable by all"): [path for path, mode in modes.items() if not mode & _READ],
        ("folder", "not open to all users"): [
            path for path, mode in contents.folder_modes.items() if mode and not (mode & _PASS and mode & _READ)
        ],
        ("program", _NOT_EXECUTABLE): [
            path
            for path in _programs(contents)
            if path in modes and not modes[path] & _PASS and not _is_data(part, path)
        ],
    }
    for (kind, fault), paths in faults.items():
        if paths:
            remedy = EXECUTABLE if fault == _NOT_EXECUTABLE else None
            modes_of = [f"{path} ({(modes.get(path) or contents.folder_modes[path]):03o})" for path in paths]
            shown = listed(modes_of, _MOST_LISTED)
            verb = "is" if len(paths) == 1 else "are"
            yield Problem(f"In {part.label} {count(len(paths), kind)} {verb} {fault}: {shown}.", remedy=remedy)
    returned = [trait.path for trait in contents.traits if trait.kind == "crlf-program"]
    if returned:
        yield Problem(
            f"In {part.label} the first line of {listed(returned, _MOST_LISTED)} ends with a carriage return, so Linux "
            "searches for an interpreter whose name ends with it.",
            remedy="Save the file with Unix line ends, and let git preserve them: '*.sh text eol=lf' in "
            ".gitattributes.",
        )


@once_per_archive
def _programs(contents: Contents) -> tuple[str, ...]:
    """Return the programs directly in bin/ and extensions/, and the bootstrap of a custom runtime."""
    elf = {native.path for native in contents.natives}
    return tuple(
        path
        for path in contents.files
        if path == "bootstrap" or (path.startswith(("bin/", "extensions/")) and _is_program(path, elf=path in elf))
    )


def _is_data(part: Part, path: str) -> bool:
    """Return whether a file in bin/ is known to be neither an ELF file nor text that begins with "#!"."""
    if not path.startswith("bin/") or part.sources is None or path in {each.path for each in part.contents.natives}:
        return False
    text = part.sources.read(path)
    return text is not None and not text.startswith(b"#!")


def _is_program(path: str, *, elf: bool) -> bool:
    folder, _, name = path.rpartition("/")
    direct = folder in ("bin", "extensions")
    library = ".so" in name
    return direct and not library and (elf or name.endswith(".sh") or ("." not in name and not name.isupper()))


@rule(
    "escaping-link",
    Layer,
    severity="error",
    meaning="A symlink leads out of the archive. One that leads to no file, in a cycle or to a folder of the runtime "
    "is a warning, since it does no harm until it is followed.",
    remedy="Copy its target into the folder, or delete the link.",
    source="symlinks in the archive; how the service counts and follows them is not verified",
    failing="lib/libpq.so -> /usr/lib64/libpq.so.5\n",
    passing="lib/libpq.so -> libpq.so.5, beside lib/libpq.so.5\n",
)
def escaping_link(layer: Layer, _: Settings) -> Iterator[Problem]:
    """Yield the problems of a layer's links."""
    for part in layer_parts([layer]):
        yield from _bad_links(part)


@further_check("escaping-link", Function)
def escaping_link_in_code(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield the problems of the links in a function's code."""
    for part in code_parts(function):
        yield from _bad_links(part)


def _bad_links(part: Part) -> Iterator[Problem]:
    flaws = {path: flaw for path in part.contents.links if (flaw := _link_flaw(part, path))}
    for flaw in dict.fromkeys(flaws.values()):
        paths = [f"{path} -> {part.contents.links[path]}" for path, other in flaws.items() if other == flaw]
        severity: Severity = "warning" if flaw in (_UNVERIFIED, _DANGLES, _CYCLE, _OTHER_MOUNT) else "error"
        yield Problem(f"In {part.label} {listed(paths, _MOST_LISTED)} {flaw}.", severity=severity)


def _link_flaw(part: Part, path: str) -> str | None:
    """Return what is wrong with a link; None if it leads to a file or folder in the archive."""
    links, target_path = part.contents.links, path
    for _ in range(LINKS_FOLLOWED):
        if target_path.count("/") > _DEEPEST:
            return "is too deep to be followed"
        linked = next((path for path in _and_parents(target_path) if path in links), None)
        if linked is None:
            there = (
                target_path in part.contents.files or is_folder(part.contents, target_path) or target_path in ("", ".")
            )
            return None if there or target_path in part.contents.folder_modes else _DANGLES
        target = links[linked] + target_path[len(linked) :]
        inside = target.startswith(f"{part.mount}/")
        if target.startswith("/") and not inside:
            if part.layer is None and target.startswith("/opt/"):
                return _OTHER_MOUNT
            return _UNVERIFIED if f"{target}/".startswith(_OF_THE_RUNTIME) else "leads out of the archive"
        base = "" if inside else posixpath.dirname(linked)
        target_path = posixpath.normpath(
            posixpath.join(base, target.removeprefix(f"{part.mount}/") if inside else target)
        )
        if target_path == ".." or target_path.startswith("../"):
            return "leads out of the archive"
    return _CYCLE


def _and_parents(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]


@rule(
    "stale-bytecode",
    Layer,
    severity="warning",
    meaning="Python rejects bytecode of another Python, and bytecode that it checks by its source's time where packing "
    "changed that time. It takes up space, and each cold start compiles what it imports again: about "
    f"{COMPILE_SECONDS} s for each MiB of bytecode on a whole processor, which a function has at 1,769 MB of memory. "
    f"An archive in which that takes less than {_SHORTEST_SECONDS} s is not reported.",
    remedy="Set bytecode=True on SharedPythonLayer or LayeredFunction, which then compile the modules. With other "
    "tools, leave __pycache__ out, or remove it and compile with the Python of the function: "
    f"`{COMPILE_COMMAND}`.",
    source="aws-lambda-builders 924; PEP 552; the developer guide, Configure Lambda function memory; compiling times "
    "are measured",
    failing="python/requests/__pycache__/api.cpython-313.pyc, checked by its source's time\n"
    "python/requests/__pycache__/api.cpython-312.pyc, in a layer for python3.13\n",
    passing="python/requests/__pycache__/api.cpython-313.pyc, compiled as unchecked-hash\n",
)
def stale_bytecode(layer: Layer, _: Settings) -> Iterator[Problem]:
    """Yield a problem for each kind of such bytecode in a layer."""
    for part in layer_parts([layer]):
        yield from _stale(part, layer.runtimes or ())


@further_check("stale-bytecode", Function)
def stale_bytecode_in_code(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield a problem for each kind of such bytecode in a function's code."""
    for part in code_parts(function):
        yield from _stale(part, (function.runtime,) if function.runtime else ())


def _stale(part: Part, runtimes: tuple[str, ...]) -> Iterator[Problem]:
    pythons = frozenset(f"Python {name.removeprefix('python')}" for name in runtimes if name.startswith("python"))
    marked = {trait.path: trait for trait in part.contents.traits if trait.kind in _BYTECODE_TRAITS}
    by_time, others = [], []
    for path in part.contents.files:
        # Users cannot rebuild programs outside of the path, such as the AWS CLI in the CDK's own layer.
        if not path.endswith(".pyc") or not path.startswith(part.modules_below):
            continue
        trait = marked.get(path)
        if trait is not None and trait.kind == "timestamp-bytecode":
            by_time.append(path)
        elif _is_of_another_python(path, trait, part.contents, pythons):
            others.append(path)
    which = listed(sorted(pythons), len(pythons)) or "their names say"
    yield from _stale_problem(part, by_time, "checked by their sources' times, which packing changes")
    yield from _stale_problem(part, others, f"for another Python than {which}")


def _is_of_another_python(path: str, trait: FileTrait | None, contents: Contents, pythons: frozenset[str]) -> bool:
    """Return whether none of these Pythons can use a .pyc file. One without its source, next to modules, is one."""
    named = _CACHED_BYTECODE.search(path)
    if posixpath.basename(posixpath.dirname(path)) == "__pycache__":
        python = f"Python 3.{named['minor']}" if named else ""
        return trait is not None or (bool(named and pythons) and python not in pythons)
    is_module = path.removesuffix("c") not in contents.files
    return is_module and trait is not None and bool(pythons) and trait.detail not in pythons


def _stale_problem(part: Part, paths: list[str], why: str) -> Iterator[Problem]:
    """Yield the problem of files of bytecode, unless compiling their modules takes hardly any time."""
    number_of_bytes = sum(part.contents.files[path].size for path in paths)
    seconds = number_of_bytes / 1024**2 * COMPILE_SECONDS
    have_sources = all("__pycache__/" in path for path in paths)
    if seconds >= _SHORTEST_SECONDS or not have_sources:
        yield Problem(
            f"{count(len(paths), 'file')} of bytecode in {part.label}, {size(number_of_bytes)}, are {why}. Python does "
            f"not use them, so each cold start compiles their modules, which takes about {seconds:.2f} s of CPU time "
            f"if all are imported: {listed_files(part.contents, paths)}."
        )
