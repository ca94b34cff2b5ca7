"""Functions follow the shared layers of other stacks, and move on when, and only when, a layer's content changes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jsii
import pytest
from aws_cdk import (
    App,
    Aspects,
    AssetStaging,
    CfnCondition,
    Fn,
    IAspect,
    NestedStack,
    ReferenceStrength,
    Stack,
    Stage,
)
from aws_cdk.assertions import Annotations, Match
from aws_cdk.aws_lambda import CfnFunction, Code, Function, ILayerVersion, Runtime
from constructs import Construct, Node

from cdk_layers import LayeredFunction, SharedPythonLayer
from cdk_layers.errors import UsageError
from tests.cdk.apps import HUB, SORTING, STABILIZING, entry, function, functions, hub, inline, new_app, resources

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from constructs import IConstruct

    from cdk_layers import MultiLayerStack

Template = dict[str, Any]


def digests(one: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests that a function carries."""
    written = one.get("Metadata", {}).get("cdk-layers:layer-digests", "")
    return dict(each.split("=") for each in written.split(", ") if each)


def synthesize(app: App, out: Path) -> dict[str, Template]:
    """Synthesize an app and return its templates by their files' names, nested stacks and stages included."""
    AssetStaging.clear_asset_hash_cache()
    app.synth()
    return {path.name.split(".")[0]: json.loads(path.read_text()) for path in out.rglob("*.template.json")}


@jsii.implements(IAspect)
class _AddsFunction:
    def __init__(self, layers: MultiLayerStack) -> None:
        self._layers = layers

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, Stack):
            function(node, "Added", layers=[self._layers["base"]])


@jsii.implements(IAspect)
class _AddsLayer:
    def __init__(self, path: str, layers: MultiLayerStack) -> None:
        self._path, self._layers = path, layers

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, Function) and node.node.path == self._path:
            node.add_layers(self._layers["base"])


def consumers(app: App, layers: MultiLayerStack) -> None:
    """Define functions of every kind that use the layer `base`, and one that does not, in several stacks."""
    base, other = layers["base"], layers["other"]
    spoke = Stack(app, "Spoke", env=HUB)
    function(spoke, "Layered", layers=[base, other]).current_version  # noqa: B018
    function(spoke, "Added").add_layers(base)
    Function(spoke, "Plain", layers=[base], **inline()).current_version  # noqa: B018
    Function(spoke, "Bystander", layers=[other], **inline()).current_version  # noqa: B018
    Function(spoke, "Bare", **inline()).current_version  # noqa: B018
    CfnCondition(spoke, "Blue", expression=Fn.condition_equals("a", "b"))
    chosen = Fn.condition_if("Blue", base.layer_version_arn, other.layer_version_arn).to_string()
    raw = CfnFunction(spoke, "Raw", code={"zip_file": "x = 1"}, role="arn:aws:iam::111111111111:role/r",
                      handler="index.handler", runtime="python3.13", layers=[chosen])  # fmt: skip
    raw.override_logical_id("Raw12345678")
    Function(NestedStack(spoke, "Inner"), "Nested", layers=[base], **inline())
    late = Stack(app, "Late", env=HUB)
    Function(late, "ByAspect", **inline())
    Aspects.of(app).add(_AddsLayer("Late/ByAspect", layers))


@dataclass(frozen=True)
class Synths:
    """The same app three times: as it is, again, and with another content of the layer `base`."""

    first: dict[str, Template]
    again: dict[str, Template]
    changed: dict[str, Template]


