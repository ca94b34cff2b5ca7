"""Reading requirements files: what they ask for, where they look, and which files they bring in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from cdk_layers.build.credentials import scrub
from cdk_layers.build.names import canonical
from cdk_layers.errors import EntryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.requirements import Requirement

    from cdk_layers.build.target import Target

_VALUED: Final = {
    "-i": "--index-url",
    "--pypi-url": "--index-url",
    "--index-url": "--index-url",
    "--extra-index-url": "--extra-index-url",
    "-f": "--find-links",
    "--find-links": "--find-links",
    "-r": "--requirement",
    "--requirement": "--requirement",
    "--requirements": "--requirement",
    "-c": "--constraint",
    "--constraint": "--constraint",
    "--constraints": "--constraint",
    "-e": "--editable",
    "--editable": "--editable",
    "--no-binary": "--no-binary",
    "--only-binary": "--only-binary",
    "--trusted-host": "--trusted-host",
    "--use-feature": "--use-feature",
}
_FLAGS: Final = frozenset({"--no-index", "--pre", "--prefer-binary", "--require-hashes"})
_HASH: Final = re.compile(r"\s--hash[= ](?P<hash>\S+)")
_BUILD_SETTING: Final = re.compile(r"\s(?:--config-settings?|--global-option|--install-option)[= ].*$")
_COMMENT: Final = re.compile(r"(^|\s+)#.*$")
_OPTION: Final = re.compile(r"(?P<name>--?[A-Za-z][A-Za-z-]*|-[A-Za-z])(?:\s*=\s*|\s+|$)(?P<value>.*)")
_NAMED_URL: Final = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(?P<extras>\[[^\]]*\])?\s*@\s*(?P<url>\S+)\s*(?:;\s*(?P<marker>.+))?"
)
_PIN: Final = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)==(?P<version>\d+(?:\.\d+)*(?:\.post\d+)?)"
)
"""What most lines of most files are."""

_AT: Final = re.compile(r"[A-Za-z0-9][\w.-]*\s*(?:\[[^\]]*\])?\s*@")
_EXTRAS: Final = re.compile(r"\[[^\]]*\]$")
_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:")
_ARCHIVES: Final = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One line that asks for a distribution, or constrains one."""

    text: str
    """As uv should read it: no comment, no hashes, an absolute address for what is on this machine."""

    where: str
    """File and line, such as "requirements.txt, line 3"."""

    name: str | None
    """The normalized name, when the line tells it."""

    version: str | None = None
    """The one version that it admits, when there is one."""

    marker: str | None = None
    hashes: tuple[str, ...] = ()
    local: Path | None = None
    """The file or folder on this machine that it names."""

    is_constraint: bool = False
    remote: bool = False
    """Whether it names an address instead of a version."""

    @property
    def is_pinned(self) -> bool:
        """Whether it always means the same thing."""
        return self.version is not None or self.local is not None or self.remote

    def applies_to(self, target: Target) -> bool:
        """Whether its marker holds on a target."""
        if self.marker is None:
            return True
        from packaging.markers import Marker  # noqa: PLC0415 - most lines have none

        return Marker(self.marker).evaluate(target.marker_environment())


@dataclass(frozen=True, slots=True)
class Option:
    """One option line, such as --index-url; its value may hold credentials."""

    name: str
    value: str
    where: str

    @property
    def folder(self) -> Path | None:
        """The folder of distributions on this machine that it names."""
        is_local = not _SCHEME.match(self.value) or Path(self.value).is_absolute()
        return Path(self.value) if self.name == "--find-links" and is_local else None


@dataclass(frozen=True, slots=True)
class RequirementsFile:
    """A requirements file and all that it includes."""

    wanted: tuple[Wanted, ...]
    options: tuple[Option, ...]
    paths: tuple[Path, ...]
    """The file itself and those it includes."""


def read_requirements_file(path: Path, base: Path) -> RequirementsFile:
    """Read a requirements file with its -r and -c files.

    Args:
        path: The file.
        base: The entry folder, which messages name files relative to.

    Raises:
        EntryError: A file is missing or unreadable, or a line cannot be understood; the message names file and line.
    """
    reader = _Reader(base)
    reader.read(path, constraint=False)
    return reader.result()


def read_requirements_text(text: str, origin: str, base: Path) -> RequirementsFile:
    """Read requirements that a tool exported from the lock file `origin`."""
    reader = _Reader(base)
    for number, line in _lines(text):
        reader.take(line, _Place(f"{origin}, line {number} of its export", base, constraint=False))
    return reader.result()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a line stands."""

    where: str
    folder: Path
    constraint: bool


@dataclass(slots=True)
class _Reader:
    """Gathers what a file and those that it includes say."""

    base: Path
    wanted: list[Wanted] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)

    def result(self) -> RequirementsFile:
        """Return what was gathered."""
        return RequirementsFile(tuple(self.wanted), tuple(self.options), tuple(self.paths))

    def read(self, path: Path, *, constraint: bool) -> None:
        """Take every line of a file that was not read before."""
        if path in self.paths:
            return
        self.paths.append(path)
        name = path.relative_to(self.base).as_posix() if path.is_relative_to(self.base) else str(path)
        for number, line in _lines(_text(path, name)):
            self.take(line, _Place(f"{name}, line {number}", path.parent, constraint))

    def take(self, line: str, place: _Place) -> None:
        """Take one logical line."""
        if not line.startswith("-"):
            self.wanted.append(_requirement(line, place, self.base))
            return
        option = _option(line, place.where)
        if option.name in {"--requirement", "--constraint"}:
            is_constraint = place.constraint or option.name == "--constraint"
            self.read(_included(option, place.folder), constraint=is_constraint)
        elif option.name == "--editable":
            self.wanted.append(_requirement(option.value, place, self.base))
        elif option.folder is not None:
            self.options.append(replace(option, value=str((place.folder / option.folder).resolve())))
        else:
            self.options.append(option)


def _text(path: Path, name: str) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{name} is not UTF-8 text (byte {error.start}). Save it as UTF-8."
        raise EntryError(message) from error
    except OSError as error:
        message = f"{name} cannot be read: {error.strerror}."
        raise EntryError(message) from error


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield logical lines with the number of their first physical line; a line of comment ends them, as in pip."""
    pending, first = "", 0
    for number, raw in enumerate(text.splitlines(), start=1):
        first = first if pending else number
        is_continued = raw.endswith("\\") and not raw.lstrip().startswith("#")
        pending += f"{raw[:-1]} " if is_continued else f"{raw}\n"
        if not is_continued:
            line = _COMMENT.sub("", pending.rstrip("\n")).strip()
            pending = ""
            if line:
                yield first, line
    if line := _COMMENT.sub("", pending).strip():
        yield first, line


