"""Native code that cannot run in the function's runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_layers.app.model import Function
from cdk_layers.contents.native_names import names_its_machine
from cdk_layers.contents.owners import owner
from cdk_layers.lambda_service.runtimes import PYTHON_RUNTIMES
from cdk_layers.rules.facts.needed_libraries import missing_libraries
from cdk_layers.rules.facts.search_path import is_python, listed_files, parts, python_version, unknown_parts
from cdk_layers.rules.registry import Problem, register_family, rule
from cdk_layers.system.wording import count, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_layers.app.model import Settings
    from cdk_layers.contents.model import Native
    from cdk_layers.findings import Where
    from cdk_layers.rules.facts.needed_libraries import MissingLibrary
    from cdk_layers.rules.facts.search_path import Part

register_family(__name__, order=40)

_BUILD_FOR_TARGET: Final = (
    "Build it for the function's runtime and architecture, as SharedPythonLayer and LayeredFunction do; with pip, "
    "install into an empty folder with --platform, --python-version and --only-binary=:all:."
)

_AS_PUBLISHED: Final = (
    "The wheel is for any platform, so a build for the function contains the same files. Use another distribution, or "
    "acknowledge the finding if the function needs none of them."
)
_MOST_LISTED: Final = 8
_SLOWER: Final = " The distribution can be imported without them too, but is usually slower."


@rule(
    "wrong-machine",
    Function,
    severity="error",
    meaning="A native file in a layer or in the code is for another machine than the function's. A warning for "
    "modules that Python does not need: their Python source is next to them, or the distribution can be imported "
    "without its native modules, as MarkupSafe and PyYAML are.",
    remedy=_BUILD_FOR_TARGET,
    source="ELF header of each file; the developer guide on instruction set architectures",
    aws_error="cannot open shared object file: No such file or directory",
    failing="""\
# A layer installed on an x86_64 machine, for a function on arm64.
Report:
  Type: AWS::Lambda::Function
  Properties:
    Architectures: [arm64]
    Layers: [!Ref Data]
# Data contains python/numpy/_core/_multiarray_umath.cpython-313-x86_64-linux-gnu.so
""",
    passing="""\
Report:
  Type: AWS::Lambda::Function
  Properties:
    Architectures: [arm64]
    Layers: [!Ref Data]
# Data contains python/numpy/_core/_multiarray_umath.cpython-313-aarch64-linux-gnu.so
""",
)
def wrong_machine(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield a problem for each archive with files for another machine."""
    if function.architecture is None:
        return
    for part in parts(function):
        if _declared_for_another(part, function.architecture):
            continue
        foreign = part.natives.for_other_machine(function.architecture)
        chosen = [native for native in foreign if names_its_machine(native.path)]
        yield from _machines(part, [native for native in foreign if native not in chosen], function.architecture)
        if chosen:
            paths = [native.path for native in chosen]
            files = listed_files(part.contents, paths)
            yield Problem(
                f"{part.label[0].upper()}{part.label[1:]} provides files for other machines, selected by their names, "
                f"and none for {function.architecture}: {files}. Code that selects one of them at run time finds none.",
                severity="warning",
                remedy=_AS_PUBLISHED if all(_for_any_platform(part, path) for path in paths) else None,
                aws_error="",
            )


def _declared_for_another(part: Part, architecture: str) -> bool:
    """Return whether the layer declares other architectures, which the rule architecture-mismatch reports."""
    declared = part.layer.architectures if part.layer else None
    return bool(declared) and architecture not in (declared or ())


def _machines(part: Part, foreign: Sequence[Native], architecture: str) -> Iterator[Problem]:
    machines = " and ".join(sorted({native.machine for native in foreign}))
    for paths, lax in _by_need(part, [native.path for native in foreign]):
        yield Problem(
            f"The function runs on {architecture}, and {count(len(paths), 'file')} in {part.label} "
            f"{'is' if len(paths) == 1 else 'are'} for {machines}: "
            f"{listed_files(part.contents, paths)}.{_SLOWER * lax}",
            severity="warning" if lax else None,
            aws_error="" if lax else None,
        )


def _by_need(part: Part, paths: Sequence[str]) -> Iterator[tuple[Sequence[str], bool]]:
    """Yield the files that a function needs, then those that it may not need, with whether these are the latter."""
    needed, spare = part.natives.by_need(paths)
    yield from ((group, group is spare) for group in (needed, spare) if group)


