"""Which parts of earlier builds are used again: those with the same content, whatever a RECORD says."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.parts.packing import Packing
from cdk_layers.building.parts.split import split
from cdk_layers.building.tidying import find_distributions
from cdk_layers.store.local_store import LocalStore

if TYPE_CHECKING:
    from pathlib import Path


def _packed(tree: Path, store: LocalStore) -> dict[str, bytes]:
    """Return the files of the first part of an installation, after packing what the store lacks."""
    key, *_ = Packing(store, store.folder / "scratch").pack_groups(split(tree, find_distributions(tree)))
    artifact = store.find(key)
    assert artifact is not None
    with zipfile.ZipFile(artifact.archive) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("line", ["company.py,,", "company.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0"])
def test_a_wheel_that_changed_and_not_its_record(tmp_path: Path, store: LocalStore, line: str) -> None:
    """A company's wheel is built again under one version, and its RECORD has no hashes, or old ones."""
    tree = tmp_path / "installed"
    (tree / "company-1.dist-info").mkdir(parents=True)
    (tree / "company-1.dist-info" / "RECORD").write_text(f"{line}\n")
    for text in (b"VERSION = 1\n", b"VERSION = 2\n", b"VERSION = 1\n"):
        (tree / "company.py").write_bytes(text)
        assert _packed(tree, store)["company.py"] == text


def test_a_damaged_part_is_packed_again(tmp_path: Path, store: LocalStore) -> None:
    """A part that the store has is verified before an installation relies on it."""
    tree = tmp_path / "installed"
    (tree / "company-1.dist-info").mkdir(parents=True)
    (tree / "company-1.dist-info" / "RECORD").write_text("company.py,,\n")
    (tree / "company.py").write_bytes(b"A = 1\n")
    (key,) = Packing(store, store.folder / "scratch").pack_groups(split(tree, find_distributions(tree)))
    artifact = store.find(key)
    assert artifact is not None
    artifact.archive.chmod(0o644)
    artifact.archive.write_bytes(b"")
    assert _packed(tree, LocalStore(store.folder))["company.py"] == b"A = 1\n"


def test_a_file_that_is_gone_and_not_from_the_record(tmp_path: Path, store: LocalStore) -> None:
    """What is packed is what is installed."""
    tree = tmp_path / "installed"
    (tree / "company-1.dist-info").mkdir(parents=True)
    (tree / "company-1.dist-info" / "RECORD").write_text("company.py,,\nmore.py,,\n")
    for name in ("company.py", "more.py"):
        (tree / name).write_text("")
    assert "more.py" in _packed(tree, store)
    (tree / "more.py").unlink()
    assert "more.py" not in _packed(tree, store)
