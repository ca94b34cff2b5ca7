"""The rules in the CDK's own validation report: what is reported, when, once, and how it is acknowledged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date, datetime, timezone
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Acknowledgment, App, BundlingOptions, DockerImage, Size, Stack, Stage, Validations
from aws_cdk.aws_lambda import Code, Function, LayerVersion, Runtime
from aws_cdk.aws_lambda_python_alpha import PythonFunction, PythonLayerVersion

from cdk_layers import LayeredFunction, LayerValidation, MultiLayerStack, SharedPythonLayer
from cdk_layers.assembly.reader import read
from cdk_layers.cdk.validation import register_validation
from tests.cdk.apps import HUB, entry, new_app

if TYPE_CHECKING:
    from aws_cdk.aws_lambda import ILayerVersion
    from constructs import Construct

_PROJECT = Path(__file__).parents[2]
_CLI = _PROJECT / "node_modules" / "aws-cdk" / "bin" / "cdk"
_BEFORE_ANY_DEPRECATION = date(2021, 1, 1)


def _function(
    scope: Construct, folder: Path, name: str = "Report", *, handler: str = "report_code.NAME",
    runtime: Runtime = Runtime.PYTHON_3_13, layers: tuple[ILayerVersion, ...] = (),
) -> Function:  # fmt: skip
    code = Code.from_asset(str(entry(folder, "report")))
    return Function(scope, name, code=code, handler=handler, runtime=runtime, layers=[*layers])


def _app(tmp_path: Path, **function: Any) -> tuple[App, Function]:
    app = new_app(tmp_path / "cdk.out", function.pop("context", None))
    return app, _function(Stack(app, "Spoke", env=HUB), tmp_path, **function)


def _add(scope: Construct, *plugins: LayerValidation) -> None:
    Validations.of(scope).add_plugins(*plugins)


def _report(tmp_path: Path) -> list[dict[str, Any]]:
    """Return what all plugins of this library reported in the last synth."""
    path = tmp_path / "cdk.out" / "validation-report.json"
    reports = json.loads(path.read_text())["pluginReports"] if path.exists() else []
    return [report for report in reports if report["pluginName"] == "cdk-layers"]


def _told(tmp_path: Path) -> list[str]:
    return sorted(violation["ruleName"] for report in _report(tmp_path) for violation in report["violations"])


def test_an_error_fails_the_synth_with_all_that_one_needs(tmp_path: Path) -> None:
    """The report says what is wrong, where, what to do, and by which name it is acknowledged."""
    app, _ = _app(tmp_path, handler="nowhere.handler")
    _add(app, LayerValidation())

    with pytest.raises(RuntimeError) as raised:
        app.synth()

    told = str(raised.value)
    assert "ERROR" in told
    assert "'nowhere'" in told
    assert "Spoke/Report" in told
    assert "Suggested fix: " in told
    assert "Acknowledge with 'cdk-layers::handler-not-found'" in told


def test_a_warning_does_not_fail_the_synth(tmp_path: Path) -> None:
    """It is reported, and that is all."""
    app, _ = _app(tmp_path, runtime=Runtime.PYTHON_3_9)
    _add(app, LayerValidation(today=date(2026, 1, 1)))
    app.synth()

    (report,) = _report(tmp_path)
    (violation,) = report["violations"]
    assert report["conclusion"] == "success"
    assert (violation["ruleName"], violation["severity"]) == ("deprecated-runtime", "warning")


@pytest.mark.parametrize("zone", [None, timezone.utc])
def test_a_point_in_time_is_its_day(tmp_path: Path, zone: timezone | None) -> None:
    """A datetime is a date to type checkers, so `today=datetime.now()` has to be accepted too."""
    app, _ = _app(tmp_path, runtime=Runtime.PYTHON_3_9)
    _add(app, LayerValidation(today=datetime(2026, 1, 1, 23, 59, tzinfo=zone)))
    app.synth()

    (report,) = _report(tmp_path)
    (violation,) = report["violations"]
    assert (violation["ruleName"], violation["severity"]) == ("deprecated-runtime", "warning")


def test_nothing_is_told_of_an_app_that_is_right(tmp_path: Path) -> None:
    """Not a word."""
    app, _ = _app(tmp_path)
    _add(app, LayerValidation(today=date(2026, 1, 1)))
    app.synth()

    assert _report(tmp_path) == []


@pytest.mark.parametrize("scope", ["app", "stack", "function", "resource"])
def test_acknowledging_in_any_scope_with_a_reason(tmp_path: Path, scope: str) -> None:
    """The synth goes on, and the report keeps the finding with the reason."""
    app, function = _app(tmp_path, handler="nowhere.handler")
    _add(app, LayerValidation())
    scopes = {"app": app, "stack": function.stack, "function": function, "resource": function.node.default_child}
    found = scopes[scope]
    assert found is not None
    acknowledged = Acknowledgment(id="cdk-layers::handler-not-found", reason="Another tool adds it.")
    Validations.of(found).acknowledge(acknowledged)
    app.synth()

    (report,) = _report(tmp_path)
    (suppressed,) = report["suppressedViolations"]
    assert report["violations"] == []
    assert (suppressed["ruleName"], suppressed["reason"]) == ("handler-not-found", "Another tool adds it.")


def test_acknowledging_elsewhere_changes_nothing(tmp_path: Path) -> None:
    """Another function's acknowledgement is not this one's."""
    app, function = _app(tmp_path, handler="nowhere.handler")
    other = _function(function.stack, tmp_path, "Other")
    _add(app, LayerValidation())
    Validations.of(other).acknowledge(Acknowledgment(id="cdk-layers::handler-not-found", reason="No."))

    with pytest.raises(RuntimeError, match="handler-not-found"):
        app.synth()


def test_a_misspelt_rule_that_is_acknowledged_for_an_app_or_a_stage(tmp_path: Path) -> None:
    """It is reported, although no file of the assembly contains it. Rules that exist and other plugins' are not."""
    app, _ = _app(tmp_path)
    inner = Stage(Stage(app, "Dev"), "Inner")
    _add(app, LayerValidation())
    for scope, name in ((app, "cdk-layers::handler-not-fond"), (inner, "cdk-layers::size-unknow")):
        for each in (name, "cdk-layers::size-unknown", "AwsSolutions::nothing"):
            Validations.of(scope).acknowledge(Acknowledgment(id=each, reason="reviewed"))
    app.synth()

    (report,) = _report(tmp_path)
    texts = [violation["description"] for violation in report["violations"]]
    assert [text.partition(" names ")[0] for text in texts] == [
        "The acknowledgement for the whole app", "The acknowledgement at 'Dev/Inner'",
    ]  # fmt: skip


