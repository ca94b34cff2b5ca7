"""Handlers that do not exist."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from cdk_layers.app.model import Function
from cdk_layers.contents.owners import owner
from cdk_layers.lambda_service.runtimes import EXEC_WRAPPER
from cdk_layers.rules.facts.handler_lookup import Lookup, lazy_result, source_of
from cdk_layers.rules.facts.module_search import LONGEST_NAME, Module, find_module, misplaced
from cdk_layers.rules.facts.search_path import (
    has_path_files,
    has_unknown_path,
    is_python,
    parts,
    python_version,
    search_path,
    unknown_parts,
)
from cdk_layers.rules.facts.standard_library import standard_library
from cdk_layers.rules.registry import Problem, register_family, rule
from cdk_layers.system.syntax import parse
from cdk_layers.system.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_layers.app.model import Settings
    from cdk_layers.contents.model import Contents
    from cdk_layers.rules.facts.search_path import Part

register_family(__name__, order=100)

_WRAPPERS: Final = (
    "awslambdaric", "datadog_lambda", "instana", "lumigo_tracer", "newrelic_lambda_wrapper", "otel_wrapper",
    "sentry_sdk", "thundra",
)  # fmt: skip
"""Modules of well-known layers that are used as handlers, and then call the function's own.

Source: the documentation of their vendors.
"""

_ADD: Final = (
    "Add the layer that the vendor publishes, or a distribution that contains this module. The vendor's distribution "
    "may lack it, as those of Sentry and New Relic do."
)
_MOST_LISTED: Final = 5
_BUILT_IN: Final = frozenset(
    ("builtins", "errno", "gc", "itertools", "marshal", "posix", "pwd", "signal", "sys", "time")
)


@rule(
    "handler-not-found",
    Function,
    severity="error",
    meaning="The handler's module is neither in the code nor in a layer, or it does not define the handler. A warning "
    "if only running the code could show it.",
    remedy='Write the handler as "module.function", the module\'s path being relative to the root of the code, and '
    "check that the code's folder is the one that contains it.",
    source="the runtime client's own code (awslambdaric, bootstrap.py): it imports the module, then looks up the name",
    failing="Handler: main.handler\n# The code contains only app.py, or a main.py without `def handler`.\n",
    passing="Handler: main.handler\n# The code contains main.py with `def handler(event, context)`.\n",
)
def handler_not_found(function: Function, _: Settings) -> Iterator[Problem]:
    """Look up the handler as the runtime does."""
    if not is_python(function) or not function.handler:
        return
    if EXEC_WRAPPER in (function.environment or {}):
        # Its program may handle the handler differently.
        return
    if len(function.handler) > LONGEST_NAME:
        return
    module, dot, name = function.handler.rpartition(".")
    if not dot:
        aws_error = f"Bad handler '{function.handler}': not enough values to unpack (expected 2, got 1)"
        yield Problem(f"The handler {function.handler!r} names no function: it contains no dot.", aws_error=aws_error)
    elif module.partition(".")[0] in _BUILT_IN:
        aws_error = f"Cannot use built-in module {module} as a handler module"
        yield Problem(
            f"The handler {function.handler!r} names a module that is built into Python.", aws_error=aws_error
        )
    else:
        yield from _look_up(function, module, name)


@rule(
    "async-handler",
    Function,
    severity="warning",
    meaning="The handler is an `async def` function or a generator. The runtime calls it without awaiting or iterating "
    "what it returns, so nothing of it runs, and the result is no JSON. Handlers with decorators are not reported.",
    remedy="Define the handler with `def`, and let it call the coroutine: `return asyncio.run(main(event, context))`.",
    source="the runtime client's own code (awslambdaric 4.2.2): it calls the handler, and converts the result to JSON",
    aws_error="Runtime.MarshalError: Unable to marshal response: Object of type coroutine is not JSON serializable",
    failing="Handler: main.handler\n# main.py contains `async def handler(event, context)`.\n",
    passing="Handler: main.handler\n# main.py contains `def handler(event, context)`, which calls asyncio.run.\n",
)
def async_handler(function: Function, _: Settings) -> Iterator[Problem]:
    """Look at the definition of the handler."""
    environment = function.environment
    if not is_python(function) or function.macros or environment is None or EXEC_WRAPPER in environment:
        # A wrapper or a macro may make another function the handler, which runs the coroutine.
        return
    handler = function.handler or ""
    module, _dot, name = handler.rpartition(".")
    dotted = module.replace("/", ".")
    if len(handler) > LONGEST_NAME or not all(dotted.split(".")):
        return
    places = tuple(search_path(function))
    found = find_module(dotted, places)
    result = lazy_result(found, name, places) if found is not None else None
    if found is not None and result is not None:
        what = {"coroutine": "an async def function", "generator": "a generator"}.get(result, "an async generator")
        remedy = None if result == "coroutine" else "Let the handler return one value instead of yielding values."
        yield Problem(
            f"{name!r} of {_description(found)}, the function's handler, is {what}: the runtime calls it, and neither "
            "awaits nor iterates what it returns.",
            remedy=remedy,
            aws_error="Runtime.MarshalError: Unable to marshal response: "
            f"Object of type {result} is not JSON serializable",
        )


def _look_up(function: Function, module: str, name: str) -> Iterator[Problem]:
    places = tuple(search_path(function))
    dotted = module.replace("/", ".")
    found = find_module(dotted, places) if all(dotted.split(".")) else None
    if found is None:
        yield from _missing_module(function, module, places)
        return
    lookup = Lookup(places, python_version(function))
    answer = lookup.has(found, name)
    aws_error = f"Handler '{name}' missing on module '{module}'"
    if isinstance(answer, SyntaxError):
        yield _syntax_problem(module, answer, found)
    elif answer == "no":
        others = _defined(found)
        instead = f" It defines {listed(map(repr, others), _MOST_LISTED)}." if others else ""
        message = f"{_description(found)} does not define {name!r}, the function's handler.{instead}"
        yield Problem(message, aws_error=aws_error)
    elif answer == "maybe":
        yield Problem(
            f"Only running {_description(found)} could show whether it defines {name!r}, the function's handler.",
            severity="warning",
            aws_error=aws_error,
        )


def _defined(module: Module) -> list[str]:
    """Return the functions that the top level of a module that can be parsed defines or imports, likely ones first."""
    names: list[str] = []
    for statement in parse(source_of(module) or b"").body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            names.append(statement.name)
        elif isinstance(statement, ast.ImportFrom):
            imported = (alias.asname or alias.name for alias in statement.names)
            names += [name for name in imported if "handler" in name.lower()]
    public = (name for name in dict.fromkeys(names) if not name.startswith("_"))
    return sorted(public, key=lambda name: "handler" not in name.lower())


def _description(module: Module) -> str:
    if module.part is None:
        return f"The namespace package {module.name!r}"
    return module.part.at(module.path or module.name)


def _missing_module(function: Function, module: str, places: Sequence[tuple[Part, str]]) -> Iterator[Problem]:
    hidden = unknown_parts(function)
    # Lumigo's plugin for the Serverless Framework writes this path as the handler.
    dotted = module.removeprefix("/opt/python/").replace("/", ".")
    first = dotted.partition(".")[0]
    if function.code is None or (hidden and first in _WRAPPERS) or first in standard_library(python_version(function)):
        return
    if has_path_files(places) or has_unknown_path(function):
        return
    maybe = f" It may come from {', '.join(hidden)}, whose content is not known." if hidden else ""
    other = misplaced(dotted, parts(function))
    shown = (
        f" in a folder that Python searches. A file of that name is {other[0].at(other[1])}."
        if other
        else _listed(function.code, first)
    )
    yield Problem(
        f"Neither the function's code nor its layers contain the handler's module {module!r}{shown}{maybe}",
        remedy=_move(dotted, *other) if other else _ADD if first in _WRAPPERS else None,
        severity="warning" if hidden else None,
        aws_error=f"Unable to import module '{module}': {_import_error(dotted, places)}",
    )


def _listed(code: Contents, package: str) -> str:
    """Return what the code contains, for a message: first the modules of the handler's package, then own ones."""
    modules = sorted(
        (path for path in code.files if path.endswith(".py")),
        key=lambda path: (not path.startswith(f"{package}/"), owner(code, path) is not None, path),
    )
    return f"; the code contains {listed(modules, _MOST_LISTED) if modules else 'no Python'}."


