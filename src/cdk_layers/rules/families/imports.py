"""Imports of the code of functions and layers that nothing provides."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from cdk_layers.app.model import Function
from cdk_layers.contents.owners import owner
from cdk_layers.lambda_service.runtimes import EXEC_WRAPPER, runtime_distributions
from cdk_layers.rules.facts.import_names import distribution_of, modules_of
from cdk_layers.rules.facts.module_search import LONGEST_NAME, Module, find_module, misplaced
from cdk_layers.rules.facts.own_imports import Import, own_source, reached, with_parents
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
from cdk_layers.system.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cdk_layers.app.model import Settings
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
_MOST_LISTED: Final = 3
_IN_PACKAGE: Final = (
    "Add the module to that package, or correct the import. Python looks for submodules only in the first package of "
    "a name that has an __init__.py."
)


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
    missing: dict[str, Import] = {}
    for imported in _always_imported(handler, places):
        if name := _missing_name(imported.name, function, places):
            missing.setdefault(name, imported)
    possible = reached(handler, places, is_certain=False) if missing else ()
    # The code that finds them may be in a module that is imported under a condition, such as unzip_requirements.
    if missing and not any(source.finds_more for source in possible):
        yield _missing(handler, missing, parts(function), places)


def _missing(handler: str, missing: dict[str, Import], known: Sequence[Part], places: Places) -> Problem:
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


def _without_folder(imported: Import, known: Sequence[Part]) -> tuple[Part, str] | None:
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
    if find_module(name, places) or _is_of_runtime(top, python_version(function)):
        return None
    found: list[Module] = []
    for prefix in with_parents(name) if len(name) <= LONGEST_NAME else (top,):
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
    source = own_source(module)
    return source is not None and not source.finds_more


def _is_link(name: str, function: Function) -> bool:
    last = name.rpartition(".")[2]
    links = (path for part in parts(function) for path in part.contents.links)
    return any(path.rpartition("/")[2].partition(".")[0] == last for path in links)


def _always_imported(handler: str, places: Places) -> Iterable[Import]:
    """Return the first import of each module that runs with the handler's module, sorted by file and line."""
    first: dict[str, Import] = {}
    for imported in sorted(chain.from_iterable(source.imports for source in reached(handler, places))):
        first.setdefault(imported.name, imported)
    return first.values()
