"""The command `cdk-layers check`: what it finds, what it prints, how it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft4Validator

from benchmarks.cases import write as write_case
from cdk_layers.rules.registry import all_rules
from tests.assembly.templates import assembly_of
from tests.cli.conftest import TODAY, acknowledge, function, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Run

    Command = Callable[..., Run]

_SCHEMA = Path(__file__).parents[2] / "node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"


@pytest.mark.parametrize(
    ("runtime", "handler", "arguments", "status"),
    [
        ("python3.13", "index.handler", (), 0),
        ("python3.13", "index.handler", ("--strict",), 0),
        ("python3.9", "index.handler", (), 0),
        ("python3.9", "index.handler", ("--strict",), 1),
        ("python3.9", "index.handler", ("--strict", "--ignore", "deprecated-runtime"), 0),
        ("python3.13", "nowhere.handler", (), 1),
        ("python3.13", "nowhere.handler", ("--ignore", "handler-not-found"), 0),
        ("python3.13", "nowhere.handler", ("--select", "wrong-region,wrong-partition"), 0),
        ("python3.13", "nowhere.handler", ("--select", "wrong-region, handler-not-found,"), 1),
        ("python3.13", "nowhere.handler", ("--select", "wrong-region", "--select", "handler-not-found"), 1),
        ("python3.13", "nowhere.handler", ("--select", "handler-not-found", "--select", "wrong-region"), 1),
    ],
)
def test_the_exit_status_tells_the_verdict(
    tmp_path: Path, run: Command, *, runtime: str, handler: str, arguments: tuple[str, ...], status: int
) -> None:
    """0 without an error, 1 with one; with --strict a warning counts as well, and only the rules that are wanted."""
    path = write(tmp_path, Report=function(runtime, handler))

    assert run("check", path, *TODAY, *arguments).status == status


@pytest.mark.usefixtures("project")
def test_the_table_says_all_to_a_person(run: Command) -> None:
    """The place, what is wrong, the AWS error, what to do, and a line that sums up."""
    done = run("check", *TODAY)

    assert "Spoke/Report  cdk.out/Spoke.template.json" in done.out
    for said in ("error", "'nowhere'", "[handler-not-found]", "AWS error: Unable to import", "What to do: "):
        assert said in done.out
    assert done.out.rstrip().endswith("1 error and 1 warning in 1 function, 0 layers and 0 grants.")
    assert done.err == ""


def test_a_right_app_is_told_to_be_right(tmp_path: Path, run: Command) -> None:
    """Silence could mean anything."""
    assert run("check", write(tmp_path, Report=function()), *TODAY).out == (
        "No problems found in 1 function, 0 layers and 0 grants.\n"
    )


@pytest.mark.usefixtures("project")
def test_json_has_every_part_of_a_finding(run: Command) -> None:
    """For other programs."""
    report = run("check", *TODAY, "--format", "json").json
    first, second = report["findings"]

    assert (report["version"], report["path"], report["errors"], report["warnings"]) == (1, "cdk.out", 1, 1)
    assert (first["rule"], first["severity"], first["construct"]) == ("handler-not-found", "error", "Spoke/Report")
    assert (first["template"], first["logical_id"], first["line"]) == ("cdk.out/Spoke.template.json", "Report", 1)
    assert first["message"]
    assert first["remedy"]
    assert second["severity"] == "warning"
    assert report["not_known"] == []


def test_lines_are_those_of_the_resources(tmp_path: Path, run: Command) -> None:
    """In a template of more than one line, JSON or YAML."""
    path = write(tmp_path, First=function(), Report=function(handler="nowhere.handler"))
    template = path / "Spoke.template.json"
    template.write_text(json.dumps(json.loads(template.read_text()), indent=1))
    (finding,) = run("check", path, *TODAY, "--format", "json").json["findings"]
    assert template.read_text().splitlines()[finding["line"] - 1].strip() == '"Report": {'

    written = tmp_path / "template.yaml"
    written.write_text(
        "Resources:\n  Report:\n    Type: AWS::Lambda::Function\n    Properties:\n      Code: {ZipFile: x = 1}\n"
        "      Runtime: python3.13\n      Handler: nowhere.handler\n"
    )
    (finding,) = run("check", written, *TODAY, "--format", "json").json["findings"]
    assert (finding["line"], finding["construct"]) == (2, "template.yaml#Report")


@pytest.mark.skipif(not _SCHEMA.exists(), reason="the schema is not installed: `make test` does that")
@pytest.mark.parametrize("handler", ["nowhere.handler", "index.handler"])
def test_sarif_is_valid(tmp_path: Path, run: Command, handler: str) -> None:
    """Against the schema of SARIF 2.1.0, with findings, with acknowledged ones and without any."""
    path = write(tmp_path, Report=function("python3.9", handler, Layers=[{"Ref": "Unknown"}]))
    acknowledge(path, "cdk-layers::deprecated-runtime")
    log = json.loads(run("check", path, *TODAY, "--format", "sarif").out)

    assert [error.message for error in Draft4Validator(json.loads(_SCHEMA.read_text())).iter_errors(log)] == []
    (sarif,) = log["runs"]
    assert sarif["invocations"][0]["executionSuccessful"] is True
    assert {rule["id"] for rule in sarif["tool"]["driver"]["rules"]} == {rule.name for rule in all_rules()}
    results = {result["ruleId"]: result for result in sarif["results"]}
    assert results["deprecated-runtime"]["suppressions"] == [{"kind": "inSource", "justification": "It stays."}]
    for name, result in results.items():
        assert sarif["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == name
    assert ("handler-not-found" in results) is (handler == "nowhere.handler")
    (said,) = sarif["invocations"][0]["toolExecutionNotifications"]
    assert "Unknown" in said["message"]["text"]


def test_the_place_in_sarif_is_a_uri(tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to the working folder, with what a URI cannot hold in percent signs."""
    folder = tmp_path / "an app"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    write(folder, Report=function(handler="nowhere.handler"))
    log = json.loads(run("check", "an app/cdk.out", *TODAY, "--format", "sarif").out)
    (location,) = log["runs"][0]["results"][0]["locations"]

    assert location["physicalLocation"]["artifactLocation"]["uri"] == "an%20app/cdk.out/Spoke.template.json"
    assert location["logicalLocations"] == [{"fullyQualifiedName": "Spoke/Report", "kind": "resource"}]


