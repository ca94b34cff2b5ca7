"""Which versions are pinned for a target, and what shapes the keys under which they are kept."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.job import Job
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.pins import pins_for
from cdk_layers.building.plan import make_plan
from cdk_layers.building.requirements.manifests import Requirements
from cdk_layers.building.requirements.requirement_line import RequirementLine
from cdk_layers.building.requirements.resolution import Basis, Resolution
from cdk_layers.errors import DependencyError, EntryError
from cdk_layers.lambda_service.target import Target
from tests.building.archives_of_builds import written
from tests.building.distributions import write_source, write_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

    MakeEntry = Callable[..., Path]

X86 = Target("3.13", "x86_64")
OFFLINE = "--no-index\n--find-links wheels\n"


def test_permission_for_source_builds_shapes_the_pins(make_entry: MakeEntry, store: LocalStore) -> None:
    """Pins that were found with a build from source allowed do not answer where it is not."""
    entry = make_entry({"requirements.txt": f"{OFFLINE}demo==1.0\n"})
    write_source(entry / "wheels", "demo")
    assert pins_for(entry, X86, BuildOptions(allow_source_builds=("demo",)), store=store) == ("demo==1.0",)
    with pytest.raises(DependencyError, match="no wheel of 'demo'"):
        pins_for(entry, X86, store=store)


def test_platform_of_the_resolution_shapes_the_build(make_entry: MakeEntry, store: LocalStore) -> None:
    """The same pins, resolved for a wider platform, are another build."""
    job = Job(make_entry({}), Target("3.11", "x86_64"), BuildOptions(), store)
    pins = (RequirementLine("six==1.17.0", "here", "six", "1.17.0"),)
    resolution = Resolution(pins, Basis.RESOLVED)
    keys = {
        make_plan(Requirements("requirements.txt", pins), one, job).distributions_key
        for one in (resolution, replace(resolution, platform="manylinux_2_28"))
    }
    assert len(keys) == 2


@pytest.mark.parametrize("text", ["both==1.0\nonly==1.0\n", "both\nonly\n"])
def test_wheel_that_is_too_new_is_installed_again(make_entry: MakeEntry, store: LocalStore, text: str) -> None:
    """Where one distribution needs uv's wider platform, another one still comes as the wheel that the target loads."""
    entry = make_entry({"requirements.txt": OFFLINE + text})
    write_wheel(entry / "wheels", "only", tag="cp311-cp311-manylinux_2_24_x86_64")
    for glibc in (17, 28):
        write_wheel(
            entry / "wheels", "both", {"both.py": f"glibc = {glibc}\n"}, tag=f"cp311-cp311-manylinux_2_{glibc}_x86_64"
        )
    done = build(entry, Target("3.11", "x86_64"), store=store)
    assert done.pins == ("both==1.0", "only==1.0")
    with zipfile.ZipFile(written(done)) as opened:
        assert opened.read("python/both.py") == b"glibc = 17\n"


@pytest.mark.parametrize(
    ("marker", "is_there"),
    [
        ("python_full_version >= '3.11.7'", True),
        ("python_full_version < '3.11.3'", False),
        ("implementation_version > '3.11.0'", True),
        ("python_version == '3.11'", True),
    ],
)
def test_markers_see_the_newest_patch_level(
    make_entry: MakeEntry, store: LocalStore, marker: str, *, is_there: bool
) -> None:
    """Markers are judged for the newest patch release of the runtime, here and by uv."""
    entry = make_entry({"requirements.txt": f"{OFFLINE}base\n"})
    write_wheel(entry / "wheels", "base", metadata=f"Requires-Dist: more; {marker}\n")
    write_wheel(entry / "wheels", "more")
    pins = pins_for(entry, Target("3.11", "x86_64"), store=store)
    assert ("more==1.0" in pins) is is_there
    (entry / "requirements.txt").write_text(f"{OFFLINE}base==1.0\nmore==1.0 ; {marker}\n", encoding="utf-8")
    assert build(entry, Target("3.11", "x86_64"), store=store).pins == pins


