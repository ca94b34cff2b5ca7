"""Which packages of a layer or a function can be imported in the target's Python."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cdk_layers.errors import UsageError
from cdk_layers.lambda_service.search_path import layer_folders
from cdk_layers.local.function import InlineCode, LocalFunction, LocalLayer
from cdk_layers.local.process import IMPORT_BEGINS, IMPORT_RESULT
from cdk_layers.local.runner import this_architecture
from cdk_layers.local.sandbox import Prepared, Program, run_to_end
from cdk_layers.local.selection import BUILD_FIRST
from cdk_layers.local.top_level import requiring_names, top_level_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from cdk_layers.app.model import Layer
    from cdk_layers.contents.model import Contents
    from cdk_layers.local.runner import Runner

_PYTHON_RUNTIME: Final = re.compile(r"python[23]\.\d+")
_CODE_FOLDERS: Final = ("",)


@dataclass(frozen=True, slots=True)
class FailedImport:
    """A package that cannot be imported."""

    name: str
    error: str
    fails_untrimmed: bool | None = None
    """Whether it fails in the untrimmed archive as well; None where there is nothing to compare with."""

    @property
    def is_fault(self) -> bool:
        """Whether it may be broken by what was left out."""
        return not self.fails_untrimmed


@dataclass(frozen=True, slots=True)
class TriedImports:
    """What importing all top-level packages showed."""

    names: tuple[str, ...]
    failed: tuple[FailedImport, ...]
    differences: tuple[str, ...]
    """In which ways the process saw another world than in Lambda, each as a sentence."""

    @property
    def broken(self) -> tuple[FailedImport, ...]:
        """The failures that are not known to be in the untrimmed archive as well."""
        return tuple(failure for failure in self.failed if failure.is_fault)


def layer_as_function(
    layer: Layer, runtime: str | None = None, environment: Mapping[str, str] | None = None
) -> LocalFunction:
    """Return a function that has one layer and no code of its own.

    Args:
        layer: The layer.
        runtime: The runtime to import in; the newest of Python that the layer declares by default.
        environment: Variables of the processes. Defaults to none.

    Raises:
        UsageError: The layer is not on this machine, declares no runtime of Python and none is given, or the given one
            is not of Python.
    """
    if layer.location is None:
        message = f"The content of layer {layer.label!r} is not in the assembly. {BUILD_FIRST}."
        raise UsageError(message)
    runtimes = sorted(filter(_PYTHON_RUNTIME.fullmatch, layer.runtimes or ()), key=lambda name: int(name.split(".")[1]))
    if runtime is None and not runtimes:
        message = f"Layer {layer.label!r} declares no compatible runtime of Python. Name one: --runtime python3.13"
        raise UsageError(message)
    if runtime is not None and not _PYTHON_RUNTIME.fullmatch(runtime):
        message = f"--runtime {runtime}: that is not a runtime of Python. Name one such as python3.13."
        raise UsageError(message)
    here, declared = this_architecture(), layer.architectures or ()
    return LocalFunction(
        path=layer.label,
        name=layer.label,
        runtime=runtime or runtimes[-1],
        architecture=here if here in declared or not declared else declared[0],
        handler="none.handler",
        code=InlineCode({}),
        layers=(LocalLayer(layer.label, layer.location),),
        environment=environment or {},
    )


def try_imports(
    runner: Runner, function: LocalFunction, *, untrimmed: Path | None = None, of_code: bool = False
) -> TriedImports:
    """Import every top-level package of the distributions of a function and its layers, each in a process of its own.

    Some packages can be imported only after one that requires them, such as psycopg_binary after psycopg. So one that
    fails is imported again after the packages of the distributions that require its own.

    Args:
        runner: Prepares the function.
        function: The function.
        untrimmed: An archive or a folder with the same content before it was trimmed: what fails in it as well is not
            the fault of what was left out. It takes the place of the only layer, or of the code of a function without
            layers.
        of_code: Whether to import only the packages in the code of the function, whose place `untrimmed` then takes.

    Raises:
        UsageError: The function cannot run here, or `untrimmed` does not fit it.
        CdkLayersError: As `Runner.prepare`.
    """
    prepared = runner.prepare(function)
    archives = tuple(_archives(runner, function))
    names = sorted({name for archive in archives[-1 if of_code else 0 :] for name in top_level_names(*archive)})
    requiring = requiring_names(archives)
    errors, differences = _import_all(prepared, names, requiring)
    failed = tuple(FailedImport(name, error) for name, error in errors.items())
    if failed and untrimmed is not None:
        whole = replace(function, code=untrimmed) if of_code else _replaced(function, untrimmed)
        before, _ = _import_all(runner.prepare(whole), [failure.name for failure in failed], requiring)
        failed = tuple(replace(failure, fails_untrimmed=failure.name in before) for failure in failed)
    return TriedImports(tuple(names), failed, differences)


def _archives(runner: Runner, function: LocalFunction) -> Iterator[tuple[Contents, tuple[str, ...]]]:
    """Yield the contents of the layers and then of the code, each with the folders that modules are imported from."""
    for layer in function.layers:
        yield runner.store.contents_of(layer.location), layer_folders(function.python)
    if not isinstance(function.code, InlineCode):
        yield runner.store.contents_of(function.code), _CODE_FOLDERS


def package_names(contents: Contents, python: str, *, is_code: bool) -> tuple[str, ...]:
    """Return the top-level packages of the distributions in an archive, sorted.

    Args:
        contents: The contents of the archive.
        python: The language version, such as "3.13".
        is_code: Whether the archive is the code of a function, not a layer.
    """
    return top_level_names(contents, _CODE_FOLDERS if is_code else layer_folders(python))


def _replaced(function: LocalFunction, untrimmed: Path) -> LocalFunction:
    if len(function.layers) == 1:
        return replace(function, layers=(LocalLayer(function.layers[0].label, untrimmed),))
    if not function.layers:
        return replace(function, code=untrimmed)
    message = (
        f"Function {function.path!r} has several layers: compare one layer at a time, `cdk-layers try-imports LAYER`."
    )
    raise UsageError(message)


def _import_all(
    prepared: Prepared, names: Sequence[str], requiring: Mapping[str, Sequence[str]]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the errors by package, and in which ways the process saw another world than in Lambda."""
    errors, differences = _import_each(prepared, names, {})
    again = [name for name in errors if name in requiring]
    still, _ = _import_each(prepared, again, {name: requiring[name] for name in again})
    return {name: error for name, error in errors.items() if name not in again or name in still}, differences


def _import_each(
    prepared: Prepared, names: Sequence[str], before: Mapping[str, Sequence[str]]
) -> tuple[dict[str, str], tuple[str, ...]]:
    errors: dict[str, str] = {}
    differences: tuple[str, ...] = ()
    waiting = list(names)
    while waiting:
        _, output, differences = run_to_end(prepared, Program(packages=tuple(waiting), before=before))
        results = dict(_results(output))
        errors.update({name: error for name, error in results.items() if error is not None})
        missing = [name for name in waiting if name not in results]
        if missing and f"{IMPORT_BEGINS}{json.dumps(missing[0])}" not in output.splitlines():
            last = next((line for line in reversed(output.splitlines()) if line.strip()), "it ended without an error")
            message = f"{prepared.function.path!r}: the imports ended before {missing[0]!r}: {last}"
            raise UsageError(message)
        if missing:
            errors[missing[0]] = "it ends the process that imports it"
        waiting = missing[1:]
    return errors, differences


def _results(output: str) -> Iterator[tuple[str, str | None]]:
    for line in output.splitlines():
        if line.startswith(IMPORT_RESULT):
            name, error = json.loads(line.removeprefix(IMPORT_RESULT))
            yield name, error