@pytest.mark.parametrize("below", [".", "ci"])
def test_reports_name_files_of_the_repository(
    tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch, below: str
) -> None:
    """Where an app is in a folder of the repository, and the command runs in that folder, or in one below it."""
    write(tmp_path, Report=function("python3.9"))
    (tmp_path / "ci").mkdir()
    monkeypatch.chdir(tmp_path / below)
    out = os.path.relpath(tmp_path / "cdk.out")
    for workspace, expected in (
        (tmp_path.parent, f"{tmp_path.name}/cdk.out/Spoke.template.json"),
        (tmp_path.parent / "other", f"{out}/Spoke.template.json"),
    ):
        monkeypatch.setenv("GITHUB_WORKSPACE", str(workspace))
        assert f"file={expected},line=" in run("check", out, *TODAY, "--format", "github").out
        log = json.loads(run("check", out, *TODAY, "--format", "sarif").out)
        (location,) = log["runs"][0]["results"][0]["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == expected


def test_github_annotations_are_escaped(tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line a finding, whatever is in a name."""
    monkeypatch.chdir(tmp_path)
    report = function(handler="no%where,a:b.handler")
    report["Metadata"] = {"aws:cdk:path": "Spoke/Re,po:rt%/Resource"}
    write(tmp_path, Report=report)
    (line,) = run("check", *TODAY, "--format", "github").out.splitlines()

    place = "title=handler-not-found%3A Spoke/Re%2Cpo%3Art%25,file=cdk.out/Spoke.template.json,line=1"
    assert line.startswith(f"::error {place}::")
    message = line.split("::", 2)[2]
    assert "no%25where,a:b" in message
    assert "%0A" in message


def test_what_is_not_known_is_a_notice(tmp_path: Path, run: Command) -> None:
    """It is no finding, and not nothing either."""
    path = write(tmp_path, Report=function(Layers=[{"Fn::ImportValue": "elsewhere"}]))

    assert "unknown  Function 'Spoke/Report'" in run("check", path, *TODAY).out
    assert "::notice title=not known::Function 'Spoke/Report'" in run("check", path, *TODAY, "--format", "github").out
    assert len(run("check", path, *TODAY, "--format", "json").json["not_known"]) == 1


def test_names_cannot_take_over_the_terminal(tmp_path: Path, run: Command) -> None:
    """Control characters and reversed text of a hostile template are shown as what they are."""
    report = function(handler="no\x1b[31mwhere\u202e.handler")
    report["Metadata"] = {"aws:cdk:path": "Spoke/\x1b]0;x\x07Report"}
    out = run("check", write(tmp_path, Report=report), *TODAY).out

    assert not {"\x1b", "\x07", "\u202e"} & set(out)
    assert "[bold]" not in out


def test_markup_in_names_is_text(tmp_path: Path, run: Command) -> None:
    """Square brackets in a name are no styles."""
    report = function(handler="[red]x[/red][/].handler")

    assert "[red]x[/red]" in run("check", write(tmp_path, Report=report), *TODAY).out


def test_one_template_of_an_assembly_is_checked_alone(tmp_path: Path, run: Command) -> None:
    """With what the other stacks define, and without a word about their functions, layers and grants."""
    layer = {"Type": "AWS::Lambda::LayerVersion", "Properties": {"LayerName": "x" * 141, "Content": {}}}
    grant = {"Type": "AWS::Lambda::LayerVersionPermission", "Properties": {
        "Action": "lambda:GetLayerVersion", "Principal": "*", "LayerVersionArn": {"Ref": "Base"},
    }}  # fmt: skip
    broken = {"Report": function("python3.9", "nowhere.handler"), "Base": layer, "Everyone": grant}
    assembly_of(tmp_path, Good={"Resources": {"Report": function()}}, Bad={"Resources": broken})
    of_good, of_bad = (run("check", tmp_path / f"{name}.template.json", *TODAY, "--format", "json").rules
                       for name in ("Good", "Bad"))  # fmt: skip

    assert of_good == []
    assert {"handler-not-found", "deprecated-runtime", "public-grant"} <= set(of_bad)
    assert of_bad == run("check", tmp_path, *TODAY, "--format", "json").rules


def test_a_budget_of_ones_own(tmp_path: Path, run: Command) -> None:
    """An error, or a warning if that is enough; at the budget, neither."""
    path = write(tmp_path, Report=function())
    size = len("def handler(event, context): return event")

    assert run("check", path, *TODAY, "--budget", f"{size * 2}B").status == 0
    assert run("check", path, *TODAY, "--budget", f"{size - 1}B").status == 1
    assert run("check", path, *TODAY, "--budget", f"{size - 1}B", "--no-strict-budget").status == 0


@pytest.mark.parametrize("setting", ['select = ["too-many-layer"]', 'ignore = ["wrong-region", "too-many-layer"]'])
@pytest.mark.usefixtures("project")
def test_an_unknown_rule_in_the_projects_settings(run: Command, setting: str) -> None:
    """The message names the file that has it, since the command line has nothing to correct."""
    Path("pyproject.toml").write_text(f"[tool.cdk-layers]\n{setting}\n")
    done = run("check", *TODAY)

    assert (done.status, done.out) == (2, "")
    assert "pyproject.toml: [tool.cdk-layers]: There is no rule 'too-many-layer'. Did you mean too-many-l" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", "nowhere"), "There is no file or folder 'nowhere'. Run `cdk synth`"),
        (("check", "x" * 300), "' cannot be read: "),
        (("check", "."), "neither a manifest.json nor a template.yaml"),
        (("check", "."), "or one CloudFormation template. Terraform,"),
        (("check",), "neither cdk.out nor .aws-sam/build nor .serverless. Run"),
        (("check", "--budget", "much"), "--budget is 'much'"),
        (("check", "--budget", "0"), "--budget is '0'"),
        (("check", "--select", "too-many-layer"), "Did you mean too-many-layers"),
        (("check", "--ignore", "xyzzy"), "`cdk-layers rules` lists all"),
        (("rule", "to-many-layers"), "Did you mean too-many-layers"),
        (("check", "--format", "xml"), "invalid choice"),
        (("check", "--today", "soon"), "'soon' is not a date. Write one such as 2027-03-03."),
        ((), "COMMAND"),
        (("chek",), "invalid choice"),
    ],
)
def test_what_cannot_run_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Command, arguments: tuple[str, ...], said: str
) -> None:
    """The error says what is missing, and nothing is printed as if it were a report."""
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)

    assert (done.status, done.out) == (2, "")
    assert said in done.err


def test_a_damaged_assembly_ends_with_2(tmp_path: Path, run: Command) -> None:
    """It is no verdict."""
    path = write(tmp_path, Report=function())
    (path / "Spoke.template.json").write_text('{"Resources": {"Report"')
    done = run("check", path, *TODAY)

    assert (done.status, done.out) == (2, "")
    assert "Spoke.template.json" in done.err


def test_sam_output_is_found_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Command) -> None:
    """Where there is no cdk.out."""
    monkeypatch.chdir(tmp_path)
    build = tmp_path / ".aws-sam" / "build"
    build.mkdir(parents=True)
    (build / "template.yaml").write_text(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  Report:\n    Type: AWS::Serverless::Function\n"
        "    Properties: {InlineCode: x = 1, Handler: nowhere.handler, Runtime: python3.13}\n"
    )

    done = run("check", *TODAY, "--format", "json")
    assert (done.json["path"], done.rules) == (".aws-sam/build", ["handler-not-found"])


def test_a_package_of_the_serverless_framework_is_found_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Command
) -> None:
    """Where there is neither a cdk.out nor SAM's."""
    monkeypatch.chdir(tmp_path)
    template = tmp_path / ".serverless" / "cloudformation-template-update-stack.json"
    template.parent.mkdir()
    template.write_text(json.dumps({"Resources": {"Report": function()}}))

    assert run("check", *TODAY, "--format", "json").json["path"] == ".serverless"


def test_the_day_decides_about_runtimes(tmp_path: Path, run: Command) -> None:
    """A plan for next year can be checked today."""
    path = write(tmp_path, Report=function("python3.12"))

    assert run("check", path, "--today", "2026-01-01").status == 0
    assert run("check", path, "--today", "2031-01-01").status == 1


def test_the_way_from_what_is_deployed_is_judged(tmp_path: Path, run: Command) -> None:
    """With the assembly of the last deploy beside it, and not without."""
    rule = next(one for one in all_rules() if one.name == "update-too-large")
    path = write_case(rule, "failing", tmp_path)

    assert (
        "update-too-large" in run("check", path, *TODAY, "--deployed", tmp_path / "deployed", "--format", "json").rules
    )
    assert "update-too-large" not in run("check", path, *TODAY, "--format", "json").rules
    missing = run("check", path, *TODAY, "--deployed", tmp_path / "nowhere")
    assert (missing.status, "There is no" in missing.err) == (2, True)