@rule(
    "wrong-platform",
    Function,
    severity="error",
    meaning="An extension module is built for macOS or Windows, so Linux cannot load it. A warning for wheels for any "
    "platform, and for distributions that are imported without their native modules too.",
    remedy=_BUILD_FOR_TARGET,
    source="the suffixes of extension modules (importlib.machinery.EXTENSION_SUFFIXES), and files that are not ELF",
    aws_error="Unable to import module 'main': No module named '...'",
    failing="# Layer installed by pip on macOS:\npython/orjson/orjson.cpython-313-darwin.so\n",
    passing="python/orjson/orjson.cpython-313-x86_64-linux-gnu.so\n",
)
def wrong_platform(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield a problem for each archive with extension modules that Linux cannot load."""
    if not is_python(function):
        return
    for part in parts(function):
        foreign = part.natives.for_other_system(python_version(function))
        # A wheel for any platform contains files for each. Its author chose to provide none for Linux.
        published = [path for path in foreign if _for_any_platform(part, path)]
        others = [path for path in foreign if path not in published]
        if published:
            message = _for_others(part, published)
            yield Problem(message, severity="warning", remedy=_AS_PUBLISHED, aws_error="")
        if others:
            optional = all(map(part.natives.is_optional, others))
            yield Problem(_for_others(part, others), severity="warning" if optional else None)


def _for_others(part: Part, paths: Sequence[str]) -> str:
    return (
        f"{count(len(paths), 'file')} in {part.label} cannot be loaded on Linux, because they are built for "
        f"macOS or Windows: {listed_files(part.contents, paths)}."
    )


def _for_any_platform(part: Part, path: str) -> bool:
    name = owner(part.contents, path)
    owners = [distribution for distribution in part.contents.distributions if distribution.name == name]
    return any(tag.endswith("-any") for distribution in owners for tag in distribution.tags)


@rule(
    "wrong-python-abi",
    Function,
    severity="error",
    meaning="An extension module is built for another Python version, and there is no other build of it. A warning for "
    "distributions that are imported without their native modules too, such as MarkupSafe and PyYAML; a module whose "
    "Python source is next to it is not reported, since Python imports that.",
    remedy=_BUILD_FOR_TARGET,
    source="importlib.machinery.EXTENSION_SUFFIXES: Python searches for its own tag, abi3 and no tag",
    aws_error="Unable to import module 'main': No module named '...'",
    failing="# Under python3.13:\npython/orjson/orjson.cpython-312-x86_64-linux-gnu.so\n",
    passing="# Under python3.13:\npython/orjson/orjson.cpython-313-x86_64-linux-gnu.so\n",
)
def wrong_python_abi(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield a problem for each archive with modules that only another Python version imports."""
    if not is_python(function):
        return
    for part in parts(function):
        foreign = part.natives.for_other_python(python_version(function))
        for paths, lax in _by_need(part, foreign):
            yield Problem(
                f"{count(len(paths), 'file')} in {part.label} can only be imported by another Python version "
                f"than the function's {python_version(function)}: {listed_files(part.contents, paths)}.{_SLOWER * lax}",
                severity="warning" if lax else None,
                aws_error="" if lax else None,
            )


@rule(
    "glibc-too-new",
    Function,
    severity="error",
    meaning="A native file needs a newer C library than the runtime has. A warning for distributions that are imported "
    "without their native modules too.",
    remedy=(
        "Use wheels whose manylinux tag the runtime supports (manylinux_2_26 and older up to python3.11, "
        "manylinux_2_34 and older from python3.12 on), or a newer runtime; build your own programs on the runtime's "
        "base image."
    ),
    source="GLIBC symbol versions in each ELF file; aws-lambda-builders 1.68 for the runtimes' glibc",
    aws_error="version `GLIBC_2.28' not found",
    failing="# Under python3.11, glibc 2.26:\npython/numpy/... needs GLIBC_2.28 (a manylinux_2_28 wheel)\n",
    passing="# Under python3.12, glibc 2.34:\npython/numpy/... needs GLIBC_2.28 (a manylinux_2_28 wheel)\n",
)
def glibc_too_new(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield a problem for each archive that needs a newer glibc."""
    runtime = PYTHON_RUNTIMES.get(function.runtime or "")
    if runtime is None or function.image:
        return
    for part in parts(function):
        newer = part.natives.past_glibc(runtime.name)
        wanted = {native.path: native.glibc for native in newer if native.glibc}
        for paths, lax in _by_need(part, list(wanted)):
            newest = _dotted(max(wanted[path] for path in paths))
            yield Problem(
                f"{count(len(paths), 'file')} in {part.label} need glibc {newest}, and {runtime.name} has "
                f"{_dotted(runtime.glibc)}: {listed_files(part.contents, paths)}.{_SLOWER * lax}",
                severity="warning" if lax else None,
                aws_error=f"version `GLIBC_{newest}' not found",
            )


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


@rule(
    "musl-linked",
    Function,
    severity="error",
    meaning="A native file is linked against musl, Alpine's C library, which no managed runtime has. A warning for "
    "distributions that are imported without their native modules too.",
    remedy="Use manylinux wheels instead of musllinux ones; build on the runtime's base image, not on Alpine.",
    source="DT_NEEDED of each ELF file; the managed runtimes are Amazon Linux, which uses glibc",
    aws_error="libc.musl-x86_64.so.1: cannot open shared object file: No such file or directory",
    failing="# Installed in an Alpine container:\npython/orjson/orjson.cpython-313-x86_64-linux-musl.so\n",
    passing="python/orjson/orjson.cpython-313-x86_64-linux-gnu.so\n",
)
def musl_linked(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield a problem for each archive with files that need musl."""
    if not is_python(function):
        return
    for part in parts(function):
        found = part.natives.for_musl_only(python_version(function))
        for paths, lax in _by_need(part, found):
            yield Problem(
                f"{count(len(paths), 'file')} in {part.label} need musl's C library, and {function.runtime} has "
                f"glibc: {listed_files(part.contents, paths)}.{_SLOWER * lax}",
                severity="warning" if lax else None,
            )


_KEEP: Final = (
    "Keep the library: change the patterns in dependency_excludes, or what else leaves it out. If no code imports what "
    "needs it, leave that out too."
)


@rule(
    "missing-library",
    Function,
    severity="warning",
    meaning="A native file needs a shared library that its distribution installs, or that runtimes are known to lack, "
    "and neither the code nor a layer provides it. A warning, since the content of a runtime's image is not verified "
    "and code may do without the native file.",
    remedy="Use a distribution that includes its libraries (opencv-python-headless for opencv-python, psycopg2-binary "
    "for psycopg2), or put the library into lib/ of a layer.",
    source="DT_NEEDED of each ELF file; reports of failed imports: lambci/docker-lambda 318 (libGL), dmlc/xgboost "
    "11048 (libgomp), psycopg/psycopg2 1011 (libpq), jkehler/awslambda-psycopg2 66 (libssl.so.1.1)",
    aws_error="libGL.so.1: cannot open shared object file: No such file or directory",
    failing="python/cv2/cv2.abi3.so needs libGL.so.1 (opencv-python)\n",
    passing="python/cv2/cv2.abi3.so needs only libraries in opencv_python_headless.libs/\n",
)
def missing_library(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield a problem for missing libraries that native files need, once for each distribution."""
    if not is_python(function) or unknown_parts(function):
        return
    causes: dict[tuple[Where, str, str | None], list[MissingLibrary]] = {}
    for missing in missing_libraries(parts(function)):
        needing = owner(missing.part.contents, missing.needed_by[0]) or missing.needed_by[0]
        causes.setdefault((missing.part.where, needing, missing.distribution), []).append(missing)
    for (_where, _owner, distribution), group in causes.items():
        part, names = group[0].part, [missing.name for missing in group]
        files = dict.fromkeys(path for missing in group for path in missing.needed_by)
        reason = "neither the code nor a layer provides"
        if distribution:
            reason = (
                f"{distribution} installs, and which {'was' if len(names) == 1 else 'were'} left out of the archive"
            )
        yield Problem(
            f"{listed_files(part.contents, [*files])} in {part.label} needs {listed(names, _MOST_LISTED)}, "
            f"which {reason}.",
            remedy=_KEEP if distribution else None,
            aws_error=f"{names[0]}: cannot open shared object file: No such file or directory",
            pin=part.where.pin(owner(part.contents, group[0].needed_by[0])),
        )
