"""The notes that builds leave."""

from __future__ import annotations

import json

import pytest

from cdk_layers.app.metadata import build_data, read_metadata
from cdk_layers.app.model import App
from cdk_layers.building.notes import BuildReport, Note
from cdk_layers.rules.engine import judge, refuse
from tests.rules.subjects import SETTINGS, a_function, a_layer, findings

SEVERITIES = {
    "unpinned-requirement": "warning",
    "ignored-manifest": "warning",
    "stale-lock": "error",
    "no-wheel": "error",
}


@pytest.mark.parametrize(("rule", "severity"), SEVERITIES.items())
def test_a_note_is_told_as_it_was_written(rule: str, severity: str) -> None:
    """The build knows best what to say: its message and remedy stand, under the rule that it names."""
    note = Note(rule, "Something about requests.", "Do something about requests.")
    for subject in (a_layer(report=BuildReport((note,))), a_function(report=BuildReport((note,)))):
        (finding,) = findings(rule, subject)

        assert (finding.message, finding.remedy, finding.severity) == (note.message, note.remedy, severity)


def test_each_rule_tells_its_own_notes() -> None:
    """A note is reported once, by the one rule that it names."""
    notes = tuple(Note(rule, f"about {rule}", "fix it") for rule in SEVERITIES)
    app = App(layers=(a_layer(report=BuildReport(notes)),))

    assert {rule: [finding.message for finding in findings(rule, app)] for rule in SEVERITIES} == {
        rule: [f"about {rule}"] for rule in SEVERITIES
    }


def test_a_note_can_name_any_rule() -> None:
    """A build may notice what other rules are about, and a note of a rule that is not known is passed over."""
    notes = (Note("wrong-folder", "It lands elsewhere.", "Move it."), Note("of-the-future", "?", "?"))
    found = judge(App(layers=(a_layer(report=BuildReport(notes)),)), SETTINGS)

    assert [(finding.rule, finding.message) for finding in found] == [("wrong-folder", "It lands elsewhere.")]


@pytest.mark.parametrize(("is_warning", "severity"), [(True, "warning"), (False, "error")])
def test_a_note_can_be_less_than_its_rule(is_warning: bool, severity: str) -> None:
    """An empty opt_entry makes no function fail, unlike code that Python does not find; metadata keeps this."""
    note = Note("wrong-folder", "It adds nothing.", "Leave it out.", is_warning=is_warning)
    metadata = read_metadata({"build": json.loads(json.dumps(build_data(None, BuildReport((note,)))))})
    found = judge(App(layers=(a_layer(report=metadata.report),)), SETTINGS)

    assert [finding.severity for finding in found] == [severity]


def test_a_note_is_never_raised() -> None:
    """What a build went through with can be acknowledged."""
    refuse(a_layer(report=BuildReport(tuple(Note(rule, "about it", "fix it") for rule in SEVERITIES))), SETTINGS)
