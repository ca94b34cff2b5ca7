"""Explanations for errors that uv reports."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_layers.building.remedies import IN_CONTAINER
from cdk_layers.building.uv.index_errors import index_error
from cdk_layers.contents.names import canonical
from cdk_layers.errors import BuildError, CdkLayersError, DependencyError, UnreachableError
from cdk_layers.system.outgoing import scrub
from cdk_layers.system.uv_writes import write_failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_layers.lambda_service.target import Target

_NAME = r"(?<![\w.-])[`'\"]?(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?)[`'\"]?"
"""A distribution's name, from its first character and of bounded length, so that searching takes linear time."""

_MARKER: Final = re.compile(r"(?<=[\w\]])\{[^{}]{1,2000}\}")
"""The environment marker of a requirement, which uv appends to its name: `six{python_full_version < '4'}==1.17.0`."""

_LACKS_WHEEL: Final = (
    re.compile(rf"Wheels are required for {_NAME}"),
    re.compile(rf"attempted to build {_NAME}"),
    re.compile(r"A (?:path|URL|url) \((?:[^\s)]*/)?(?P<name>[^\s)/-]+)-[^\s)]*\.whl\) dependency is incompatible"),
    re.compile(rf"Building source distributions for {_NAME} is disabled"),
    re.compile(
        rf"(?:all versions of )?{_NAME}(?:\[[^\]]{{0,200}}\])?(?:[=<>!~]=?\S{{1,200}})?"
        r" (?:has|have) no (?:usable )?wheels"
    ),
)
_UNKNOWN: Final = re.compile(rf"{_NAME} was not found in the (?:package registry|provided package locations)")
_NO_VERSION: Final = re.compile(
    rf"there (?:is no version of|are no versions of) {_NAME}(?:\[[^\]]*\])?"
    r"(?P<specifier>[=<>!~][^\s,]*(?:,[<>!=~][^\s,]*)*)?"
)
_BUILDING: Final = re.compile(rf"(?:Failed to (?:download and )?build|build) {_NAME}")
_LOCAL: Final = re.compile(r"Failed to build `[^`@]{1,300}@ file:")
_HASH: Final = re.compile(rf"Hash mismatch for {_NAME}")
_NO_HASHES: Final = re.compile(
    r"In `--require-hashes` mode, all requirements must have a hash, but none were provided for: (?P<which>[^`]{1,300})"
)
_NOT_A_HASH: Final = re.compile(r"(?P<why>(?:Invalid|Unsupported|Unexpected) hash[^`(]{0,100}(?:\([^()]{1,100}\))?)")
_NO_SETTING_FILE: Final = re.compile(r"[Ff]ile not found: `?(?P<path>[^`\n]{1,300}?)`?$")
_FILE_AND_FOLDER: Final = re.compile(
    r"`[^`]{1,4096}/tree/(?P<path>[^`]{1,1024})`: (?:File exists|Not a directory|Is a directory)"
)
_MALFORMED: Final = re.compile(r"Wheel (?P<what>\w{1,20} does not match filename) \((?P<both>[^()]{1,200})\)")
_BUILT_FOR_HERE: Final = re.compile(r"The built wheel `(?P<wheel>[^`]+)` is not compatible with the target")
_OTHER_NAME: Final = re.compile(
    r"metadata name `(?P<own>[^`]{1,99})` does not match given name `(?P<given>[^`]{1,99})`"
)
_NOISE: Final = re.compile(r"^(?:error:|cause:|[\u2500-\u25ff\u00d7]|\s)+")
_CONCLUSION: Final = re.compile(
    r"(?P<required>you require (?:(?!you require).)*), we can conclude that your requirements"
)
_PIN: Final = re.compile(r"(?:require |and |, )(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?[=<>!~]")
_OTHER_INDEX: Final = re.compile(r"hint: (?P<hint>(?:(?!hint: ).)*--index-strategy(?:(?!hint: ).)*)")
_FETCHED: Final = re.compile(r"git fetch(?: -\S+)* '(?P<url>[^']+)'")
_NO_HOST: Final = re.compile(
    r"Could not resolve host|Failed to connect|Connection (?:refused|timed out|reset)|Network is unreachable|"
    r"Temporary failure in name resolution|Name or service not known|Operation timed out",
    re.IGNORECASE,
)
_COMMAND: Final = re.compile(r"error: command .*(?:failed with exit|returned non-zero exit)", re.IGNORECASE)
_OF_COMPILER: Final = re.compile(r"^[^\s:]{1,300}:\d+(?::\d+)?: (?:fatal )?error: |\bld: cannot find -l")
"""The error of a C compiler or linker. Setuptools prints the command after it, which does not say what is missing."""

_LONGEST: Final = 600


