"""The page about all rules."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from cdk_layers.rules.documentation import Field, main, read_field, render
from cdk_layers.rules.engine import all_rules

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FIELD: Field = {
    "tools": {"cdk-layers": "this package", "other": "another tool"},
    "rules": {"too-many-layers": {"cdk-layers": "error", "other": ""}},
}


def test_every_rule_has_one_section() -> None:
    """A section a rule, in the order of the table at the top, each linked from it."""
    page = render()
    names = [one.name for one in all_rules()]

    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == names
    assert re.findall(r"^\| \[.+?\]\(#(.+?)\)", page, re.MULTILINE) == names


def test_a_section_tells_the_whole_rule() -> None:
    """Meaning, severity, the service's words, remedy, source, both examples and how to acknowledge it."""
    page = render()
    for one in all_rules():
        section = page.split(f"## {one.name}\n")[1].split("\n## ")[0]
        texts = [one.meaning, one.severity, one.remedy, one.source, one.failing.rstrip(), one.passing.rstrip()]

        assert all(text in section for text in [*texts, one.service_words or "", f"cdk-layers::{one.name}"])


def test_code_blocks_are_closed() -> None:
    """An example with a fence of its own would swallow the rest of the page."""
    assert len(re.findall(r"^```", render(), re.MULTILINE)) % 2 == 0


def test_examples_are_shown_in_their_language() -> None:
    """Templates read as YAML, constructs as Python, lists of files as text."""
    page = render()
    languages = {
        name: page.split(f"## {name}\n")[1].split("```")[1].split("\n")[0]
        for name in ("too-many-layers", "layers-too-large", "missing-grant", "wrong-folder")
    }

    assert list(languages.values()) == ["yaml", "yaml", "python", "text"]


def test_the_comparison_says_what_was_not_tried() -> None:
    """A rule that no case was run for is no rule that the other tool misses."""
    page = render(FIELD)

    assert "| [too-many-layers](#too-many-layers) | error | nothing |" in page
    assert "| [layer-too-large](#layer-too-large) | not tried | not tried |" in page
    assert "- **other**: another tool" in page


def test_a_page_that_is_as_the_rules_say_passes(tmp_path: Path) -> None:
    """What was written is what is checked, with the comparison beside it or without."""
    page = tmp_path / "rules.md"

    assert main([str(page)]) == 0
    assert main(["--check", str(page)]) == 0

    (tmp_path / "field.json").write_text(json.dumps(FIELD))

    assert read_field(page) == FIELD
    assert main(["--check", str(page)]) == 1
    assert main([str(page)]) == 0
    assert main(["--check", str(page)]) == 0


def test_a_stale_or_missing_page_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The check says which page is stale and how to make it anew, and leaves it alone."""
    page = tmp_path / "rules.md"

    assert main(["--check", str(page)]) == 1

    page.write_text("# Rules\n")

    assert main(["--check", str(page)]) == 1
    assert page.read_text() == "# Rules\n"
    assert "make docs" in capsys.readouterr().err
