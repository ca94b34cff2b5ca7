"""Traits of files that are found by reading them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_layers.contents.env_files import env_traits, is_env_file
from cdk_layers.contents.model import FileTrait
from cdk_layers.contents.secrets import secret_traits
from cdk_layers.lambda_service.magic_numbers import MAGIC_NUMBERS, python_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROGRAMS: Final = re.compile(r"(?:bin|extensions)/[^/]+|bootstrap")
_PYC_HEADER_BYTES: Final = 16
_PYC_NAME: Final = re.compile(r"(?:^|/)__pycache__/[^/]+\.cpython-3(?P<minor>\d{1,2})(?:\.opt-[12])?\.pyc$")


def traits_in(path: str, data: bytes, *, lacks_secret_words: bool = False) -> Iterator[FileTrait]:
    """Yield the secrets in a text file, a first line that cannot run, and whether an .env file is harmless.

    Args:
        path: POSIX path in the archive.
        data: All of its bytes.
        lacks_secret_words: Whether `secrets.all_lack_secret_words` is known to be true of it.
    """
    yield from secret_traits(path, data, lacks_secret_words=lacks_secret_words)
    if data.startswith(b"#!") and _PROGRAMS.fullmatch(path) and data.partition(b"\n")[0].endswith(b"\r"):
        yield FileTrait("crlf-program", path, 1, "Its first line ends with a carriage return")
    if ".env" in path and is_env_file(path):
        yield from env_traits(path, data)


def bytecode_trait(path: str, head: bytes) -> FileTrait | None:
    """Return the trait of a .pyc file that Python may reject; None for any other file.

    Source: PEP 552, "Deterministic pycs"; importlib, SourcelessFileLoader, which checks no time.
    """
    if len(head) < _PYC_HEADER_BYTES or head[2:4] != b"\r\n":
        return None
    magic = int.from_bytes(head[:2], "little")
    named = _PYC_NAME.search(path)
    if named is None or magic != MAGIC_NUMBERS.get(f"3.{named['minor']}", magic):
        return FileTrait("unnamed-bytecode", path, detail=python_of(magic))
    by_time = head[4:8] == bytes(4)
    return FileTrait("timestamp-bytecode", path, detail="checked by its source's time") if by_time else None