def lacking_wheels(stderr: str) -> frozenset[str]:
    """Return the normalized names of the distributions for which uv found no wheel."""
    text = _one_line(stderr)
    return frozenset(canonical(match["name"]) for pattern in _LACKS_WHEEL for match in pattern.finditer(text))


def lacking_wheels_alone(stderr: str) -> frozenset[str]:
    """Return the normalized names of the distributions without a wheel if they are the cause, and not a conflict."""
    names = lacking_wheels(stderr)
    return frozenset() if _is_conflict(_one_line(stderr), names) else names


def uv_error(
    stderr: str, origin: str, target: Target, find_more: Callable[[frozenset[str]], frozenset[str]] | None = None
) -> CdkLayersError:
    """Return the error for a failed run of uv.

    Args:
        stderr: The error output of uv, without credentials.
        origin: The manifest.
        target: The target of the build.
        find_more: Returns further distributions without a wheel. Defaults to none.
    """
    text = _one_line(stderr)
    if message := write_failure(stderr):
        return BuildError(message)
    failed, _, reason = text.partition("--- stderr ")
    if match := _FETCHED.search(failed):
        return _no_repository(match["url"], reason, origin)
    if error := index_error(stderr, origin):
        return error
    names = lacking_wheels(stderr)
    if not names and "Building source distributions is disabled" in text:
        message = (
            f"{origin}: sources are required by an address without the name of their distribution, so it is not known "
            "whether they may be built. Write 'name @ address', and allow_source_builds=['name']."
        )
        return DependencyError(message)
    if lacking := lacking_wheels_alone(stderr):
        return no_wheel(sorted(lacking | (find_more(lacking) if find_more else frozenset())), origin, target)
    return DependencyError(_explanation(text, stderr, origin, target))


def _one_line(stderr: str) -> str:
    """Return uv's output as one line without credentials, and without markers: they all apply to the target."""
    return _MARKER.sub("", " ".join(scrub(stderr).split()))


def _is_conflict(text: str, lacking: frozenset[str]) -> bool:
    """Return whether the requirements exclude each other, even if older versions lack wheels too.

    uv names each version without a wheel that it tried. Its conclusion names the requirements that cannot be met. If
    another distribution depends on one of them at other versions, that is the cause.
    """
    conclusion = _CONCLUSION.search(text)
    required = _PIN.finditer(conclusion["required"]) if conclusion else ()
    return any(
        canonical(pin["name"]) not in lacking and re.search(rf"depends? on {re.escape(pin['name'])}[=<>!~]", text)
        for pin in required
    )


def _explanation(text: str, stderr: str, origin: str, target: Target) -> str:
    if match := _BUILT_FOR_HERE.search(text):
        return (
            f"{origin}: {match['wheel']}, which was built from source, cannot be loaded on {target}: it was "
            f"compiled for this machine. Choose a version that has a wheel, or {IN_CONTAINER}."
        )
    if "The build backend returned an error" in text:
        return _failed_build(stderr, origin)
    if match := _HASH.search(text):
        return _other_hash(match["name"], text, origin)
    if match := _OTHER_NAME.search(text):
        return (
            f"{origin}: the distribution that is required as {match['given']!r} is called {match['own']!r}. Write "
            f"'{match['own']} @ address', and that name in allow_source_builds if it is built from source."
        )
    return _misconfigured(text, origin) or _unsolvable(text, stderr, origin, target)


def _other_hash(name: str, text: str, origin: str) -> str:
    if re.search(rf"{re.escape(name)}[^`]{{0,300}}file:///", text):
        return (
            f"{origin}: hash mismatch for {name!r}: the manifest does not list the hash of the file on this machine. "
            "Write that hash if you trust the file, or find out who changed it."
        )
    return (
        f"{origin}: hash mismatch for {name!r}: the index serves a file that the manifest does not list. Lock it again "
        "if you trust the index, or find out who changed the file."
    )


def _misconfigured(text: str, origin: str) -> str | None:
    """Return the error in settings or files of distributions, rather than in versions; None if there is none."""
    if match := _NO_HASHES.search(text):
        return (
            f"{origin}: hashes are required (--require-hashes or UV_REQUIRE_HASHES), and "
            f"{match['which'].strip().rstrip('.')} has none. Write hashes, by 'uv pip compile --generate-hashes', or "
            "do not require them."
        )
    if match := _NOT_A_HASH.search(text):
        return (
            f"{origin} contains an invalid hash ({match['why'].strip().rstrip('.')}). Copy all of it from the index, "
            "or write all hashes again by 'uv pip compile --generate-hashes'."
        )
    if match := _NO_SETTING_FILE.search(text):
        return (
            f"{origin}: uv's settings name the file {match['path']!r}, which does not exist. Correct UV_CONSTRAINT, "
            "UV_OVERRIDE, UV_BUILD_CONSTRAINT or uv.toml, or write the file."
        )
    if match := _FILE_AND_FOLDER.search(text):
        return (
            f"{origin}: two distributions contain {match['path']!r}, one as a file and one as a folder, so they cannot "
            "be installed together. Drop one of them, or put it into the code of the functions that need it."
        )
    if match := _MALFORMED.search(text):
        return (
            f"{origin}: a wheel is malformed: its {match['what']} ({match['both']}). Use another version, or build the "
            "wheel again: its file name has to contain the name and the version in its METADATA."
        )
    return None


