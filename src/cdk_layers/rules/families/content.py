"""Code in the wrong folder of a layer, and files of one layer that overwrite those of another."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from itertools import combinations
from typing import TYPE_CHECKING, Final

from cdk_layers.app.model import App, Function
from cdk_layers.building.excludes import TOP_EXCLUDES
from cdk_layers.building.requirements.manifest_names import NEVER_ARCHIVED
from cdk_layers.building.trim.kinds import is_inert
from cdk_layers.contents.caching import once_per_archive
from cdk_layers.contents.owners import owner
from cdk_layers.rules.facts.search_path import is_python, layer_parts, listed_files, modules, python_version
from cdk_layers.rules.registry import Problem, further_check, register_family, rule
from cdk_layers.system.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.app.model import Layer, Settings
    from cdk_layers.contents.model import Contents
    from cdk_layers.rules.facts.search_path import Part

register_family(__name__, order=60)

_SITE_PACKAGES: Final = re.compile(r"python/lib/python(\d{1,3}\.\d{1,3})/site-packages/")
_IMPORTABLE: Final = r"(?:[^/]+\.py|[^/]+/__init__\.py|[^/]+\.dist-info/METADATA)"
_NESTED: Final = re.compile(
    rf"(python/python|python/(?:lib/)?(?:site|dist)-packages|python/lib/[^/]+/dist-packages)/{_IMPORTABLE}"
)
_MISPLACED: Final = re.compile(
    rf"((?:[^/]+/){{0,4}}(?:site|dist)-packages/|(?!lib/|bin/|share/|nodejs/|java/|ruby/)[^/]+/python/|){_IMPORTABLE}"
)
_OWN_INTERPRETER: Final = re.compile(r"(?:bin|python/bin)/python[\d.]*")

_TOP: Final = re.compile(r"(?:python/(?:lib/python[\d.]+/site-packages/)?)?([^/]+)")
_OF_A_PROJECT: Final = (*NEVER_ARCHIVED, *TOP_EXCLUDES, ".gitkeep", ".lock")
"""Names of files for developers and tools. PythonLayerVersion packs the requirements.txt of each layer; uv leaves
.lock in the folder that it installs into."""

_PLACES: Final = "the developer guide: python/ and python/lib/python3.x/site-packages of a layer are on sys.path"


@rule(
    "wrong-folder",
    App,
    severity="error",
    meaning="Python code is in a folder of a layer where Python does not search for it. A warning for the folder of "
    "another Python version next to code that is found. Layers of functions that set PYTHONPATH, which may name any "
    "folder, are not checked.",
    remedy="Put packages directly into python/ at the root of the layer's archive, as SharedPythonLayer does.",
    source=_PLACES,
    aws_error="Unable to import module 'main': No module named '...'",
    failing="requests/__init__.py\nrequests/api.py\n",
    passing="python/requests/__init__.py\npython/requests/api.py\n",
)
def wrong_folder(app: App, _: Settings) -> Iterator[Problem]:
    """Yield the problems of layers that declare Python runtimes, unless a function has its own PYTHONPATH for them."""
    on_own_paths = {layer for function in app.functions if _has_own_path(function) for layer in function.used_layers}
    for layer in app.layers:
        if layer not in on_own_paths:
            yield from _of_declared(layer)


def _has_own_path(function: Function) -> bool:
    """Return whether a user set PYTHONPATH, which may name any folder, such as /opt."""
    return function.environment is None or "PYTHONPATH" in function.environment


def _of_declared(layer: Layer) -> Iterator[Problem]:
    pythons = [name.removeprefix("python") for name in layer.runtimes or () if name.startswith("python3.")]
    for part in layer_parts([layer] if pythons else []):
        yield from _misplaced_problems(part)
        for python in pythons:
            yield from _of_other_version(part, python)


@further_check("wrong-folder", Function)
def wrong_folder_of_function(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield the problems of layers that declare no runtimes, if a Python function uses them."""
    if is_python(function) and not _has_own_path(function):
        for part in layer_parts(function.used_layers):
            if part.layer and function.runtime not in (part.layer.runtimes or ()):
                yield from _misplaced_problems(part)
                yield from _of_other_version(part, python_version(function))


