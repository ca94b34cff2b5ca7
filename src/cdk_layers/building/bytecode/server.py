"""Compiler of sources. It runs in an interpreter of the target's version, without this package.

Its argument is a file of texts that end with NUL: the magic number, or "" for any, and for each task where its source
is (a file, the position and number of its bytes there, how they are compressed as in a zip, their CRC-32 or ""), the
deployed path and the output file. It writes a line for each task when it is done: its number, and "ok", or "no" and the
reason.

It imports little, since json, pathlib and zipfile take longer to load than Python and all else here.
"""

from __future__ import annotations

import gc
import importlib.util
import marshal
import os
import sys
import warnings
import zlib

_UNCHECKED_HASH = 0b01
"""Flag of bytecode that Python does not compare with its source. Source: PEP 552."""

_MEMORY_BYTES = 4 * 1024**3
"""Maximum memory for a source, so that a hostile one fails to compile instead of exhausting the machine."""

_WRONG_PYTHON = 3

_FIELDS = 7
_DEFLATED = "8"

ENDED = "it ends the interpreter"
"""Reason for a source that ends the process that compiles it."""

_LONGEST_REASON = 200

_STABLE_SINCE = (3, 11)
"""Before this version, the bytes of a module depend on what the process compiled earlier."""


def main(path: str) -> None:
    """Compile the tasks of a file."""
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:  # noqa: PTH123 - see above, as for all below
        wanted, *fields = file.read().split("\0")[:-1]
    magic = int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little")
    if sys.implementation.name != "cpython" or str(magic) != (wanted or str(magic)) or sys.flags.optimize:
        sys.stderr.write(f"{sys.implementation.name} with magic number {magic}, optimization {sys.flags.optimize}")
        sys.exit(_WRONG_PYTHON)
    _limit_memory()
    gc.disable()  # it takes an eighth of the time
    warnings.simplefilter("ignore")
    for number, at in enumerate(range(0, len(fields), _FIELDS)):
        *place, deployed, output = fields[at : at + _FIELDS]
        source = _read(*place)
        is_stable = sys.version_info >= _STABLE_SINCE or not hasattr(os, "fork")
        reason = _write(source, deployed, output) if is_stable else _write_in_a_fork(source, deployed, output)
        sys.stdout.write(f"{number} no {reason}\n" if reason else f"{number} ok\n")
        sys.stdout.flush()


def _read(path: str, position: str, length: str, method: str, crc32: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123
        file.seek(int(position))
        data = file.read(int(length))
    if method == _DEFLATED:
        data = zlib.decompress(data, -zlib.MAX_WBITS)
    if crc32 and zlib.crc32(data) != int(crc32):
        sys.exit(f"{path} is damaged at {position}")
    return data


def _write(source: bytes, deployed: str, output: str) -> str:
    """Write the .pyc file of a source, and return why it does not compile, in one line of ASCII; "" if it does."""
    try:
        compiled = _compiled(source, deployed)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        return _reason(error)
    os.makedirs(os.path.dirname(output), exist_ok=True)  # noqa: PTH103, PTH120
    with open(output, "wb") as file:  # noqa: PTH123
        file.write(compiled)
    return ""


def _reason(error: Exception) -> str:
    text = f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) and error.lineno else str(error)
    line = " ".join((text or type(error).__name__).split())
    return line.encode("ascii", "backslashreplace").decode()[:_LONGEST_REASON]


def _write_in_a_fork(source: bytes, deployed: str, output: str) -> str:
    """Do the same in a separate process."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        reason = ENDED
        try:
            reason = _write(source, deployed, output)
        finally:
            os.write(write_end, (reason or "ok").encode())
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, encoding="ascii") as report:
        reason = report.read()
    os.waitpid(child, 0)
    return "" if reason == "ok" else reason or ENDED


def _limit_memory() -> None:
    try:
        import resource  # noqa: PLC0415  # Windows has none

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, most))
    except (ImportError, ValueError, OSError):
        pass


def _compiled(source: bytes, deployed: str) -> bytes:
    """Return the content of the .pyc file of a source; raises an error if it is not one of this version."""
    code = compile(source, deployed, "exec", dont_inherit=True, optimize=0)
    data = marshal.dumps(code)
    flags = _UNCHECKED_HASH.to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + flags + importlib.util.source_hash(source) + data


if __name__ == "__main__":
    main(sys.argv[-1])
