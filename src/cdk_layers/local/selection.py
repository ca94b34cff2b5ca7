"""Find the function of an app that the user names, and collect what running it takes."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final, TypeVar

from cdk_layers.errors import UsageError
from cdk_layers.local.function import (
    DEFAULT_ACCOUNT,
    DEFAULT_MEMORY_MIB,
    DEFAULT_REGION,
    DEFAULT_TIMEOUT_SECONDS,
    InlineCode,
    LocalFunction,
    LocalLayer,
)
from cdk_layers.system import host
from cdk_layers.system.wording import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from cdk_layers.app.model import App, Function, Layer

BUILD_FIRST: Final = "Run `cdk synth` with bundling for its stack, `sam build` or `serverless package`"
"""What to do if a layer or a function of the app has no content here."""

_LISTED: Final = 20
_Subject = TypeVar("_Subject", bound="Function | Layer")


def find_function(app: App, name: str) -> Function:
    """Return a function by its construct path, its name, its logical id, or an ending of its path that no other has.

    Raises:
        UsageError: No function has this name, or several have it.
    """
    functions = {function.where: function for function in reversed(app.functions)}
    return _the_only(functions.values(), name, "function")


def find_function_or_layer(app: App, name: str) -> Function | Layer:
    """Return a layer of the app, or a function if no layer has the name, as `find_function` does.

    Raises:
        UsageError: No layer or function has this name, or several have it.
    """
    layers = {layer.where: layer for layer in reversed(app.layers) if layer.is_resource}
    functions = {function.where: function for function in reversed(app.functions)}
    if any(_by_name(layers.values(), name)):
        return _the_only(layers.values(), name, "layer")
    if any(_by_name(functions.values(), name)):
        return _the_only(functions.values(), name, "function")
    subjects: list[Function | Layer] = [*layers.values(), *functions.values()]
    return _the_only(subjects, name, "layer or function")


def _the_only(subjects: Collection[_Subject], name: str, kind: str) -> _Subject:
    for found in _by_name(subjects, name):
        if len(found) == 1:
            return found[0]
        if found:
            message = f"Several {kind}s are called {name!r}: {_listed(found)}. Name one by its construct path."
            raise UsageError(message)
    message = f"The app has no {kind} at all, so {name!r} is not one."
    if subjects:
        message = f"The app has no {kind} {name!r}. It has {_listed(subjects)}."
    raise UsageError(message)


def _by_name(subjects: Collection[_Subject], name: str) -> Iterator[list[_Subject]]:
    """Yield the functions or layers with a name, for each way in which it may name them."""
    yield [subject for subject in subjects if subject.where.path == name]
    yield [subject for subject in subjects if subject.name == name]
    yield [subject for subject in subjects if subject.where.logical_id == name]
    yield [subject for subject in subjects if _ends_with(subject.where.path, name.strip("/"))]


def _ends_with(path: str, name: str) -> bool:
    """Return whether the last steps of "Stage/Stack/Function", or of "template.yaml#Nested/Function", are a name."""
    return path.endswith((f"/{name}", f"#{name}"))


def _listed(subjects: Iterable[Function | Layer]) -> str:
    return listed(sorted(subject.where.path for subject in subjects), _LISTED)


def local_function(
    function: Function,
    *,
    archives: Mapping[str, Path] | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[LocalFunction, tuple[str, ...]]:
    """Return what running a function takes, and the names of its variables whose values only a deploy knows.

    Args:
        function: The function, as read from an assembly.
        archives: Local archives or folders of layers that the app does not contain, by their ARNs.
        environment: Variables that the user sets, over those of the function.

    Raises:
        UsageError: The function cannot run here: it is an image, not a Python function, or its code or one of its
            layers is not on this machine.
    """
    path = function.where.path
    _refuse_others(function)
    given = {**(function.environment or {}), **(environment or {})}
    return LocalFunction(
        path=path,
        name=function.name or function.where.logical_id or path.rpartition("/")[2],
        runtime=function.runtime or "",
        architecture=function.architecture or "x86_64",
        handler=function.handler or "",
        code=_code(function),
        layers=tuple(_layers(function, archives or {})),
        environment={name: value for name, value in given.items() if value is not None},
        timeout_seconds=function.timeout_seconds or DEFAULT_TIMEOUT_SECONDS,
        memory_mib=function.memory_mib or DEFAULT_MEMORY_MIB,
        logs=function.logs,
        region=function.region or _own_region(),
        account=function.account or DEFAULT_ACCOUNT,
    ), tuple(sorted(name for name, value in given.items() if value is None))


def unset_variables_text(function: LocalFunction, names: Sequence[str], example: str) -> str:
    """Return the sentence about variables whose values only a deploy knows.

    Args:
        function: Their function.
        names: The names of the variables, at least one.
        example: How the user sets the first one, such as "--env TABLE=VALUE".
    """
    return (
        f"{function.path}: the value of {', '.join(names)} is known only at deploy, so it is not set here. "
        f"Set it with {example}."
    )


def _own_region() -> str:
    """Return the Region of functions whose stack has none: this machine's, as for credentials and the CDK CLI."""
    variables = host.environ()
    return variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION") or DEFAULT_REGION


def _refuse_others(function: Function) -> None:
    path = function.where.path
    if function.image:
        message = f"Function {path!r} is a container image. Run it with Docker; only functions of archives run here."
        raise UsageError(message)
    if not (function.runtime or "").startswith("python"):
        message = (
            f"Function {path!r} has the runtime {function.runtime or 'unknown'!r}. Only Python functions run here."
        )
        raise UsageError(message)
    if not function.handler:
        message = f"Function {path!r} has a handler that only a deploy knows. Set its handler to a literal."
        raise UsageError(message)


def _code(function: Function) -> Path | InlineCode:
    if function.location is None and function.code is not None and function.sources is not None:
        return InlineCode({name: function.sources.read(name) or b"" for name in function.code.files})
    if function.location is None:
        message = (
            f"The code of function {function.where.path!r} is not in the assembly. {BUILD_FIRST}, or use code that is "
            "an asset of the app."
        )
        raise UsageError(message)
    return function.location


def _layers(function: Function, archives: Mapping[str, Path]) -> Iterator[LocalLayer]:
    if function.layers is None:
        message = (
            f"The layers of function {function.where.path!r} are known only after a deploy, so it cannot run here."
        )
        raise UsageError(message)
    for layer in function.used_layers:
        location = _given(layer, archives) or layer.location
        if location is None:
            remedy = f"{BUILD_FIRST}, or give its archive" if layer.is_resource else "Give its archive"
            message = (
                f"Layer {layer.label!r} of function {function.where.path!r} is not in the assembly. {remedy}: "
                f"in a test by layers={{{layer.label!r}: PATH}}, on the command line by "
                f"--layer {shlex.quote(f'{layer.label}=PATH')}"
            )
            raise UsageError(message)
        yield LocalLayer(layer.label, location)


def _given(layer: Layer, archives: Mapping[str, Path]) -> Path | None:
    unversioned = layer.raw_arn.rpartition(":")[0] if layer.raw_arn else None
    names = (layer.label, layer.raw_arn, unversioned, layer.name)
    return next((archives[name] for name in names if name and name in archives), None)
