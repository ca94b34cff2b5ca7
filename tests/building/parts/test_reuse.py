"""Parts of earlier installations that are used instead of an installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.job import Job
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.parts.reuse import KnownParts, are_independent
from cdk_layers.building.parts.split import Group
from cdk_layers.building.requirements.manifests import read_requirements
from cdk_layers.building.requirements.requirement_line import Place, read_requirement
from cdk_layers.building.requirements.resolution import Basis, Resolution
from cdk_layers.building.uv import process
from cdk_layers.lambda_service.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore


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
    ],
)
def test_pins_whose_files_never_change(
    tmp_path: Path, store: LocalStore, *, line: str, platform: str | None, allowed: tuple[str, ...], is_known: bool
) -> None:
    """A wheel at an address may change, and what other platforms or source builds provide depends on all pins."""
    pin = read_requirement(line, Place("here", (tmp_path,)))
    job = Job(tmp_path, Target("3.13", "x86_64"), BuildOptions(allow_source_builds=allowed), store)
    known = KnownParts(Resolution((pin,), Basis.RESOLVED, platform), job, "")
    store.get_or_make("part", lambda folder: (folder / "archive.zip").touch())
    known.remember([Group("six", ())], ["part"])
    assert known.find() == ({"six": "part"} if is_known else {})


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
    pin = read_requirement("six==1.17.0", Place("here", (entry,)))

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
