"""What was found in an assembly is reported again, as long as nothing of it changed."""

from __future__ import annotations

import json
import os
import shutil
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Final

import pytest

from cdk_layers.app.model import Settings
from cdk_layers.assembly import reader
from cdk_layers.check import stored_outcomes
from cdk_layers.check.outcome import Outcome, Result
from cdk_layers.check.pipeline import check, check_or_recall
from cdk_layers.check.stored_outcomes import recall, remember, rule_names
from cdk_layers.errors import AssemblyError
from cdk_layers.findings import Finding, Origin, Subject, Unread, Where
from cdk_layers.rules.engine import judge
from cdk_layers.rules.registry import all_rules
from cdk_layers.store.local_store import LocalStore
from cdk_layers.system import host
from tests.assembly.templates import assembly_of

SETTINGS: Final = Settings(date(2026, 1, 1))


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """Return an empty cache."""
    return LocalStore(tmp_path / "cache")


@pytest.fixture
def folder(assembly: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of an app's assembly, which lies there for an hour when it is judged."""
    copied = shutil.copytree(assembly, tmp_path / "cdk.out")
    now = host.wall_clock()
    monkeypatch.setattr(host, "wall_clock", lambda: now + 3600)
    return copied


class Reads:
    """Counts how often an assembly is read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the reader's place."""
        self.count = 0
        self._read = reader.read
        monkeypatch.setattr(reader, "read", self._counted)

    def _counted(self, *arguments: object, **options: object) -> object:
        self.count += 1
        return self._read(*arguments, **options)  # type: ignore[arg-type]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """Return what counts."""
    return Reads(monkeypatch)


def test_same_findings(folder: Path, store: LocalStore, reads: Reads) -> None:
    """The second time nothing is read, and the findings are those of the first time: the rules' own."""
    app = reader.read(folder, store=store)
    first, second = check_or_recall(folder, SETTINGS, store=store), check_or_recall(folder, SETTINGS, store=store)
    assert first.findings
    assert first == second
    assert list(first.all_findings) == judge(app, SETTINGS)
    assert (first.functions, first.layers) == (
        len({one.where for one in app.functions}), len({one.where for one in app.layers})
    )  # fmt: skip
    assert first.unread == app.unread
    assert reads.count == 2


def test_where_messages_came_from(folder: Path, store: LocalStore, reads: Reads) -> None:
    """The CDK's stack traces lead through other folders each time, which changes nothing."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for temporary in ("/somewhere/jsii-1", "/somewhere/jsii-2"):
        message = {"type": "aws:cdk:warning", "data": "x", "trace": [f"{temporary}/a.js [as b]", 'c \\ "d"']}
        manifest["artifacts"]["Hub"].setdefault("metadata", {})["/Hub"] = [message]
        path.write_text(json.dumps(manifest, indent=1))
        check_or_recall(folder, SETTINGS, store=store)
    assert reads.count == 1


def _template(folder: Path) -> None:
    path = folder / "Hub.template.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "Description": "changed"}))


def _nested_template(folder: Path) -> None:
    path = next(folder.glob("assembly-*/*.template.json"))
    path.write_text(path.read_text() + " ")


def _asset(folder: Path) -> None:
    path = next(folder.glob("asset.*/**/*.py"))
    path.write_text(path.read_text() + "# changed\n")


def _asset_of_same_size_and_time(folder: Path) -> None:
    path = next(folder.glob("asset.*/**/*.py"))
    before = path.stat()
    path.write_text(path.read_text().replace("event", "thing"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _new_file(folder: Path) -> None:
    next(folder.glob("asset.*/**/*.py")).with_name("more.py").touch()


@pytest.mark.parametrize("change", [_template, _nested_template, _asset, _asset_of_same_size_and_time, _new_file])
def test_changed_assembly_is_judged_anew(folder: Path, store: LocalStore, reads: Reads, change: object) -> None:
    """Whatever of it changes, an old judgement is not reported again."""
    check_or_recall(folder, SETTINGS, store=store)
    change(folder)  # type: ignore[operator]
    check_or_recall(folder, SETTINGS, store=store)
    assert reads.count == 2


def test_what_the_user_set_counts(folder: Path, store: LocalStore, reads: Reads) -> None:
    """Another day, another budget and other stacks without bundling are other judgements."""
    check_or_recall(folder, SETTINGS, store=store)
    check_or_recall(folder, Settings(date(2026, 1, 2)), store=store)
    check_or_recall(folder, Settings(date(2026, 1, 1), budget_bytes=1), store=store)
    check_or_recall(folder, SETTINGS, store=store, unbundled=["Hub"])
    assert reads.count == 4


def test_other_rules_count(folder: Path, store: LocalStore, reads: Reads, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another version of this library found is not reported."""
    check_or_recall(folder, SETTINGS, store=store)
    monkeypatch.setattr(stored_outcomes, "_judges", lambda: "another")
    check_or_recall(folder, SETTINGS, store=store)
    assert reads.count == 2


@pytest.mark.parametrize("name", ["packaging", "PyYAML"])
def test_other_versions_count(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The distributions that versions and templates are read with are part of the key."""
    stored_outcomes._judges.cache_clear()
    before = stored_outcomes._judges()
    monkeypatch.setattr(stored_outcomes, "version", lambda asked: "0" if asked == name else version(asked))
    stored_outcomes._judges.cache_clear()

    assert stored_outcomes._judges() != before
    stored_outcomes._judges.cache_clear()


def test_acknowledged_findings(folder: Path, store: LocalStore) -> None:
    """What the user acknowledged keeps its reason, whether judged or recalled."""
    before = check_or_recall(folder, SETTINGS, store=store)
    assert before.findings == before.all_findings
    name = before.findings[0].rule
    report = {"acknowledgedId": f"cdk-layers::{name}", "reason": "known", "acknowledgedAt": ""}
    (folder / "validation-report.json").write_text(json.dumps({"pluginReports": [{"suppressedViolations": [report]}]}))
    after = check_or_recall(folder, SETTINGS, store=store)
    assert check_or_recall(folder, SETTINGS, store=store) == after

    assert {finding.rule for finding, _ in after.acknowledged} == {name}
    assert {reason for _, reason in after.acknowledged} == {"known"}
    assert after.all_findings == before.all_findings
    report["reason"] = "known since May"
    (folder / "validation-report.json").write_text(json.dumps({"pluginReports": [{"suppressedViolations": [report]}]}))
    assert {reason for _, reason in check_or_recall(folder, SETTINGS, store=store).acknowledged} == {"known since May"}


def test_an_outcome_comes_back_whole(store: LocalStore) -> None:
    """With places, reasons, what could not be read, and what was judged."""
    where = Where("Hub/base", "Hub.template.json", "Base", Origin("hub.py", 3, "base/requirements.txt"))
    finding = Finding("r", "error", where, "Bad.", "Mend it.", "no", "topic", where.pin("six"))
    outcome = Outcome(
        (Result(finding), Result(finding, "known")),
        (Unread("the macro is not read."), Unread(" is not an asset.", Subject("Layer", "Hub/base"))),
        functions=1, layers=2, grants=3, savings={"tests": (4, 5)},
    )  # fmt: skip
    remember(store, "outcome", outcome)
    assert recall(store, "outcome") == outcome


def test_an_assembly_in_another_folder(tmp_path: Path, store: LocalStore, reads: Reads) -> None:
    """Findings name templates by their paths, so those of an equal assembly elsewhere are others."""
    arn = "arn:aws:lambda:eu-west-1:111111111111:layer:tracing"
    properties = {"Runtime": "python3.13", "Handler": "index.handler", "Code": {"ZipFile": ""}, "Layers": [arn]}
    template = {"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": properties}}}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        assembly_of(tmp_path / name, Spoke=template)
        outcome = check_or_recall(tmp_path / name, SETTINGS, store=store)
        assert {Path(finding.where.template).parent.name for finding in outcome.findings} == {name}
    assert reads.count == 2


def test_what_is_judged_each_time(folder: Path, store: LocalStore, reads: Reads) -> None:
    """An update from a deployed version, and an assembly whose findings were hidden once."""
    check_or_recall(folder, SETTINGS, store=store)
    for count in (3, 5):
        check(folder, SETTINGS, store=store, deployed=folder)
        assert reads.count == count
    check(folder, SETTINGS, store=store)
    assert reads.count == 6


def test_what_was_written_just_now(assembly: Path, tmp_path: Path, store: LocalStore, reads: Reads) -> None:
    """While the times of assets cannot tell whether they change, nothing is stored_outcomes."""
    folder = shutil.copytree(assembly, tmp_path / "cdk.out", copy_function=shutil.copyfile)
    check_or_recall(folder, SETTINGS, store=store)
    check_or_recall(folder, SETTINGS, store=store)
    assert reads.count == 2


def test_assets_in_the_project(folder: Path, store: LocalStore, reads: Reads) -> None:
    """Assets that lie outside of the assembly can change without it, so it is judged each time."""
    path = folder / "Hub.assets.json"
    manifest = json.loads(path.read_text())
    for entry in manifest["files"].values():
        entry["source"]["path"] = f"../elsewhere/{entry['source']['path']}"
    path.write_text(json.dumps(manifest))
    shutil.copytree(folder, folder.parent / "elsewhere")
    check_or_recall(folder, SETTINGS, store=store)
    check_or_recall(folder, SETTINGS, store=store)
    assert reads.count == 2


def test_no_assembly(tmp_path: Path, store: LocalStore) -> None:
    """What cannot be read is the reader's error."""
    with pytest.raises(AssemblyError, match="not a cloud assembly"):
        check_or_recall(tmp_path, SETTINGS, store=store)


def test_names_of_rules(store: LocalStore) -> None:
    """They are the rules' names, also from memory."""
    assert rule_names(store) == rule_names(store) == [rule.name for rule in all_rules()]


def test_content_that_cannot_be_read_is_looked_at_again(folder: Path, store: LocalStore, reads: Reads) -> None:
    """The reason may be this machine's, and may be gone without a change of any file."""
    path = folder / "Hub.template.json"
    template = json.loads(path.read_text())
    template["Resources"]["Cut"] = {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": "cut.zip"}}
    path.write_text(json.dumps(template))
    (folder / "cut.zip").write_bytes(b"PK")
    check_or_recall(folder, SETTINGS, store=store)
    check_or_recall(folder, SETTINGS, store=store)
    assert reads.count == 2
