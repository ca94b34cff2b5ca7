"""How an app is judged by rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cdk_layers import errors
from cdk_layers.app.model import App, Function, Layer, Settings
from cdk_layers.building.notes import BuildReport, Note
from cdk_layers.findings import Finding, Where
from cdk_layers.rules import registry
from cdk_layers.rules.engine import judge, judge_one, refuse
from cdk_layers.rules.registry import Problem, registered_rules, rule
from tests.rules.subjects import MIB, SETTINGS, a_function, a_grant, a_layer, an_arn, holding

ARN = "arn:aws:lambda:eu-west-1:111111111111:layer:tracing"


def test_errors_are_told_first() -> None:
    """What stops a deploy comes before what may be so."""
    function = a_function(an_arn(ARN), a_layer(unzipped_bytes=1), runtime="python3.9", code=holding(1))
    found = [finding.severity for finding in judge(App((function,)), SETTINGS)]

    assert found == sorted(found)
    assert set(found) == {"error", "warning"}


def test_what_holds_in_every_branch_is_told_once() -> None:
    """A function with conditions is judged branch by branch, and reported like one without them."""
    one = a_function(an_arn(ARN), scenario="UseArm=true")
    other = replace(one, scenario="UseArm=false")

    assert judge(App((one, other)), SETTINGS) == judge(App((replace(one, scenario=""),)), SETTINGS)


def test_what_holds_in_some_branches_says_in_which() -> None:
    """Only the branch with the bad layer is at fault."""
    good = a_function(scenario="Traced=false")
    (finding,) = judge(App((good, a_function(an_arn(ARN), scenario="Traced=true"))), SETTINGS)

    assert finding.message.endswith("This is so when Traced=true.")


def test_many_branches_are_counted() -> None:
    """A long list of conditions is cut."""
    bad = [a_function(an_arn(ARN), scenario=f"A{number}=true") for number in range(5)]
    (finding,) = judge(App((a_function(scenario="A5=true"), *bad)), SETTINGS)

    assert finding.message.endswith("when A0=true or A1=true or A2=true or in 2 more cases.")


def test_one_more_branch_is_counted() -> None:
    """The first that is not named any more is one case."""
    bad = [a_function(an_arn(ARN), scenario=f"A{number}=true") for number in range(4)]
    (finding,) = judge(App((a_function(scenario="A4=true"), *bad)), SETTINGS)

    assert finding.message.endswith("when A0=true or A1=true or A2=true or in 1 more cases.")


def test_a_branch_that_finds_the_same_twice_counts_once() -> None:
    """A malformed ARN that one branch names twice is in that branch alone, and not in both."""
    twice = a_function(an_arn(ARN), an_arn(ARN), scenario="Traced=true")
    found = [each for each in judge(App((a_function(scenario="Traced=false"), twice)), SETTINGS)
             if each.rule == "malformed-layer-arn"]  # fmt: skip

    assert [each.message.endswith("This is so when Traced=true.") for each in found] == [True]


NOTES = (
    Note("yanked-version", "six is yanked.", "Pin another."),
    Note("wrong-folder", "A program is not used.", "Remove it.", is_warning=True),
    Note("no-rule-of-this-version", "Something is wrong.", "Update."),
)


@pytest.mark.parametrize("subject", [a_layer(report=BuildReport(NOTES)), a_function(report=BuildReport(NOTES))])
def test_notes_of_builds_are_findings_of_their_rules(subject: Function | Layer) -> None:
    """With the note's severity, without an AWS error; one of a rule that this version does not have is left out."""
    found = {finding.rule: finding for finding in judge_one(subject, SETTINGS)}

    assert {"yanked-version", "wrong-folder"} <= found.keys()
    assert "no-rule-of-this-version" not in found
    assert [found[note.rule].message for note in NOTES[:2]] == [note.message for note in NOTES[:2]]
    assert [found[note.rule].remedy for note in NOTES[:2]] == [note.remedy for note in NOTES[:2]]
    assert found["wrong-folder"].severity == "warning"
    assert registered_rules()["wrong-folder"].severity == "error"
    assert [found[note.rule].aws_error for note in NOTES[:2]] == [None, None]
    assert list(judge_one(subject, SETTINGS, only_at_construction=True)) == []


@pytest.mark.parametrize(
    ("settings", "rules"),
    [
        (SETTINGS, {"yanked-version", "wrong-folder", "layer-too-large"}),
        (replace(SETTINGS, ignore=("yanked-version",)), {"wrong-folder", "layer-too-large"}),
        (replace(SETTINGS, ignore=("layer-too-large",)), {"yanked-version", "wrong-folder"}),
        (replace(SETTINGS, select=("layer-too-large",)), {"layer-too-large"}),
        (replace(SETTINGS, select=("yanked-version",)), {"yanked-version"}),
    ],
)
def test_rules_that_do_not_count_find_nothing(settings: Settings, rules: set[str]) -> None:
    """Neither in the model nor in the notes of a build."""
    layer = a_layer(unzipped_bytes=251 * MIB, report=BuildReport(NOTES))

    assert {finding.rule for finding in judge_one(layer, settings)} == rules


