"""Compiler of sources. It runs in an interpreter of the target's version, without this package.

Its arguments are the magic number, or "" for any, and the file to write all bytecode to. It reads batches of tasks from
its standard input until that ends or a batch is empty: a line with the number of bytes of the batch, then texts that
end with NUL. A task is where its source is (a file, the position and number of its bytes there, how they are compressed
as in a zip, their CRC-32 or ""), and the deployed path. After a batch it has appended the .pyc files to the file, and
writes a line for each task: "ok" and the number of bytes, or "no" and the reason.

It imports little, since json, pathlib and zipfile take longer to load than Python and all else here.
"""

from __future__ import annotations

import gc
import importlib.util
import marshal
import sys
import warnings

TYPE_CHECKING = False  # as in typing, which is slow to load
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType
    from typing import BinaryIO

_UNCHECKED_HASH = 0b01
"""Flag of bytecode that Python does not compare with its source. Source: PEP 552."""

_MEMORY_BYTES = 4 * 1024**3
"""Maximum memory for a source, so that a hostile one fails to compile instead of exhausting the machine."""

_WRONG_PYTHON = 3

_BUFFER = 1024**2
_FIELDS = 6
_DEFLATED = "8"

ENDED = "it ends the interpreter"
"""Reason for a source that ends the process that compiles it."""

_LONGEST_REASON = 200

_STABLE_SINCE = (3, 11)
"""Before this version, the bytes of a module depend on what the process compiled earlier."""


def main(wanted: str, path: str) -> None:
    """Compile the tasks of the standard input to a file."""
    magic = int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little")
    if sys.implementation.name != "cpython" or str(magic) != (wanted or str(magic)) or sys.flags.optimize:
        sys.stderr.write(f"{sys.implementation.name} with magic number {magic}, optimization {sys.flags.optimize}")
        sys.exit(_WRONG_PYTHON)
    _limit_memory()
    gc.disable()  # it takes an eighth of the time
    warnings.simplefilter("ignore")
    is_stable = sys.version_info >= _STABLE_SINCE or sys.platform == "win32"
    compile_one = _compile if is_stable else _compile_in_a_fork
    with open(path, "wb", buffering=_BUFFER) as file:  # noqa: PTH123 - see above
        for tasks in _batches():
            answers = [_answer(compile_one(_read(*place), deployed), file) for *place, deployed in tasks]
            file.flush()
            sys.stdout.write("".join(f"{answer}\n" for answer in answers))
            sys.stdout.flush()


def _batches() -> Iterator[list[list[str]]]:
    """Yield the texts of the tasks of each batch of the standard input."""
    for line in sys.stdin.buffer:
        if not int(line):
            return
        fields = sys.stdin.buffer.read(int(line)).decode("utf-8", "surrogateescape").split("\0")
        yield [fields[at : at + _FIELDS] for at in range(0, len(fields) - 1, _FIELDS)]


def _read(path: str, position: str, length: str, method: str, crc32: str) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        file.seek(int(position))
        data = file.read(int(length))
    if not crc32:
        return data
    import zlib  # noqa: PLC0415 - installed files need none

    if method == _DEFLATED:
        data = zlib.decompress(data, -zlib.MAX_WBITS)
    if zlib.crc32(data) != int(crc32):
        sys.exit(f"{path} is damaged at {position}")
    return data


def _answer(compiled: bytes | str, file: BinaryIO) -> str:
    """Append a .pyc file, and return the answer in one line of ASCII."""
    if isinstance(compiled, str):
        return f"no {compiled}"
    file.write(compiled)
    return f"ok {len(compiled)}"


def _compile(source: bytes, deployed: str) -> bytes | str:
    """Return the .pyc file of a source, or why it does not compile."""
    try:
        return _compiled(source, deployed)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        return _reason(error)


def _reason(error: Exception) -> str:
    text = f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) and error.lineno else str(error)
    line = " ".join(text.split()) or type(error).__name__
    return line.encode("ascii", "backslashreplace").decode()[:_LONGEST_REASON]


def _compile_in_a_fork(source: bytes, deployed: str) -> bytes | str:
    """Do the same in a separate process. If a signal ends it, end as it did."""
    import os  # noqa: PLC0415 - newer versions need neither
    import signal  # noqa: PLC0415

    # Where it is ignored, nothing shows how a process ended.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            with os.fdopen(write_end, "wb") as report:
                marshal.dump(_compile(source, deployed), report)
            status = 0
        finally:
            os._exit(status)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as report:
        data = report.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        os.kill(os.getpid(), os.WTERMSIG(status))
    if status:
        sys.exit(f"a process ended with status {status} while it compiled {deployed}")
    compiled: bytes | str = marshal.loads(data)  # noqa: S302 - from the process above
    return compiled


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
    interned = _strings_of_shared_sets(code)
    if interned:
        # Each function has a set of its own if one of the strings is interned already, because of whatever module. So
        # that the bytes do not depend on other modules: these strings are interned now, and no others of this one.
        del code
        code = compile(source, deployed, "exec", dont_inherit=True, optimize=0)
    data = marshal.dumps(code)
    flags = _UNCHECKED_HASH.to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + flags + importlib.util.source_hash(source) + data


def _strings_of_shared_sets(code: CodeType) -> list[str]:
    """Return the strings in constant sets, as of `x in {"a", "b"}`, that are one object of several functions."""
    sets: dict[int, frozenset[object]] = {}
    strings: list[str] = []
    waiting, code_type = [code], type(code)
    while waiting:
        for constant in waiting.pop().co_consts:
            if type(constant) is code_type:
                waiting.append(constant)
            elif type(constant) is frozenset:
                if id(constant) in sets:
                    strings += (each for each in constant if isinstance(each, str))
                sets[id(constant)] = constant
    return strings


if __name__ == "__main__":
    main(*sys.argv[-2:])
