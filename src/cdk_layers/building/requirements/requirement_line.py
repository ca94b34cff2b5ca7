"""Single requirements: versions, files and folders on this machine, URLs."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.building.requirements.file_urls import paths_in
from cdk_layers.contents.names import canonical
from cdk_layers.errors import EntryError
from cdk_layers.system.outgoing import scrub

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from cdk_layers.lambda_service.target import Target

ARCHIVES: Final = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz")
SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:")

_PIN: Final = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)==(?P<version>\d+(?:\.\d+)*(?:\.post\d+)?)"
)
"""The form of most requirements."""

_NAMED: Final = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*) *(?P<extras>\[[^\[\]]*\])?")
_EXTRAS: Final = re.compile(r"\[[^\[\]]*\]$")
_MARKER: Final = re.compile(
    r"[(\s]*(?:[\"']|python_|os_name|os\.name|sys_platform|sys\.platform|platform[_.]|implementation_|extra\b)"
)
_HASH: Final = re.compile(r"\s--hash[= ](?P<hash>\S+)")
_BUILD_OPTION: Final = re.compile(r"\s--(?:config-settings?|global-option|install-option)[= ]")
_LINE_OPTION: Final = re.compile(rf"\s--hash[= ]|{_BUILD_OPTION.pattern}")
_VERSIONED: Final = re.compile(r"(?P<name>.+?)-v?(?P<version>\d[^-]*)")
_COMMIT: Final = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")
_VERSION_CONTROL: Final = ("git+", "hg+", "bzr+", "svn+")


@dataclass(frozen=True, slots=True)
class RequirementLine:
    """One line that requires a distribution, or constrains one."""

    text: str
    """The line for uv: without comment and hashes, and with an absolute URL for a file or folder on this machine."""

    where: str
    """File and line, such as "requirements.txt, line 3"."""

    name: str | None
    """The normalized name; None if the line does not contain it."""

    version: str | None = None
    """The only version that it admits; None if there are several."""

    marker: str | None = None
    hashes: tuple[str, ...] = ()
    local: Path | None = None
    """The file or folder on this machine that it names."""

    is_constraint: bool = False
    remote: bool = False
    """Whether it names an address instead of a version."""

    index: str | None = None
    """The only index to use, possibly with credentials, "" for the default index; None for all indexes."""

    floating: bool = False
    """Whether the content at its address may change: a branch or a tag."""

    has_build_settings: bool = False
    """Whether its line has options for a build from source, such as --config-settings."""

    masked: str | None = None
    """Its text with `${NAME}` in place of credentials from variables; None if there are none."""

    @property
    def is_pinned(self) -> bool:
        """Whether it always means the same content."""
        return not self.floating and (self.version is not None or self.local is not None or self.remote)

    @property
    def unmarked(self) -> str:
        """Its text without its marker."""
        if self.marker is None:
            return self.text
        if self.local or self.remote:
            return self.text.removesuffix(f" ; {self.marker}")
        return self.text.partition(";")[0].strip()

    def applies_to(self, target: Target) -> bool:
        """Return whether its marker is true on a target."""
        if self.marker is None:
            return True
        from packaging.markers import Marker  # noqa: PLC0415 - most lines have none

        return Marker(self.marker).evaluate(target.marker_environment())


@dataclass(frozen=True, slots=True)
class LineContext:
    """The file and position of a line, and how its words are meant."""

    where: str
    folders: tuple[Path, ...]
    """The folders that its relative paths may be relative to, in this order."""

    constraint: bool = False
    is_path: bool = False
    """Whether it is a path or a URL even if it looks like a name, as for editable requirements."""


def read_requirement(line: str, context: LineContext) -> RequirementLine:
    """Parse one line without its comment.

    Raises:
        EntryError: It cannot be understood, or names a file or folder that does not exist.
    """
    if not context.is_path and (pin := _PIN.fullmatch(line)):
        return RequirementLine(
            line, context.where, canonical(pin["name"]), pin["version"], is_constraint=context.constraint
        )
    options = _LINE_OPTION.search(line)
    hashes = tuple(match["hash"] for match in _HASH.finditer(line))
    bare = (line[: options.start()] if options else line).strip()
    text, marker = _split_marker(bare)
    name, extras, address = _split_name(text, is_path=context.is_path)
    requirement = _addressed(name, extras, address, marker, context) if address else _versioned(bare, context)
    has_build_settings = _BUILD_OPTION.search(line) is not None
    return replace(
        requirement,
        hashes=(*hashes, *requirement.hashes),
        is_constraint=context.constraint,
        has_build_settings=has_build_settings,
    )


def local_requirement(
    name: str | None, extras: str, path: Path, where: str, marker: str | None = None
) -> RequirementLine:
    """Return the requirement of a file or folder on this machine; the name defaults to its own."""
    if name is None:
        # It loads a TOML parser.
        from cdk_layers.building.requirements.project import name_of  # noqa: PLC0415

        name = named_by_file(path.name)[0] if path.is_file() else name_of(path)
    text = f"{name}{extras} @ {path.as_uri()}" + (f" ; {marker}" if marker else "")
    return RequirementLine(text, where, canonical(name or path.name), marker=marker, local=path)


def named_by_file(file: str) -> tuple[str | None, str | None]:
    """Return the normalized name and the version in the file name of a wheel or source archive; None if missing."""
    ending = next((ending for ending in ARCHIVES if file.lower().endswith(ending)), None)
    if ending is None:
        return None, None
    stem = file[: -len(ending)]
    if ending == ".whl":
        name, _, rest = stem.partition("-")
        return canonical(name), rest.partition("-")[0] or None
    found = _VERSIONED.fullmatch(stem)
    return (canonical(found["name"]), found["version"]) if found else (canonical(stem), None)


def _split_marker(text: str) -> tuple[str, str | None]:
    """Return a requirement and its marker; a ";" without a marker after it belongs to a path or URL."""
    at = text.find(";")
    while at >= 0:
        rest = text[at + 1 :]
        if _MARKER.match(rest) and (marker := _valid_marker(rest)):
            return text[:at].strip(), marker
        at = text.find(";", at + 1)
    return text, None


def _valid_marker(text: str) -> str | None:
    from packaging.markers import InvalidMarker, Marker  # noqa: PLC0415 - most lines have none

    try:
        return str(Marker(text.strip()))
    except (InvalidMarker, RecursionError):
        return None


def _split_name(text: str, *, is_path: bool = False) -> tuple[str | None, str, str | None]:
    """Return the name, the extras and the address of a requirement; the address is None for a version specifier."""
    head, at, rest = text.partition("@")
    named = _NAMED.fullmatch(head.rstrip()) if at and rest.strip() else None
    if named:
        return named["name"], named["extras"] or "", rest.strip()
    extras = match.group() if (match := _EXTRAS.search(text)) else ""
    bare = text.removesuffix(extras)
    if "://" in text or text.lower().startswith("file:"):
        return None, extras, bare
    is_path = is_path or bare.startswith((".", "~")) or "/" in bare or "\\" in bare or bare.lower().endswith(ARCHIVES)
    return None, extras, bare if is_path else None


def _addressed(
    name: str | None, extras: str, address: str, marker: str | None, context: LineContext
) -> RequirementLine:
    path, _, fragment = address.partition("#")
    # A path may contain "#", unless PDM's export or a URL names the distribution after it.
    has_facts = SCHEME.match(address) or fragment.startswith("egg=")
    facts = dict(part.partition("=")[::2] for part in fragment.split("&")) if has_facts else {}
    egg = _NAMED.fullmatch(facts.pop("egg", ""))
    if egg:
        name, extras = name or egg["name"], extras or egg["extras"] or ""
    if SCHEME.match(address) and not Path(address).is_absolute():
        rest = "&".join(f"{key}={value}" if value else key for key, value in facts.items() if key)
        if not address.lower().startswith("file:"):
            return _remote(name, extras, f"{path}#{rest}" if rest else path, marker, context.where)
        found = _local(paths_in(path), facts.get("subdirectory"), address, context)
    else:
        written = path if has_facts else address
        found = _local([os.path.expanduser(written)], facts.get("subdirectory"), address, context)  # noqa: PTH111 - it never raises
    requirement = local_requirement(name, extras, found, context.where, marker)
    hashes = tuple(f"{key}:{value}" for key, value in facts.items() if key.startswith(("sha", "md5")))
    return replace(requirement, hashes=hashes)


def _remote(name: str | None, extras: str, url: str, marker: str | None, where: str) -> RequirementLine:
    is_repository = url.lower().startswith(_VERSION_CONTROL)
    path = url.partition("#")[0].partition("?")[0]
    version = None
    if not is_repository:
        from urllib.parse import unquote  # noqa: PLC0415 - few lines are URLs

        own_name, version = named_by_file(unquote(path.rpartition("/")[2]))
        # Without a version, it is the name of a branch or a repository, as in GitHub's main.zip.
        name = name or (own_name if version else None)
    text = f"{name}{extras} @ {url}" if name else url
    return RequirementLine(
        f"{text} ; {marker}" if marker else text,
        where,
        canonical(name) if name else None,
        version if path.endswith(".whl") else None,
        marker,
        remote=True,
        floating=is_repository and not _names_commit(path),
    )


def _names_commit(url: str) -> bool:
    return _COMMIT.fullmatch(url.rpartition("/")[2].rpartition("@")[2]) is not None and "@" in url.rpartition("/")[2]


def _local(paths: list[str], folder: str | None, written: str, context: LineContext) -> Path:
    candidates = [Path(parent, path, folder or "") for path in paths for parent in context.folders]
    found = next(filter(None, map(_existing, candidates)), None)
    if found is None:
        message = (
            f"{context.where} names {scrub(written)!r}, and there is no such file or folder ({candidates[0]}). Correct "
            "the path, which is relative to the file that names it, or add what it names."
        )
        if written.lower().startswith("file:"):
            message += (
                " If 'pip freeze' wrote it, as for distributions of conda, write the version that 'pip list "
                "--format=freeze' prints."
            )
        raise EntryError(message)
    return found


def _existing(path: Path) -> Path | None:
    try:
        found = path.resolve()
        return found if found.exists() else None
    except (OSError, ValueError, RuntimeError):
        return None


def _versioned(text: str, context: LineContext) -> RequirementLine:
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - plain pins do not need it

    try:
        parsed = Requirement(text)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0].rstrip(".")
        message = (
            f"{context.where}: {scrub(text)!r} is not a requirement: {scrub(reason)}. Write it as 'name==version'."
        )
        raise EntryError(message) from None
    marker = str(parsed.marker) if parsed.marker else None
    return RequirementLine(text, context.where, canonical(parsed.name), _only_version(parsed), marker)


def _only_version(requirement: Requirement) -> str | None:
    """Return the version of a single == or === without a wildcard."""
    specifiers = list(requirement.specifier)
    if len(specifiers) == 1 and specifiers[0].operator in {"==", "==="} and not specifiers[0].version.endswith(".*"):
        return specifiers[0].version
    return None
