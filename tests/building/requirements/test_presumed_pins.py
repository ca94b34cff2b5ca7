"""Manifests whose pins may be installed without a resolution, and the gaps of an installation; uv is not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.job import Job
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.requirements.manifests import Requirements
from cdk_layers.building.requirements.presumption import presumed_pins, refuse_gaps, refuse_left_out
from cdk_layers.building.requirements.requirements_file import read_requirements_text
from cdk_layers.contents.model import Distribution
from cdk_layers.errors import DependencyError
from tests.building.requirements.locks import X86

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore


def manifest(text: str, folder: Path, *, is_locked: bool = False, left_out: tuple[str, ...] = ()) -> Requirements:
    """Return the requirements of a text."""
    wanted = read_requirements_text(text, "requirements.txt", folder).lines
    return Requirements("requirements.txt", wanted, has_lock_file=is_locked, left_out=frozenset(left_out))


@pytest.mark.parametrize(
    ("text", "pins"),
    [
        ("six==1.17.0", ["six==1.17.0"]),
        ("six[x]==1.17.0\nidna==3.10 ; sys_platform == 'linux'", ["six==1.17.0", "idna==3.10"]),
        ("six==1.17.0 ; sys_platform == 'win32'", None),
        ("", None),
        ("six>=1.17.0", None),
        ("six", None),
        ("six===1.17.0", None),
        ("six==1.17.*", None),
        ("six==1.17.0\nsix==1.17.0", None),
        ("six==1.17.0\nidna", None),
        ("six @ https://index.example/six-1.17.0-py2.py3-none-any.whl", None),
        ("six==1.17.0\n-c limits.txt", None),
        ("./six-1.17.0-py2.py3-none-any.whl", None),
    ],
)
def test_which_manifests_are_presumed(tmp_path: Path, store: LocalStore, text: str, *, pins: list[str] | None) -> None:
    """Only a manifest of exact versions, each once, is installed as it is."""
    (tmp_path / "limits.txt").write_text("idna==3.10")
    (tmp_path / "six-1.17.0-py2.py3-none-any.whl").touch()
    found = presumed_pins(manifest(text, tmp_path), Job(tmp_path, X86, BuildOptions(), store))
    assert (None if found is None else [pin.text for pin in found]) == pins


@pytest.mark.parametrize(
    ("is_locked", "options", "settings"),
    [
        (True, BuildOptions(), ""),
        (False, BuildOptions(provided={"idna": "3.10"}), ""),
        (False, BuildOptions(allow_source_builds=("docopt",)), ""),
        (False, BuildOptions(), 'constraint-dependencies = ["six<1"]'),
    ],
)
def test_what_rules_out_a_presumption(
    tmp_path: Path, store: LocalStore, *, is_locked: bool, options: BuildOptions, settings: str
) -> None:
    """A lock file, layers of a function, source builds and constraints of uv each need the real resolution."""
    (tmp_path / "uv.toml").write_text(settings)
    requirements = manifest("six==1.17.0", tmp_path, is_locked=is_locked)
    assert presumed_pins(requirements, Job(tmp_path, X86, options, store)) is None


NEEDY = Distribution("needy", "1.0", "", 0, requires=("six", "idna ; extra == 'net'"))
SIX = Distribution("six", "1.17.0", "", 0)


def test_gaps_of_extras(tmp_path: Path) -> None:
    """The extras in the manifest count, and only those."""
    refuse_gaps(manifest("needy==1.0\nsix==1.17.0", tmp_path), [NEEDY, SIX], X86)
    with pytest.raises(DependencyError, match="leaves out idna, which needy requires"):
        refuse_gaps(manifest("needy[net]==1.0\nsix==1.17.0", tmp_path), [NEEDY, SIX], X86)


@pytest.mark.parametrize(
    ("left_out", "provided", "is_refused"),
    [
        (("six",), {}, True),
        (("six", "idna"), {}, True),
        (("idna",), {}, False),
        (("six",), {"Six": "1.17.0"}, False),
        ((), {}, False),
    ],
)
def test_requirements_that_a_lock_leaves_out(
    tmp_path: Path, store: LocalStore, *, left_out: tuple[str, ...], provided: dict[str, str], is_refused: bool
) -> None:
    """Only a requirement that the lock file has for other targets, and that no layer contains, is missing."""
    requirements = manifest("needy==1.0", tmp_path, is_locked=True, left_out=left_out)
    job = Job(tmp_path, X86, BuildOptions(provided=provided), store)
    if not is_refused:
        refuse_left_out(requirements, [NEEDY], job)
        return
    with pytest.raises(DependencyError, match=r"has 'six' for other targets only, and needy 1\.0"):
        refuse_left_out(requirements, [NEEDY], job)