@pytest.fixture(scope="module", params=[(False, False), (True, True)], ids=["old flags", "new flags"])
def synths(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Synths:
    """Synthesize an app with both generations of feature flags."""
    sorting, stabilizing = request.param
    folder = tmp_path_factory.mktemp("references")

    def synth(name: str, text: str) -> dict[str, Template]:
        app = new_app(folder / name, {SORTING: sorting, STABILIZING: stabilizing})
        layers = hub(app, folder, "other")
        layers.add_layer("base", entry=entry(folder, "base", text))
        consumers(app, layers)
        return synthesize(app, folder / name)

    return Synths(synth("first", "VERSION = 1\n"), synth("again", "VERSION = 1\n"), synth("changed", "VERSION = 2\n"))


def test_when_nothing_changes_no_template_does(synths: Synths) -> None:
    """The same sources make the same templates."""
    assert synths.first == synths.again


def test_a_changed_layer_moves_every_function_that_uses_it(synths: Synths) -> None:
    """Layered, plain, raw, nested and late functions alike carry another digest, and no other user does."""

    def moved(stack: str) -> set[str]:
        before, after = functions(synths.first[stack]), functions(synths.changed[stack])
        assert before.keys() == after.keys()
        return {name for name in before if before[name] != after[name]}

    assert moved("Spoke") == {"Layered", "Added", "Plain", "Raw"}
    assert moved("Late") == {"ByAspect"}
    nested = next(name for name in synths.first if name.startswith("SpokeInner"))
    assert moved(nested) == {"Nested"}


def test_the_digests_are_named_by_their_layers(synths: Synths) -> None:
    """Each function names exactly the layers of other stacks that it uses."""
    found = {name: sorted(digests(one)) for name, one in functions(synths.first["Spoke"]).items()}
    assert found == {
        "Layered": ["Hub/base", "Hub/other"],
        "Added": ["Hub/base"],
        "Plain": ["Hub/base"],
        "Bystander": ["Hub/other"],
        "Bare": [],
        "Raw": ["Hub/base", "Hub/other"],
    }


def test_a_changed_layer_changes_no_export_and_no_output(synths: Synths) -> None:
    """There is no export to begin with, and the outputs stay as they are."""
    for templates in (synths.first, synths.changed):
        assert '"Export"' not in json.dumps(templates)
        assert "Fn::ImportValue" not in json.dumps(templates)
    assert synths.first["Hub"]["Outputs"] == synths.changed["Hub"]["Outputs"]
    assert synths.first["Hub"]["Resources"] != synths.changed["Hub"]["Resources"]


def test_function_versions_follow(synths: Synths) -> None:
    """`current_version` is another one for layered and plain users of the layer, and the same for others."""

    def versions(templates: dict[str, Template]) -> set[str]:
        return set(resources(templates["Spoke"], "AWS::Lambda::Version"))

    gone = {name.split("CurrentVersion")[0] for name in versions(synths.first) - versions(synths.changed)}
    assert gone == {"Layered", "Plain"}
    assert len(versions(synths.changed)) == len(versions(synths.first)) == 4


def test_a_function_in_the_layers_own_stack_needs_no_digest(tmp_path: Path) -> None:
    """Its reference changes by itself, in nested stacks of the same stack as well."""
    app = new_app(tmp_path / "out")
    layers = hub(app, tmp_path, "base")
    function(layers, "Layered", layers=[layers["base"]])
    Function(layers, "Plain", layers=[layers["base"]], **inline())
    Function(NestedStack(layers, "Inner"), "Nested", layers=[layers["base"]], **inline())
    templates = synthesize(app, tmp_path / "out")
    assert "layer-digests" not in json.dumps(templates)


@pytest.mark.parametrize("stabilizing", [True, False])
def test_layers_of_one_name_in_two_stacks_are_told_apart(tmp_path: Path, stabilizing: bool) -> None:
    """Plain functions follow the very layer that they use, though both have the same logical id."""
    app = new_app(tmp_path / "out", {STABILIZING: stabilizing})
    one, two = (hub(app, tmp_path / name, "base", stack=name) for name in ("One", "Two"))
    spoke = Stack(app, "Spoke", env=HUB)
    Function(spoke, "UsesOne", layers=[one["base"]], **inline())
    Function(spoke, "UsesTwo", layers=[two["base"]], **inline())
    Function(two, "UsesOwn", layers=[two["base"]], **inline())
    nested = SharedPythonLayer(
        NestedStack(one, "base2"), "base", entry=entry(tmp_path, "base2"), compatible_runtimes=[Runtime.PYTHON_3_13]
    )
    Function(spoke, "UsesNested", layers=[nested], **inline())
    templates = synthesize(app, tmp_path / "out")
    found = {name: list(digests(one)) for name, one in functions(templates["Spoke"]).items()}
    assert found == {"UsesOne": ["One/base"], "UsesTwo": ["Two/base"], "UsesNested": ["One/base2/base"]}
    assert digests(functions(templates["Two"])["UsesOwn"]) == {}


def test_stages_share_among_themselves(tmp_path: Path) -> None:
    """Every stage of a pipeline has its own layers, and its plain functions follow these."""
    app = new_app(tmp_path / "out")
    layers = hub(app, tmp_path, "base")
    Function(Stack(app, "Spoke", env=HUB), "Plain", layers=[layers["base"]], **inline())
    pipeline = Stack(app, "Pipeline", env=HUB)
    Function(pipeline, "Bare", **inline())
    for name in ("Test", "Prod"):
        stage = Stage(pipeline, name)
        inner = hub(stage, tmp_path, "base")
        Function(Stack(stage, "Spoke", env=HUB), "Plain", layers=[inner["base"]], **inline())
    templates = synthesize(app, tmp_path / "out")
    found = {name: list(digests(functions(one)["Plain"])) for name, one in templates.items() if "Spoke" in name}
    assert sorted(found.values()) == [["Hub/base"], ["Pipeline/Prod/Hub/base"], ["Pipeline/Test/Hub/base"]]


def test_a_second_synth_says_the_same(tmp_path: Path) -> None:
    """Synthesizing an app once more changes nothing, function versions included."""
    app = new_app(tmp_path / "out")
    layers = hub(app, tmp_path, "base")
    spoke = Stack(app, "Spoke", env=HUB)
    Function(spoke, "Plain", layers=[layers["base"]], **inline()).current_version  # noqa: B018
    before = synthesize(app, tmp_path / "out")
    app.synth(force=True)
    assert synthesize(app, tmp_path / "out") == before


@pytest.mark.parametrize(
    ("strength", "reference", "exports"),
    [(None, "Fn::GetStackOutput", 0), (ReferenceStrength.STRONG, "Fn::ImportValue", 1),
     (ReferenceStrength.BOTH, "Fn::GetStackOutput", 1)],
)  # fmt: skip
def test_the_reference_strength_can_be_chosen(
    tmp_path: Path, strength: ReferenceStrength | None, reference: str, exports: int
) -> None:
    """References are weak unless the stack says otherwise, and functions follow in every case."""
    app = new_app(tmp_path / "out")
    layers = hub(app, tmp_path, "base", reference_strength=strength)
    function(Stack(app, "Spoke", env=HUB), "Layered", layers=[layers["base"]])
    templates = synthesize(app, tmp_path / "out")
    found = functions(templates["Spoke"])["Layered"]
    assert [list(layer) for layer in found["Properties"]["Layers"]] == [[reference]]
    assert len([one for one in templates["Hub"]["Outputs"].values() if "Export" in one]) == exports
    assert list(digests(found)) == ["Hub/base"]


def _deployed_alone(folder: Path, out: str, layers_of: Callable[[App], MultiLayerStack]) -> tuple[Template, Stack]:
    app = new_app(folder / out, {"aws:cdk:bundling-stacks": ["Spoke"]})
    layers = layers_of(app)
    spoke = Stack(app, "Spoke", env=HUB)
    function(spoke, "Layered", layers=[layers["base"]])
    return synthesize(app, folder / out)["Spoke"], spoke


def test_a_stack_that_is_deployed_alone_keeps_its_digests(tmp_path: Path) -> None:
    """Where the layer's stack is not bundled, the digest comes from the cache, and the template stays the same."""
    whole = new_app(tmp_path / "whole")
    layers = hub(whole, tmp_path, "base")
    function(Stack(whole, "Spoke", env=HUB), "Layered", layers=[layers["base"]])
    together = functions(synthesize(whole, tmp_path / "whole")["Spoke"])["Layered"]
    alone, _ = _deployed_alone(tmp_path, "alone", lambda app: hub(app, tmp_path, "base"))
    assert digests(together)
    assert functions(alone)["Layered"]["Metadata"] == together["Metadata"]


@pytest.mark.parametrize("kind", [Function, LayeredFunction])
def test_a_stack_that_is_deployed_alone_does_not_depend_on_the_cache(tmp_path: Path, kind: type[Function]) -> None:
    """With `--exclusively` and without an earlier build, the template is the same as in a deploy of all stacks.

    Its code leaves out what the layer contains, and it has the digest of the layer.
    """
    source, code = entry(tmp_path, "base", f"PLACE = {str(tmp_path)!r}\n"), entry(tmp_path, "code")
    for folder in (source, code):
        (folder / "requirements.txt").write_text("six==1.17.0\n")
    found = []
    for out, context in (("alone", {"aws:cdk:bundling-stacks": ["Spoke"]}), ("together", {})):
        app = new_app(tmp_path / out, context)
        layers = hub(app, tmp_path)
        layers.add_layer("base", entry=source)
        layers.add_layer("more", entry=entry(tmp_path, "more", f"PLACE = {str(tmp_path)!r}\n"))
        spoke = Stack(app, "Spoke", env=HUB)
        given = {"entry": code} if kind is LayeredFunction else {"code": Code.from_asset(str(code))}
        options: Any = {"handler": "code_code.NAME", "runtime": Runtime.PYTHON_3_13, **given}
        report = kind(spoke, "Report", layers=layers.pick("base", "more"), **options)
        _ = report.current_version
        found.append(synthesize(app, tmp_path / out)["Spoke"])
        AssetStaging.clear_asset_hash_cache()
    assert found[0] == found[1]
    assert list(digests(functions(found[0])["Report"])) == ["Hub/base", "Hub/more"]


@pytest.mark.parametrize(
    ("selected", "requirement", "warnings"), [(["Spoke"], "./nowhere", 1), (["Spoke"], "six==0", 1), ([], "", 0)]
)
def test_an_unknown_content_is_reported(tmp_path: Path, selected: list[str], requirement: str, warnings: int) -> None:
    """A layer of another stack that cannot be built is no error, and one warning if the stack is deployed."""
    broken = entry(tmp_path, "base", f"PLACE = {str(tmp_path)!r}\n")
    (broken / "requirements.txt").write_text(f"{requirement}\n")
    app = new_app(tmp_path / "out", {"aws:cdk:bundling-stacks": selected})
    layers = hub(app, tmp_path)
    layers.add_layer("base", entry=broken)
    spoke = Stack(app, "Spoke", env=HUB)
    for name in ("One", "Two"):
        function(spoke, name, layers=[layers["base"]])
    template = synthesize(app, tmp_path / "out")["Spoke"]
    assert digests(functions(template)["One"]) == {}
    found = Annotations.from_stack(spoke).find_warning(
        "*", Match.string_like_regexp("content of layer 'Hub/base' is unknown")
    )
    assert len(found) == warnings


def test_stacks_that_need_each_other_are_refused(tmp_path: Path) -> None:
    """A layer's stack that depends on the function's stack cannot be deployed before it."""
    app = new_app(tmp_path / "out")
    layers = hub(app, tmp_path, "base")
    spoke = Stack(app, "Spoke", env=HUB)
    layers.add_stack_dependency(spoke)
    with pytest.raises(
        UsageError, match=r"'Spoke'.*'Hub/base'.*depends on 'Spoke' itself.*Move the layer to another stack"
    ):
        function(spoke, "Layered", layers=[layers["base"]])


def test_apps_in_one_process_do_not_know_each_other(tmp_path: Path) -> None:
    """Two apps with the same names are followed each for itself."""
    found = []
    for name in ("one", "two"):
        app = new_app(tmp_path / name)
        layers = hub(app, tmp_path / name / "entries")
        layers.add_layer("base", entry=entry(tmp_path / name / "entries", "base", f"APP = {name!r}\n"))
        Function(Stack(app, "Spoke", env=HUB), "Plain", layers=[layers["base"]], **inline())
        found.append(digests(functions(synthesize(app, tmp_path / name)["Spoke"])["Plain"])["Hub/base"])
        assert layers["base"].digest == found[-1]
    assert len(set(found)) == 2


def _alone(spoke: Stack, base: ILayerVersion) -> None:
    """Leave the functions the only ones of their stack."""


def _plain_between(spoke: Stack, base: ILayerVersion) -> None:
    Function(spoke, "Plain", layers=[base], **inline())


def _raw_between(spoke: Stack, base: ILayerVersion) -> None:
    CfnFunction(spoke, "Raw", code={"zip_file": "x = 1"}, role="arn:aws:iam::111111111111:role/r",
                handler="index.handler", runtime="python3.13")  # fmt: skip


def _nested_between(spoke: Stack, base: ILayerVersion) -> None:
    function(Construct(spoke, "Group"), "Inner", layers=[base])


@pytest.mark.parametrize("between", [_alone, _plain_between, _raw_between, _nested_between])
def test_each_of_many_functions_carries_the_digests_of_its_own_layers(
    tmp_path: Path, between: Callable[[Stack, ILayerVersion], None]
) -> None:
    """Whatever else stands between the functions of a stack, none gets what is another's."""
    app = new_app(tmp_path / "out")
    layers = hub(app, tmp_path, "base", "other")
    spoke = Stack(app, "Spoke", env=HUB)
    for number in range(6):
        function(spoke, f"F{number}", layers=[layers["base" if number % 2 else "other"]])
        if number == 2:
            between(spoke, layers["base"])
    found = functions(synthesize(app, tmp_path / "out")["Spoke"])
    expected = {f"F{number}": ["Hub/base" if number % 2 else "Hub/other"] for number in range(6)}
    assert {name: list(digests(found[name])) for name in expected} == expected


def test_functions_of_a_stack_are_asked_for_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More functions take no more questions for their resources: each is a round trip to Node."""
    asked: list[Node] = []

    def default_child(node: Node) -> IConstruct | None:
        asked.append(node)
        return node.try_find_child("Resource")

    monkeypatch.setattr(Node, "default_child", property(default_child))
    counts = []
    for many in (5, 15):
        asked.clear()
        app = new_app(tmp_path / str(many))
        layers = hub(app, tmp_path, "base")
        spoke = Stack(app, "Spoke", env=HUB)
        for number in range(many):
            function(spoke, f"F{number}", layers=[layers["base"]])
        found = functions(synthesize(app, tmp_path / str(many))["Spoke"])
        assert all(digests(one) for one in found.values())
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_layer_that_comes_last_of_all_is_followed(tmp_path: Path) -> None:
    """An aspect may add a layer, or a function, after everything else of the app was looked at."""
    app = new_app(tmp_path / "out")
    layers = hub(app, tmp_path, "other", "base")
    spoke = Stack(app, "Spoke", env=HUB)
    function(spoke, "Layered", layers=[layers["other"]])
    Aspects.of(app).add(_AddsLayer("Spoke/Layered", layers), priority=950)
    Aspects.of(Stack(app, "Late", env=HUB)).add(_AddsFunction(layers))
    templates = synthesize(app, tmp_path / "out")
    assert list(digests(functions(templates["Spoke"])["Layered"])) == ["Hub/base", "Hub/other"]
    assert list(digests(functions(templates["Late"])["Added"])) == ["Hub/base"]
