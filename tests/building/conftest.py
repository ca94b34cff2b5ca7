"""What builds in tests need: an entry folder made of texts, and a cache of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.store.build_cache import BuildCache

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


@pytest.fixture
def make_entry(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Return a function that makes an entry folder of files' names and texts."""

    def make(files: Mapping[str, str], name: str = "entry") -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        return folder

    return make


@pytest.fixture
def cache(tmp_path: Path) -> BuildCache:
    """Return an empty cache."""
    return BuildCache(tmp_path / "cache")
