"""Where things lie in a layer, and what one layer does to another."""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING, Final

from cdk_layers.app.model import Function, Layer
from cdk_layers.contents.answers import once_per_archive
from cdk_layers.contents.owners import owner
from cdk_layers.errors import ContentError
from cdk_layers.rules.facts.search_path import is_python, layer_parts, listed_files, modules, python_version
from cdk_layers.rules.registry import Problem, further_check, register_family, rule
from cdk_layers.system.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.app.model import Settings
    from cdk_layers.contents.model import Contents
    from cdk_layers.rules.facts.search_path import Part

register_family(__name__, order=60, error=ContentError)

_SITE_PACKAGES: Final = re.compile(r"python/lib/python(\d{1,3}\.\d{1,3})/site-packages/")
_IMPORTABLE: Final = r"(?:[^/]+\.py|[^/]+/__init__\.py|[^/]+\.dist-info/METADATA)"
_NESTED: Final = re.compile(
    rf"(python/python|python/(?:lib/)?(?:site|dist)-packages|python/lib/[^/]+/dist-packages)/{_IMPORTABLE}"
)
_ASTRAY: Final = re.compile(
    rf"((?:[^/]+/){{0,4}}(?:site|dist)-packages/|(?!lib/|bin/|share/|nodejs/|java/|ruby/)[^/]+/python/|){_IMPORTABLE}"
)
_OWN_INTERPRETER: Final = re.compile(r"(?:bin|python/bin)/python[\d.]*")

_PLACES: Final = "the developer guide: python/ and python/lib/python3.x/site-packages of a layer are on sys.path"


@rule(
    "wrong-folder",
    Layer,
    severity="error",
    meaning="Python code is in a folder of a layer where no Python function looks for it. A warning for the folder of "
    "another Python version next to code that is found.",
    remedy="Put packages directly into python/ at the root of the layer's archive, as SharedPythonLayer does.",
    source=_PLACES,
    aws_error="Unable to import module 'main': No module named '...'",
    failing="requests/__init__.py\nrequests/api.py\n",
    passing="python/requests/__init__.py\npython/requests/api.py\n",
)
def wrong_folder(layer: Layer, _: Settings) -> Iterator[Problem]:
    """Yield a problem for a layer that says it is for Python."""
    pythons = [name.removeprefix("python") for name in layer.runtimes or () if name.startswith("python3.")]
    for part in layer_parts([layer] if pythons else []):
        yield from _astray(part)
        for python in pythons:
            yield from _of_other_version(part, python)


@further_check("wrong-folder", Function)
def wrong_folder_of_function(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield the same for layers that say nothing, as far as a Python function uses them."""
    # A path of the user's own may lead anywhere, such as to /opt itself.
    if is_python(function) and "PYTHONPATH" not in (function.environment or {}):
        for part in layer_parts(function.used_layers):
            if part.layer and function.runtime not in (part.layer.runtimes or ()):
                yield from _astray(part)
                yield from _of_other_version(part, python_version(function))


def _astray(part: Part) -> Iterator[Problem]:
    misplaced = _misplaced(part.contents)
    if misplaced and part.layer:
        shown = listed_files(part.contents, misplaced)
        message = f"Layer {part.layer.label!r} holds Python code where no function looks for it: {shown}."
        yield Problem(message, where=part.layer.where)


@once_per_archive
def _misplaced(contents: Contents) -> tuple[str, ...]:
    """Return Python code that lies outside the folders on the path; () for layers that are about something else."""
    files = contents.files
    if any(path.startswith("python/") for path in files):
        package = "python/python/__init__.py" in files
        return tuple(path for path in files if not package and _NESTED.match(path))
    # An extension or an interpreter of its own knows where its code lies.
    if any(path.startswith("extensions/") or _OWN_INTERPRETER.fullmatch(path) for path in files):
        return ()
    return tuple(path for path in files if _ASTRAY.match(path) and not path.startswith(("bin/", "nodejs/")))


def _of_other_version(part: Part, python: str) -> Iterator[Problem]:
    versions = _site_packages(part.contents)
    if versions and python not in versions and part.layer:
        some = modules(part.contents, "python")
        yield Problem(
            f"Layer {part.layer.label!r} holds packages in python/lib/ for Python {' and '.join(versions)} alone, and "
            f"Python {python} looks in python/lib/python{python}/site-packages and python/.",
            where=part.layer.where,
            remedy=f"Put them into python/ or python/lib/python{python}/site-packages.",
            # What lies in python/ directly is found all the same, so that the layer may be meant for both.
            severity="warning" if some else None,
        )


@once_per_archive
def _site_packages(contents: Contents) -> tuple[str, ...]:
    found = {match[1] for match in map(_SITE_PACKAGES.match, contents.files) if match}
    return tuple(sorted(found, key=lambda version: [int(part) for part in version.split(".")]))


@rule(
    "file-overwritten",
    Function,
    severity="warning",
    meaning="Two layers bring different files by the same path; the layer that comes later wins.",
    remedy="Rename one of them or keep it in one layer; where the order is meant, acknowledge this.",
    source="the developer guide: layers are extracted in the listed order into /opt, the last one wins",
    failing="# Layers: [base, data]\nbase: python/settings.py\ndata: python/settings.py, with other bytes\n",
    passing="# Layers: [base, data]\nbase: python/settings.py\ndata: python/settings.py, with the same bytes\n",
)
def file_overwritten(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield a problem for each pair of layers that disagree about files."""
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
        sorted(path for path in changed if not _beside_the_point(path) and not _versions_differ(path, lower, upper))
    )


def _beside_the_point(path: str) -> bool:
    """Return whether a file is nothing that a function imports or runs."""
    return ".dist-info/" in path or "__pycache__/" in path or path.startswith("python/bin/")


def _versions_differ(path: str, lower: Contents, upper: Contents) -> bool:
    """Return whether the file's distribution has two versions, which the rule version-conflict tells."""
    name = owner(lower, path)
    return name is not None and upper.versions.get(name, lower.versions[name]) != lower.versions[name]
