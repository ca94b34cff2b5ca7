"""Change the code in many small ways, one at a time, and list the changes that no test notices: `make mutants`.

`make mutants ARGS="src/cdk_layers/contents/elf.py --limit 20"` takes some modules, and every nth of their mutants.
Without modules it takes all of contents, building and rules, which takes hours. A module is tested by the tests of its
name; where there are none, or with `--wide`, by those of its whole room. It works on a copy of the code, so the tree
stays as it is.
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT: Final = Path(__file__).resolve().parents[1]
SOURCE: Final = Path("src/cdk_layers")
ROOMS: Final = ("contents", "building", "rules")
SECONDS: Final = 600
"""How long the tests of one mutant may take; a mutant that loops is noticed by that."""

_COMPARISONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_OPERATORS: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.BitOr: ast.BitAnd,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """One small change of a module."""

    line: int
    was: str
    now: str
    text: str
    """The whole changed module."""


def mutants(text: str) -> Iterator[Mutant]:
    """Yield every change of a module's text that this script knows."""
    for number, _ in enumerate(ast.walk(ast.parse(text))):
        tree = ast.parse(text)
        node = next(each for index, each in enumerate(ast.walk(tree)) if index == number)
        was = _shown(node)
        if change(node) and not _in_annotation(tree, node):
            yield Mutant(getattr(node, "lineno", 0), was, _shown(node), ast.unparse(ast.fix_missing_locations(tree)))


def change(node: ast.AST) -> bool:
    """Change a node in place, if its kind can be changed; return whether it was."""
    match node:
        case ast.Compare(ops=[first, *rest]) if type(first) in _COMPARISONS:
            node.ops = [_COMPARISONS[type(first)](), *rest]
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.UnaryOp(op=ast.Not()):
            node.op = ast.UAdd()
            node.operand = ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])
        case ast.BinOp() if type(node.op) in _OPERATORS:
            node.op = _OPERATORS[type(node.op)]()
        case ast.Constant(value=bool()):
            node.value = not node.value
        case ast.Constant(value=int(number)):
            node.value = number + 1
        case ast.Return(value=ast.expr()):
            node.value = ast.Constant(None)
        case ast.Expr(value=ast.Call()):
            node.value = ast.Constant(None)
        case _:
            return False
    return True


def _shown(node: ast.AST) -> str:
    return ast.unparse(node).splitlines()[0][:70] if isinstance(node, (ast.expr, ast.stmt)) else ""


def _in_annotation(tree: ast.AST, node: ast.AST) -> bool:
    """Return whether a node is part of a type or of a constant that only types read: changing it changes nothing."""
    annotations = [
        annotation
        for each in ast.walk(tree)
        for annotation in (getattr(each, "annotation", None), getattr(each, "returns", None))
        if annotation is not None
    ]
    guarded = [
        each for each in ast.walk(tree) if isinstance(each, ast.If) and ast.unparse(each.test) == "TYPE_CHECKING"
    ]
    return any(inner is node for outer in [*annotations, *guarded] for inner in ast.walk(outer))


def tests_of(module: Path, *, wide: bool) -> list[str]:
    """Return the tests of a module: those of its name, or those of its room."""
    parts = module.relative_to(SOURCE).parts
    named = sorted((PROJECT / "tests" / parts[0]).rglob(f"test_{module.stem}.py"))
    return [str(PROJECT / "tests" / parts[0])] if wide or not named else [str(path) for path in named]


def passes(tests: list[str], source: Path) -> bool:
    """Return whether the tests pass with a copy of the code."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-o", "addopts=", *tests]
    environment = os.environ | {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    options = ["--import-mode=importlib"]
    try:
        done = subprocess.run(
            [*command, *options], cwd=PROJECT, env=environment, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def survivors(module: Path, copy: Path, limit: int | None, *, wide: bool) -> Iterator[str]:
    """Yield the changes of a module that its tests do not notice."""
    tests = tests_of(module, wide=wide)
    changed = copy / module.relative_to("src")
    text = changed.read_text(encoding="utf-8")
    if not passes(tests, copy):
        sys.exit(f"mutants: the tests of {module} fail without any change: {' '.join(tests)}")
    found = list(mutants(text))
    step = 1 if limit is None else max(1, -(-len(found) // limit))
    survived = 0
    for mutant in found[::step]:
        changed.write_text(mutant.text, encoding="utf-8")
        if passes(tests, copy):
            survived += 1
            yield f"{module}:{mutant.line}: {mutant.was}  ->  {mutant.now}"
    changed.write_text(text, encoding="utf-8")
    yield f"{module}: {survived} of {len(found[::step])} mutants survived"


def main() -> None:
    """Print the survivors of the modules that are given."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("modules", nargs="*", type=Path, help="such as src/cdk_layers/contents/elf.py")
    parser.add_argument("--limit", type=int, help="at most so many mutants of each module, spread over it")
    parser.add_argument("--wide", action="store_true", help="run the tests of the whole room")
    options = parser.parse_args()
    every = (path.relative_to(PROJECT) for room in ROOMS for path in sorted((PROJECT / SOURCE / room).rglob("*.py")))
    with tempfile.TemporaryDirectory(prefix="cdk-layers-mutants-") as folder:
        copy = Path(folder, "src")
        shutil.copytree(PROJECT / "src", copy)
        for module in options.modules or every:
            for line in survivors(module, copy, options.limit, wide=options.wide):
                print(line, flush=True)


if __name__ == "__main__":
    main()
