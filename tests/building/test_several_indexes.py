"""Several indexes: each distribution comes from the first that has it, whatever uv's cache knows."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.errors import UnreachableError
from cdk_layers.lambda_service.target import Target
from tests.building.archives_of_builds import written
from tests.building.distributions import write_wheel
from tests.building.local_index import served, write_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

    MakeEntry = Callable[..., Path]
    Case = tuple[str, dict[str, str], str]

X86 = Target("3.13", "x86_64")
NOBODY = "http://127.0.0.1:9/simple"


@pytest.fixture
def address(make_entry: MakeEntry, store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve two indexes with other files of one version; uv's cache has the page and the wheel of "main"."""
    for index in ("main", "private"):
        write_index(tmp_path, index, [write_wheel(tmp_path / index, "alpha", {"alpha.py": f"index = {index!r}\n"})])
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    with served(tmp_path) as address:
        entry = make_entry({"requirements.txt": f"--index-url {address}/main/simple\nalpha==1.0\n"}, "before")
        assert origin(written(build(entry, X86, store=store))) == "main"
        yield address


def origin(archive: Path) -> str:
    """Return the index that an archive's distribution came from."""
    with zipfile.ZipFile(archive) as opened:
        return opened.read("python/alpha.py").decode().split("'")[1]


SETTINGS = [
    ("--extra-index-url {0}\n", {}, ""),
    ("", {"UV_INDEX": "private={0}"}, ""),
    ("", {"UV_EXTRA_INDEX_URL": "{0}"}, ""),
    ("", {"PIP_EXTRA_INDEX_URL": "{0}"}, ""),
    ("", {}, 'extra-index-url = ["{0}"]\n'),
    ("", {}, '[[index]]\nurl = "{0}"\n'),
    ("", {}, '[pip]\nextra-index-url = ["{0}"]\n'),
]


@pytest.fixture
def make_project(make_entry: MakeEntry, monkeypatch: pytest.MonkeyPatch, address: str) -> Callable[..., Path]:
    """Return a function that makes a project whose second index, which is asked first, is set in one of many ways."""

    def make(case: Case, other: str, requirement: str) -> Path:
        lines, variables, file = case
        for name, value in variables.items():
            monkeypatch.setenv(name, value.format(other))
        text = f"--index-url {address}/main/simple\n{lines.format(other)}{requirement}\n"
        return make_entry({"requirements.txt": text, **({"uv.toml": file.format(other)} if file else {})})

    return make


@pytest.mark.parametrize("case", SETTINGS)
def test_first_index_has_it(make_project: Callable[..., Path], store: LocalStore, address: str, case: Case) -> None:
    """A pinned version comes from the index that is asked first, even if uv's cache has it from another."""
    entry = make_project(case, f"{address}/private/simple", "alpha==1.0")
    assert origin(written(build(entry, X86, store=store))) == "private"


@pytest.mark.parametrize(("case", "requirement"), [(SETTINGS[0], "alpha==1.0"), (SETTINGS[1], "alpha")])
def test_first_index_is_down(
    make_project: Callable[..., Path], store: LocalStore, monkeypatch: pytest.MonkeyPatch, case: Case, requirement: str
) -> None:
    """While the index that is asked first is down, what uv's cache has from another does not take its place."""
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(UnreachableError):
        build(make_project(case, NOBODY, requirement), X86, store=store)
