"""`[tool.cdk-layers]` at synthesis: as on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Acknowledgment, App, Size, Stack, Stage, Validations
from aws_cdk.aws_lambda import Code, Function, LayerVersion, Runtime

from cdk_layers import LayerValidation, SharedPythonLayer
from cdk_layers.errors import LimitError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_ARN = "arn:aws:lambda:eu-west-1:580247275435:layer:LambdaInsightsExtension:53"
_CODE = "def handler(event, context): return event"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that the app is started in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _synthesize(handler: str = "nowhere.handler", plugin: LayerValidation | None = None) -> str:
    """Synthesize an app with one function whose handler is missing; return what the CDK raised, or ""."""
    app = App()
    Validations.of(app).add_plugins(plugin or LayerValidation())
    stack = Stack(app, "Spoke")
    Function(stack, "Report", runtime=Runtime.PYTHON_3_13, handler=handler, code=Code.from_inline(_CODE))
    try:
        app.synth()
    except RuntimeError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("table", "fails"), [
    ("", True),
    ('ignore = ["handler-not-found"]', False),
    ('select = ["wrong-region"]', False),
    ('select = ["handler-not-found"]', True),
])  # fmt: skip
def test_rules_that_do_not_count_do_not_fail(project: Path, table: str, fails: bool) -> None:
    """Whether they are ignored, or others alone are selected."""
    (project / "pyproject.toml").write_text(f"[tool.cdk-layers]\n{table}")

    assert bool(_synthesize()) is fails


def test_a_rule_that_does_not_exist_fails(project: Path) -> None:
    """A typo must not switch anything off, nor be passed over."""
    (project / "pyproject.toml").write_text('[tool.cdk-layers]\nignore = ["handler-not-fond"]')

    assert _synthesize("index.handler")


@pytest.mark.parametrize(("table", "plugin", "fails"), [
    ('budget = "1B"', {}, True),
    ('budget = "1B"\nstrict-budget = false', {}, False),
    ('budget = "1B"\nstrict-budget = false', {"strict_budget": True}, True),
    ('budget = "1B"\nstrict-budget = false\nstrict = true', {}, True),
    ('budget = "1B"', {"max_unzipped": Size.mebibytes(1)}, False),
    ('budget = "1MiB"', {}, False),
])  # fmt: skip
def test_budgets_and_strictness(project: Path, table: str, plugin: dict[str, Any], fails: bool) -> None:
    """The project's, where the plugin's own arguments do not say otherwise."""
    (project / "pyproject.toml").write_text(f"[tool.cdk-layers]\n{table}")

    assert bool(_synthesize("index.handler", LayerValidation(**plugin))) is fails


def test_constructs_are_held_to_the_same(project: Path) -> None:
    """A budget is raised as soon as the layer is made, and a rule that is ignored is not."""
    (project / "entry").mkdir()
    (project / "entry" / "company.py").write_text("name = 'company'\n")

    def make() -> SharedPythonLayer:
        stack = Stack(App(), "Hub")
        return SharedPythonLayer(stack, "Base", entry="entry", compatible_runtimes=[Runtime.PYTHON_3_13])

    (project / "pyproject.toml").write_text('[tool.cdk-layers]\nbudget = "1B"')
    with pytest.raises(LimitError, match="over its budget"):
        make()
    (project / "pyproject.toml").write_text('[tool.cdk-layers]\nbudget = "1B"\nignore = ["near-size-limit"]')
    assert make().unzipped_bytes


def test_a_repeated_warning_is_printed_once_in_each_stack(project: Path) -> None:
    """The CDK prints a text for each resource; many functions with one layer are one text, which names the others."""
    printed = _printed(project, acknowledged=())
    for rule in ("size-unknown", "deprecated-runtime"):
        texts = printed[rule]
        assert set(texts) == {"Dev/Spoke/One", "Prod/Spoke/One"}
        for path, text in texts.items():
            stack = path.rpartition("/")[0]
            assert f"The same in 2 other places: {stack}/Two, {stack}/Three." in text
            assert f"'{stack}/Two'" not in text


def test_an_acknowledged_warning_is_not_one_of_the_others(project: Path) -> None:
    """The CDK removes it, with its own construct; an acknowledged first function hides no other."""
    printed = _printed(project, acknowledged=("One",))["size-unknown"]
    assert set(printed) == {"Dev/Spoke/Two", "Prod/Spoke/Two"}
    assert all("The same in 1 other place: " in text and "/Three." in text for text in printed.values())
    printed = _printed(project, acknowledged=("Two", "Three"))["size-unknown"]
    assert set(printed) == {"Dev/Spoke/One", "Prod/Spoke/One"}
    assert not any("The same" in text for text in printed.values())


def _printed(project: Path, *, acknowledged: Sequence[str]) -> dict[str, dict[str, str]]:
    """Synthesize two stages of three functions; return what is printed, by rule and construct path."""
    app = App(outdir=str(project / "cdk.out"))
    Validations.of(app).add_plugins(LayerValidation())
    for name in ("Dev", "Prod"):
        stage = Stage(app, name)
        stack = Stack(stage, "Spoke")
        for name_of_function in ("One", "Two", "Three"):
            function = Function(
                stack, name_of_function, runtime=Runtime.PYTHON_3_9, handler="index.handler",
                code=Code.from_inline(_CODE),
                layers=[LayerVersion.from_layer_version_arn(stack, f"{name_of_function}X", _ARN)],
            )  # fmt: skip
            if name_of_function in acknowledged:
                Validations.of(function).acknowledge(Acknowledgment(id="cdk-layers::size-unknown", reason="Known."))
    app.synth()
    report = json.loads((project / "cdk.out" / "validation-report.json").read_text())
    printed: dict[str, dict[str, str]] = {}
    for plugin in report["pluginReports"]:
        for violation in plugin["violations"]:
            for place in violation["violatingConstructs"]:
                path = place["constructPath"].removesuffix("/Resource")
                assert path not in printed.setdefault(violation["ruleName"], {})
                printed[violation["ruleName"]][path] = violation["description"]
    return printed
