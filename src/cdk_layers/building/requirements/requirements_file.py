"""Reader of requirements files: requirements, options, and included files."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.building.requirements.file_urls import paths_in
from cdk_layers.building.requirements.requirement_line import SCHEME, LineContext, RequirementLine, read_requirement
from cdk_layers.building.requirements.requirements_text import Variables, logical_lines, read_text
from cdk_layers.errors import EntryError
from cdk_layers.system import host
from cdk_layers.system.outgoing import scrub

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
_SHORT_LENGTH: Final = 2


@dataclass(frozen=True, slots=True)
class Option:
    """One option line, such as --index-url; its value may contain credentials."""

    name: str
    value: str
    where: str

    masked: str | None = None
    """Its value with `${NAME}` in place of credentials from variables; None if there are none."""

    @property
    def folder(self) -> Path | None:
        """The folder of distributions on this machine that it names; None if it names none."""
        is_local = not SCHEME.match(self.value) or Path(self.value).is_absolute()
        return Path(self.value) if self.name == "--find-links" and is_local else None


@dataclass(frozen=True, slots=True)
class RequirementsFile:
    """A requirements file with the files that it includes."""

    lines: tuple[RequirementLine, ...]
    options: tuple[Option, ...]
    paths: tuple[Path, ...]
    """The file itself and those it includes."""


def read_requirements_file(path: Path, base: Path, variables: Variables | None = None) -> RequirementsFile:
    """Read a requirements file with its -r and -c files.

    Args:
        path: The file.
        base: The entry folder, which messages name files relative to.
        variables: The values of "${NAME}". Defaults to the environment of this process.

    Raises:
        EntryError: A file is missing or unreadable, or a line cannot be understood; the message names file and line.
    """
    reader = _Reader(base, variables or Variables(host.environ()))
    reader.read(path)
    return reader.result()


def read_requirements_text(text: str, origin: str, base: Path, variables: Variables | None = None) -> RequirementsFile:
    """Read requirements that a tool exported from the lock file `origin`; `variables` are expanded if given."""
    reader = _Reader(base, variables)
    for number, line in logical_lines(text):
        reader.add(line, LineContext(f"{origin}, line {number} of its export", (base,)))
    reader.read_included()
    return reader.result()


@dataclass(frozen=True, slots=True)
class _OpenFile:
    """A file that is being read."""

    path: Path
    name: str
    lines: Iterator[tuple[int, str]]
    constraint: bool


@dataclass(slots=True)
class _Reader:
    """Collects the lines of a file and of those that it includes."""

    base: Path
    variables: Variables | None
    lines: list[RequirementLine] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    seen: set[tuple[Path, bool]] = field(default_factory=set)
    paths: dict[Path, None] = field(default_factory=dict)
    stack: list[_OpenFile] = field(default_factory=list)
    """The files being read, each included by the previous one. A list, since recursion would limit the depth."""

    def result(self) -> RequirementsFile:
        """Return the collected lines."""
        return RequirementsFile(tuple(self.lines), tuple(self.options), tuple(self.paths))

    def read(self, path: Path) -> None:
        """Read all lines of a file and of those that it includes."""
        self._open(path, constraint=False)
        self.read_included()

    def read_included(self) -> None:
        """Read all lines of the open files."""
        while self.stack:
            file = self.stack[-1]
            number, line = next(file.lines, (0, ""))
            if not number:
                self.stack.pop()
                continue
            folders = (file.path.parent, self.base)
            self.add(line, LineContext(f"{file.name}, line {number}", folders, file.constraint))

    def _open(self, path: Path, *, constraint: bool) -> None:
        if (path, constraint) in self.seen:
            return
        self.seen.add((path, constraint))
        self.paths[path] = None
        name = path.relative_to(self.base).as_posix() if path.is_relative_to(self.base) else str(path)
        self.stack.append(_OpenFile(path, name, logical_lines(read_text(path, name)), constraint))

    def add(self, line: str, context: LineContext) -> None:
        """Add one logical line."""
        expanded = self.variables.expand(line, context.where) if self.variables else line
        if not expanded.startswith("-"):
            self._require(expanded, context)
            return
        for option in _options(expanded, context.where):
            if option.name in {"--requirement", "--constraint"}:
                is_constraint = context.constraint or option.name == "--constraint"
                self._open(_included(option, context.folders[0]), constraint=is_constraint)
            elif option.name == "--editable":
                self._require(option.value, replace(context, is_path=True))
            else:
                self._set(self._masked(_placed(option, context)))

    def _set(self, option: Option) -> None:
        """Add an option. As in pip, the last --index-url of all files counts; uv rejects a second one."""
        if option.name == "--index-url":
            self.options = [earlier for earlier in self.options if earlier.name != option.name]
        self.options.append(option)

    def _require(self, text: str, context: LineContext) -> None:
        line = read_requirement(text, context)
        masked = self.variables.mask(line.text) if self.variables else line.text
        self.lines.append(line if masked == line.text else replace(line, masked=masked))

    def _masked(self, option: Option) -> Option:
        masked = self.variables.mask(option.value) if self.variables else option.value
        return option if masked == option.value else replace(option, masked=masked)


def _placed(option: Option, context: LineContext) -> Option:
    """Return an option with the absolute path of the folder that it names."""
    if option.name == "--find-links" and option.value.lower().startswith("file:"):
        option = replace(option, value=paths_in(option.value)[0])
    if option.folder is None:
        return option
    return replace(option, value=str((context.folders[0] / option.folder).resolve()))


def _options(line: str, where: str) -> Iterator[Option]:
    """Yield the options of a line: "--name value", "--name=value", "-n value", "-nvalue"."""
    words = iter(_words(line, where))
    for word in words:
        name, equals, value = word.partition("=")
        if len(word) > _SHORT_LENGTH and not word.startswith("--"):
            name, value = word[:_SHORT_LENGTH], word[_SHORT_LENGTH:].removeprefix("=")
            equals = "="
        if name not in {*_VALUED, *_FLAGS}:
            message = f"{where}: the option {scrub(name)!r} is not supported in a requirements file. Remove it."
            raise EntryError(message)
        value = value if equals or name in _FLAGS else next(words, "")
        value = next(words, "") if value == "=" else value
        if name in _VALUED and not value:
            message = f"{where}: the option {name!r} needs a value."
            raise EntryError(message)
        yield Option(_VALUED.get(name, name), value, where)


def _words(line: str, where: str) -> Iterator[str]:
    """Yield the words of a line of options; quotes group words, and a backslash is part of a Windows path.

    The path of an editable requirement may contain spaces.
    """
    for name in ("-e", "--editable"):
        if line.startswith((f"{name} ", f"{name}=")):
            value = line[len(name) + 1 :].strip()
            is_quoted = value[:1] in {"'", '"'} and value[:1] == value[-1:]
            yield from (name, value[1:-1] if is_quoted else value)
            return
    import shlex  # noqa: PLC0415 - few files have options

    words = shlex.shlex(line, posix=True)
    words.whitespace_split, words.commenters, words.escape = True, "", ""
    try:
        yield from words
    except ValueError:
        message = f"{where}: a quote is not closed. Close it."
        raise EntryError(message) from None


def _included(option: Option, folder: Path) -> Path:
    value = option.value
    if value.lower().startswith("file:"):
        value = paths_in(value)[0]
    elif SCHEME.match(value) and not Path(value).is_absolute():
        message = (
            f"{option.where}: requirements are read from files only, not from {scrub(value)!r}. "
            "Download the file into the entry folder and include it from there."
        )
        raise EntryError(message)
    path = Path(os.path.abspath(folder / value))  # noqa: PTH100 - a broken symlink is reported
    if not os.path.lexists(path):
        message = f"{option.where} includes {value!r}, and there is no such file ({path})."
        raise EntryError(message)
    return path