def _option(line: str, where: str) -> Option:
    match = _OPTION.fullmatch(line)
    given = match["name"] if match else line.split(maxsplit=1)[0]
    if match is None or given not in {*_VALUED, *_FLAGS}:
        message = f"{where}: the option {scrub(given)!r} is not one that a requirements file may hold here. Remove it."
        raise EntryError(message)
    if given in _VALUED and not match["value"].strip():
        message = f"{where}: the option {given!r} needs a value."
        raise EntryError(message)
    return Option(_VALUED.get(given, given), match["value"].strip().strip("\"'"), where)


def _included(option: Option, folder: Path) -> Path:
    if _SCHEME.match(option.value) and not Path(option.value).is_absolute():
        message = (
            f"{option.where}: requirements are read from files only, not from {scrub(option.value)!r}. "
            "Download the file into the entry folder and include it from there."
        )
        raise EntryError(message)
    path = (folder / option.value).resolve()
    if not path.is_file():
        message = f"{option.where} includes {option.value!r}, and there is no such file ({path})."
        raise EntryError(message)
    return path


def _requirement(line: str, place: _Place, base: Path) -> Wanted:
    hashes = tuple(match["hash"] for match in _HASH.finditer(line))
    bare = _BUILD_SETTING.sub("", _HASH.sub("", line)).strip()
    return replace(_wanted(bare, place, base), hashes=hashes, is_constraint=place.constraint)


def _wanted(text: str, place: _Place, base: Path) -> Wanted:
    path = _path_of(text)
    if path is not None:
        return _local(path, place, base)
    named = _NAMED_URL.fullmatch(text)
    if named:
        return _addressed(text, named, place)
    if _SCHEME.match(text) and "://" in text:
        return Wanted(text, place.where, None, remote=True)
    if pin := _PIN.fullmatch(text):
        return Wanted(text, place.where, canonical(pin["name"]), pin["version"])
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - plain pins do without

    try:
        parsed = Requirement(text)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0].rstrip(".")
        message = f"{place.where}: {scrub(text)!r} is not a requirement: {scrub(reason)}. Write it as 'name==version'."
        raise EntryError(message) from None
    marker = str(parsed.marker) if parsed.marker else None
    return Wanted(text, place.where, canonical(parsed.name), _only_version(parsed), marker)


def _path_of(text: str) -> str | None:
    """Return the path when a requirement names something on this machine, with its extras."""
    target = text.partition(" ;")[0].strip()
    if target.startswith("file:"):
        return _path_in(target)
    if "://" in target or _AT.match(target) or " " in target:
        return None
    bare = _EXTRAS.sub("", target)
    looks_local = bare.startswith((".", "~")) or "/" in bare or "\\" in bare or bare.lower().endswith(_ARCHIVES)
    return target if looks_local else None


def _path_in(url: str) -> str:
    from urllib.request import url2pathname  # noqa: PLC0415 - it brings an HTTP client along

    return url2pathname(unquote(urlsplit(url).path))


def _local(path: str, place: _Place, base: Path) -> Wanted:
    extras = match.group() if (match := _EXTRAS.search(path)) else ""
    bare = Path(path.removesuffix(extras)).expanduser()
    candidates = [(parent / bare).resolve() for parent in (place.folder, base)]
    found = next((candidate for candidate in candidates if candidate.exists()), None)
    if found is None:
        message = f"{place.where} names {path!r}, and there is no such file or folder ({candidates[0]})."
        raise EntryError(message)
    name = canonical(found.name.partition("-")[0]) if found.suffix == ".whl" else None
    return Wanted(f"{found}{extras}", place.where, name, local=found)


def _addressed(text: str, named: re.Match[str], place: _Place) -> Wanted:
    url = named["url"]
    local = Path(_path_in(url)) if url.startswith("file:") else None
    if local is not None and not local.exists():
        message = f"{place.where} names {url!r}, and there is no such file or folder."
        raise EntryError(message)
    name = canonical(named["name"])
    return Wanted(text, place.where, name, marker=named["marker"], local=local, remote=local is None)


def _only_version(requirement: Requirement) -> str | None:
    """Return the version of a single == or === without a wildcard."""
    specifiers = list(requirement.specifier)
    if len(specifiers) == 1 and specifiers[0].operator in {"==", "==="} and not specifiers[0].version.endswith(".*"):
        return specifiers[0].version
    return None
