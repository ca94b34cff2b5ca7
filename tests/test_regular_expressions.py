"""Every regular expression of the package, on texts that are made to slow it down."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest

import cdk_layers
from tests.regex_steps import MOST, Program, Run, attacks, sample, tree_of

_PACKAGE = Path(cdk_layers.__file__).parent
_SHORT = 16
_COMMON = (" ", "a", "-", ".", '"', "/", "${", "[", "@", ":", "a-", "requirements")


_MATCHED_ELSEWHERE = frozenset(("cdk_layers.building.requirements.local_sources._DISTRIBUTION.0",))
"""Expressions that are handed to a function which matches them with whole texts."""


def _expressions() -> dict[str, re.Pattern[Any]]:
    found: dict[str, re.Pattern[Any]] = {}
    for module in pkgutil.walk_packages(cdk_layers.__path__, "cdk_layers."):
        if module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            for index, one in enumerate(value if isinstance(value, tuple) else (value,)):
                if isinstance(one, re.Pattern):
                    found[f"{module.name}.{name}.{index}"] = one
    return found


EXPRESSIONS = _expressions()


def _is_searched(name: str) -> bool:
    """Tell whether the package looks for an expression anywhere in a text, and not only at its beginning."""
    module, constant, _ = name.rsplit(".", 2)
    path = _PACKAGE.parent.joinpath(*module.split("."))
    source = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text(encoding="utf-8")
    uses = set(re.findall(rf"\b{constant}\.(\w+)\(", source))
    return name not in _MATCHED_ELSEWHERE and (not uses or bool(uses - {"match", "fullmatch", "pattern"}))


def _texts(pattern: re.Pattern[Any], times: int) -> list[str]:
    tree = tree_of(pattern)
    whole = sample(tree, pattern.flags)
    made = {
        *attacks(tree),
        *(("", piece) for piece in _COMMON),
        *(("", whole[:end]) for end in (3, len(whole) - 1, None)),
    }
    return [
        before + piece * (max(_SHORT // len(piece), 3) * times) + "\0"
        for before, piece in sorted(made) if piece
    ]  # fmt: skip


def steps(pattern: re.Pattern[Any], text: str, *, searched: bool) -> int:
    """Return how many steps a search, or else a match of the whole text, takes."""
    run = Run(Program.of(pattern), text)
    if searched:
        return run.search()
    run.match(0, whole=True)
    return run.steps


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_twice_the_text_takes_twice_the_steps(name: str) -> None:
    """Whatever the text is: a quadratic expression would take four times as many, an exponential one would not end."""
    pattern, searched = EXPRESSIONS[name], _is_searched(name)
    worst = []
    for text, longer in zip(_texts(pattern, 1), _texts(pattern, 2), strict=True):
        once, twice = (steps(pattern, one, searched=searched) for one in (text, longer))
        if twice > 2.5 * once + 60 or twice >= MOST:
            worst.append((text, once, twice))

    assert worst == []


@pytest.mark.parametrize("pattern", [r"(^|\s+)#.*$", r"\$\{([^}]*)\}", r"[a-z]*://", r'\[(?:\s*"x"\s*,?)*\]'])
def test_a_slow_expression_is_noticed(pattern: str) -> None:
    """The count itself works: these take a quadratic number of steps, or more."""
    made = re.compile(pattern)
    grown = [
        steps(made, longer, searched=True) / max(steps(made, text, searched=True), 1)
        for text, longer in zip(_texts(made, 1), _texts(made, 2), strict=True)
    ]

    assert max(grown) > 2.5