def test_the_librarys_constructs_bring_it_along(tmp_path: Path) -> None:
    """An app with one shared layer has all of its functions judged, plain ones too, without a word from the user."""
    app = new_app(tmp_path / "cdk.out")
    stack = Stack(app, "Hub", env=HUB)
    layer = SharedPythonLayer(stack, "Base", entry=entry(tmp_path, "base"), compatible_runtimes=[Runtime.PYTHON_3_13])
    _function(stack, tmp_path, handler="nowhere.handler", layers=(layer,))

    with pytest.raises(RuntimeError, match="cdk-layers::handler-not-found"):
        app.synth()


def test_watching_often_tells_once(tmp_path: Path) -> None:
    """Every construct of the library asks for it."""
    app, function = _app(tmp_path, runtime=Runtime.PYTHON_3_9)
    for scope in (function, function, function.stack, app, Stack(app, "Other")):
        register_validation(scope)
    app.synth()

    assert _told(tmp_path) == ["deprecated-runtime"]


def test_the_users_own_plugin_goes_before_the_one_that_came_along(tmp_path: Path) -> None:
    """Nothing is reported twice, and the user's settings count, whichever was there first."""
    app, function = _app(tmp_path, runtime=Runtime.PYTHON_3_9)
    register_validation(function)
    _add(app, LayerValidation(today=_BEFORE_ANY_DEPRECATION))
    app.synth()

    assert _told(tmp_path) == []


