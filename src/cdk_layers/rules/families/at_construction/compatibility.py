"""Deprecated runtimes, and layers that declare other runtimes or architectures than the function's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.app.model import Function
from cdk_layers.errors import CompatibilityError
from cdk_layers.lambda_service.runtimes import PYTHON_RUNTIMES
from cdk_layers.rules.examples import function_yaml, layer_yaml, template
from cdk_layers.rules.registry import Problem, register_family, rule
from cdk_layers.system.wording import count, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.app.model import Layer, Settings
    from cdk_layers.contents.model import Contents
    from cdk_layers.lambda_service.runtimes import PythonRuntime

register_family(__name__, order=30, error=CompatibilityError)


@rule(
    "runtime-mismatch",
    Function,
    severity="error",
    meaning="The function's runtime is not among those that the layer declares. The CDK rejects this when it creates "
    "the function. In a template it is a warning unless the layer has native code that the runtime cannot load, since "
    "Lambda does not check it at deploy. The same goes for a function whose code was built for another runtime than it "
    "has in the template, such as one that an aspect sets: requirements may differ by `python_version`.",
    remedy="Build a layer for the function's runtime (one without native code suits several), or change the "
    "function to a runtime of the layer.",
    source="botocore's documentation of CompatibleRuntimes (a filter for listings); aws-cdk pull request 16719.",
    raised_at_construction=True,
    failing=template(function_yaml("Layers: [!Ref Base]"), layer_yaml("CompatibleRuntimes: [python3.12]")),
    passing=template(function_yaml("Layers: [!Ref Base]"), layer_yaml("CompatibleRuntimes: [python3.12, python3.13]")),
)
def runtime_mismatch(subject: Function, _: Settings) -> Iterator[Problem]:
    """Search the list of each layer for the function's runtime. A layer without a list is compatible with all."""
    for layer in dict.fromkeys(subject.used_layers):
        if subject.runtime is not None and layer.runtimes and subject.runtime not in layer.runtimes:
            yield _other_runtime(subject, subject.runtime, layer)
    if subject.runtime is not None and subject.built_for not in (None, subject.runtime):
        yield Problem(
            f"Function {subject.where.path!r} runs on {subject.runtime}, and its code was built for "
            f"{subject.built_for}, with the distributions that this one needs.",
            remedy=f"Pass runtime={subject.runtime!r} to the function itself, and not by an aspect, an override or a "
            "property injector.",
            severity="warning",
        )


def _other_runtime(subject: Function, runtime: str, layer: Layer) -> Problem:
    start = f"Function {subject.where.path!r} runs on {runtime}, and its layer {layer.label!r} declares "
    start += f"{quoted(layer.runtimes or ())} only."
    if not subject.where.template:
        # This is a construct, not a template. The CDK itself rejects it, whatever the layer contains.
        return Problem(start)
    if layer.contents is None:
        return Problem(f"{start} Whether its content suits {runtime} is not known.", severity="warning")
    foreign = _foreign(layer.contents, runtime)
    if foreign:
        return Problem(f"{start} It cannot load {count(len(foreign), 'file')} of it: {listed(foreign, 1)}.")
    return Problem(
        f"{start} Nothing in it depends on another runtime, so it is likely to work.",
        remedy="Declare the function's runtime for the layer too, or none at all.",
        severity="warning",
    )


def _foreign(contents: Contents, runtime: str) -> list[str]:
    """Return the native files that a function needs and that a Python runtime cannot load."""
    known = PYTHON_RUNTIMES.get(runtime)
    if known is None:
        return []
    # Only functions with a runtime that a layer does not declare need it.
    from cdk_layers.contents.natives import native_index  # noqa: PLC0415

    natives = native_index(contents, "python/")
    newer = [native.path for native in natives.past_glibc(runtime)]
    return natives.by_need([*natives.for_other_python(known.python), *newer])[0]


