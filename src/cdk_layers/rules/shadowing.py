"""Modules that hide others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_layers.build.owners import kept
from cdk_layers.rules.dependencies import installed
from cdk_layers.rules.engine import Problem, rule
from cdk_layers.rules.model import Function
from cdk_layers.rules.search_path import is_python, modules, parts, python_version, roots, search_path, unknown_parts
from cdk_layers.rules.standard_library import standard_library

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.build.contents import Contents
    from cdk_layers.rules.model import Settings

_SDK: Final = ("boto3", "botocore", "s3transfer")
_RUNTIME_CLIENT: Final = frozenset(("awslambdaric", "bootstrap", "runtime_client", "snapshot_restore_py"))


@rule(
    "shadowed-sdk",
    Function,
    severity="warning",
    meaning="Of boto3, botocore and s3transfer some are packaged and the others come from the runtime, at whatever "
    "version it has.",
    remedy="Package boto3 itself, pinned: it brings the botocore and s3transfer that suit it. Or package none of them.",
    source="sys.path puts the code and the layers before the runtime's own SDK; its versions there are not verified",
    service_words="Unable to import module 'main': cannot import name '...' from 'botocore...'",
    failing="python/botocore/ without python/boto3/\n",
    passing="python/boto3/, python/botocore/ and python/s3transfer/\n",
)
def shadowed_sdk(function: Function, _: Settings) -> Iterator[Problem]:
    """Yield a problem when the SDK is put together from two places."""
    if not is_python(function):
        return
    brought = {name for part, root in search_path(function) for name in modules(part.contents, root) if name in _SDK}
    there = [name for name in _SDK if name in brought]
    absent = [name for name in _SDK if name not in brought]
    # s3transfer alone hides nothing that the runtime's own boto3 would not accept as readily.
    if absent and {"boto3", "botocore"} & brought:
        versions = installed(function)
        told = ", ".join(f"{name} {versions[name][0][0].version}" if name in versions else name for name in there)
        hidden = unknown_parts(function)
        unless = f", unless {' or '.join(hidden)} brings it" if hidden else ""
        yield Problem(f"The function packages {told}, and takes {' and '.join(absent)} from the runtime{unless}.")


@rule(
    "shadowed-stdlib",
    Function,
    severity="warning",
    meaning="A module in the code or in a layer has the name of one of the standard library's or of the runtime "
    "client's, and comes before it on sys.path.",
    remedy="Rename it, or drop a backport that this Python no longer needs.",
    source="sys.path: /var/task and /opt/python come before the standard library; what the runtime has imported by "
    "then stays as it is",
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
                whose = "the standard library" if set(hidden) - _RUNTIME_CLIENT else "Lambda's runtime client"
                yield Problem(f"{', '.join(hidden)} in {part.label} can hide {whose}'s own of that name.")


@kept
def _hidden(contents: Contents, root: str, python: str) -> tuple[str, ...]:
    return tuple(sorted(modules(contents, root) & (standard_library(python) | _RUNTIME_CLIENT)))
