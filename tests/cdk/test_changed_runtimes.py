"""Functions whose runtime is changed after their code was built."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsii
import pytest
from aws_cdk import Aspects, IAspect, IPropertyInjector, PropertyInjectors
from aws_cdk.aws_lambda import CfnFunction, Function, Runtime

from cdk_layers import LayeredFunction
from tests.cdk.apps import entry, hub, new_app

if TYPE_CHECKING:
    from pathlib import Path

    from aws_cdk import Stack
    from constructs import Construct, IConstruct


@jsii.implements(IPropertyInjector)
class _Injector:
    @property
    def construct_unique_id(self) -> str:
        return Function.PROPERTY_INJECTION_ID

    def inject(self, original_props: Any, *, scope: Construct, id: str) -> Any:  # noqa: A002, ARG002
        return {**dict(original_props), "runtime": Runtime.PYTHON_3_13}


@jsii.implements(IAspect)
class _Aspect:
    def visit(self, node: IConstruct) -> None:
        if isinstance(node, CfnFunction):
            node.runtime = "python3.13"


def _function(stack: Stack, folder: Path, runtime: Runtime, manifest: str | None) -> LayeredFunction:
    source = entry(folder, "report", "def handler(event, context): pass\n")
    if manifest is not None:
        (source / "requirements.txt").write_text(manifest)
    return LayeredFunction(stack, "Report", entry=source, handler="report_code.handler", runtime=runtime)


def _change(stack: Stack, folder: Path, way: str, runtime: Runtime, manifest: str | None) -> None:
    if way == "injector":
        PropertyInjectors.of(stack).add(_Injector())
    resource: Any = _function(stack, folder, runtime, manifest).node.default_child
    if way == "aspect":
        Aspects.of(stack).add(_Aspect())
    if way == "override":
        resource.add_property_override("Runtime", "python3.13")


@pytest.mark.parametrize("way", ["aspect", "injector", "override"])
@pytest.mark.parametrize(
    ("runtime", "manifest", "is_found"),
    [
        (Runtime.PYTHON_3_11, 'six==1.17.0; python_version >= "3.12"\n', True),
        (Runtime.PYTHON_3_13, 'six==1.17.0; python_version >= "3.12"\n', False),
        (Runtime.PYTHON_3_11, None, False),
    ],
)
def test_code_for_another_runtime_is_reported(
    tmp_path: Path, way: str, runtime: Runtime, manifest: str | None, is_found: bool
) -> None:
    """The code has the distributions of the runtime that it was built for, and the other may need others."""
    app = new_app(tmp_path / "out")
    stack = hub(app, tmp_path)
    _change(stack, tmp_path, way, runtime, manifest)
    app.synth()
    reports = tmp_path / "out" / "validation-report.json"
    text = reports.read_text() if reports.exists() else '{"pluginReports": []}'
    violations = [one for report in json.loads(text)["pluginReports"] for one in report["violations"]]
    found = [one["description"] for one in violations if one["ruleName"] == "runtime-mismatch"]
    wanted = "Function 'Hub/Report' runs on python3.13, and its code was built for python3.11, with the distributions"
    assert [text.startswith(wanted) for text in found] == [True] * is_found
