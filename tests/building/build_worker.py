"""One build in a process of its own: prints the digest of the content and that of the archive."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path

from cdk_layers.building.builds import build
from cdk_layers.building.options import BuildOptions
from cdk_layers.lambda_service.target import Target
from cdk_layers.store.local_store import LocalStore


def build_and_digest(entry: Path, store: LocalStore) -> str:
    """Build an entry, and return the digest of the content and that of the archive."""
    made = build(entry, Target("3.13", "x86_64"), BuildOptions(opt_entry=entry / "opt"), store=store)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "archive.zip")
        made.write_to(archive)
        return f"{made.digest} {hashlib.sha256(archive.read_bytes()).hexdigest()}"


if __name__ == "__main__":
    sys.stdout.write(build_and_digest(Path(sys.argv[1]), LocalStore(Path(sys.argv[2]))))
