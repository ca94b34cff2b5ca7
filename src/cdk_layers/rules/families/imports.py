"""Imports of the code of functions and layers that nothing provides."""

from __future__ import annotations

import ast
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from cdk_layers.app.model import Function
from cdk_layers.contents.caching import once_per_archive
from cdk_layers.contents.owners import owner
from cdk_layers.lambda_service.runtimes import EXEC_WRAPPER, runtime_distributions
from cdk_layers.rules.facts.import_names import distribution_of, modules_of
from cdk_layers.rules.facts.module_search import LONGEST_NAME, Module, find_module, imported_name, misplaced
from cdk_layers.rules.facts.search_path import (
    has_path_files,
    inside,
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

    from cdk_layers.app.model import Settings, Sources
    from cdk_layers.contents.model import Contents
    from cdk_layers.rules.facts.search_path import Part

register_family(__name__, order=110)

Places = tuple[tuple["Part", str], ...]

_OF_THE_RUNTIME: Final = frozenset((
    "awslambdaric", "bootstrap", "cfnresponse", "lambda_runtime_client", "lambda_runtime_exception",
    "lambda_runtime_log_utils", "lambda_runtime_marshaller", "pip", "pkg_resources", "runtime_client", "setuptools",
    "simplejson", "snapshot_restore_py", "wheel",
))  # fmt: skip
"""Modules that the runtime includes or may include, besides the SDK: its client with its requirements, and what Python
includes. CloudFormation adds cfnresponse to code that is in a template. Source: the base images and the
CloudFormation user guide; not verified for every runtime, so none of them is reported."""

_MANIFESTS: Final = ("requirements.txt", "pyproject.toml", "Pipfile", "Pipfile.lock", "poetry.lock", "uv.lock")
_TRICKS: Final = (b"sys.path", b"sys.meta_path", b"addsitedir", b"sys.modules", b"zipimport", b"__path__")
_MOST_MODULES: Final = 256
_LARGEST_SOURCE: Final = 1024 * 1024
_MOST_LISTED: Final = 3
_IN_PACKAGE: Final = (
    "Add the module to that package, or correct the import. Python looks for submodules only in the first package of "
    "a name that has an __init__.py."
)


class _Import(NamedTuple):
    """One import that runs whenever its module is imported."""

    path: str
    """The file, inside its archive."""

    line: int
    layer: str
    """Where the file is, if not in the function's code; ""."""

    name: str
    """The absolute dotted name of what is imported."""

    taken: tuple[str, ...]
    """The names that a `from` import imports from there: attributes or submodules."""

    @property
    def place(self) -> str:
        """The file and line in messages."""
        return f"{self.path}:{self.line}{self.layer}"


class _Source(NamedTuple):
    """What a module's source tells."""

    imports: tuple[ast.Import | ast.ImportFrom, ...]
    """The imports that always run."""

    finds_more: bool
    """Whether it may change how modules are found."""


@rule(
    "missing-import",
    Function,
    severity="warning",
    meaning="The function's code, or a module of your own in a layer that it imports, imports a module that is neither "
    "in the code nor in a layer, and that neither the runtime nor the standard library provides. Only imports that "
    "always run count: at the top level of the handler's module and of what it imports, and not in a `try` or an `if`.",
    remedy="Add the distribution to the function's requirements or to a layer. If the module is your own, check that "
    "the code's folder is the one that contains it.",
    source="the search path of the runtime's bootstrap; the import system's reference",
    aws_error="Unable to import module 'main': No module named '...'",
    failing="# main.py, the handler's module:\nimport requests\n# requests is in neither the code nor a layer.\n",
    passing="# main.py, the handler's module:\nimport requests\n# A layer contains python/requests/.\n",
)
def missing_import(function: Function, _: Settings) -> Iterator[Problem]:
    """Follow the imports of the handler's module through the function's own code and that of its layers."""
    if not is_python(function) or unknown_parts(function) or _may_find_more(function):
        return
    places = tuple(search_path(function))
    if has_path_files(places):
        return
    handler = (function.handler or "").rpartition(".")[0].replace("/", ".")
    if not handler or len(handler) > LONGEST_NAME or not all(handler.split(".")):
        return
    first: dict[str, _Import] = {}
    for imported in _always_imported(handler, places):
        first.setdefault(imported.name, imported)
    missing: dict[str, _Import] = {}
    for imported in first.values():
        if name := _missing_name(imported.name, function, places):
            missing.setdefault(name, imported)
    if missing:
        yield _missing(handler, missing, parts(function), places)


def _missing(handler: str, missing: dict[str, _Import], known: Sequence[Part], places: Places) -> Problem:
    shown = listed((_named(name, imported.place) for name, imported in missing.items()), _MOST_LISTED)
    first, imported = next(iter(missing.items()))
    message = (
        f"The function imports modules that neither its code, its layers, the runtime nor the standard library "
        f"provides: {shown}."
    )
    aws_error = f"Unable to import module '{handler}': No module named '{first}'"
    package = find_module(first.rpartition(".")[0], places)
    if package is not None:
        return Problem(message + _hidden(first, package, known), remedy=_IN_PACKAGE, aws_error=aws_error)
    if other := misplaced(first, known):
        message += f" A file of the name {first!r} is {other[0].at(other[1])}, in a folder that Python does not search."
    elif bare := _without_folder(imported, known):
        part, module = bare
        message += f" {part.at(f'{part.modules_below}{module}.py')} is imported as {module!r}, not '{first}.{module}'."
        remedy = f"Move the modules of the package into a folder {first}/, which goes into the archive with its name."
        return Problem(message, remedy=remedy, aws_error=aws_error)
    return Problem(message, aws_error=aws_error)


def _hidden(name: str, package: Module, known: Sequence[Part]) -> str:
    """Return a sentence about a file of a missing submodule that the package found first hides; "" if there is none."""
    other = misplaced(name, known)
    if other is None or package.part is None or package.path is None:
        return ""
    return f" {other[0].at(other[1])} is not searched, since {package.name!r} is {package.part.at(package.path)}."


def _without_folder(imported: _Import, known: Sequence[Part]) -> tuple[Part, str] | None:
    """Return a module that was packed without the folder of its package: its archive, and its name there."""
    modules = (*imported.name.split(".")[1:2], *imported.taken)
    for part in known:
        files, top = part.contents.files, part.modules_below
        if f"{top}__init__.py" in files:
            for module in modules:
                if f"{top}{module}.py" in files:
                    return part, module
    return None


def _named(name: str, place: str) -> str:
    distribution = distribution_of(name)
    is_guess = distribution == name.replace("_", "-")
    known = "" if is_guess else f", of the distribution {distribution}"
    return f"{name} ({place}{known})"


def _may_find_more(function: Function) -> bool:
    """Return whether modules may come from places that this rule does not search."""
    files = function.code.files if function.code is not None else {}
    is_unbuilt = function.is_source and any(name in files for name in _MANIFESTS)
    environment = function.environment
    paths = environment is None or "PYTHONPATH" in environment or EXEC_WRAPPER in environment
    return is_unbuilt or paths or function.code is None


def _missing_name(name: str, function: Function, places: Places) -> str | None:
    """Return the first package or module of a dotted name that is missing; None if there is none or it is uncertain.

    Submodules are certain only in packages of the user: distributions may add them when they are imported.
    """
    top = name.partition(".")[0]
    if _is_of_runtime(top, python_version(function)):
        return None
    found: list[Module] = []
    for prefix in (*_parents(name), name) if len(name) <= LONGEST_NAME else (top,):
        module = find_module(prefix, places)
        if module is None:
            certain = all(_is_own(package, places) for package in found) and not _is_link(prefix, function)
            return prefix if certain else None
        found.append(module)
    return None


def _is_of_runtime(name: str, python: str) -> bool:
    return (
        name.startswith("_")
        or name in _OF_THE_RUNTIME
        or name in standard_library(python)
        or name in modules_of(runtime_distributions(python))
    )


def _is_own(module: Module, places: Places) -> bool:
    """Return whether a module is certainly the user's, and its source does not change how others are found."""
    if module.part is None:
        return all(owner(part.contents, inside(root, module.name.replace(".", "/"))) is None for part, root in places)
    source = _own_source(module)
    return source is not None and not source.finds_more


def _is_link(name: str, function: Function) -> bool:
    last = name.rpartition(".")[2]
    links = (path for part in parts(function) for path in part.contents.links)
    return any(path.rpartition("/")[2].partition(".")[0] == last for path in links)


def _always_imported(handler: str, places: Places) -> Iterator[_Import]:
    """Yield the imports that run with the handler's module; nothing if code changes how modules are found."""
    waiting: deque[str] = deque()
    seen: set[str] = set()
    found: list[_Import] = []
    _add((handler,), waiting, seen)
    while waiting:
        module = find_module(waiting.popleft(), places)
        source = _own_source(module) if module is not None else None
        if module is None or source is None:
            continue
        if source.finds_more:
            return
        for imported in _imports(module, source):
            found.append(imported)
            _add((imported.name, *imported.taken), waiting, seen)
    yield from sorted(found)


def _add(imported: tuple[str, ...], waiting: deque[str], seen: set[str]) -> None:
    """Add a module, its parents and the names imported from it to the modules to read, up to the bounds."""
    module, *taken = imported
    for name in (*_parents(module), module, *(f"{module}.{name}" for name in taken[:_MOST_MODULES])):
        if len(seen) >= _MOST_MODULES:
            return
        if name not in seen and len(name) <= LONGEST_NAME:
            seen.add(name)
            waiting.append(name)


def _parents(name: str) -> Iterator[str]:
    """Yield the packages that a module is in, outermost first; none for a name that is too long to look up."""
    if len(name) <= LONGEST_NAME:
        segments = name.split(".")
        yield from (".".join(segments[:end]) for end in range(1, len(segments)))


def _own_source(module: Module) -> _Source | None:
    """Return what the source of a module tells; None for modules of distributions, and without a source."""
    part, path = module.part, module.path
    if part is None or path is None or part.sources is None or owner(part.contents, path) is not None:
        return None
    return _read(part.contents, part.sources, path)


@once_per_archive
def _read(contents: Contents, sources: Sources, path: str) -> _Source | None:
    """Return what a source tells; None if it is too large. The running Python may not parse what a newer one does."""
    source = sources.read(path) if contents.files[path].size <= _LARGEST_SOURCE else None
    if source is None:
        return None
    try:
        statements: Sequence[ast.stmt] = parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        statements = ()
    imports = tuple(each for each in statements if isinstance(each, ast.Import | ast.ImportFrom))
    return _Source(imports, any(trick in source for trick in _TRICKS))


def _imports(module: Module, source: _Source) -> Iterator[_Import]:
    layer = f" in {module.part.label}" if module.part is not None and module.part.layer is not None else ""
    for statement in source.imports:
        place = (module.path or "", statement.lineno, layer)
        if isinstance(statement, ast.Import):
            yield from (_Import(*place, alias.name, ()) for alias in statement.names)
        elif name := imported_name(module, statement):
            yield _Import(*place, name, tuple(alias.name for alias in statement.names if alias.name != "*"))
