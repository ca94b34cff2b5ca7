"""Contents of a layer's archive or of a function's code: the facts that the rules check.

Contents are measured once, as an archive is written or first read, and stored by its digest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class File(NamedTuple):
    """One regular file, or one symlink in a zip."""

    size: int
    """Unzipped bytes."""

    crc32: int
    """CRC-32 of the unzipped bytes, as a zip records it; two files count as equal if size and CRC-32 are."""

    mode: int
    """Permission bits, such as 0o644."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed distribution, read from its .dist-info folder."""

    name: str
    """The normalized name (PEP 503)."""

    version: str
    """The version in its metadata."""

    folder: str
    """The folder that contains the .dist-info folder: "python" in most layers, "" in most functions."""

    unzipped_bytes: int
    """Bytes of the files in its RECORD that exist."""

    requires: tuple[str, ...] = ()
    """Its Requires-Dist lines, unchanged (PEP 508)."""

    requires_python: str | None = None
    """Its Requires-Python, unchanged (PEP 440)."""

    license: str | None = None
    """Its License-Expression, or its License if that is one line."""

    tags: tuple[str, ...] = ()
    """The wheel tags it was installed from, such as "cp313-cp313-manylinux_2_28_x86_64"."""

    top_level: tuple[str, ...] = ()
    """The first segments, inside `folder`, of the files that its RECORD lists: "numpy", "numpy.libs", sorted."""

    extras: tuple[str, ...] = ()
    """The normalized names of its Provides-Extra fields, sorted."""


@dataclass(frozen=True, slots=True)
class Native:
    """One ELF file."""

    path: str
    machine: str
    """"x86_64", "arm64", or the ELF name of another machine in lower case."""

    glibc: tuple[int, int] | None
    """The newest GLIBC symbol version that it needs; None if it needs none."""

    needed: tuple[str, ...] = ()
    """The shared libraries that it needs (DT_NEEDED), such as "libc.so.6" or "libc.musl-x86_64.so.1", as written."""


FileTraitKind = Literal[
    "private-key",
    "aws-credentials",
    "index-credentials",
    "harmless-env",
    "timestamp-bytecode",
    "unnamed-bytecode",
    "crlf-program",
]
"""The kinds of traits of files:

- private-key: a PEM or OpenSSH private key with its body, not just the words of its first line;
- aws-credentials: an access key id next to its secret, or a literal secret key; never the documentation's EXAMPLE keys;
- index-credentials: a URL with a user's password or token, in pip.conf, uv.toml, requirements files, direct_url.json;
- harmless-env: a file such as .env without secrets; its detail is NO_VALUES or NO_SECRETS of `contents/env_files.py`;
- timestamp-bytecode: a .pyc that Python checks by its source's time, which packing changes: one in a folder, or in a
  zip that has another time for the source;
- unnamed-bytecode: a .pyc for another Python than its file name gives, if it gives any; that is the detail;
- crlf-program: a program in bin/ or extensions/ whose first line ends with a carriage return, which no
  interpreter's name contains.

A file name such as .env, .netrc or .pypirc is not a trait: the rules check all names.
"""


@dataclass(frozen=True, slots=True)
class FileTrait:
    """One trait of a file that is found by reading it, such as a private key in it."""

    kind: FileTraitKind
    path: str
    line: int | None = None
    detail: str = ""
    """A description without the secret itself."""


@dataclass(frozen=True)
class Contents:
    """The contents of one archive or folder.

    All paths are POSIX paths relative to its root, which is /opt for a layer and /var/task for a function.
    """

    unzipped_bytes: int
    """The sum of all files' sizes."""

    files: Mapping[str, File] = field(repr=False)
    """Every file by its path, sorted by path."""

    distributions: tuple[Distribution, ...] = ()
    """Sorted by name."""

    natives: tuple[Native, ...] = ()
    """Every ELF file, sorted by path."""

    links: Mapping[str, str] = field(default_factory=dict)
    """Symlinks that are in the archive as symlinks: path to target, as written."""

    traits: tuple[FileTrait, ...] = ()
    """What reading files has found: secrets, timestamp .pyc files and so on."""

    folder_modes: Mapping[str, int] = field(default_factory=dict)
    """Permission bits of the folders that have entries of their own."""

    answers: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Results that are computed once for these contents (see `caching.once_per_archive`)."""

    @cached_property
    def versions(self) -> dict[str, str]:
        """Distribution names to versions."""
        return {distribution.name: distribution.version for distribution in self.distributions}