def test_functions_of_one_name_in_two_templates_are_two() -> None:
    """The place is the template as well as the path."""
    one = a_function(an_arn(ARN))
    other = replace(one, where=Where("Spoke/Report", template="Other.template.json"))

    assert len(judge(App((one, other)), SETTINGS)) == 2


def test_all_faults_are_raised_as_one_error() -> None:
    """The type is that of the first fault's family; the message and the findings hold all of them."""
    layers = [a_layer(f"Hub/{number}", 1) for number in range(5)]
    function = a_function(*layers, an_arn(ARN), architecture="x86_64", runtime="python3.13")

    with pytest.raises(errors.LimitError) as caught:
        refuse(function, SETTINGS)

    assert [finding.rule for finding in caught.value.findings] == ["too-many-layers", "malformed-layer-arn"]
    assert all(str(finding) in str(caught.value) for finding in caught.value.findings)


@pytest.mark.parametrize(("subject", "error"), [
    (a_function(code=holding(251 * MIB)), errors.LimitError),
    (a_function(code=holding(2), budget_bytes=1), errors.LimitError),
    (a_layer(unzipped_bytes=251 * MIB), errors.LimitError),
    (a_function(an_arn(ARN)), errors.IdentityError),
    (a_function(a_layer(runtimes=("python3.12",)), runtime="python3.13"), errors.CompatibilityError),
    (
            a_function(a_layer(architectures=("arm64",), contents=holding(machines=("arm64",))), architecture="x86_64"),
            errors.CompatibilityError,
        ),
    (a_grant(principal="abc"), errors.SharingError),
])  # fmt: skip
def test_each_family_raises_its_own_error(subject: Function, error: type[errors.RuleError]) -> None:
    """A caller can tell limits from identities by the type."""
    with pytest.raises(error):
        refuse(subject, SETTINGS)


def test_a_function_is_refused_for_its_layers_own_faults() -> None:
    """A plain layer version is judged where a construct of ours first sees it."""
    with pytest.raises(errors.LimitError, match="Layer 'Hub/base' is"):
        refuse(a_function(a_layer(unzipped_bytes=251 * MIB), code=holding(1)), SETTINGS)


def test_a_function_is_not_refused_for_imported_layers() -> None:
    """What a layer of another app contains was accepted when it was deployed, and its size counts in the total."""
    imported = replace(a_layer(unzipped_bytes=251 * MIB), is_resource=False)
    with pytest.raises(errors.LimitError) as caught:
        refuse(a_function(imported, code=holding(1)), SETTINGS)

    assert "layer-too-large" not in [finding.rule for finding in caught.value.findings]


def test_what_can_be_acknowledged_is_not_raised() -> None:
    """Warnings, and errors that a user may know better about, are left to the validation of the whole app."""
    layer = a_layer(unzipped_bytes=240 * MIB, retained=True)

    refuse(a_function(layer, code=holding(1), runtime="python3.9"), Settings())
    refuse(a_grant(layer, "*", retained=False), SETTINGS)
    refuse(a_function(layer, declared_layers=("Hub/other", "Hub/base"), code=holding(1)), SETTINGS)


def test_findings_read_as_one_paragraph() -> None:
    """The place is reported once, even where the message names it already."""
    where = Where("Hub/base")

    assert str(Finding("r", "error", where, "It is bad.", "Mend it.")) == "Hub/base: It is bad. Mend it. [r]"
    assert str(Finding("r", "error", where, "Layer 'Hub/base' is bad.", "Mend it.", "no")) == (
        "Layer 'Hub/base' is bad. AWS error: 'no'. Mend it. [r]"
    )


def test_a_problem_of_an_app_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    """An app is no place, so a rule about apps that names none is a mistake of ours that shows at once."""
    monkeypatch.setattr(registry, "_RULES", dict(registry._RULES))
    monkeypatch.setattr(registry, "_CHECKS", {**registry._CHECKS, App: {}})
    rule("nowhere", App, severity="error", meaning="m.", remedy="r.", source="s")(lambda *_: iter([Problem("Bad.")]))

    with pytest.raises(TypeError, match="nowhere"):
        list(judge_one(App(), SETTINGS))


def test_a_layer_with_conditions_is_at_fault_once() -> None:
    """The model contains it once for each outcome of its conditions."""
    layer = a_layer(unzipped_bytes=251 * MIB)

    assert len(judge(App(layers=(layer, layer)), SETTINGS)) == len(judge(App(layers=(layer,)), SETTINGS))


def test_an_empty_app_is_fine() -> None:
    """Nothing is found where nothing is."""
    assert judge(App(), SETTINGS) == []
