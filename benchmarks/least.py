"""The least work of a build: what any tool that makes the same archive does, without its bookkeeping.

`python -m benchmarks.least pack FOLDER MANIFEST ...` installs each manifest with uv, all at once, and reads, hashes and
compresses each file in one process for each processor. It writes no archive. `python -m benchmarks.least compile FOLDER
PYTHON` compiles each module in the folder by one process of that Python for each processor, and writes nothing.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uv
from isal import isal_zlib

if TYPE_CHECKING:
    from collections.abc import Iterator

PLATFORM: Final = (
    "--python-version", "3.13", "--python-platform", "x86_64-manylinux_2_34", "--only-binary", ":all:",
)  # fmt: skip
"""The target of the benchmarks' layers."""

_LEVEL: Final = 2
_BATCH_BYTES: Final = 1024**2
_COMPILE: Final = """\
import sys
for path in sys.stdin.read().split("\\0"):
    with open(path, "rb") as file:
        source = file.read()
    try:
        compile(source, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        pass
"""


def main() -> None:
    """Do what the command line asks for."""
    what, folder, *arguments = sys.argv[1:]
    if what == "pack":
        _pack(Path(folder), arguments)
    else:
        _compile(Path(folder), *arguments)


def install_command(target: Path, manifest: str | Path) -> list[str | Path]:
    """Return the command that installs a manifest."""
    return [uv.find_uv_bin(), "pip", "install", "--quiet", "--target", target, *PLATFORM, "-r", manifest]


def _pack(folder: Path, manifests: list[str]) -> None:
    waiting: multiprocessing.SimpleQueue[list[str]] = multiprocessing.SimpleQueue()
    workers = [multiprocessing.Process(target=_work, args=(waiting,), daemon=True) for _ in range(os.cpu_count() or 1)]
    for worker in workers:
        worker.start()
    targets = [folder / str(number) for number in range(len(manifests))]
    # What is downloaded already is not asked for again: the answers of an index vary by seconds.
    commands = [
        [*install_command(target, manifest), "--offline"] for target, manifest in zip(targets, manifests, strict=True)
    ]
    seen: set[int] = set()
    for target, installation in zip(targets, [subprocess.Popen(command) for command in commands], strict=True):
        if installation.wait():
            sys.exit(installation.returncode)
        for batch in _batches(target, seen):
            waiting.put(batch)
    for _ in workers:
        waiting.put([])
    for worker in workers:
        worker.join()


def _batches(target: Path, seen: set[int]) -> Iterator[list[str]]:
    """Yield the files of a folder that were not seen: uv links those of one wheel, which are packed once."""
    batch, size = [], 0
    for path in _files(target):
        status = os.stat(path)  # noqa: PTH116 - one call for each of thousands of files
        if status.st_ino not in seen:
            seen.add(status.st_ino)
            batch.append(path)
            size += status.st_size
        if size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _files(folder: Path) -> Iterator[str]:
    return (os.path.join(root, name) for root, _, names in os.walk(folder) for name in names)  # noqa: PTH118


def _work(waiting: multiprocessing.SimpleQueue[list[str]]) -> None:
    while batch := waiting.get():
        for path in batch:
            with open(path, "rb") as file:  # noqa: PTH123
                data = file.read()
            hashlib.sha256(data).digest()
            isal_zlib.compress(data, _LEVEL)


def _compile(folder: Path, python: str, archive: str) -> None:
    paths = sorted(_compiled(folder, archive), key=os.path.getsize)
    number = os.cpu_count() or 1
    command = [python, "-I", "-S", "-c", _COMPILE]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, text=True) for _ in range(number)]
    for place, process in enumerate(running):
        if process.stdin is not None:
            process.stdin.write("\0".join(paths[place::number]))
            process.stdin.close()
    sys.exit(max(process.wait() for process in running))


def _compiled(folder: Path, archive: str) -> Iterator[str]:
    """Yield the modules of a folder whose bytecode is in the archive of a layer."""
    with zipfile.ZipFile(archive) as file:
        for name in file.namelist():
            package, cache, module = name.removeprefix("python/").rpartition("__pycache__/")
            if cache and (source := folder / package / f"{module.split('.')[0]}.py").is_file():
                yield str(source)


if __name__ == "__main__":
    main()