def test_two_plugins_of_the_user_tell_once(tmp_path: Path) -> None:
    """What both find is reported by the first; what only the stricter one finds, by that."""
    app, _ = _app(tmp_path, runtime=Runtime.PYTHON_3_9)
    _add(app, LayerValidation(), LayerValidation(max_unzipped=Size.kibibytes(1)), LayerValidation())
    app.synth()

    assert _told(tmp_path) == ["deprecated-runtime"]


def test_a_second_synth_tells_the_same(tmp_path: Path) -> None:
    """What was reported before does not count against it."""
    app, function = _app(tmp_path, runtime=Runtime.PYTHON_3_9)
    register_validation(function)
    app.synth()
    first = _told(tmp_path)
    app.synth(force=True)

    assert _told(tmp_path) == first == ["deprecated-runtime"]


@pytest.mark.parametrize("strict", [False, True])
def test_a_budget_is_an_error_or_a_warning(tmp_path: Path, strict: bool) -> None:
    """As the user says."""
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "data.py").write_text("x = 1\n" * 1000)
    app, _ = _app(tmp_path)
    _add(app, LayerValidation(max_unzipped=Size.kibibytes(1), strict_budget=strict))
    if strict:
        with pytest.raises(RuntimeError, match="near-size-limit"):
            app.synth()
    else:
        app.synth()

    assert _told(tmp_path) == ["near-size-limit"]


def test_a_stage_is_judged_with_what_others_define(tmp_path: Path) -> None:
    """A plugin of one stage tells only of that, though it knows the layers of the whole app."""
    app, _ = _app(tmp_path, runtime=Runtime.PYTHON_3_9)
    stage = Stage(app, "Production", env=HUB)
    _function(Stack(stage, "Spoke"), tmp_path, runtime=Runtime.PYTHON_3_9)
    _add(stage, LayerValidation())
    app.synth()

    (report,) = _report(tmp_path)
    (violation,) = report["violations"]
    assert violation["violatingConstructs"][0]["constructPath"] == "Production/Spoke/Report/Resource"


def test_the_plugin_that_came_along_judges_what_the_users_leave(tmp_path: Path) -> None:
    """The user's plugin stands on one stage; the rest of the app is judged with the usual settings."""
    app, function = _app(tmp_path, runtime=Runtime.PYTHON_3_9)
    stage = Stage(app, "Production", env=HUB)
    _function(Stack(stage, "Spoke"), tmp_path, runtime=Runtime.PYTHON_3_9)
    _add(stage, LayerValidation(today=_BEFORE_ANY_DEPRECATION))
    register_validation(function)
    app.synth()

    (report,) = _report(tmp_path)
    (violation,) = report["violations"]
    assert violation["violatingConstructs"][0]["constructPath"] == "Spoke/Report/Resource"


def test_sources_that_were_not_bundled_are_not_taken_for_archives(tmp_path: Path) -> None:
    """`cdk list` asks for no bundling, and must not fail on what a build would put right."""
    app, function = _app(tmp_path, handler="nowhere.handler", context={"aws:cdk:bundling-stacks": []})
    LayerVersion(function.stack, "Base", code=Code.from_asset(str(entry(tmp_path, "base"))))
    _add(app, LayerValidation())
    app.synth()

    assert not {"handler-not-found", "wrong-folder"} & set(_told(tmp_path))


@pytest.mark.parametrize("selected", [[], ["Hub"], ["**"]], ids=str)
def test_an_assembly_says_what_is_not_built(tmp_path: Path, selected: list[str]) -> None:
    """`cdk list` writes entry folders as assets, which later commands must not take for the layers and the code."""
    app = App(outdir=str(tmp_path / "cdk.out"), context={"aws:cdk:bundling-stacks": selected})
    hub = MultiLayerStack(app, "Hub", compatible_runtimes="python3.13")
    layer = hub.add_layer("base", entry=entry(tmp_path, "base"))
    code = entry(tmp_path, "code")
    (code / "main.py").write_text("def handler(event, context): ...")
    LayeredFunction(
        Stack(app, "Spoke"), "Report", entry=code, handler="main.handler", runtime="python3.13", layers=[layer]
    )
    app.synth()
    found = read(tmp_path / "cdk.out")

    assert (found.layers[0].contents is None) == found.layers[0].is_unbuilt == (selected == [])
    assert (found.functions[0].code is None) == (selected != ["**"])
    unbuilt = [sentence for sentence in map(str, found.unread) if sentence.endswith("Run `cdk synth`.")]
    assert len(unbuilt) == {"[]": 2, "['Hub']": 1, "['**']": 0}[str(selected)]


