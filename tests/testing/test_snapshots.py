"""Snapshots of templates, in real test sessions."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Final

import pytest

import cdk_layers.testing
from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ["pytester"]

_TEST: Final = """
import hashlib, os
from cdk_layers.testing import TemplateSnapshot

class Rendered:
    def to_json(self):
        key = hashlib.sha256(os.environ["CONTENT"].encode()).hexdigest()
        content = {"S3Key": f"{key}.zip"}
        properties = {"Content": content, "LayerName": os.environ["LAYER_NAME"]}
        return {"Resources": {"Base": {"Type": "AWS::Lambda::LayerVersion", "Properties": properties}}}

def test_template(snapshot):
    assert Rendered() == snapshot(extension_class=TemplateSnapshot)
    assert Rendered().to_json() == snapshot(extension_class=TemplateSnapshot)
"""


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with one test whose template is made from two variables, and with its snapshots taken."""
    pytester.makepyfile(test_app=_TEST)
    monkeypatch.setenv("CONTENT", "one")
    monkeypatch.setenv("LAYER_NAME", "base")
    pytester.runpytest_subprocess("-n0", "--snapshot-update").assert_outcomes(passed=1)
    return pytester


def _kept(path: Path) -> list[dict[str, object]]:
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted(path.rglob("*.json"))]


def test_a_snapshot_is_a_readable_template(session: pytest.Pytester) -> None:
    """What is kept is JSON, with names in place of hashes, from a Template as from a mapping."""
    properties = {"Content": {"S3Key": "asset-of-Base.zip"}, "LayerName": "base"}
    template = {"Resources": {"Base": {"Type": "AWS::Lambda::LayerVersion", "Properties": properties}}}
    assert _kept(session.path / "__snapshots__") == [template, template]


def test_new_content_passes_the_snapshot(session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test of the same infrastructure with another asset passes."""
    monkeypatch.setenv("CONTENT", "two")
    session.runpytest_subprocess("-n0").assert_outcomes(passed=1)


def test_new_infrastructure_fails_the_snapshot(session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test of another infrastructure fails, and shows what changed."""
    monkeypatch.setenv("LAYER_NAME", "other")
    result = session.runpytest_subprocess("-n0")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*LayerName*other*"])


def test_without_syrupy_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named where it is missing; what needs no syrupy works without."""
    monkeypatch.delitem(sys.modules, "cdk_layers.testing.snapshots", raising=False)
    monkeypatch.setitem(sys.modules, "syrupy.extensions.json", None)
    with pytest.raises(UsageError, match=r"pip install 'cdk-layers\[testing\]'"):
        _ = cdk_layers.testing.TemplateSnapshot
    assert cdk_layers.testing.stable_template({"Resources": {}}) == {}


def test_unknown_names_are_unknown() -> None:
    """The lazy loading does not hide a misspelt name."""
    with pytest.raises(AttributeError, match="TemplateSnapshots"):
        _ = cdk_layers.testing.TemplateSnapshots  # type: ignore[attr-defined]
