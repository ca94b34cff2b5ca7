"""Who finds what: the cases of all rules through this package, cfn-lint and the CDK's own template validation.

`python -m benchmarks.field` writes docs/field.json, which docs/rules.md shows.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

os.environ["CDK_VALIDATION"] = "true"

import aws_cdk
import uv
from aws_cdk.cloudformation_include import CfnInclude

from benchmarks.cases import BOTH, read_case, rules_with_cases, write
from cdk_layers.app.model import Settings
from cdk_layers.errors import CdkLayersError
from cdk_layers.rules.engine import judge

if TYPE_CHECKING:
    from cdk_layers.rules.registry import Rule
    from tools.documents.rules import Field

_CFN_LINT: Final = "1.58.0"
_PAGE_DATA: Final = Path("docs/field.json")
_TOOLS: Final = {
    "cdk-layers": "this package, `cdk-layers check` and `LayerValidation`",
    "cfn-lint": f"cfn-lint {_CFN_LINT} on the templates, with its default rules; the codes are its own",
    "CDK": f"the template validation that aws-cdk-lib {version('aws-cdk-lib')} runs by itself at synth; the codes are "
    "its own. Apart from it, `addLayers` refuses a sixth layer and a runtime that the layer does not declare",
}

Reported = dict[str, str]
"""What a tool reported about a case: codes to severities."""


def ours(rule: str, case: Path) -> Reported:
    """Return what this package's rule of that name reports."""
    severities = [finding.severity for finding in judge(read_case(case), Settings()) if finding.rule == rule]
    return {rule: severities[0]} if severities else {}


def cfn_lint(cases: list[Path]) -> dict[Path, Reported]:
    """Return what cfn-lint reports about each case; one run for all, since most of it is start-up."""
    templates = {template: case for case in cases for template in _templates(case)}
    command = [uv.find_uv_bin(), "tool", "run", "--from", f"cfn-lint=={_CFN_LINT}", "cfn-lint", "--format", "json"]
    run = subprocess.run([*command, "--", *map(str, templates)], capture_output=True, check=False, encoding="utf-8")
    reported: dict[Path, Reported] = defaultdict(dict)
    for match in json.loads(run.stdout):
        reported[templates[Path(match["Filename"])]][match["Rule"]["Id"]] = match["Level"].lower()
    return reported


def _templates(case: Path) -> list[Path]:
    return sorted(case.rglob("*.template.json")) if case.is_dir() else [case]


def cdk(case: Path) -> Reported:
    """Return what the CDK's own validation reports about an assembly or about a template that an app includes."""
    assembly = case
    if not case.is_dir():
        assembly = case.with_name("included")
        app = aws_cdk.App(outdir=str(assembly))
        CfnInclude(aws_cdk.Stack(app, "Case"), "Template", template_file=str(case))
        with contextlib.suppress(RuntimeError):
            app.synth()
    reports: list[dict[str, Any]] = json.loads((assembly / "validation-report.json").read_text())["pluginReports"]
    return {
        violation["ruleName"]: violation.get("severity") or "error"
        for report in reports
        if report["pluginName"] == "CloudFormation Validate"
        for violation in report["violations"]
    }


def _only_failing(failing: Reported, passing: Reported) -> str:
    """Return what was reported about the failing case alone: its worst severity, and the codes."""
    codes = sorted(failing.keys() - passing.keys())
    severities = sorted({failing[code] for code in codes})
    return f"{severities[0]} ({', '.join(codes)})" if codes else ""


def _write_both(rule: Rule, folder: Path) -> list[Path] | CdkLayersError:
    """Return both cases; the error where the failing one is refused as it is made, which leaves nothing to judge."""
    cases: list[Path] = []
    for which in reversed(BOTH):
        place = folder / rule.name / which
        place.mkdir(parents=True)
        try:
            cases.insert(0, write(rule, which, place))
        except CdkLayersError as error:
            if which == "passing":
                raise
            return error
    return cases


def compare(folder: Path) -> Field:
    """Write every case into the folder and return what each tool reports about it."""
    cases: dict[str, list[Path]] = {}
    rules: dict[str, dict[str, str]] = {}
    for rule in rules_with_cases():
        written = _write_both(rule, folder)
        if isinstance(written, CdkLayersError):
            rules[rule.name] = {"cdk-layers": f"error ({type(written).__name__}, at once)"}
        else:
            cases[rule.name] = written
    linted = cfn_lint([case for pair in cases.values() for case in pair])
    for name, (failing, passing) in cases.items():
        rules[name] = {
            "cdk-layers": _only_failing(ours(name, failing), ours(name, passing)).partition(" ")[0],
            "cfn-lint": _only_failing(linted[failing], linted[passing]),
            "CDK": _only_failing(cdk(failing), cdk(passing)),
        }
    return {"tools": _TOOLS, "rules": dict(sorted(rules.items()))}


def main() -> None:
    """Write what was found, and say where this package did not find its own case."""
    with TemporaryDirectory() as folder:
        field = compare(Path(folder))
    _PAGE_DATA.write_text(json.dumps(field, indent=1) + "\n", encoding="utf-8")
    missed = [name for name, found in field["rules"].items() if not found["cdk-layers"]]
    print(f"{_PAGE_DATA}: {len(field['rules'])} rules")
    if missed:
        sys.exit(f"not found by this package itself: {', '.join(missed)}")


if __name__ == "__main__":
    main()
