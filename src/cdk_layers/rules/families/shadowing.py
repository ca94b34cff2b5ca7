"""Modules that hide others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_layers.app.model import Function
from cdk_layers.building.trim.kinds import TEST_FOLDERS
from cdk_layers.contents.caching import once_per_archive
from cdk_layers.contents.owners import owner
from cdk_layers.rules.facts.search_path import (
    inside,
    installed,
    is_python,
    modules,
    names,
    parts,
    python_version,
    roots,
    search_path,
    unknown_parts,
)
from cdk_layers.rules.facts.standard_library import standard_library
from cdk_layers.rules.registry import Problem, register_family, rule
from cdk_layers.system.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_layers.app.model import Settings
    from cdk_layers.contents.model import Contents
    from cdk_layers.rules.facts.search_path import Part

register_family(__name__, order=90)

_SDK: Final = ("boto3", "botocore", "s3transfer")
_BOTO3: Final = re.compile(r"(?:boto3|s3transfer)\b", re.IGNORECASE)
_SDK_FOLDER: Final = re.compile(r"(?:^|/)(?:botocore|s3transfer)/")
_MOST_SOURCE: Final = 4 * 1024 * 1024
_MOST_LISTED: Final = 3
_RUNTIME_CLIENT: Final = frozenset(("awslambdaric", "bootstrap", "runtime_client", "snapshot_restore_py"))


@rule(
    "shadowed-sdk",
    Function,
    severity="warning",
    meaning="Some of boto3, botocore and s3transfer are packaged, and the others come from the runtime, at any "
    "version. Botocore alone is fine where nothing names boto3.",
    remedy="Package boto3 itself, pinned: it requires the right botocore and s3transfer. Or package none of them.",
    source="sys.path puts the code and the layers before the runtime's own SDK; its versions there are not verified",
    aws_error="Unable to import module 'main': cannot import name '...' from 'botocore...'",
    failing="python/botocore/ without python/boto3/, and code that imports boto3\n",
    passing="python/boto3/, python/botocore/ and python/s3transfer/\n",
)
def shadowed_sdk(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield a problem if the SDK is assembled from two places."""
    if not is_python(function):
        return
    provided = {name for part, root in search_path(function) for name in modules(part.contents, root) if name in _SDK}
    packaged = [name for name in _SDK if name in provided]
    absent = [name for name in _SDK if name not in provided]
    # s3transfer alone is compatible with the boto3 of the runtime.
    if absent and {"boto3", "botocore"} & provided and ("boto3" in provided or _may_use_boto3(function)):
        versions = installed(function)
        names = ", ".join(f"{name} {versions[name][0][0].version}" if name in versions else name for name in packaged)
        hidden = unknown_parts(function)
        unless = f", unless {' or '.join(hidden)} provides it" if hidden else ""
        yield Problem(f"The function packages {names}, and takes {' and '.join(absent)} from the runtime{unless}.")


def _may_use_boto3(function: Function) -> bool:
    """Return whether something may import the runtime's boto3: many distributions need botocore alone."""
    if unknown_parts(function) or any(part.sources is None for part in parts(function)):
        return True
    required = (line for found in installed(function).values() for each, _ in found for line in each.requires)
    return any(map(_BOTO3.match, required)) or any(_names_boto3(part) for part in parts(function))


def _names_boto3(part: Part) -> bool:
    """Return whether a source of no distribution contains the name of boto3; also if there is too much to read."""
    own = [
        (path, file.size)
        for path, file in part.contents.files.items()
        if path.endswith(".py") and owner(part.contents, path) is None and _SDK_FOLDER.search(path) is None
    ]
    if part.sources is None or sum(size for _, size in own) > _MOST_SOURCE:
        return True
    return any(b"boto3" in (part.sources.read(path) or b"") for path, _ in own)


@rule(
    "shadowed-stdlib",
    Function,
    severity="warning",
    meaning="A module in the code or in a layer has the name of a module of the standard library or of the runtime "
    "client, and comes before it on sys.path.",
    remedy="Rename it, or remove a backport that this Python no longer needs.",
    source="sys.path: /var/task and /opt/python come before the standard library; modules that the runtime has "
    "already imported are not affected",
    failing="python/random.py\n",
    passing="python/company_random.py\n",
)
def shadowed_stdlib(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield a problem for each archive that hides modules."""
    if not is_python(function):
        return
    python = python_version(function)
    for part in parts(function):
        for root in roots(part, python):
            hidden = _hidden(part.contents, root, python)
            if hidden:
                owner = "the standard library" if set(hidden) - _RUNTIME_CLIENT else "Lambda's runtime client"
                yield Problem(f"{', '.join(hidden)} in {part.label} can hide the modules of these names in {owner}.")


@rule(
    "namespace-hidden",
    Function,
    severity="warning",
    meaning="A regular package (a folder with an `__init__.py`) is found before the parts of a namespace package of "
    "the same name, so that Python never looks into those parts.",
    remedy="Delete the `__init__.py`, so that the folders join as a namespace package, or rename the package.",
    source="PEP 420: the first regular package on sys.path ends the search, and the parts of a namespace package join",
    aws_error="Unable to import module 'main': No module named 'google.protobuf'",
    failing="# The code: google/__init__.py. A layer: python/google/protobuf/, without python/google/__init__.py\n",
    passing="# The code: google/reports/core.py, without google/__init__.py\n",
)
def namespace_hidden(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield a problem for each package that hides the namespace packages of other archives."""
    if not is_python(function):
        return
    regular: dict[str, tuple[Part, str]] = {}
    places = list(search_path(function))
    for part, root in places:
        # The tests that some distributions install into site-packages by mistake are not imported.
        for name in names(part.contents, root) - TEST_FOLDERS:
            init = f"{inside(root, name)}/__init__.py"
            if init in part.contents.files:
                regular.setdefault(name, (part, init))
    for name, (hiding, init) in sorted(regular.items()):
        if not _extends_its_path(hiding, init):
            yield from _hidden_modules(name, hiding, init, places)


def _hidden_modules(name: str, hiding: Part, init: str, places: Sequence[tuple[Part, str]]) -> Iterator[Problem]:
    for part, root in places:
        base = inside(root, name)
        hidden = sorted(_modules_in(part.contents, base))
        if hidden and part is not hiding and f"{base}/__init__.py" not in part.contents.files:
            shown = listed((f"{name}.{module}" for module in hidden), _MOST_LISTED)
            yield Problem(
                f"{hiding.at(init)} makes {name!r} a regular package, which hides {shown} in {part.label}.",
                aws_error=f"No module named '{name}.{hidden[0]}'",
            )


@once_per_archive
def _modules_in(contents: Contents, folder: str) -> frozenset[str]:
    """Return the modules and packages directly in a folder of an archive, namespace packages included."""
    start = f"{folder}/"
    code = (path[len(start) :] for path in contents.files if path.startswith(start) and path.endswith((".py", ".so")))
    return frozenset(path.partition("/")[0].partition(".")[0] for path in code)


def _extends_its_path(part: Part, init: str) -> bool:
    """Return whether a package adds the other folders of its name to its path, as old namespace packages do."""
    source = part.sources.read(init) if part.sources is not None else None
    return source is not None and any(word in source for word in (b"extend_path", b"declare_namespace"))


@once_per_archive
def _hidden(contents: Contents, root: str, python: str) -> tuple[str, ...]:
    return tuple(sorted(modules(contents, root) & (standard_library(python) | _RUNTIME_CLIENT)))