def test_what_the_constructs_of_the_cdk_did_not_bundle_is_unknown(tmp_path: Path) -> None:
    """`cdk list` leaves the sources of PythonFunction, PythonLayerVersion and other bundling as assets."""
    context = {"aws:cdk:bundling-stacks": [], "aws:cdk:enable-asset-metadata": True}
    app = App(outdir=str(tmp_path / "cdk.out"), context=context)
    stack = Stack(app, "Spoke")
    code = entry(tmp_path, "code")
    (code / "index.py").write_text("import nowhere\ndef handler(event, context): ...\n")
    runtime = Runtime.PYTHON_3_13
    bundling = BundlingOptions(image=DockerImage.from_registry("python"), command=["true"])
    PythonLayerVersion(stack, "Layer", entry=str(code), compatible_runtimes=[runtime])
    PythonFunction(stack, "Alpha", entry=str(code), runtime=runtime)
    bundled = Code.from_asset(str(code), bundling=bundling)
    Function(stack, "Bundled", handler="index.handler", runtime=runtime, code=bundled)
    LayerVersion(stack, "BundledLayer", code=Code.from_asset(str(code), bundling=bundling))
    Function(stack, "Plain", handler="index.handler", runtime=runtime, code=Code.from_asset(str(code)))
    app.synth()
    found = read(tmp_path / "cdk.out")

    assert {function.where.path: function.code is not None for function in found.functions} == {
        "Spoke/Alpha": False, "Spoke/Bundled": False, "Spoke/Plain": True,
    }  # fmt: skip
    assert [layer.contents for layer in found.layers] == [None, None]
    assert len([sentence for sentence in map(str, found.unread) if sentence.endswith("Run `cdk synth`.")]) == 4


def test_a_damaged_archive_is_told_as_what_it_is(tmp_path: Path) -> None:
    """As a finding of the layer, which the text names under the CLI, and not as a trace of this library."""
    app, function = _app(tmp_path, context=_UNDER_THE_CLI)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 cut off")
    LayerVersion(function.stack, "Base", code=Code.from_asset(str(broken)))
    _add(app, LayerValidation())
    app.synth()

    (report,) = _report(tmp_path)
    (violation,) = report["violations"]
    assert (violation["ruleName"], violation["severity"]) == ("unreadable-content", "error")
    assert violation["description"].startswith("Spoke/Base: ")
    assert "is not a zip archive, or is cut off" in violation["description"]


def test_it_names_its_rules() -> None:
    """The CDK keeps them with its report."""
    plugin = LayerValidation()

    assert "too-many-layers" in plugin.rule_ids
    assert plugin.version


_UNDER_THE_CLI = {"@aws-cdk/core:failSynthOnValidationErrors": False}
"""What the CLI sets where it shows the report itself."""


def _named_constructs(tmp_path: Path) -> dict[str, str]:
    """Return the construct path of each finding by its rule."""
    violations = [violation for report in _report(tmp_path) for violation in report["violations"]]
    return {one["ruleName"]: one["violatingConstructs"][0]["constructPath"] for one in violations}


def test_an_error_names_no_construct_that_the_cli_could_leave_out(tmp_path: Path) -> None:
    """The CLI drops what is in a stack that was not selected, unless no construct is named; its text names it."""
    app, _ = _app(tmp_path, handler="nowhere.handler", runtime=Runtime.PYTHON_3_9, context=_UNDER_THE_CLI)
    _add(app, LayerValidation(today=date(2026, 1, 1)))
    app.synth()

    assert _named_constructs(tmp_path) == {
        "handler-not-found": "",
        "deprecated-runtime": "Spoke/Report/Resource",
    }
    descriptions = {one["ruleName"]: one["description"] for one in _report(tmp_path)[0]["violations"]}
    assert "Spoke/Report: " in descriptions["handler-not-found"]


