"""The check of the language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.plain_words import problems

if TYPE_CHECKING:
    from pathlib import Path


def test_words_are_found_in_prose_only(tmp_path: Path) -> None:
    """In comments, strings and documents, but not in names, exceptions, and folders that are not done."""
    for name in ("src/a.py", "src/old/b.py", "docs/c.md", "docs/d.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('anew = 1\n"""Made Anew."""  # anew\n' if name.endswith("py") else "It is anew.\n")
    rules = "# words\nanew = again | except docs/d.md: a quotation\nnot done: src/old\n"

    found = sorted(problems(tmp_path, rules))
    assert [line.partition(" ")[0] for line in found] == ["docs/c.md:1:", "src/a.py:2:", "src/a.py:2:"]
    assert found[0].endswith("'anew'. Write: again")
