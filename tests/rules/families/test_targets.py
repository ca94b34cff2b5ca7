"""What a layer claims to run on, against what its distributions and native files are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rules.archives import archive, dist, elf, found, function, layer, severities

if TYPE_CHECKING:
    from cdk_layers.contents.model import Contents

RULE = "overclaimed-target"
TAGGED = archive(natives=[elf("python/f/_f.cpython-313-x86_64-linux-gnu.so")])
ABI3 = archive(natives=[elf("python/f/_f.abi3.so")])
PURE = archive(["python/six.py"], dists=[dist("six", "1.17", tags=["py2-none-any", "py3-none-any"])])


def claims(contents: Contents, *, runtimes: tuple[str, ...] = (), architectures: tuple[str, ...] = ()) -> list[str]:
    """Return what the findings about a layer with these declarations say that it cannot run on."""
    findings = found(layer(contents, runtimes=runtimes, architectures=architectures), RULE)
    assert all(finding.severity == "error" for finding in findings)
    return [finding.message.partition("cannot run on ")[2].partition(":")[0] for finding in findings]


def test_several_runtimes_over_code_for_one_are_an_error_for_each_other() -> None:
    """The runtimes that fit are not reported."""
    assert claims(TAGGED, runtimes=("python3.12", "python3.13", "python3.14")) == ["python3.12", "python3.14"]
    assert claims(TAGGED, runtimes=("python3.13",)) == []


def test_both_architectures_over_code_for_one_are_an_error_for_the_other() -> None:
    """Stable-ABI modules suit many Pythons and still one machine."""
    assert claims(TAGGED, architectures=("x86_64", "arm64")) == ["arm64"]
    assert claims(ABI3, architectures=("x86_64", "arm64")) == ["arm64"]
    assert claims(TAGGED, architectures=("x86_64",)) == []


def test_pure_python_and_the_stable_abi_suit_many() -> None:
    """Nothing ties them to one."""
    everything = ("python3.11", "python3.12", "python3.13")
    assert claims(PURE, runtimes=everything, architectures=("x86_64", "arm64")) == []
    assert claims(ABI3, runtimes=everything) == []
    assert claims(PURE, runtimes=("nodejs22.x", "python3.13")) == []


def test_builds_for_all_that_is_declared_are_fine() -> None:
    """Several builds may lie side by side."""
    both = archive(natives=[elf(f"python/f/_f.cpython-3{n}-x86_64-linux-gnu.so") for n in (12, 13)])
    assert claims(both, runtimes=("python3.12", "python3.13")) == []


@pytest.mark.parametrize(
    ("tag", "tied"),
    [
        ("cp313-cp313-manylinux_2_28_x86_64", ["python3.12"]),
        ("cp312-abi3-manylinux_2_28_x86_64", []),
        ("cp313-abi3-manylinux_2_28_x86_64", ["python3.12"]),
        ("cp313-none-manylinux_2_28_x86_64", ["python3.12"]),
        ("py3-none-manylinux_2_28_x86_64", []),
        ("py312-none-any", []),
        ("py313-none-any", ["python3.12"]),
        ("py2.py3-none-any", []),
        ("py3\u00b2-none-any", []),
        (f"cp3{'9' * 5000}-none-any", []),
        ("nonsense", []),
    ],
)
def test_wheel_tags_tell_where_file_names_do_not(tag: str, tied: list[str]) -> None:
    """A distribution whose native files have no tag is judged by its wheel's."""
    contents = archive(natives=[elf("python/f/_f.so")], dists=[dist("f", tags=[tag], top_level=["f"])])
    assert claims(contents, runtimes=("python3.12", "python3.13")) == tied


def test_glibc_and_requires_python_tie_a_layer_too() -> None:
    """A manylinux_2_28 wheel does not run on python3.11, whatever its ABI."""
    newer = archive(natives=[elf("python/f/_f.abi3.so", "x86_64", (2, 28))])
    assert claims(newer, runtimes=("python3.11", "python3.12")) == ["python3.11"]
    young = archive(dists=[dist("numpy", "2.3", requires_python=">=3.11")])
    assert claims(young, runtimes=("python3.10", "python3.11")) == ["python3.10"]


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        (">=3.13", 0), (">=3.14", 1), ("<3.13", 1), ("<3.14", 0), (">=3.13.1", 0), ("!=3.13.0", 0), ("==3.13.*", 0),
        (">=2.7, !=3.0.*, !=3.1.*", 0), ("~=3.12", 0), ("~=3.12.0", 1), ("<4", 0), ("nonsense", 0),
    ],
)  # fmt: skip
def test_requires_python_is_about_the_runtimes_version(specifier: str, expected: int) -> None:
    """Any micro release may be the runtime's, and what cannot be read excludes nothing."""
    contents = archive(dists=[dist("numpy", "2.3", requires_python=specifier)])
    findings = found(function(layer(contents)), "requires-python")
    assert [finding.severity for finding in findings] == ["error"] * expected
    assert all("numpy 2.3 requires" in finding.message for finding in findings)


def test_distributions_in_other_folders_do_not_count() -> None:
    """What another Python's folder holds is not found by this one."""
    other = dist("numpy", "1.0", requires_python="<3.13", folder="python/lib/python3.12/site-packages")
    assert severities(function(layer(archive(dists=[other]))), "requires-python") == []