@pytest.mark.parametrize("scope", ["app", "stack", "function", "resource"])
def test_an_acknowledged_error_stays_one_under_the_cli(tmp_path: Path, scope: str) -> None:
    """The CDK finds the acknowledgement by the construct, so the construct is named."""
    app, function = _app(tmp_path, handler="nowhere.handler", context=_UNDER_THE_CLI)
    _add(app, LayerValidation(today=date(2026, 1, 1)))
    found = {"app": app, "stack": function.stack, "function": function, "resource": function.node.default_child}[scope]
    assert found is not None
    Validations.of(found).acknowledge(Acknowledgment(id="cdk-layers::handler-not-found", reason="It is added later."))
    other = Stack(app, "Other", env=HUB)
    Validations.of(other).acknowledge(Acknowledgment(id="cdk-layers::missing-grant", reason="Not this one."))
    app.synth()

    (report,) = _report(tmp_path)
    assert [one["reason"] for one in report["suppressedViolations"]] == ["It is added later."]
    assert report["violations"] == []


def test_an_app_that_cannot_be_validated_fails_under_the_cli_too(tmp_path: Path) -> None:
    """The CLI says nothing of a plugin that raises, and goes on."""
    app, function = _app(tmp_path, context=_UNDER_THE_CLI)
    function.stack.template_options.metadata = {"Large": "x" * (8 * 1024**2 + 1)}
    _add(app, LayerValidation())
    app.synth()

    (report,) = _report(tmp_path)
    (violation,) = report["violations"]
    assert report["conclusion"] == "failure"
    assert violation["severity"] == "fatal"
    assert "Spoke.template.json" in violation["description"]
    assert _named_constructs(tmp_path) == {"not-validated": ""}


def _cdk(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CDK_VALIDATION": "true"}
    command = ["node", str(_CLI), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Synthesize an app that has all of its stacks in a stage by the real CLI, and return its folder and the run."""
    folder = tmp_path_factory.mktemp("staged")
    entry(folder, "report")
    (folder / "app.py").write_text(
        dedent("""
            from aws_cdk import Acknowledgment, App, Stack, Stage, Validations
            from aws_cdk.aws_lambda import Code, Function, Runtime
            from cdk_layers import LayeredFunction

            app = App()
            Validations.of(app).acknowledge(Acknowledgment(id="cdk-layers::handler-not-fond", reason="reviewed"))
            stage = Stage(app, "Dev")
            for name, kind, handler in (("Good", LayeredFunction, "report_code.NAME"), ("Bad", Function, "nowhere.x")):
                kind(Stack(stage, name), "Report", code=Code.from_asset("report"), handler=handler,
                     runtime=Runtime.PYTHON_3_13)
            app.synth()
        """)
    )
    return folder, _cdk(folder, "synth", "--quiet", "--app", f"{sys.executable} app.py")


@pytest.mark.skipif(not _CLI.exists(), reason="the CDK CLI is not installed: `make synth` does that")
@pytest.mark.parametrize("selection", [(), ("**",), ("Dev/Good",)], ids=str)
def test_the_real_cli_shows_an_error_once_and_fails_whatever_is_selected(
    staged: tuple[Path, subprocess.CompletedProcess[str]], selection: tuple[str, ...]
) -> None:
    """In a stage that `cdk synth` does not select, beside a stack that is selected, and in one that is."""
    folder, first = staged
    run = _cdk(folder, "synth", "--quiet", "--app", "cdk.out", *selection) if selection else first

    assert run.returncode != 0
    told = run.stdout + run.stderr
    assert told.count("Acknowledge with 'cdk-layers::handler-not-found'") == 1
    assert "Dev/Bad/Report" in told
    assert told.count("'handler-not-fond', which does not exist.") == 1
