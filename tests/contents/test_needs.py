"""Requirements that no distribution of a tree meets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from cdk_layers.contents.model import Distribution
from cdk_layers.contents.needs import broken_by_winner, unmet
from cdk_layers.lambda_service.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterable

_TARGET: Final = Target("3.13", "x86_64")
_DEEP: Final = "(" * 5000 + "os_name == 'posix'" + ")" * 5000


def _tree(*distributions: tuple[str, str, tuple[str, ...]]) -> dict[str, list[Distribution]]:
    """Return distributions by name, in the order of the search path: name, version, requirements."""
    tree: dict[str, list[Distribution]] = {}
    for name, version, requires in distributions:
        tree.setdefault(name, []).append(Distribution(name, version, "python", 0, requires=requires))
    return tree


def _gaps(
    tree: dict[str, list[Distribution]], requested_extras: Iterable[tuple[str, str]] = ()
) -> list[tuple[str, str, str | None]]:
    return [
        (gap.requirer.name, str(gap.need), gap.found.version if gap.found else None)
        for gap in unmet(tree, _TARGET, requested_extras)
    ]


@pytest.mark.parametrize(
    ("requirement", "version", "is_met"),
    [
        ("b", "1.0", True),
        ("b>=2", "1.0", False),
        ("b>=2", "2.0", True),
        ("b>=2", "3.0rc1", True),
        ("b>=2", "not a version", True),
        ("b>=2", "9" * 5000, True),
        ("B_.b>=2 ; sys_platform == 'win32'", "1.0", True),
        ("b>=2 ; python_version < 'x'", "1.0", True),
        (f"b>=2 ; {_DEEP}", "1.0", True),
        ("b >= ", "1.0", True),
    ],
)
def test_versions_that_are_installed(requirement: str, version: str, is_met: bool) -> None:
    """Only what is certainly another version is a gap; what cannot be read, or does not apply, is none."""
    tree = _tree(("a", "1", (requirement,)), ("b", version, ()))
    assert _gaps(tree) == ([] if is_met else [("a", "b>=2", version)])


def test_a_missing_distribution() -> None:
    """A requirement is named as metadata writes it, with its extras and versions, and by the normalized name."""
    tree = _tree(("a", "1", ("My_Lib[Fast_Mode,b]>=2,<3",)))
    assert _gaps(tree) == [("a", "my-lib[b,fast-mode]<3,>=2", None)]


def test_extras_that_are_required() -> None:
    """An extra counts where a distribution or the manifest requires it, once, even if extras require each other."""
    a = ("a", "1", ("b[Fast_Mode]",))
    b = ("b", "1", ("b[all] ; extra == 'fast-mode'", "b[fast-mode] ; extra == 'all'", "c ; extra == 'all'"))
    assert _gaps(_tree(a, b)) == [("b", "c", None)]
    assert _gaps(_tree(b)) == []
    assert _gaps(_tree(b), [("b", "all")]) == [("b", "c", None)]


def test_a_marker_with_an_extra_and_an_alternative() -> None:
    """Such a line applies without any extra if the other half of its marker does."""
    line = "c ; extra == 'x' or sys_platform == 'linux'"
    assert _gaps(_tree(("a", "1", (line,)))) == [("a", "c", None)]
    assert _gaps(_tree(("a", "1", (line.replace("linux", "win32"),)))) == []


def test_requirements_without_the_extra_count_once() -> None:
    """Those that apply without an extra are judged without one only."""
    tree = _tree(("a", "1", ("c", "b[x]")), ("b", "1", ("d", "e ; extra == 'x'")))
    assert sorted(_gaps(tree)) == [("a", "c", None), ("b", "d", None), ("b", "e", None)]


@pytest.mark.parametrize(("other", "is_skipped"), [("2", True), ("1.0", False)])
def test_distributions_in_several_versions(other: str, is_skipped: bool) -> None:
    """Which one is imported is not certain, neither of what requires nor of what is required."""
    requirer = _tree(("a", "1", ("c",)), ("a", other, ()))
    required = _tree(("a", "1", ("b>=3",)), ("b", "1", ()), ("b", other, ()))
    assert _gaps(requirer) == ([] if is_skipped else [("a", "c", None)])
    assert _gaps(required) == ([] if is_skipped else [("a", "b>=3", "1")])


def test_what_the_first_version_on_the_path_breaks() -> None:
    """Of the distributions that require it the first ones count too, and other gaps are another finding."""
    tree = _tree(
        ("a", "1", ("b>=2", "gone", "d>=2")),
        ("a", "2", ()),
        ("b", "1", ()),
        ("b", "2", ()),
        ("c", "1", ("b<2",)),
        ("d", "1", ()),
    )
    found = broken_by_winner(tree, "b", _TARGET)
    assert [(gap.requirer.name, gap.need.specifier, gap.found.version if gap.found else None) for gap in found] == [
        ("a", ">=2", "1")
    ]
    assert broken_by_winner(tree, "gone", _TARGET) == ()