def no_wheel(names: list[str], origin: str, target: Target, reason: str = "") -> DependencyError:
    """Return the error for distributions without a wheel that a target can load."""
    listed = ", ".join(repr(name) for name in names)
    glibc = ".".join(map(str, target.runtime.glibc))
    message = (
        f"{origin}: no wheel of {listed} suits {target} (glibc {glibc}). {reason}"
        f"Choose a version that has one, or allow a build from source, allow_source_builds={names!r}, which runs its "
        f"code on this machine, or {IN_CONTAINER}."
    )
    return DependencyError(message)


def _failed_build(stderr: str, origin: str) -> str:
    lines = [line.strip() for line in scrub(stderr).splitlines() if line.strip() and not line.startswith("hint:")]
    built = _BUILDING.search(" ".join(lines))
    of_compiler = filter(_OF_COMPILER.search, reversed(lines))
    reason = next(of_compiler, lines[-1]) if _COMMAND.match(lines[-1]) else lines[-1]
    return (
        f"{origin}: building {built['name'] if built else 'a distribution'!r} from source failed on this machine: "
        f"{reason[:_LONGEST].rstrip('. ')}. {_build_remedy(stderr)}"
    )


def _build_remedy(stderr: str) -> str:
    if _LOCAL.search(stderr) is None:
        return f"Choose a version that has a wheel, or {IN_CONTAINER}."
    return (
        "It is built from a copy of its folder alone. If its build reads files outside of it, move or link them into "
        "it. If its version comes from a git repository above, or from a worktree or submodule, set it by the "
        "variable of its build backend, such as SETUPTOOLS_SCM_PRETEND_VERSION=1.0. Or put its wheel into the entry "
        f"folder and require that, or {IN_CONTAINER}."
    )


def _no_repository(url: str, reason: str, origin: str) -> CdkLayersError:
    """Return the error for a git repository: UnreachableError if its host cannot be reached."""
    summary = _shortened(reason.replace("fatal: ", "").rstrip(". "))
    message = (
        f"{origin}: git cannot fetch from {url}: {summary}. Check the address, the branch, tag or commit, and "
        "whether git may read it on this machine, with 'git ls-remote'."
    )
    return UnreachableError(message) if _NO_HOST.search(reason) else DependencyError(message)


def _unsolvable(text: str, stderr: str, origin: str, target: Target) -> str:
    if match := _UNKNOWN.search(text):
        return (
            f"{origin}: the index has no distribution {match['name']!r}. Check its spelling, or add its index by "
            "UV_INDEX or --extra-index-url. The settings in a pip.conf have no effect."
        )
    if match := _OTHER_INDEX.search(text):
        return _other_index(match["hint"].strip(), origin)
    if match := _NO_VERSION.search(text):
        wanted = f"{match['name']}{match['specifier'] or ''}"
        if wanted != match["name"] and "depends on" not in text:
            return f"{origin}: the index has no version {wanted!r} for {target}. Choose a version that exists."
    reason = _reason(stderr)
    if "requirements are unsatisfiable" in text or "No solution found" in text:
        return f"{origin}: the requirements contradict each other for {target}. {reason} Change one of them."
    return f"{origin}: uv could not install it for {target}. {reason}"


def _other_index(hint: str, origin: str) -> str:
    return (
        f"{origin}: the version is on an index that uv does not search: {hint} Put the index that has it first, or, "
        "if you trust all indexes equally, set index-strategy = 'unsafe-best-match' in [tool.uv] or uv.toml, or "
        "UV_INDEX_STRATEGY=unsafe-best-match."
    )


def _reason(stderr: str) -> str:
    lines = (line for line in scrub(stderr).splitlines() if line.strip() and not line.startswith(("warning:", "hint:")))
    reason = " ".join(_NOISE.sub("", line).strip() for line in lines)
    reason = reason.removeprefix("No solution found when resolving dependencies").lstrip(": ")
    return _shortened(_one_line(reason))


def _shortened(reason: str) -> str:
    """Return the end of a long explanation, from the beginning of a sentence."""
    if len(reason) <= _LONGEST:
        return reason
    end = reason[-_LONGEST:]
    sentence = re.search(r"(?:And b|B)ecause ", end)
    return f"... {end[sentence.start() :] if sentence else end}"
