"""Parts of earlier installations that are used instead of an installation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.archives.members import Member, collect
from cdk_layers.building.archives.writer import write_archive
from cdk_layers.building.job import Job
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.parts.reuse import KnownParts, are_independent
from cdk_layers.building.parts.split import Group
from cdk_layers.building.requirements.manifests import read_requirements
from cdk_layers.building.requirements.requirement_line import LineContext, read_requirement
from cdk_layers.building.requirements.resolution import Basis, Resolution
from cdk_layers.building.uv import process
from cdk_layers.lambda_service.target import Target
from cdk_layers.store.local_store import LocalStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([], True),
        ([["a.py"], ["b.py"]], True),
        ([["a/b.py", "a/c.py"], ["a/d.py"]], True),
        ([["ab"], ["a/b.py"]], True),
        ([["a/b.py"], ["c.py"], ["a/b.py"]], False),
        ([["a"], ["a/b/c.py"]], False),
        ([["a/b/c.py"], ["a/b"]], False),
    ],
)
def test_distributions_that_share_files(groups: list[list[str]], *, expected: bool) -> None:
    """What uv installs for a pin depends on others if two have one file, or a file and a folder at one place."""
    assert are_independent(groups) == expected


@pytest.mark.parametrize(
    ("line", "platform", "allowed", "is_known"),
    [
        ("six==1.17.0", None, (), True),
        ("six @ https://a.example/six-1.17.0-py3-none-any.whl --hash=sha256:00", None, (), True),
        ("six @ https://a.example/six-1.17.0-py3-none-any.whl", None, (), False),
        ("six==1.17.0", "x86_64-manylinux_2_17", (), False),
        ("six==1.17.0", None, ("other",), False),
        ("six @ ./six-1.17.0-py3-none-any.whl", None, (), False),
    ],
)
def test_pins_whose_files_never_change(
    tmp_path: Path, store: LocalStore, *, line: str, platform: str | None, allowed: tuple[str, ...], is_known: bool
) -> None:
    """A file or a wheel at an address may change, and what other platforms or builds provide depends on all pins."""
    (tmp_path / "six-1.17.0-py3-none-any.whl").touch()
    pin = read_requirement(line, LineContext("here", (tmp_path,)))
    job = Job(tmp_path, Target("3.13", "x86_64"), BuildOptions(allow_source_builds=allowed), store)
    known = KnownParts(Resolution((pin,), Basis.RESOLVED, platform), job, "")
    store.get_or_make("part", lambda folder: (folder / "archive.zip").touch())
    known.remember([Group("six", ())], ["part"])
    assert known.find() == ({"six": "part"} if is_known else {})


def test_a_local_wheel_of_a_pylock(tmp_path: Path, store: LocalStore) -> None:
    """It has a version there, and is the same as long as its content is."""
    wheel = tmp_path / "six-1.17.0-py3-none-any.whl"
    wheel.write_text("1", encoding="utf-8")
    pin = replace(
        read_requirement("six @ ./six-1.17.0-py3-none-any.whl", LineContext("here", (tmp_path,))), version="1.17.0"
    )
    known = KnownParts(
        Resolution((pin,), Basis.LOCKED), Job(tmp_path, Target("3.13", "x86_64"), BuildOptions(), store), ""
    )
    store.get_or_make("part", lambda folder: (folder / "archive.zip").touch())
    known.remember([Group("six", ())], ["part"])
    assert known.find() == {"six": "part"}
    wheel.write_text("2", encoding="utf-8")
    assert known.find() == {}


def _known(folder: Path, store: LocalStore) -> KnownParts:
    pin = read_requirement("six==1.17.0", LineContext("here", (folder,)))
    job = Job(folder, Target("3.13", "x86_64"), BuildOptions(), store)
    return KnownParts(Resolution((pin,), Basis.RESOLVED), job, "")


def _part(store: LocalStore, key: str, *names: str) -> str:
    """Store a part with empty files of these names."""

    def fill(folder: Path) -> None:
        for name in names:
            (folder / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "tree" / name).touch()
        write_archive(folder / "archive.zip", collect(folder / "tree"))

    store.get_or_make(key, fill)
    return key


@pytest.mark.parametrize(
    ("others", "without"),
    [
        ({"": ("stray.txt",)}, ()),
        ({"seven": ("six.py",)}, ()),
        ({"seven": ("six.py/x",)}, ()),
        ({}, ("six",)),
    ],
)
def test_parts_that_depend_on_the_whole_installation(
    tmp_path: Path, store: LocalStore, others: dict[str, tuple[str, ...]], without: tuple[str, ...]
) -> None:
    """Files of no RECORD may belong to any pin, and one file of two distributions is in the part of one of them."""
    known = _known(tmp_path, store)
    groups = [
        Group(name, tuple(Member(each, str(tmp_path / each)) for each in names))
        for name, names in {"six": ("six.py",), **others}.items()
    ]
    known.remember(groups, [_part(store, f"part-{group.name}", "any.py") for group in groups], without=without)
    assert known.find() == {}


@pytest.mark.parametrize(
    ("name", "file", "fits"),
    [("seven", "seven.py", True), ("seven", "six.py", False), ("seven", "six.py/x", False), ("", "stray.txt", False)],
)
def test_parts_next_to_what_was_just_installed(
    tmp_path: Path, store: LocalStore, *, name: str, file: str, fits: bool
) -> None:
    """Known parts are joined with it only if one installation of all would have the same files."""
    known = {"six": _part(store, "part", "six.py")}
    group = Group(name, (Member(file, str(tmp_path / file)),))
    assert _known(tmp_path, store).fit(known, [group]) == fits


def test_a_part_that_is_damaged_is_installed_again(tmp_path: Path, store: LocalStore) -> None:
    """A disk may lose bytes of a part that no build has used for long."""
    known = _known(tmp_path, store)
    known.remember([Group("six", ())], [_part(store, "part", "six.py")])
    assert known.find() == {"six": "part"}
    artifact = store.find("part")
    assert artifact is not None
    artifact.archive.chmod(0o644)
    artifact.archive.write_bytes(b"")
    assert LocalStore(store.folder).recall(known._memo(known.resolution.pins[0])) == "part"
    assert _known(tmp_path, LocalStore(store.folder)).find() == {}


@pytest.mark.parametrize(
    "change",
    [None, "architecture", "python", "option", "setting", "wheel", "uv"],
)
def test_parts_of_other_installations(
    make_entry: Callable[..., Path], store: LocalStore, monkeypatch: pytest.MonkeyPatch, change: str | None
) -> None:
    """A pin has other files for another target, from another index, folder or uv, and those are never reused."""
    wheels = make_entry({"six-1.17.0-py3-none-any.whl": "1"}, "wheels")
    options = "--no-index\n--find-links ../wheels\n"
    entry = make_entry({"requirements.txt": f"{options}six==1.17.0\n"})
    pin = read_requirement("six==1.17.0", LineContext("here", (entry,)))

    def known(target: Target, environment: Mapping[str, str]) -> KnownParts:
        job = Job(entry, target, BuildOptions(environment=environment), store)
        return KnownParts.of(read_requirements(job), Resolution((pin,), Basis.RESOLVED), job)

    store.get_or_make("part", lambda folder: (folder / "archive.zip").touch())
    known(Target("3.13", "x86_64"), {}).remember([Group("six", ())], ["part"])
    target = {"architecture": Target("3.13", "arm64"), "python": Target("3.12", "x86_64")}.get(change or "")
    if change == "option":
        (entry / "requirements.txt").write_text(f"{options}--only-binary :all:\nsix==1.17.0\n", encoding="utf-8")
    if change == "wheel":
        (wheels / "six-1.17.0-py3-none-any.whl").write_text("2", encoding="utf-8")
    if change == "uv":
        monkeypatch.setattr(process, "uv_version", lambda: "0")
    found = known(
        target or Target("3.13", "x86_64"), {"UV_INDEX_URL": "https://a.example/simple"} if change == "setting" else {}
    ).find()
    assert found == ({} if change else {"six": "part"})