@rule(
    "architecture-mismatch",
    Function,
    severity="error",
    meaning="The function's architecture is not among those that the layer declares. The service does not check this "
    "at deploy: native code of another architecture cannot be loaded when the function runs. A warning for a layer "
    "without native code, or whose native code is optional or not known.",
    remedy="Build a layer for the function's architecture, or change the function to the layer's.",
    source="botocore's documentation of CompatibleArchitectures (a filter for listings).",
    raised_at_construction=True,
    failing=template(function_yaml("Architectures: [x86_64]", "Layers: [!Ref Base]"),
                     layer_yaml("CompatibleArchitectures: [arm64]")),
    passing=template(function_yaml("Architectures: [arm64]", "Layers: [!Ref Base]"),
                     layer_yaml("CompatibleArchitectures: [arm64]")),
)  # fmt: skip
def architecture_mismatch(subject: Function, _: Settings) -> Iterator[Problem]:
    """Search the list of each layer for the function's architecture. Its native code decides on the severity."""
    for layer in dict.fromkeys(subject.used_layers):
        if subject.architecture is not None and layer.architectures and subject.architecture not in layer.architectures:
            yield _other_architecture(subject, layer)


def _other_architecture(subject: Function, layer: Layer) -> Problem:
    start = (
        f"Function {subject.where.path!r} runs on {subject.architecture}, and its layer {layer.label!r} declares "
        f"{quoted(layer.architectures or ())} only"
    )
    if layer.contents is None:
        return Problem(f"{start}. Whether it contains native code is not known.", severity="warning")
    # Only functions with an architecture that a layer does not declare need these.
    from cdk_layers.contents.native_names import names_its_machine  # noqa: PLC0415
    from cdk_layers.contents.natives import native_index  # noqa: PLC0415

    natives = native_index(layer.contents, "python/")
    foreign = [
        native.path
        for native in natives.for_other_machine(subject.architecture or "")
        if not names_its_machine(native.path) or native.path.count("/") == 1
    ]
    needed, spare = natives.by_need(foreign)
    if needed:
        return Problem(f"{start}. It contains native code for other machines: {listed(needed, 1)}.")
    if spare:
        return Problem(
            f"{start}. Its native code for other machines is optional: {listed(spare, 1)}. "
            "Python imports these distributions without it too, but they are usually slower.",
            severity="warning",
        )
    return Problem(
        f"{start}. It contains no native code for another machine, so it is likely to work.",
        remedy="Declare the function's architecture for the layer too, or none at all.",
        severity="warning",
    )


@rule(
    "deprecated-runtime",
    Function,
    severity="warning",
    meaning="The function's Python runtime is out of support; an error from the day on which the service refuses to "
    "create functions on it.",
    remedy="Move the function and its layers to a supported runtime.",
    source="Lambda's developer guide, as cfn-lint 1.58 carries its dates.",
    failing=template(function_yaml(runtime="python3.9")),
    passing=template(function_yaml(runtime="python3.13")),
)
def deprecated_runtime(subject: Function, settings: Settings) -> Iterator[Problem]:
    """Compare the runtime's dates with the day of the settings."""
    runtime = PYTHON_RUNTIMES.get(subject.runtime or "")
    days = () if runtime is None else (runtime.deprecated, runtime.create_blocked)
    past = [day for day in days if day is not None and settings.today >= day]
    if runtime is not None and past:
        blocked = runtime.create_blocked in past
        yield Problem(
            f"Function {subject.where.path!r} runs on {runtime.name}, which {_dates(runtime, settings)}.",
            severity="error" if blocked else "warning",
            topic=runtime.name,
        )


def _dates(runtime: PythonRuntime, settings: Settings) -> str:
    steps = (
        (runtime.deprecated, "is out of support since", "goes out of support on"),
        (runtime.create_blocked, "cannot be created since", "cannot be created from"),
        (runtime.update_blocked, "cannot be updated since", "cannot be updated from"),
    )
    phrases = [f"{past if settings.today >= day else future} {day.isoformat()}" for day, past, future in steps if day]
    return ", ".join(phrases[:-1]) + f" and {phrases[-1]}"
