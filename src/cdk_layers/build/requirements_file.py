"""Reading requirements files: what they ask for, where they look, and which files they bring in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from cdk_layers.build.credentials import scrub
from cdk_layers.errors import EntryError

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@dataclass(frozen=True, slots=True)
class Option:
    """One option line, such as --index-url; its value may hold credentials."""

    name: str
    value: str
    where: str


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
    wanted: list[Wanted] = []
    options: list[Option] = []
    paths: list[Path] = []
    _read(path, base, wanted, options, paths, constraint=False)
    return RequirementsFile(tuple(wanted), tuple(options), tuple(paths))


def read_requirements_text(text: str, origin: str, base: Path) -> RequirementsFile:
    """Read requirements that a tool exported from the lock file `origin`."""
    wanted: list[Wanted] = []
    options: list[Option] = []
    for number, line in _lines(text):
        _take(line, f"{origin}, line {number} of its export", base, base, wanted, options, [], constraint=False)
    return RequirementsFile(tuple(wanted), tuple(options), ())


def _read(
    path: Path, base: Path, wanted: list[Wanted], options: list[Option], paths: list[Path], *, constraint: bool
) -> None:
    if path in paths:
        return
    paths.append(path)
    name = path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)
    for number, line in _lines(_text(path, name)):
        _take(line, f"{name}, line {number}", path.parent, base, wanted, options, paths, constraint=constraint)


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
    """Yield logical lines with the number of their first physical line."""
    pending, first = "", 0
    for number, raw in enumerate(text.splitlines(), start=1):
        first = first or number
        line = _COMMENT.sub("", raw) if not pending or raw.lstrip().startswith("#") else raw
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        joined = _COMMENT.sub("", pending + line).strip()
        if joined:
            yield first, joined
        pending, first = "", 0
    if pending.strip():
        yield first, pending.strip()


def _take(
    line: str,
    where: str,
    folder: Path,
    base: Path,
    wanted: list[Wanted],
    options: list[Option],
    paths: list[Path],
    *,
    constraint: bool,
) -> None:
    if not line.startswith("-"):
        wanted.append(_requirement(line, where, folder, base, constraint=constraint))
        return
    option = _option(line, where)
    if option.name in {"--requirement", "--constraint"}:
        included = _included(option, folder)
        _read(included, base, wanted, options, paths, constraint=constraint or option.name == "--constraint")
    elif option.name == "--editable":
        wanted.append(_requirement(option.value, where, folder, base, constraint=constraint))
    elif option.name == "--find-links" and not _SCHEME.match(option.value):
        options.append(Option(option.name, str((folder / option.value).resolve()), where))
    else:
        options.append(option)


def _option(line: str, where: str) -> Option:
    match = _OPTION.fullmatch(line)
    given = match["name"] if match else line.split()[0]
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


def _requirement(line: str, where: str, folder: Path, base: Path, *, constraint: bool) -> Wanted:
    hashes = tuple(match["hash"] for match in _HASH.finditer(line))
    bare = _BUILD_SETTING.sub("", _HASH.sub("", line)).strip()
    path = _path_of(bare)
    if path is not None:
        return _local(path, where, folder, base, hashes, constraint=constraint)
    named = _NAMED_URL.fullmatch(bare)
    if named:
        return _addressed(bare, named, where, hashes, constraint=constraint)
    if _SCHEME.match(bare) and "://" in bare:
        return Wanted(bare, where, None, hashes=hashes, is_constraint=constraint, remote=True)
    try:
        parsed = Requirement(bare)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        message = f"{where}: {scrub(bare)!r} is not a requirement: {scrub(reason)}. Write it as 'name==version'."
        raise EntryError(message) from error
    return Wanted(
        bare, where, canonicalize_name(parsed.name), _only_version(parsed), str(parsed.marker) if parsed.marker else None,
        hashes, is_constraint=constraint,
    )  # fmt: skip


def _path_of(text: str) -> str | None:
    """Return the path when a requirement names something on this machine."""
    target, _, _ = text.partition(" ;")
    target = target.strip()
    if target.startswith("file:"):
        return url2pathname(unquote(urlsplit(target).path))
    bare = re.sub(r"\[[^\]]*\]$", "", target)
    looks_local = bare.startswith((".", "/", "~")) or "\\" in bare or bare.lower().endswith(_ARCHIVES) or "/" in bare
    is_local = looks_local and "://" not in bare and "@" not in bare.split("/")[0] and " " not in bare.strip()
    return bare if is_local or (Path(bare).is_absolute() and looks_local) else None


def _local(path: str, where: str, folder: Path, base: Path, hashes: tuple[str, ...], *, constraint: bool) -> Wanted:
    candidates = [(parent / Path(path).expanduser()).resolve() for parent in (folder, base)]
    found = next((candidate for candidate in candidates if candidate.exists()), None)
    if found is None:
        message = f"{where} names {path!r}, and there is no such file or folder ({candidates[0]})."
        raise EntryError(message)
    return Wanted(str(found), where, _local_name(found), hashes=hashes, local=found, is_constraint=constraint)


def _local_name(path: Path) -> str | None:
    if path.suffix == ".whl":
        return canonicalize_name(path.name.split("-")[0])
    return None


def _addressed(text: str, named: re.Match[str], where: str, hashes: tuple[str, ...], *, constraint: bool) -> Wanted:
    url = named["url"]
    local = Path(url2pathname(unquote(urlsplit(url).path))) if url.startswith("file:") else None
    if local is not None and not local.exists():
        message = f"{where} names {url!r}, and there is no such file or folder."
        raise EntryError(message)
    return Wanted(
        text, where, canonicalize_name(named["name"]), None, named["marker"], hashes, local, constraint, local is None
    )


def _only_version(requirement: Requirement) -> str | None:
    """Return the version of a single == or === without a wildcard."""
    specifiers = list(requirement.specifier)
    if len(specifiers) == 1 and specifiers[0].operator in {"==", "==="} and not specifiers[0].version.endswith(".*"):
        return specifiers[0].version
    return None
