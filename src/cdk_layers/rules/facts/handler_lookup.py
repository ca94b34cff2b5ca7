"""Lookup of a handler in the source of modules, as the runtime looks it up in the modules that it imports."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from cdk_layers.contents.caching import once_per_archive
from cdk_layers.rules.facts.definitions import Search
from cdk_layers.rules.facts.module_search import find_module, imported_name
from cdk_layers.system.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_layers.app.model import Sources
    from cdk_layers.contents.model import Contents
    from cdk_layers.rules.facts.definitions import Answer
    from cdk_layers.rules.facts.module_search import Module
    from cdk_layers.rules.facts.search_path import Part

_LARGEST_SOURCE: Final = 4 * 1024 * 1024
_MOST_MODULES: Final = 64

Result = Literal["coroutine", "generator", "async_generator"]
"""Types of what a call of a function returns before anything of its body has run, as Python names them."""


def _is_certain(error: SyntaxError, python: str) -> bool:
    """Return whether what the running Python rejects is wrong in a language version too.

    Newer versions accept what older ones accept, and may accept more, such as the f-strings of 3.12. None accepts wrong
    indentation.
    """
    return isinstance(error, IndentationError) or sys.version_info[:2] >= tuple(map(int, python.split(".")))


@dataclass(frozen=True, slots=True)
class Lookup:
    """The lookup of a name in a module, and in the modules that it imports the name from."""

    places: Sequence[tuple[Part, str]]
    python: str
    """The function's language version."""

    answers: dict[tuple[str, str], Answer | SyntaxError] = field(default_factory=dict)
    """Answers by module and name; "no" while the module is being read, which ends cycles."""

    depth: int = 0

    def has(self, module: Module, name: str) -> Answer | SyntaxError:
        """Return whether a module has a name; "yes" for modules that cannot be read, so that nothing is reported."""
        key = (module.name, name)
        if key not in self.answers:
            if len(self.answers) >= _MOST_MODULES:
                return "maybe"
            self.answers[key] = "no"
            self.answers[key] = self._in_module(module, name)
        return self.answers[key]

    def _in_module(self, module: Module, name: str) -> Answer | SyntaxError:
        source = source_of(module)
        if module.part is None:
            answer: Answer | SyntaxError = "no"
        elif source is None:
            return "yes"
        else:
            answer = self._in_source(module, source, name)
        if answer == "no" and module.package and find_module(f"{module.name}.{name}", self.places):
            # A `from` import loads a submodule; looking up an attribute does not.
            return "yes" if self.depth else "maybe"
        return answer

    def _in_source(self, module: Module, source: bytes, name: str) -> Answer | SyntaxError:
        deeper = Lookup(self.places, self.python, self.answers, self.depth + 1)
        search = Search(name, lambda statement, there: deeper.follow(module, statement, there, name))
        try:
            return search.in_module(parse(source))
        except SyntaxError as error:
            return error if _is_certain(error, self.python) else "yes"
        except (ValueError, RecursionError, MemoryError):
            return "yes"

    def follow(self, module: Module, statement: ast.ImportFrom, there: str, name: str) -> Answer:
        """Return whether the module of a `from` import has the name that is imported from it."""
        found = find_module(target, self.places) if (target := imported_name(module, statement)) else None
        if found is None:
            # The standard library and the runtime's packages are on the path too.
            return "maybe" if there == "*" else "yes"
        answer = self.has(found, name if there == "*" else there)
        if there == "*" and answer == "yes" and found.path is None:
            return "maybe"
        return "maybe" if isinstance(answer, SyntaxError) else answer


def source_of(module: Module) -> bytes | None:
    """Return the source of a module; None if it has none, or if it is too large."""
    part, path = module.part, module.path
    return None if part is None or path is None or part.sources is None else _source(part.contents, part.sources, path)


def _source(contents: Contents, sources: Sources, path: str) -> bytes | None:
    return sources.read(path) if contents.files[path].size <= _LARGEST_SOURCE else None


def lazy_result(module: Module, name: str, places: Sequence[tuple[Part, str]]) -> Result | None:
    """Return what a call of a function returns if it runs nothing of the body; None for others, and if it is uncertain.

    Functions with decorators are others, and so are names that more than one statement may bind.

    Args:
        module: The module that has the function, or imports it from one that does.
        name: Its name there.
        places: The search path of the Lambda function.
    """
    for _ in range(_MOST_MODULES):
        part, path = module.part, module.path
        if part is None or path is None or part.sources is None:
            return None
        bound = _bound(part.contents, part.sources, path, name)
        if not isinstance(bound, ast.ImportFrom):
            return bound
        there = next((alias.name for alias in bound.names if (alias.asname or alias.name) == name), None)
        target = imported_name(module, bound)
        found = find_module(target, places) if target else None
        if found is None or there is None:
            return None
        module, name = found, there
    return None


@once_per_archive
def _bound(contents: Contents, sources: Sources, path: str, name: str) -> ast.ImportFrom | Result | None:
    """Return the import that alone binds a name in a source, or the result of the function that alone does."""
    source = _source(contents, sources, path)
    try:
        binding = None if source is None else Search(name, _may_have_all).only_binding(parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if isinstance(binding, ast.FunctionDef | ast.AsyncFunctionDef):
        return _result_of(binding)
    return binding if isinstance(binding, ast.ImportFrom) else None


def _may_have_all(_: ast.ImportFrom, name: str) -> Answer:
    return "maybe" if name == "*" else "yes"


def _result_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Result | None:
    if function.decorator_list:
        return None
    yields = any(isinstance(node, ast.Yield | ast.YieldFrom) for node in _own_nodes(function.body))
    if isinstance(function, ast.AsyncFunctionDef):
        return "async_generator" if yields else "coroutine"
    return "generator" if yields else None


def _own_nodes(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body without those of functions and classes that are defined in it."""
    waiting: list[ast.AST] = [*body]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
