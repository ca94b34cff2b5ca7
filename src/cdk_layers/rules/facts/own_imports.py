"""Imports of the user's own modules, as their source shows them. Those of distributions are not followed."""

from __future__ import annotations

import ast
import re
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

from cdk_layers.contents.caching import once_per_archive
from cdk_layers.contents.owners import owner
from cdk_layers.rules.facts.module_search import LONGEST_NAME, Module, find_module, imported_name
from cdk_layers.system.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cdk_layers.app.model import Sources
    from cdk_layers.contents.model import Contents
    from cdk_layers.rules.facts.search_path import Part

_TRICKS: Final = re.compile(
    rb"sys\.(?:path|meta_path|modules)|from\s+sys\s+import[^\n]*(?:path|modules|[(*])|import\s+sys\s+as|"
    rb"addsitedir|zipimport|__path__|declare_namespace|load_source|load_module|runpy|(?<![\w.])exec\("
)
"""Source of code that may change how modules are found, or add some."""

_ADDS_FOLDERS: Final = re.compile(rb"sys\.path(?:\.(?:insert|append|extend)|\s*\+?=|\[)|addsitedir")
"""The same of a distribution, of which many replace or add their own modules."""

_MOST_MODULES: Final = 256
_LARGEST_SOURCE: Final = 1024 * 1024


class Import(NamedTuple):
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


class Source(NamedTuple):
    """What a module's source tells."""

    imports: tuple[Import, ...]
    """The imports that always run."""

    names: tuple[str, ...]
    """The modules that these import, as far as they exist: packages first."""

    possible_names: tuple[str, ...]
    """The same of all imports, with those in functions and in blocks."""

    finds_more: bool
    """Whether it may change how modules are found."""


def reached(handler: str, places: Sequence[tuple[Part, str]], *, is_certain: bool = True) -> Iterator[Source]:
    """Yield the user's modules that the handler's module imports, up to a bound, or that it may import.

    The latter include modules of distributions that the user's import, but not what these import.
    """
    found = [*with_parents(handler)]
    for name in found:
        module = find_module(name, places)
        if module is None:
            continue
        source = own_source(module)
        if source is None and not is_certain:
            source = _distribution_source(module)
        if source is not None:
            yield source
            names = source.names if is_certain else source.possible_names
            found += dict.fromkeys(name for name in names if name not in found)
            del found[_MOST_MODULES:]


def with_parents(name: str) -> Iterator[str]:
    """Yield the packages that a module is in, outermost first, and it; none for a name that is too long to look up."""
    if len(name) <= LONGEST_NAME:
        yield from accumulate(name.split("."), "{}.{}".format)


def own_source(module: Module) -> Source | None:
    """Return what the source of a module tells; None for modules of distributions, and without a source."""
    part, path = module.part, module.path
    if part is None or path is None or part.sources is None or owner(part.contents, path) is not None:
        return None
    label = f" in {part.label}" if part.layer is not None else ""
    return _read(part.contents, part.sources, path, module.name, label, is_package=module.package)


def _distribution_source(module: Module) -> Source | None:
    part, path = module.part, module.path
    if part is None or path is None or part.sources is None or part.contents.files[path].size > _LARGEST_SOURCE:
        return None
    return Source((), (), (), bool(_ADDS_FOLDERS.search(part.sources.read(path) or b"")))


@once_per_archive
def _read(contents: Contents, sources: Sources, path: str, name: str, label: str, *, is_package: bool) -> Source | None:
    """Return what a source tells; None if it is too large. The running Python may not parse what a newer one does."""
    source = sources.read(path) if contents.files[path].size <= _LARGEST_SOURCE else None
    if source is None:
        return None
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = ast.Module([], [])
    module = Module(name, None, path, is_package)
    imports = tuple(_imports(module, tree.body, label))
    possible = _imports(module, ast.walk(tree), label)
    return Source(imports, _names(imports), _names(possible), bool(_TRICKS.search(source)))


def _imports(module: Module, nodes: Iterable[ast.AST], label: str) -> Iterator[Import]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (Import(module.path or "", node.lineno, label, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (name := imported_name(module, node)):
            taken = tuple(alias.name for alias in node.names if alias.name != "*")
            yield Import(module.path or "", node.lineno, label, name, taken)


def _names(imports: Iterable[Import]) -> tuple[str, ...]:
    """Return modules that imports import, up to the bounds; a name that is imported from one may be one."""
    names: dict[str, None] = {}
    for imported in imports:
        names.update(dict.fromkeys(with_parents(imported.name)))
        below = (f"{imported.name}.{name}" for name in imported.taken[:_MOST_MODULES])
        names.update(dict.fromkeys(name for name in below if len(name) <= LONGEST_NAME))
        if len(names) > _MOST_MODULES:
            break
    return tuple(names)