def _move(module: str, part: Part, path: str) -> str:
    """Return the remedy for a module that is in a folder that Python does not search."""
    if part.layer is not None:
        return "If it is that file, move it to python/ in the layer, or to the root of the code."
    folder = path[: path.rindex(module.replace(".", "/"))]
    return (
        f"If it is that file, make {folder} the folder of the code, or begin the handler with "
        f"{folder.replace('/', '.')!r}. In the entry of a LayeredFunction, packages of a "
        "project are at the root if its wheel has them there, and a [build-system] but no setup.py decides that."
    )


def _import_error(dotted: str, places: Sequence[tuple[Part, str]]) -> str:
    """Return Python's error for a module that does not exist: it names the first package or module that is missing."""
    parent, parent_module = "", None
    for segment in dotted.split("."):
        name = f"{parent}.{segment}" if parent else segment
        found = find_module(name, places) if segment else None
        if found is None:
            is_file = parent_module is not None and not parent_module.package
            return f"No module named '{name}'" + (f"; '{parent}' is not a package" if is_file else "")
        parent, parent_module = name, found
    return f"No module named '{dotted}'"


def _syntax_problem(module: str, error: SyntaxError, found: Module) -> Problem:
    return Problem(
        f"{_description(found)} cannot be parsed, line {error.lineno}: {error.msg}.",
        remedy="Correct the syntax.",
        aws_error=f"Syntax error in module '{module}': {error.msg}",
    )
