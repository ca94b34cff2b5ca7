"""Versions that their index has yanked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.uv.yanked import Yanked, only_error, yanked_in
from cdk_layers.errors import DependencyError
from cdk_layers.lambda_service.target import Target
from tests.building.distributions import write_wheel
from tests.building.local_index import served, write_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

    MakeEntry = Callable[..., Path]

X86 = Target("3.13", "x86_64")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Serve an index with two yanked distributions, one with a reason, and another one."""
    for name, attribute in (
        ("alpha", ' data-yanked="It breaks &quot;x&quot; (badly)."'),
        ("beta", ' data-yanked=""'),
        ("gamma", ""),
    ):
        write_index(tmp_path, "main", [write_wheel(tmp_path / "main", name)])
        page = tmp_path / "main" / "simple" / name / "index.html"
        page.write_text(page.read_text(encoding="utf-8").replace("<a ", f"<a{attribute} "), encoding="utf-8")
    with served(tmp_path) as address:
        yield f"--index-url {address}/main/simple\n"


def messages(entry: Path, store: LocalStore) -> list[str]:
    """Return the messages about yanked versions of a build, which are the same for the build from the store."""
    made, found = (build(entry, X86, store=store) for _ in range(2))
    assert (found.from_cache, found.report.notes) == (True, made.report.notes)
    return [note.message for note in made.report.notes if note.rule == "yanked-version"]


def test_yanked_versions(make_entry: MakeEntry, store: LocalStore, address: str) -> None:
    """A build reports yanked versions with their reasons, also if another build has installed them before."""
    alpha = 'alpha==1.0 is yanked: its index advises against this version (It breaks "x" (badly)).'
    beta = "beta==1.0 is yanked: its index advises against this version."
    first = make_entry({"requirements.txt": f"{address}alpha==1.0\nbeta==1.0\ngamma==1.0\n"}, "first")
    assert messages(first, store) == [alpha, beta]
    second = make_entry({"requirements.txt": f"{address}beta==1.0\ngamma==1.0\n", "a.py": ""}, "second")
    assert messages(second, store) == [beta]
    third = make_entry({"requirements.txt": f"{address}gamma==1.0\n"}, "third")
    assert messages(third, store) == []


def test_errors_without_progress(make_entry: MakeEntry, store: LocalStore, address: str) -> None:
    """An error does not contain what uv prints while it works."""
    entry = make_entry({"requirements.txt": f"{address}alpha==1.0\ngamma==7.0\n"})
    with pytest.raises(DependencyError) as caught:
        build(entry, X86, store=store)
    assert str(caught.value).startswith("requirements.txt: the index has no version 'gamma==7.0'")


@pytest.mark.parametrize(
    ("output", "error"),
    [
        ("Using CPython\nResolved 2 packages in 1ms\nerror: No wheel\n  cause: x\n", "error: No wheel\n  cause: x\n"),
        ("Resolved 2 packages in 1ms\n  \u00d7 No solution\n", "  \u00d7 No solution\n"),
        ("something else\n", "something else\n"),
    ],
)
def test_output_of_failed_runs(output: str, error: str) -> None:
    """The forms of errors in old and new versions of uv."""
    assert only_error(output) == error


@pytest.mark.parametrize(
    ("line", "yanked"),
    [
        ('warning: `my-lib==1.0+cpu` is yanked (reason: "a")', (Yanked("my-lib", "1.0+cpu", "a"),)),
        ("warning: `my.lib==1!2` is yanked", (Yanked("my-lib", "1!2", ""),)),
        ("warning: `a==1` is deprecated\n + b==1 is yanked\nnot a warning: `c==1` is yanked", ()),
    ],
)
def test_warnings_of_uv(line: str, yanked: tuple[Yanked, ...]) -> None:
    """Warnings about yanked versions are recognized among the other lines of uv."""
    assert yanked_in(f"Installed 1 package\n{line}\n") == yanked
