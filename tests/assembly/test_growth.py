"""Input that costs more than it weighs: the work is counted, and doubling the input doubles it at most."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.assembly.evaluate import parameters
from cdk_layers.assembly.reader import read
from cdk_layers.building.requirements.requirements_file import read_requirements_text
from cdk_layers.contents.distributions import read_distributions
from cdk_layers.contents.needs import meets
from cdk_layers.errors import AssemblyError, EntryError
from cdk_layers.rules.engine import judge_one
from cdk_layers.rules.families.at_construction import identity
from cdk_layers.rules.families.targets import supports_python
from tests.assembly.templates import INLINE, read_function, read_text
from tests.rules.subjects import SETTINGS, a_function, a_layer, holding

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.app.model import Layer


def _template(literals: int) -> dict[str, Any]:
    conditions = {f"Is{n}": {"Fn::Equals": [{"Ref": "Stage"}, f"stage{n}"]} for n in range(literals)}
    layers = [{"Fn::If": [name, name, {"Ref": "AWS::NoValue"}]} for name in conditions]
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Layers": layers}}
    return {
        "Parameters": {"Stage": {"Type": "String"}},
        "Conditions": conditions,
        "Resources": {"Report": function},
    }


def test_a_parameter_that_is_compared_often_is_expanded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a parameter may be is listed when it is chosen, and not again for each comparison in each variant."""
    listed: list[int] = []
    original = parameters._candidates

    def counted(*arguments: Any) -> tuple[Any, ...]:
        found = original(*arguments)
        listed.append(len(found))
        return found

    monkeypatch.setattr(parameters, "_candidates", counted)
    for literals in (100, 200, 1000):
        listed.clear()
        (tmp_path / "template.json").write_text(json.dumps(_template(literals)))
        app = read(tmp_path)
        assert listed == [literals + 1]
        assert len(app.functions) == 64
        assert any("more variants" in sentence for sentence in map(str, app.unread))


@pytest.mark.parametrize("parts", [20, 40, 2000])
def test_a_tag_of_many_parts_is_not_multiplied_out(parts: int) -> None:
    """A WHEEL of a few kilobytes stands for billions of tags; no wheel has more than some dozens."""
    tag = "-".join(".".join(f"{kind}{number}" for number in range(parts)) for kind in ("py", "abi", "on"))
    metadata = {
        "python/x-1.dist-info/METADATA": b"Name: x\nVersion: 1\n",
        "python/x-1.dist-info/WHEEL": b"".join(b"Tag: %s\n" % tag.encode() for _ in range(3)),
    }
    (found,) = read_distributions(metadata, {})

    assert found.tags[0] == "py0-abi0-on0"
    assert len(found.tags) <= 1000


def test_many_placeholders_without_an_end_are_no_placeholders(tmp_path: Path) -> None:
    """The text stays as it is, as CloudFormation would refuse it."""
    function = read_function(tmp_path, f"Layers: [!Sub '{'${' * 25_000}']")

    assert len(function.used_layers) == 1


@pytest.mark.parametrize(
    "line", ["six==1.17.0" + " " * 32_000 + "x", "six" + " " * 32_000 + "[x", "six @" + " " * 32_000]
)
def test_a_line_of_spaces_is_an_error_of_its_file(tmp_path: Path, line: str) -> None:
    """It says where it stands."""
    with pytest.raises(EntryError, match=r"line 1"):
        read_requirements_text(line, "requirements.txt", tmp_path)


@pytest.mark.parametrize("version", ["9" * 4301, "1." + "9" * 5000, "1!" + "9" * 10_000])
def test_a_version_of_more_digits_than_python_reads_is_none(version: str) -> None:
    """What cannot be read is compared with nothing, in specifiers and in versions."""
    assert meets(">=1", version)
    assert meets(f"=={version}", "1.0")
    assert supports_python(f">={version}", "3.13")


@pytest.mark.parametrize("text", ["\ud800", "a\0b", "\udfff\ud800"])
@pytest.mark.parametrize("place", ["Code", "ZipFile", "Key", "LogicalId"])
def test_texts_that_no_file_can_hold_are_refused(tmp_path: Path, text: str, place: str) -> None:
    """Half of a surrogate pair or a NUL, in whatever place: neither a template nor a path can have it."""
    code = {"Code": text, "ZipFile": {"ZipFile": text}, "Key": {"S3Bucket": "b", "S3Key": text}}.get(place, {})
    properties = {"Runtime": "python3.13", "Handler": "index.handler", "Code": code}
    name = text if place == "LogicalId" else "Report"
    (tmp_path / "template.json").write_text(
        json.dumps({"Resources": {name: {"Type": "AWS::Lambda::Function", "Properties": properties}}})
    )

    with pytest.raises(AssemblyError, match="NUL character or half of a surrogate pair"):
        read(tmp_path)


def test_yaml_is_held_to_the_same(tmp_path: Path) -> None:
    """Its escapes can write both."""
    for escape in ("\\0", "\\uD800", "\\x00"):
        with pytest.raises(AssemblyError, match=r"surrogate pair|invalid Unicode"):
            read_text(tmp_path, f'Resources: {{A: {{Type: X, Properties: {{Code: "{escape}"}}}}}}')


def test_other_characters_are_taken_as_they_are(tmp_path: Path) -> None:
    """A pair of surrogates that JSON writes for one character is that character."""
    text = '{"Resources": {"Report": {"Type": "AWS::Lambda::Function", "Properties": {"Handler": "\\ud83d\\ude00"}}}}'
    (function,) = read_text(tmp_path, text, "template.json").functions

    assert function.handler == "\U0001f600"
    assert read_function(tmp_path, f"Handler: 'a', Description: '{INLINE[:3]}'").handler == "a"


@pytest.mark.parametrize("number", [200, 400])
def test_each_layer_of_a_function_is_looked_at_once(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of layers in one function are compared with none of the others, and a message lists some of them."""
    asked: list[object] = []
    original = identity._identity

    def counted(layer: Layer) -> object:
        asked.append(layer)
        return original(layer)

    monkeypatch.setattr(identity, "_identity", counted)
    function = a_function(*(a_layer(f"Hub/{index}", name=str(index)) for index in range(number)), code=holding(1))
    found = list(judge_one(function, SETTINGS))

    assert len(asked) == number
    assert {"too-many-layers", "size-unknown"} <= {finding.rule for finding in found}
    assert all(len(finding.message) < 1000 for finding in found)
    assert all(f"{number - 20} more" in finding.message for finding in found if finding.rule == "too-many-layers")
