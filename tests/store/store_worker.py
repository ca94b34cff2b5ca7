"""A process that makes artifacts in a store with others, and leaves a trace of each that it makes."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from cdk_layers.building.archives.members import collect
from cdk_layers.building.archives.writer import write_archive
from cdk_layers.store.artifact import file_digest
from cdk_layers.store.local_store import LocalStore


def main(store: str, traces: str, *keys: str) -> None:
    """Print that this is ready, wait for a line, get or make each key, and print the digests of the archives."""

    def make(folder: Path, key: str) -> None:
        Path(tempfile.mkstemp(dir=traces, prefix=f"{key}-")[1]).write_text(str(os.getpid()))
        time.sleep(0.3)  # Long enough for the others to come and want the same.
        (folder / "tree").mkdir()
        for count in range(20):
            (folder / "tree" / f"{count}.py").write_text(f"{key} = {count}\n" * 500)
        write_archive(folder / "archive.zip", collect(folder / "tree"))

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for key in keys:
        entry = LocalStore(Path(store)).get_or_make(key, lambda folder, key=key: make(folder, key))  # type: ignore[misc]
        assert len(entry.contents.files) == 20
        sys.stdout.write(f"{key} {file_digest(entry.archive)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
