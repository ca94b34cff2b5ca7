"""Text of requirements files: encodings, logical lines and environment variables, as pip reads them."""

from __future__ import annotations

import codecs
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cdk_layers.errors import EntryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks. That of UTF-32 begins with that of UTF-16."""

_CODING: Final = re.compile(rb"coding[:=]\s{0,9}([-\w.]{1,40})")
_VARIABLE: Final = re.compile(r"\$\{(?P<name>[A-Z0-9_]+)\}")
_AUTHORITY_END: Final = re.compile(r"[/?#\s]")
_SECRET_NAME: Final = re.compile(r"TOKEN|PASS|PWD|SECRET|KEY|CRED|AUTH|SIGNATURE|(?:^|_)(?:PAT|PW|SIG)(?:_|$)")
_SHORTEST_SECRET: Final = 4


def read_text(path: Path, name: str) -> str:
    """Return the text of a requirements file.

    Source: pip, "Requirements File Format", "Encoding".

    Args:
        path: The file.
        name: Its name in messages.

    Raises:
        EntryError: It is not a regular file, cannot be read, or is not text in its encoding.
    """
    refuse_irregular(path, name)
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"{name} cannot be read: {error.strerror}. Make it readable for the user who builds."
        raise EntryError(message) from None
    return _decoded(data, name)


def refuse_irregular(path: Path, name: str) -> None:
    """Refuse a manifest that is not a regular file.

    Raises:
        EntryError: It is a folder, a device, a pipe, or a broken symlink.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        what = "is a broken symlink" if path.is_symlink() else f"cannot be read: {error.strerror}"
    else:
        if stat.S_ISREG(mode):
            return
        what = "is a folder" if stat.S_ISDIR(mode) else "is not a regular file"
    message = f"{name} {what} ({path}). Replace it with a file, or remove it."
    raise EntryError(message)


def _decoded(data: bytes, name: str) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _text(data[len(mark) :], encoding, name)
    if (at := data.find(0)) >= 0:
        message = f"{name} contains NUL (byte {at}), as UTF-16 does without a byte order mark. Save it as UTF-8."
        raise EntryError(message)
    lines = data.split(b"\n", 2)[:2]
    declared = next((found for line in lines if line[:1] == b"#" and (found := _CODING.search(line))), None)
    return _text(data, declared[1].decode("ascii") if declared else "utf-8", name)


def _text(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        message = (
            f"{name} is not {encoding.upper()} text (byte {error.start}). Save it as UTF-8, or name its encoding in "
            "the first line: '# -*- coding: latin-1 -*-'."
        )
        raise EntryError(message) from None
    except LookupError:
        message = f"{name} declares the encoding {encoding!r}, which Python does not support. Save it as UTF-8."
        raise EntryError(message) from None


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield logical lines with the number of their first physical line; a comment line ends them, as in pip."""
    pending: list[str] = []
    first = 0
    for number, raw in enumerate(text.splitlines(), start=1):
        first = first if pending else number
        is_continued = raw.endswith("\\") and not raw.lstrip().startswith("#")
        pending.append(f"{raw[:-1]} " if is_continued else raw)
        if not is_continued:
            line = _uncommented("".join(pending))
            pending = []
            if line:
                yield first, line
    if line := _uncommented("".join(pending)):
        yield first, line


def _uncommented(line: str) -> str:
    """Return a line without its comment: from a "#" that begins the line, or follows white space."""
    at = line.find("#")
    while at > 0 and not line[at - 1].isspace():
        at = line.find("#", at + 1)
    return (line if at < 0 else line[:at]).strip()


@dataclass(slots=True)
class Variables:
    """The environment variables that requirements may name."""

    values: Mapping[str, str]
    may_lack: bool = False
    """Whether variables that are not set remain unexpanded."""

    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    """The values of variables that are likely to be credentials, by their written form "${NAME}"."""

    lacks: bool = False
    """Whether any was not set."""

    def expand(self, line: str, where: str) -> str:
        """Return a line with the values of its "${NAME}".

        Source: pip, "Requirements File Format", "Using environment variables".

        Raises:
            EntryError: A variable is not set.
        """
        if "${" not in line:
            return line
        credentials = {name for part in _user_parts(line) for name in _VARIABLE.findall(part)}

        def value(found: re.Match[str]) -> str:
            name, written = found["name"], found.group()
            text = self._value(name, written, where)
            if text != written and (name in credentials or _SECRET_NAME.search(name)):
                self.secrets[written] = text
            return text

        return _VARIABLE.sub(value, line)

    def mask(self, text: str) -> str:
        """Return text with "${NAME}" in place of the values of credentials."""
        for written, value in sorted(self.secrets.items(), key=lambda item: (-len(item[1]), item[0])):
            if len(value) >= _SHORTEST_SECRET:
                text = text.replace(value, written)
        return text

    @property
    def named_secrets(self) -> dict[str, str]:
        """The values in `secrets` by the names of the variables."""
        return {written[2:-1]: value for written, value in self.secrets.items()}

    def _value(self, name: str, written: str, where: str) -> str:
        if name in self.values:
            return self.values[name]
        if self.may_lack:
            self.lacks = True
            return written
        message = (
            f"{where} names the environment variable {name}, which is not set. Set it, pass it as environment=, or "
            "write its value."
        )
        raise EntryError(message)


def _user_parts(line: str) -> Iterator[str]:
    """Yield the user and password parts of the URLs in a line."""
    for rest in line.split("://")[1:]:
        yield _AUTHORITY_END.split(rest, maxsplit=1)[0].rpartition("@")[0]