def test_requires_python_sees_the_newest_patch_level(make_entry: MakeEntry, store: LocalStore) -> None:
    """A distribution that wants a later patch release is installed, pinned or not."""
    for text in ("base\n", "base==1.0\n"):
        entry = make_entry({"requirements.txt": OFFLINE + text})
        write_wheel(entry / "wheels", "base", metadata="Requires-Python: >=3.11.7\n")
        assert build(entry, Target("3.11", "x86_64"), store=store).pins == ("base==1.0",)


@pytest.mark.parametrize(
    "text",
    [
        "colorama==0.4.6 ; sys_platform == 'win32'\n",
        "colorama ; sys_platform == 'win32'\nidna ; python_version < '3.9'\n",
        "-c limits.txt\n",
    ],
)
def test_nothing_is_left_for_the_target(make_entry: MakeEntry, store: LocalStore, text: str) -> None:
    """A manifest of which nothing is left for the target is an error and not an empty archive."""
    entry = make_entry({"requirements.txt": text, "limits.txt": "six==1.17.0\n"})
    options = BuildOptions(excludes=("limits.txt",))
    with pytest.raises(EntryError, match=r"requirements\.txt has nothing for Python 3\.13 on x86_64"):
        build(entry, X86, options, store=store)


def test_nothing_is_left_beside_code(make_entry: MakeEntry, store: LocalStore) -> None:
    """Code beside a manifest of which nothing is left is a build."""
    entry = make_entry({"requirements.txt": "colorama==0.4.6 ; sys_platform == 'win32'\n", "a.py": ""})
    assert list(build(entry, X86, store=store).contents.files) == ["python/a.py"]


def test_layers_include_everything(make_entry: MakeEntry, store: LocalStore) -> None:
    """A function without code, whose layers include what it asks for, is an error that says so."""
    options = BuildOptions(prefix="", provided={"six": "1.17.0"})
    with pytest.raises(EntryError, match=r"the layers contain everything that requirements\.txt requires"):
        build(make_entry({"requirements.txt": "six==1.17.0\n"}), X86, options, store=store)


def _renamed(folder: Path, tag: str, written: str) -> Path:
    """Write a wheel whose WHEEL file names another tag than its file name, as after a renaming."""
    wheel = write_wheel(folder, "demo", tag=written)
    return wheel.rename(wheel.with_name(f"demo-1.0-{tag}.whl"))


@pytest.mark.parametrize("text", [f"{OFFLINE}demo==1.0\n", f"{OFFLINE}demo\n", "./wheels/demo-1.0-py3-none-any.whl\n"])
@pytest.mark.parametrize("written", ["py3-none-macosx_11_0_arm64", "cp310-cp310-linux_x86_64"])
def test_name_of_a_wheel_decides(make_entry: MakeEntry, store: LocalStore, text: str, written: str) -> None:
    """A wheel that installers accept by its name is installed, whatever its WHEEL file says."""
    entry = make_entry({"requirements.txt": text})
    _renamed(entry / "wheels", "py3-none-any", written)
    assert build(entry, X86, store=store).pins == ("demo==1.0",)


@pytest.mark.parametrize("tag", ["cp313-cp313-manylinux_2_35_x86_64", "py3-none-musllinux_1_2_x86_64"])
@pytest.mark.parametrize("line", ["./wheels/demo-1.0-{}.whl", "demo @ ./wheels/demo-1.0-{}.whl"])
def test_name_of_a_wheel_on_this_machine(make_entry: MakeEntry, store: LocalStore, tag: str, line: str) -> None:
    """A wheel for another platform is refused by its name, although its WHEEL file admits all platforms."""
    entry = make_entry({"requirements.txt": line.format(tag)})
    _renamed(entry / "wheels", tag, "py3-none-any")
    with pytest.raises(DependencyError, match="no wheel of 'demo'"):
        build(entry, X86, store=store)
