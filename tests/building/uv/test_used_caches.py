"""Caches inside of what is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.options import BuildOptions
from cdk_layers.lambda_service.target import Target
from cdk_layers.store.local_store import LocalStore
from tests.building.distributions import write_wheel

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("how", ["variable", "relative", "settings", "uv.toml", "own", "link", "let-in", "opt"])
def test_caches_in_use_are_no_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Uv's cache, or this library's, may be in the entry: it is not packed, and the digest does not follow it."""
    index, entry, opt = tmp_path / "index", tmp_path / "entry", tmp_path / "opt"
    write_wheel(index, "thing", {"thing.py": "\n"})
    for folder in (entry, opt):
        folder.mkdir()
    (opt / "data").touch()
    (entry / "requirements.txt").write_text(f"--no-index\n--find-links {index}\nthing==1.0\n", encoding="utf-8")
    (entry / "code.py").touch()
    place = (opt if how == "opt" else entry) / "kept"
    monkeypatch.chdir(entry)
    if how in ("variable", "let-in", "opt"):
        monkeypatch.setenv("UV_CACHE_DIR", str(place))
    if how == "relative":
        monkeypatch.setenv("UV_CACHE_DIR", "kept")
    if how == "settings":
        (entry / "pyproject.toml").write_text('[tool.uv]\ncache-dir = "kept"\n', encoding="utf-8")
    if how == "uv.toml":
        (entry / "uv.toml").write_text('cache-dir = "./kept"\n', encoding="utf-8")
    if how == "link":
        (tmp_path / "elsewhere").mkdir()
        place.symlink_to(tmp_path / "elsewhere")
        monkeypatch.setenv("UV_CACHE_DIR", str(place))
    options = BuildOptions(opt_entry=opt, excludes=("!kept",) if how == "let-in" else ())
    cache = LocalStore(place if how == "own" else tmp_path / "cache")
    digests = set()
    for number in range(2):
        done = build(entry, Target("3.13", "x86_64"), options, store=cache)
        digests.add(done.digest)
        assert not [path for path in done.contents.files if "kept" in path]
        assert {"python/code.py", "python/thing.py", "data"} <= set(done.contents.files)
        assert any(place.iterdir())
        (place / f"more-{number}").touch()
    assert len(digests) == 1
