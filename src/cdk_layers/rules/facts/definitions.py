"""Search for the definition of a name in the source of a module, without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Answer = Literal["yes", "maybe", "no"]

_TRY: Final = (ast.Try, getattr(ast, "TryStar", ast.Try))
_BLOCKS: Final = (ast.If, *_TRY, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Match)
_DYNAMIC_CALLS: Final = frozenset(("exec", "globals", "locals", "setattr", "vars"))


@dataclass(frozen=True, slots=True)
class Search:
    """A search for one name in one module."""

    name: str

    follow: Callable[[ast.ImportFrom, str], Answer]
    """Returns whether the module of a `from` import has a name. It is called with the statement and the name there, or
    with "*" for all names."""

    def in_module(self, module: ast.Module) -> Answer:
        """Return whether the module has the name after it has run."""
        answer = self._in_order(module.body)
        if answer == "no" and any(self._is_dynamic(node) for node in ast.walk(module)):
            return "maybe"
        return answer

    def only_binding(self, module: ast.Module) -> ast.stmt | None:
        """Return the statement of the top level that binds the name; None if another may bind or delete it, too."""
        if any(self._is_dynamic(node) or self._is_set(node) for node in ast.walk(module)):
            return None
        bindings = [statement for statement in module.body if self._changes(statement)]
        return bindings[0] if len(bindings) == 1 else None

    def _changes(self, statement: ast.stmt) -> bool:
        """Return whether a statement may bind or delete the name."""
        if isinstance(statement, ast.Delete):
            return self._binds(statement.targets)
        if isinstance(statement, ast.AugAssign):
            return self._binds([statement.target])
        return self._in_statement(statement) != "no"

    def _in_order(self, statements: Sequence[ast.stmt]) -> Answer:
        answer: Answer = "no"
        for statement in statements:
            found = self._in_statement(statement)
            if isinstance(statement, ast.Delete) and self._binds(statement.targets):
                answer = "no"
            elif found == "yes" or (found == "maybe" and answer == "no"):
                answer = found
        return answer

    def _in_statement(self, statement: ast.stmt) -> Answer:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return "yes" if statement.name == self.name else "no"
        if isinstance(statement, ast.Import):
            bound = {alias.asname or alias.name.partition(".")[0] for alias in statement.names}
            return "yes" if self.name in bound else "no"
        if isinstance(statement, ast.ImportFrom):
            return self._in_import(statement)
        if isinstance(statement, _BLOCKS):
            return self._in_block(statement)
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            return "yes" if statement.value and self._binds(targets) else "no"
        return "yes" if getattr(getattr(statement, "name", None), "id", None) == self.name else "no"

    def _in_import(self, statement: ast.ImportFrom) -> Answer:
        for alias in statement.names:
            if alias.name == "*":
                return self.follow(statement, "*") if not self.name.startswith("_") else "maybe"
            if (alias.asname or alias.name) == self.name:
                return self.follow(statement, alias.name)
        return "no"

    def _in_block(self, statement: ast.stmt) -> Answer:
        if isinstance(statement, ast.If):
            return self._in_branches(statement)
        if isinstance(statement, _TRY):
            return self._in_try(statement)
        if isinstance(statement, (ast.With, ast.AsyncWith)):
            bound = self._binds([item.optional_vars for item in statement.items if item.optional_vars])
            return "yes" if bound else self._in_order(statement.body)
        if isinstance(statement, ast.Match):
            return _either([self._in_order(case.body) for case in statement.cases] + ["no"])
        if isinstance(statement, (ast.For, ast.AsyncFor, ast.While)):
            target = isinstance(statement, (ast.For, ast.AsyncFor)) and self._binds([statement.target])
            inner = _either([self._in_order(statement.body), self._in_order(statement.orelse), "no"])
            return "maybe" if target else inner
        return "no"

    def _in_branches(self, statement: ast.If) -> Answer:
        holds = _truth(statement.test)
        if holds is not None:
            return self._in_order(statement.body if holds else statement.orelse)
        return _either([self._in_order(statement.body), self._in_order(statement.orelse)])

    def _in_try(self, statement: ast.Try) -> Answer:
        if self._in_order(statement.finalbody) == "yes":
            return "yes"
        normal = self._in_order([*statement.body, *statement.orelse])
        # A handler that raises ends the import, so there is no module without the name.
        others = [
            self._in_order(handler.body)
            for handler in statement.handlers
            if not isinstance(handler.body[-1], ast.Raise)
        ]
        # What the body bound before it failed exists in a handler too, but how far it came is not known.
        return _either([normal, *others])

    def _binds(self, targets: Sequence[ast.expr]) -> bool:
        named = (node for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))
        return any(node.id == self.name and not isinstance(node.ctx, ast.Load) for node in named)

    def _is_dynamic(self, node: ast.AST) -> bool:
        """Return whether a node may define the name where or when a search in order does not see it."""
        if isinstance(node, ast.Global):
            return self.name in node.names
        if isinstance(node, ast.NamedExpr):
            return node.target.id == self.name
        if isinstance(node, (ast.MatchAs, ast.MatchStar)):
            return node.name == self.name
        if isinstance(node, ast.FunctionDef):
            return node.name == "__getattr__"
        if isinstance(node, ast.Attribute):
            return node.attr == "modules"
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _DYNAMIC_CALLS

    def _is_set(self, node: ast.AST) -> bool:
        """Return whether a node sets an attribute of the name, which may be that of the module."""
        return isinstance(node, ast.Attribute) and node.attr == self.name and not isinstance(node.ctx, ast.Load)


def _either(answers: Sequence[Answer]) -> Answer:
    if all(answer == "yes" for answer in answers):
        return "yes"
    return "no" if all(answer == "no" for answer in answers) else "maybe"


def _truth(test: ast.expr) -> bool | None:
    """Return whether a condition holds in a module that Lambda imports; None if only a run can tell."""
    match test:
        case ast.Constant():
            return bool(test.value)
        case ast.Name("TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return False
        case ast.Compare(ast.Name("__name__"), [ast.Eq() | ast.NotEq() as operator], [ast.Constant("__main__")]):
            return isinstance(operator, ast.NotEq)
        case ast.UnaryOp(ast.Not(), operand):
            holds = _truth(operand)
            return None if holds is None else not holds
    return None
