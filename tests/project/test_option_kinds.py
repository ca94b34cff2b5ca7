"""Values of options, and what is wrong with others."""

from __future__ import annotations

import pytest

from cdk_layers.project.option_kinds import FLAG, TRIM, TRIM_ARGUMENT, OptionKind, strings


@pytest.mark.parametrize("kind", [TRIM, TRIM_ARGUMENT])
@pytest.mark.parametrize("value", [["tests", "stub"], ("tests", "stub")])
def test_an_item_of_a_list_or_a_tuple(kind: OptionKind, value: object) -> None:
    """The first item that is wrong is named, with the nearest valid one."""
    wrong = kind.wrong("trim", value)
    assert (wrong.name, wrong.value) == ("trim[1]", "stub")
    assert wrong.expected.startswith("one of 'tests', ")
    assert "'stubs'" in wrong.hint


def test_a_value_that_is_no_list() -> None:
    """The words for flags are those of the file, or of Python."""
    assert TRIM.wrong("trim", 1).expected.startswith("true, false or a list of 'tests', ")
    assert TRIM_ARGUMENT.wrong("trim", 1).expected.startswith("True, False or a list of 'tests', ")
    assert FLAG.wrong("bytecode", ["x"]).name == "bytecode"
    assert FLAG.read(1) is None


@pytest.mark.parametrize(
    ("value", "expected"), [(["a"], ("a",)), ([], ()), (["a", 1], None), ("a", None), (("a",), None)]
)
def test_lists_of_strings(value: object, expected: tuple[str, ...] | None) -> None:
    """A string is no list of its characters."""
    assert strings(value) == expected
