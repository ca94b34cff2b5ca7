"""Check of the language in docstrings, comments, messages and documents: `python -m tools.plain_words`.

The words and their replacements are in `plain_words.txt`.
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT: Final = Path(__file__).parents[1]
LIST: Final = Path(__file__).with_suffix(".txt")
_FOLDERS: Final = ("src", "tools", "tests", "benchmarks", "docs")
_PROSE: Final = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


def problems(project: Path, rules: str) -> Iterator[str]:
    """Yield each use of a listed word, with its file, line and replacement."""
    lines = [line for line in rules.splitlines() if line and not line.startswith("#")]
    not_done = [line.removeprefix("not done: ") for line in lines if line.startswith("not done: ")]
    words = [line.partition(" = ") for line in lines if not line.startswith("not done: ")]
    for path in _files(project):
        name = path.relative_to(project).as_posix()
        if any(name == left or name.startswith(f"{left}/") for left in not_done):
            continue
        for number, text in _prose(path):
            for word, _, rest in words:
                if f"| except {name}:" not in rest and re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE):
                    yield f"{name}:{number}: {word!r}. Write: {rest.partition(' | ')[0]}"


def _files(project: Path) -> Iterator[Path]:
    yield from sorted(project.glob("*.md"))
    for folder in _FOLDERS:
        yield from sorted(path for path in (project / folder).rglob("*") if path.suffix in {".py", ".md"})


def _prose(path: Path) -> Iterator[tuple[int, str]]:
    content = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        yield from enumerate(content.splitlines(), start=1)
        return
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        if token.type in _PROSE:
            yield from enumerate(token.string.splitlines(), start=token.start[0])


def main() -> int:
    """Print all problems and return the exit status."""
    found = list(problems(PROJECT, LIST.read_text(encoding="utf-8")))
    sys.stderr.writelines(f"{line}\n" for line in found)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