def _misplaced_problems(part: Part) -> Iterator[Problem]:
    misplaced = _misplaced(part.contents)
    # The build of an entry names its folder, and what to do there.
    is_noted = part.layer is not None and any(note.rule == "wrong-folder" for note in part.layer.report.notes)
    if misplaced and part.layer and not is_noted:
        shown = listed_files(part.contents, misplaced)
        message = f"Layer {part.layer.label!r} contains Python code where Python does not search for it: {shown}."
        yield Problem(message, where=part.layer.where)


@once_per_archive
def _misplaced(contents: Contents) -> tuple[str, ...]:
    """Return Python code outside of the folders on sys.path; () for layers that are not meant for that path."""
    files = contents.files
    if "python" in contents.links:
        return ()
    if any(path.startswith("python/") for path in files):
        package = "python/python/__init__.py" in files
        return tuple(path for path in files if not package and _NESTED.match(path))
    # An extension, or an interpreter in the layer, has its own search path.
    if any(path.startswith("extensions/") or _OWN_INTERPRETER.fullmatch(path) for path in files):
        return ()
    return tuple(path for path in files if _MISPLACED.match(path) and not path.startswith(("bin/", "nodejs/")))


def _of_other_version(part: Part, python: str) -> Iterator[Problem]:
    versions = _site_packages(part.contents)
    if versions and python not in versions and part.layer:
        some = modules(part.contents, "python")
        yield Problem(
            f"Layer {part.layer.label!r} contains packages in python/lib/ for Python {' and '.join(versions)} only, "
            f"and Python {python} searches python/lib/python{python}/site-packages and python/.",
            where=part.layer.where,
            remedy=f"Put them into python/ or python/lib/python{python}/site-packages.",
            # Packages in python/ are found by each version, so the layer may be meant for several.
            severity="warning" if some else None,
        )


@once_per_archive
def _site_packages(contents: Contents) -> tuple[str, ...]:
    # A link may stand for the folder of a version, such as python/lib/python3.13 -> python3.12.
    linked = (f"{path}/{below}" for path in contents.links for below in ("", "site-packages/"))
    found = {match[1] for match in map(_SITE_PACKAGES.match, (*contents.files, *linked)) if match}
    return tuple(sorted(found, key=lambda version: [int(part) for part in version.split(".")]))


@rule(
    "file-overwritten",
    Function,
    severity="warning",
    meaning="Two layers contain different files at the same path; the file of the later layer wins.",
    remedy="Rename one of them or keep it in one layer; if the order is intended, acknowledge this.",
    source="the developer guide: layers are extracted in the listed order into /opt, the last one wins",
    failing="# Layers: [base, data]\nbase: python/settings.py\ndata: python/settings.py, with other bytes\n",
    passing="# Layers: [base, data]\nbase: python/settings.py\ndata: python/settings.py, with the same bytes\n",
)
def file_overwritten(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield a problem for each pair of layers with different files at one path."""
    for lower, upper in combinations(layer_parts(function.used_layers), 2):
        paths = _overwritten(lower.contents, upper.contents)
        if paths:
            yield Problem(
                f"{count(len(paths), 'file')} of {lower.label} {'is' if len(paths) == 1 else 'are'} overwritten by "
                f"others of {upper.label}, which comes later and wins: {listed_files(upper.contents, paths)}."
            )


@once_per_archive
def _overwritten(lower: Contents, upper: Contents) -> tuple[str, ...]:
    both = lower.files.keys() & upper.files.keys()
    changed = (path for path in both if lower.files[path][:2] != upper.files[path][:2])
    return tuple(
        sorted(path for path in changed if not _is_irrelevant(path) and not _versions_differ(path, lower, upper))
    )


def _is_irrelevant(path: str) -> bool:
    """Return whether a function neither imports nor runs a file."""
    top = _TOP.fullmatch(path)
    if top and any(fnmatchcase(top[1], name) for name in _OF_A_PROJECT):
        return True
    return is_inert(path) or ".dist-info/" in path or "__pycache__/" in path or path.startswith("python/bin/")


def _versions_differ(path: str, lower: Contents, upper: Contents) -> bool:
    """Return whether the file's distribution has two versions, which the rule version-conflict reports."""
    name = owner(lower, path)
    return name is not None and upper.versions.get(name, lower.versions[name]) != lower.versions[name]
