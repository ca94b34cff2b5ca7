"""The options of what archives contain of their distributions, from each place where users write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.aws_lambda import Code

from cdk_layers import LayeredFunction, MultiLayerStack, SharedPythonLayer
from cdk_layers.building import builds, job
from cdk_layers.building.content_options import ContentOptions
from cdk_layers.errors import UsageError
from cdk_layers.project.option_kinds import TRIM_ARGUMENT

if TYPE_CHECKING:
    from pathlib import Path

_ALL: dict[str, Any] = {
    "bytecode": True,
    "trim": ["tests", "stubs"],
    "dependency_excludes": ["*.md"],
    "aws_services": ["s3"],
    "try_imports": True,
}
_READ = ContentOptions(
    bytecode=True, trim=("tests", "stubs"), dependency_excludes=("*.md",), aws_services=("s3",),
    try_imports=True,
)  # fmt: skip
_LAYER: dict[str, Any] = {"compatible_runtimes": ["python3.13"]}
_FUNCTION: dict[str, Any] = {"runtime": "python3.13", "handler": "handler.handler"}


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with code, in the project that is the working folder."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "layers" / "base"
    folder.mkdir(parents=True)
    (folder / "handler.py").write_text("def handler(event, context): ...\n", encoding="utf-8")
    return folder


def _layer(entry: Path) -> Any:
    return {"entry": entry, **_ALL}


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[ContentOptions]:
    """Return the options of each build from now on, in order; what they ask for is not built."""
    seen: list[ContentOptions] = []
    job_of = job.job_of

    def record(entry: Any, target: Any, options: Any, store: Any) -> Any:
        seen.append(options.content)
        return job_of(entry, target, None, store)

    monkeypatch.setattr(builds, "job_of", record)
    return seen


def test_every_construct_has_the_options(entry: Path, built: list[ContentOptions]) -> None:
    """A layer, a function, a stack and its layers, and layers.toml reach the build with equal options."""
    app = App()
    stack = Stack(app, "S")
    SharedPythonLayer(stack, "L", entry=entry, **_LAYER, **_ALL)
    LayeredFunction(stack, "F", entry=entry, **_FUNCTION, **_ALL)
    MultiLayerStack(app, "Stack", layers={"a": {"entry": entry}}, **_LAYER, **_ALL).add_layer("b", entry=entry)
    MultiLayerStack(app, "Layers", layers={"a": _layer(entry)}, **_LAYER)
    MultiLayerStack.from_directory(app, "Arguments", entry.parent, **_LAYER, **_ALL)
    (entry.parent / "layers.toml").write_text(
        '[defaults]\nbytecode = true\ntry_imports = true\ndependency_excludes = ["*.md"]\n'
        '[layers.base]\ntrim = ["tests", "stubs"]\naws_services = ["s3"]\n',
        encoding="utf-8",
    )
    MultiLayerStack.from_directory(app, "File", entry.parent, **_LAYER)
    assert built == [_READ] * 7


def test_the_nearest_choice_counts(entry: Path, built: list[ContentOptions]) -> None:
    """The project's settings count where no code chooses, a stack overrides them, and a layer its stack."""
    (entry.parents[1] / "pyproject.toml").write_text(
        "[tool.cdk-layers]\nbytecode = true\ntrim = true\naws-services = ['s3']\n", encoding="utf-8"
    )
    app = App()
    stack = Stack(app, "S")
    SharedPythonLayer(stack, "L", entry=entry, **_LAYER)
    LayeredFunction(stack, "F", entry=entry, trim="tests", **_FUNCTION)
    layers = MultiLayerStack(app, "Stack", trim=False, **_LAYER)
    layers.add_layer("a", entry=entry, bytecode=False, aws_services=[])
    (entry.parent / "layers.toml").write_text("[layers.base]\nbytecode = false\ntrim = false\n", encoding="utf-8")
    MultiLayerStack.from_directory(app, "File", entry.parent, bytecode=True, trim=True, **_LAYER)
    LayeredFunction(stack, "Inline", runtime="python3.13", handler="index.handler", code=Code.from_inline("x = 1"))
    assert built == [
        ContentOptions(bytecode=True, trim=True, aws_services=("s3",)),
        ContentOptions(bytecode=True, trim=("tests",), aws_services=("s3",)),
        ContentOptions(),
        ContentOptions(aws_services=("s3",)),
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"bytecode": "yes"}, "bytecode is 'yes' (str); expected True or False."),
        ({"try_imports": 1}, "try_imports is 1 (int); expected True or False."),
        (
            {"trim": "test"},
            f"trim is 'test' (str); expected {TRIM_ARGUMENT.expected}. Did you mean 'tests'?",
        ),
        ({"trim": ["tests", 3]}, "trim[1] is 3 (int); expected one of 'tests', 'stubs'"),
        (
            {"trim": ["tests", "documantation"]},
            f"trim[1] is 'documantation' (str); expected {TRIM_ARGUMENT.item}. Did you mean 'documents'?",
        ),
        ({"trim": ("source",)}, f"trim[0] is 'source' (str); expected {TRIM_ARGUMENT.item}. Did you mean 'sources'?"),
        ({"trim": {"tests": 1}}, "trim is an object of type dict; expected True, False or a list of"),
        ({"dependency_excludes": [1]}, "dependency_excludes[0] is 1 (int); expected a string, in a list of patterns"),
        ({"aws_services": {"s3": 1}}, "aws_services is an object of type dict; expected a list of names of services"),
    ],
)
def test_wrong_types(entry: Path, options: dict[str, Any], expected: str) -> None:
    """Each construct names the argument, what it is and what was expected, in one sentence."""
    app = App()
    stack = Stack(app, "S")
    layers = MultiLayerStack(app, "Layers", **_LAYER)
    for make in (
        lambda: SharedPythonLayer(stack, "L", entry=entry, **_LAYER, **options),
        lambda: LayeredFunction(stack, "F", entry=entry, **_FUNCTION, **options),
        lambda: MultiLayerStack(app, "Stack", **_LAYER, **options),
        lambda: layers.add_layer("base", entry=entry, **options),
    ):
        with pytest.raises(UsageError) as caught:
            make()
        assert f": {expected}" in str(caught.value)


def test_options_that_cannot_be_honored(entry: Path) -> None:
    """In Docker and for finished code no option is ignored in silence."""
    stack = Stack(App(), "S")
    with pytest.raises(UsageError, match="try_imports is only for builds without Docker"):
        SharedPythonLayer(stack, "T", entry=entry, docker=True, try_imports=True, **_LAYER)
    with pytest.raises(UsageError, match="bytecode and trim are only for builds without Docker"):
        SharedPythonLayer(stack, "D", entry=entry, docker=True, bytecode=True, trim=True, **_LAYER)
    with pytest.raises(UsageError, match="aws_services is for entry=, and code= is given"):
        LayeredFunction(stack, "C", code=Code.from_inline("x = 1"), aws_services=["s3"], **_FUNCTION)
