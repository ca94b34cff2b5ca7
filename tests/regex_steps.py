"""Steps that a backtracking matcher takes for a regular expression, counted instead of timed.

Python's `re` reports no steps, so a small matcher of the same kind runs the parsed expression. It knows no shortcuts:
what is linear here is linear there.
"""

from __future__ import annotations

import re
import sys
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    if sys.version_info >= (3, 11):
        from re import _parser as parser  # type: ignore[attr-defined]
    else:
        import sre_parse as parser

_MANY: Final = 4
"""Copies that stand for a bounded repeat of more."""

_ENDLESS: Final = 1000
"""Repeats up to this bound cost a constant."""

MOST: Final = 100_000
"""Steps after which a count ends: for the texts here far more than linear."""

_CANDIDATES: Final = "".join(map(chr, range(32, 127))) + "\n\t\r\0\xe9"
Code = list[tuple[Any, ...]]


@dataclass(slots=True)
class Program:
    """One expression, compiled to jumps and tests of single characters."""

    code: Code = field(default_factory=list)
    flags: int = 0

    @classmethod
    def of(cls, pattern: re.Pattern[Any]) -> Program:
        """Compile an expression of text or bytes."""
        made = cls(flags=pattern.flags)
        made.add(tree_of(pattern))
        made.code.append(("end",))
        return made

    def add(self, tree: Iterable[Any]) -> None:
        """Compile a sequence."""
        for kind, value in tree:
            getattr(self, f"_{str(kind).lower()}", self._single)(value, str(kind))

    def _single(self, value: Any, kind: str) -> None:
        self.code.append(("char", _test(kind, value, self.flags)))

    def _subpattern(self, value: Any, _: str) -> None:
        self.add(value[3])

    def _atomic_group(self, value: Any, _: str) -> None:
        self.add(value)

    def _branch(self, value: Any, _: str) -> None:
        jumps = []
        for one in value[1][:-1]:
            split = self._hole()
            self.add(one)
            jumps.append(self._hole())
            self.code[split] = ("split", split + 1, len(self.code))
        self.add(value[1][-1])
        for jump in jumps:
            self.code[jump] = ("split", len(self.code))

    def _hole(self) -> int:
        self.code.append(())
        return len(self.code) - 1

    def _max_repeat(self, value: Any, _: str) -> None:
        least, most, tree = value
        for _copy in range(min(least, _MANY)):
            self.add(tree)
        if most > _ENDLESS:
            start = self._hole()
            self.code.append(("mark", start))
            self.add(tree)
            self.code.append(("again", start))
            self.code[start] = ("split", start + 1, len(self.code))
        else:
            splits = []
            for _copy in range(min(most - least, _MANY)):
                splits.append(self._hole())
                self.add(tree)
            for split in splits:
                self.code[split] = ("split", split + 1, len(self.code))

    _min_repeat = _possessive_repeat = _max_repeat

    def _at(self, value: Any, _: str) -> None:
        self.code.append(("at", str(value)))

    def _assert(self, value: Any, _: str) -> None:
        self.code.append(("look", value[0], self._part(value[1]), True))

    def _assert_not(self, value: Any, _: str) -> None:
        self.code.append(("look", value[0], self._part(value[1]), False))

    def _part(self, tree: Any) -> tuple[Program, int]:
        part = Program(flags=self.flags)
        part.add(tree)
        part.code.append(("end",))
        return part, tree.getwidth()[1]


