"""The generated pages: the rules, the command line, the settings."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from cdk_layers.rules.examples import shortened, template
from cdk_layers.rules.registry import all_rules
from cdk_layers.system.toml import parse_toml
from tools.documents import reference
from tools.documents.__main__ import main
from tools.documents.rules import Field, index, pages, read_field

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FIELD: Field = {
    "tools": {"cdk-layers": "this package", "other": "another tool"},
    "rules": {"too-many-layers": {"cdk-layers": "error", "other": ""}},
}


def test_every_rule_has_one_page() -> None:
    """The index lists each rule once, with a link to its page."""
    names = [rule.name for rule in all_rules()]

    assert list(pages()) == names
    assert re.findall(r"^\| \[(.+?)\]\(rules/\1\.md\)", index(), re.MULTILINE) == names


def test_a_page_says_all_of_a_rule() -> None:
    """Meaning, severity, AWS error, remedy, source, both examples and how to acknowledge it."""
    for rule in all_rules():
        page = pages()[rule.name]
        texts = [
            rule.meaning,
            rule.severity.capitalize(),
            rule.remedy,
            rule.source,
            shortened(rule.failing).rstrip(),
            shortened(rule.passing).rstrip(),
        ]

        assert all(text in page for text in [*texts, rule.aws_error or ""])
        assert (f"cdk-layers::{rule.name}" in page) is not rule.ends_build


def test_resources_that_differ_by_numbers_alone_are_shown_once() -> None:
    """The first two and the last of many; four or fewer, and those that differ otherwise, are all shown."""
    alike = template(*(f"P{number}:\n  Type: A\n" for number in range(10)), "Q1:\n  Type: B")
    few = template(*(f"P{number}:\n  Type: A\n" for number in range(4)))
    others = template(*(f"{letter}:\n  Type: A\n" for letter in "ABCDEF"))

    assert shortened(alike) == (
        "Resources:\n  P0:\n    Type: A\n  P1:\n    Type: A\n  # ... 7 more like these ...\n  P9:\n    Type: A\n"
        "  Q1:\n    Type: B\n"
    )
    assert [shortened(few), shortened(others)] == [few, others]
    assert all(len(page.splitlines()) < 120 for page in pages().values())


def test_code_blocks_are_closed() -> None:
    """An example with a fence of its own would swallow the rest of the page."""
    assert [name for name, page in pages().items() if len(re.findall(r"^```", page, re.MULTILINE)) != 4] == []


def test_examples_are_shown_in_their_language() -> None:
    """Templates are YAML, constructs are Python, lists of files are text."""
    languages = {
        name: pages()[name].split("```")[1].split("\n")[0]
        for name in ("too-many-layers", "layers-too-large", "missing-grant", "wrong-folder")
    }

    assert list(languages.values()) == ["yaml", "yaml", "python", "text"]


def test_the_comparison_says_what_was_not_tried() -> None:
    """A rule without a case is not a rule that the other tool misses."""
    page = index(FIELD)

    assert "| [too-many-layers](rules/too-many-layers.md) | error | nothing |" in page
    assert "| [layer-too-large](rules/layer-too-large.md) | not tried | not tried |" in page
    assert "- **other**: another tool" in page


def test_every_command_and_option_is_on_the_page() -> None:
    """The page is made from the parser, so it cannot miss what the parser accepts."""
    page = reference.command_line()

    assert {"check", "sizes", "rules", "rule"} <= set(re.findall(r"^## cdk-layers (\S+)$", page, re.MULTILINE))
    assert "| `--format {github,json,sarif,table}` |" in page
    assert "[--strict|--no-strict]" in page
    assert "| `PATH` | cdk.out " in page


def test_every_setting_has_a_meaning() -> None:
    """Keys are described by their own docstrings, or by those of the layer's arguments."""
    page = reference.settings()

    assert "| `strict-budget` | `true` | " in page
    assert "| `asset_excludes` |  | Patterns" in page
    assert re.findall(r"^\| `[a-z_-]+` \| .* \| +\|$", page, re.MULTILINE) == []


def test_pages_that_are_up_to_date_pass(tmp_path: Path) -> None:
    """What was written is what is checked, with the comparison or without."""
    assert main([str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0

    (tmp_path / "field.json").write_text(json.dumps(FIELD))

    assert read_field(tmp_path) == FIELD
    assert main(["--check", str(tmp_path)]) == 1
    assert main([str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0


def test_a_stale_a_missing_and_a_left_page_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The check names the pages and how to write them again, and leaves them alone."""
    assert main(["--check", str(tmp_path)]) == 1

    main([str(tmp_path)])
    capsys.readouterr()
    (tmp_path / "rules" / "of-before.md").touch()
    (tmp_path / "rules.md").write_text("# Rules\n")

    assert main(["--check", str(tmp_path)]) == 1
    assert (tmp_path / "rules.md").read_text() == "# Rules\n"
    message = capsys.readouterr().err
    assert [part in message for part in ("rules.md", "rules/of-before.md", "make docs")] == [True, True, True]

    assert main([str(tmp_path)]) == 0
    assert not (tmp_path / "rules" / "of-before.md").exists()


def test_the_site_lists_rules_by_family(tmp_path: Path) -> None:
    """Next to the folder, the navigation has each rule once, after the index; the rest of the file is left alone."""
    site, docs = tmp_path / "zensical.toml", tmp_path / "docs"
    before = "nav = [\n  # Begin of the rules, which `make docs` writes.\n  # End of the rules.\n]\n# More\n"
    site.write_text(before)
    main([str(docs)])

    ((rules,),) = (entry.values() for entry in parse_toml(site.read_text())["nav"])
    assert rules[0] == "rules.md"
    files = ("unreadable-content", "unreadable-file", "escaping-link", "stale-bytecode")
    assert [next(iter(family.items())) for family in rules[1:]][6:8] == [
        ("Files", [f"rules/{name}.md" for name in files]),
        ("Dependencies", ["rules/missing-dependency.md", "rules/version-conflict.md"]),
    ]
    assert main(["--check", str(docs)]) == 0

    site.write_text(before)
    assert main(["--check", str(docs)]) == 1
    assert site.read_text() == before
