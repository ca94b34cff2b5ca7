"""Extras that a manifest requests and that the installed distributions do not have."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.job import Job
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.requirements.manifests import Requirements
from cdk_layers.building.requirements.requested_extras import unknown_extras
from cdk_layers.contents.model import Contents, Distribution
from cdk_layers.lambda_service.target import Target
from tests.building.distributions import write_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.store.artifact import Artifact
    from cdk_layers.store.local_store import LocalStore

    MakeEntry = Callable[..., Path]

X86 = Target("3.13", "x86_64")
WHEELS = "--no-index\n--find-links ../wheels\n"
EXTRAS = "Provides-Extra: Fast_Mode\nProvides-Extra: empty\nRequires-Dist: helper; extra == 'old'\n"
PYLOCK = """\
lock-version = "1.0"
created-by = "hand"
[[packages]]
name = "demo"
version = "1.0"
[[packages.wheels]]
path = "../wheels/demo-1.0-py3-none-any.whl"
hashes = { sha256 = "%s" }
"""


@pytest.fixture(autouse=True)
def demo(make_entry: MakeEntry) -> Path:
    """Return a wheel with the extras fast-mode, empty and, only in a marker as in old metadata, old."""
    write_wheel(make_entry({}, "wheels"), "plain", {"plain.py": ""})
    write_wheel(make_entry({}, "wheels"), "helper", {"helper.py": ""})
    write_wheel(make_entry({}, "wheels"), "needy", {"needy.py": ""}, metadata="Requires-Dist: demo[gone]\n")
    return write_wheel(make_entry({}, "wheels"), "demo", {"demo.py": ""}, metadata=EXTRAS)


def _reported(entry: Path, store: LocalStore, options: BuildOptions | None = None) -> list[str]:
    """Return what a new and a repeated build report alike."""
    made, found = (build(entry, X86, options, store=store) for _ in range(2))
    assert made.report.notes == found.report.notes
    return [f"{note.message} {note.remedy}" for note in made.report.notes if note.rule == "unknown-extra"]


@pytest.mark.parametrize(
    ("line", "reported"),
    [
        ("demo[fastmode]==1.0", ["'fastmode' of demo 1.0"]),
        ("demo[fast-mode,nothing]", ["'nothing' of demo 1.0"]),
        ("../wheels/demo-1.0-py3-none-any.whl[nothing]", ["'nothing' of demo 1.0"]),
        ("demo[b]==1.0\nplain[a]==1.0", ["'b' of demo 1.0", "'a' of plain 1.0"]),
        ("demo[fast.mode,EMPTY,old]==1.0", []),
        ("demo==1.0\nplain[a]==1.0 ; sys_platform == 'win32'", []),
        ("needy==1.0", []),
    ],
)
def test_requirements(make_entry: MakeEntry, store: LocalStore, line: str, reported: list[str]) -> None:
    """An extra that a distribution lacks is reported where the manifest requests it for the target."""
    found = _reported(make_entry({"requirements.txt": f"{WHEELS}{line}\n"}), store)
    assert len(found) == len(reported)
    for text, part in zip(found, reported, strict=True):
        assert text.startswith("requirements.txt, line ")
        assert part in text


def test_what_there_is_instead(make_entry: MakeEntry, store: LocalStore) -> None:
    """The finding lists the extras that exist, and the most similar one."""
    (found,) = _reported(make_entry({"requirements.txt": f"{WHEELS}demo[fastmod]==1.0\n"}), store)
    assert "It has empty, fast-mode, old." in found
    assert "Did you mean 'fast-mode'?" in found


def test_requirement_that_gets_an_extra(make_entry: MakeEntry, store: LocalStore) -> None:
    """It is reported although the same distributions were built without it before."""
    assert _reported(make_entry({"requirements.txt": f"{WHEELS}demo==1.0\n"}), store) == []
    assert len(_reported(make_entry({"requirements.txt": f"{WHEELS}demo[wrong]==1.0\n"}), store)) == 1


@pytest.mark.parametrize(
    ("project", "reported"),
    [
        ('[project]\nname = "app"\nversion = "1"\ndependencies = ["demo[wrong,empty]"]\n', "'wrong' of demo 1.0"),
        ('[project]\nname = "app"\nversion = "1"\n[dependency-groups]\nmore = ["demo[wrong]"]\n', "'wrong' of demo"),
        ('[tool.poetry.dependencies]\ndemo = { version = "*", extras = ["wrong"] }\n', "'wrong' of demo 1.0"),
        ('[project]\nname = "app"\nversion = "1"\n[project.optional-dependencies]\nx = ["demo[wrong]"]\n', ""),
        ('[tool.poetry.dependencies]\ndemo = { version = "*", python = "<3.9", extras = ["wrong"] }\n', ""),
    ],
)
def test_lock_files(make_entry: MakeEntry, store: LocalStore, demo: Path, project: str, reported: str) -> None:
    """Where a lock file does not say which extras its project requests, the project does."""
    lock = (PYLOCK % hashlib.sha256(demo.read_bytes()).hexdigest()).replace(
        "[[packages]]", 'dependency-groups = ["more"]\n[[packages]]', 1
    )
    options = BuildOptions(groups=("more",))
    found = _reported(make_entry({"pylock.toml": lock, "pyproject.toml": project}), store, options)
    assert len(found) == bool(reported)
    assert all(reported in text and text.startswith("pyproject.toml requests") for text in found)


@pytest.mark.parametrize(
    ("lock", "reported"), [("uv.lock", True), ("poetry.lock", True), ("pylock.toml", True), ("requirements.txt", False)]
)
def test_locks_of_projects(make_entry: MakeEntry, store: LocalStore, lock: str, *, reported: bool) -> None:
    """The project decides for each lock file of a project, with its selected extras, and not for a requirements.txt."""
    project = '[project]\ndependencies = ["demo"]\n[project.optional-dependencies]\nMore_x = ["demo[wrong]"]\n'
    entry = make_entry({"pyproject.toml": project})
    record = cast("Artifact", SimpleNamespace(contents=Contents(0, {}, (Distribution("demo", "1.0", "python", 0),))))
    for extras, expected in ((("more-x",), reported), ((), False)):
        job = Job(entry, X86, BuildOptions(extras=extras), store)
        assert bool([*unknown_extras(Requirements(lock), record, job)]) is expected