@dataclass(slots=True)
class Run:
    """One use of a program on a text."""

    program: Program
    text: str
    steps: int = 0

    def search(self) -> int:
        """Look for every match from the left to the right, as `finditer` does; return the steps."""
        place = 0
        while place <= len(self.text) and self.steps <= MOST:
            end = self.match(place)
            place = place + 1 if end is None or end == place else end
        return self.steps

    def match(  # noqa: C901 - a machine is one loop
        self, start: int, program: Program | None = None, *, whole: bool = False
    ) -> int | None:
        """Return where a match that begins at a place ends, or None."""
        code = (program or self.program).code
        waiting: list[tuple[int, int, dict[int, int]]] = [(0, start, {})]
        while waiting:
            step, place, marks = waiting.pop()
            while True:
                self.steps += 1
                if self.steps > MOST:
                    return None
                kind, *rest = code[step]
                if kind == "end":
                    if not whole or place == len(self.text):
                        return place
                    break
                if kind == "split":
                    waiting.extend((other, place, marks) for other in reversed(rest[1:]))
                    step = rest[0]
                    continue
                if kind == "mark":
                    marks = {**marks, rest[0]: place}
                elif kind == "again":
                    step = rest[0] if marks[rest[0]] != place else step + 1
                    continue
                elif kind == "char":
                    if place >= len(self.text) or not rest[0](self.text[place]):
                        break
                    place += 1
                elif not (self._at(rest[0], place) if kind == "at" else self._look(place, *rest)):
                    break
                step += 1
        return None

    def _look(self, place: int, direction: int, part: tuple[Program, int], wanted: bool) -> bool:
        begin = place if direction > 0 else place - part[1]
        return (begin >= 0 and self.match(begin, part[0]) is not None) is wanted

    def _at(self, kind: str, place: int) -> bool:
        before, after = self.text[place - 1 : place] if place else "", self.text[place : place + 1]
        if "BOUNDARY" in kind:
            return bool(re.match(r"\w", before)) != bool(re.match(r"\w", after))
        if "BEGINNING" in kind:
            return place == 0
        return not after or (after == "\n" and place == len(self.text) - 1)


def tree_of(pattern: re.Pattern[Any]) -> Any:
    """Return an expression as Python parses it."""
    if isinstance(pattern.pattern, bytes):
        return parser.parse(pattern.pattern.decode("latin-1"), pattern.flags)
    return parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)


def _test(kind: str, value: Any, flags: int) -> Any:
    if kind == "LITERAL":
        letter = chr(value)
        return (lambda one: one.lower() == letter.lower()) if flags & re.IGNORECASE else (lambda one: one == letter)
    if kind == "NOT_LITERAL":
        return lambda one: one != chr(value)
    if kind == "ANY":
        return lambda one: bool(flags & re.DOTALL) or one != "\n"
    negated = str(value[0][0]) == "NEGATE"
    known = frozenset(one for one in _CANDIDATES if any(_in(one, item, flags) for item in value[negated:]))
    return lambda one: (one in known) is not negated


def _in(one: str, item: Any, flags: int) -> bool:
    kind, value = str(item[0]), item[1]
    forms = {one, one.lower(), one.upper()} if flags & re.IGNORECASE else {one}
    if kind == "LITERAL":
        return chr(value) in forms
    if kind == "RANGE":
        return any(value[0] <= ord(form) <= value[1] for form in forms)
    name = str(value).removeprefix("CATEGORY_")
    found = {"DIGIT": one.isdigit(), "SPACE": one.isspace(), "WORD": one.isalnum() or one == "_"}
    return found[name.removeprefix("NOT_")] is not name.startswith("NOT_")


def sample(tree: Iterable[Any], flags: int = 0) -> str:
    """Return a short text that a sequence matches, assertions aside."""
    found = ""
    for kind, value in tree:
        name = str(kind)
        if name == "SUBPATTERN":
            found += sample(value[3], flags)
        elif name == "ATOMIC_GROUP":
            found += sample(value, flags)
        elif name == "BRANCH":
            found += sample(value[1][0], flags)
        elif name.endswith("REPEAT"):
            found += sample(value[2], flags) * value[0]
        elif name not in ("AT", "ASSERT", "ASSERT_NOT"):
            test = _test(name, value, flags)
            found += next((one for one in "a0" + _CANDIDATES if test(one)), "")
    return found


def attacks(tree: Iterable[Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield what leads to each endless repeat of an expression, and what goes round in it."""
    for kind, value in tree:
        name = str(kind)
        if name.endswith("REPEAT"):
            if value[1] > _ENDLESS:
                yield before, sample(value[2]) or "a"
            yield from attacks(value[2], before)
        elif name in ("SUBPATTERN", "ATOMIC_GROUP"):
            yield from attacks(value[3] if name == "SUBPATTERN" else value, before)
        elif name == "BRANCH":
            for one in value[1]:
                yield from attacks(one, before)
        before += sample([(kind, value)])
