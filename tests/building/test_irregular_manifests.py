"""Manifests that are no regular files, or that contain what no tool writes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.job import Job
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.requirements.manifests import read_requirements
from cdk_layers.errors import EntryError
from cdk_layers.lambda_service.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

    MakeEntry = Callable[..., Path]

X86 = Target("3.13", "x86_64")
MANIFESTS = ("requirements.txt", "uv.lock", "poetry.lock", "Pipfile.lock", "pylock.toml", "Pipfile", "pyproject.toml")


@pytest.mark.parametrize("name", MANIFESTS)
def test_manifests_that_are_no_files(make_entry: MakeEntry, store: LocalStore, name: str) -> None:
    """A manifest that is a folder, a pipe or a symlink to nothing is an error, and not a missing manifest."""
    linked, folder, pipe = (make_entry({"a.py": ""}, kind) for kind in ("linked", "folder", "pipe"))
    (linked / name).symlink_to("nowhere")
    (folder / name).mkdir()
    os.mkfifo(pipe / name)
    for entry, what in (
        (linked, "a broken symlink"),
        (folder, "a folder"),
        (pipe, "not a regular file"),
    ):
        with pytest.raises(EntryError, match=f"{name} is {what}"):
            build(entry, X86, store=store)


@pytest.mark.parametrize("line", ["-r more.txt", "-c more.txt"])
def test_included_files_that_are_none(make_entry: MakeEntry, store: LocalStore, line: str) -> None:
    """A file that is included may not be a pipe either."""
    entry = make_entry({"requirements.txt": line})
    os.mkfifo(entry / "more.txt")
    with pytest.raises(EntryError, match=r"more\.txt is not a regular file"):
        build(entry, X86, store=store)


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="the superuser reads every file")
def test_unreadable_manifest(make_entry: MakeEntry, store: LocalStore) -> None:
    """A manifest that cannot be read is an error."""
    entry = make_entry({"requirements.txt": "six"})
    (entry / "requirements.txt").chmod(0)
    with pytest.raises(EntryError, match=r"requirements\.txt cannot be read"):
        build(entry, X86, store=store)


DEEP = f"a = {'[' * 20_000}{']' * 20_000}\n"


@pytest.mark.parametrize(
    "text", ["tool = 3\n", "[tool]\nuv = 3\npoetry = 1\n", "project = 3\n", "project = []\n", DEEP]
)
def test_pyproject_of_other_types(make_entry: MakeEntry, store: LocalStore, text: str) -> None:
    """A pyproject.toml with values of other types, or nested very deeply, configures nothing."""
    files = {"requirements.txt": "six==1.16.0\n", "pyproject.toml": text, "lib/pyproject.toml": text}
    found = read_requirements(Job(make_entry(files), X86, BuildOptions(), store))
    assert [one.name for one in found.lines] == ["six"]


@pytest.mark.parametrize("text", ["tool = 3\n", DEEP, "[tool.uv]\nsources = 3\n[project]\ndependencies = 3\n"])
def test_project_of_other_types(make_entry: MakeEntry, store: LocalStore, text: str) -> None:
    """A local project with such a pyproject.toml has the name of its folder."""
    entry = make_entry({"requirements.txt": "./lib\n", "lib/pyproject.toml": text})
    found = read_requirements(Job(entry, X86, BuildOptions(allow_source_builds=("lib",)), store))
    assert [one.name for one in found.lines] == ["lib"]


@pytest.mark.parametrize("name", ["pylock.toml", "uv.lock"])
def test_lock_that_is_nested_deeply(make_entry: MakeEntry, store: LocalStore, name: str) -> None:
    """A lock file that is nested very deeply is refused by its name."""
    entry = make_entry({name: DEEP, "pyproject.toml": '[project]\nname = "a"\nversion = "1"\n'})
    with pytest.raises(EntryError, match=name):
        build(entry, X86, store=store)


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("pyproject.toml", '[project]\nname = "x"\nversion = "1"\ndependencies = ["six"]\n', "Lock it with 'uv lock'"),
        ("Pipfile", '[packages]\nsix = "*"\n', "Lock it with 'pipenv lock'"),
        ("requirements.in", "six\n", "requirements.in was ignored"),
        ("setup.py", "from setuptools import setup\nsetup(install_requires=['six'])\n", "setup.py was ignored"),
    ],
)
def test_a_manifest_that_installs_nothing_is_named_where_nothing_else_is_there(
    make_entry: MakeEntry, store: LocalStore, name: str, text: str, remedy: str
) -> None:
    """The note about it would be lost with the build, and "add a lock file" does not say of what."""
    with pytest.raises(EntryError) as caught:
        build(make_entry({name: text}), X86, store=store)
    assert "There is nothing to put into an archive" in str(caught.value)
    assert remedy in str(caught.value)
