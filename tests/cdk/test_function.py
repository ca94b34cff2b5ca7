"""A function with layers: what it takes, what it refuses at once, and how its code is built."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from aws_cdk import Size, Stack
from aws_cdk.assertions import Template
from aws_cdk.aws_lambda import Architecture, Code, Function, Handler, LambdaInsightsVersion, LayerVersion, Runtime
from aws_cdk.aws_ssm import StringParameter
from constructs import Construct

from cdk_layers import LayeredFunction, MultiLayerStack
from cdk_layers.cdk.asset import function_code
from cdk_layers.errors import (
    CdkLayersError,
    CompatibilityError,
    EntryError,
    IdentityError,
    LimitError,
    RuleError,
    UsageError,
)
from cdk_layers.lambda_service.limits import MAX_UNZIPPED_BYTES
from cdk_layers.testing import TemplateSnapshot
from tests.cdk.apps import HUB, entry, function, functions, hub, inline, new_app

if TYPE_CHECKING:
    from pathlib import Path

    from aws_cdk import App
    from syrupy.assertion import SnapshotAssertion

ARN: Final = "arn:aws:lambda:eu-west-1:333333333333:layer:agent:7"
RUNTIME: Final = Runtime.PYTHON_3_13


@pytest.fixture
def app(tmp_path: Path) -> App:
    """Return an app with an output folder of its own."""
    return new_app(tmp_path / "out")


@pytest.fixture
def stack(app: App) -> Stack:
    """Return a stack for functions."""
    return Stack(app, "Spoke", env=HUB)


def sized(folder: Path, unzipped_bytes: int) -> Code:
    """Return code of exactly so many unzipped bytes, which takes next to nothing on the disk as a zip."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{unzipped_bytes}.zip"
    path.write_bytes(_zipped(unzipped_bytes))
    return Code.from_asset(str(path))


@cache
def _zipped(rest: int) -> bytes:
    whole = io.BytesIO()
    archive = zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with archive, archive.open("code.bin", "w") as file:
        while rest:
            rest -= file.write(bytes(min(rest, 1024 * 1024)))
    return whole.getvalue()


def test_it_takes_all_that_a_function_takes(app: App) -> None:
    """Without layers it renders as a plain function does."""
    options: dict[str, Any] = {"memory_size": 512, "environment": {"A": "b"}, "description": "a function"}
    ours, plain = Stack(app, "Ours", env=HUB), Stack(app, "Plain", env=HUB)
    LayeredFunction(ours, "Fn", **inline(**options))
    Function(plain, "Fn", **inline(**options))
    assert Template.from_stack(ours).to_json() == Template.from_stack(plain).to_json()


def test_the_whole_template(app: App, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    """A function with shared layers of another stack, built from its entry, renders like this."""
    layers = hub(app, tmp_path, "zed", "abe")
    spoke = Stack(app, "Spoke", env=HUB)
    LayeredFunction(
        spoke, "Fn", entry=entry(tmp_path, "main"), handler="main_code.NAME", runtime=RUNTIME, layers=layers.pick("zed")
    ).add_layers(layers["abe"])
    assert Template.from_stack(spoke) == snapshot(extension_class=TemplateSnapshot)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "has no code"),
        ({"code": Code.from_inline("x = 1"), "entry": "x"}, "has both code= and entry="),
        ({"code": Code.from_inline("x = 1"), "asset_excludes": ["tests/"]}, "is for entry="),
        ({"code": Code.from_inline("x = 1"), "index": "a.py", "bundling": {"user": "1"}}, "index and bundling are for"),
    ],
)
def test_contradictions_are_told(stack: Stack, options: dict[str, Any], expected: str) -> None:
    """Code comes from one place, and options of a build are for an entry."""
    with pytest.raises(UsageError, match=rf"'Spoke/Fn'.*{expected}"):
        LayeredFunction(stack, "Fn", handler="index.handler", runtime=RUNTIME, **options)


def test_what_is_no_layer_is_refused(stack: Stack, tmp_path: Path) -> None:
    """A construct that merely holds a layer would be left out by the CDK without a word."""

    class Wrapper(Construct):
        def __init__(self, scope: Construct) -> None:
            super().__init__(scope, "Wrapper")
            self.layer = LayerVersion(self, "Layer", code=Code.from_asset(str(entry(tmp_path, "x"))))

    wrapper: Any = Wrapper(stack)
    with pytest.raises(UsageError, match=r"'Spoke/Fn'.*Wrapper.*Pass the layer version itself"):
        function(stack, "Fn", layers=[wrapper])


@pytest.mark.parametrize("is_list", [False, True])
def test_a_stack_is_not_a_layer(app: App, stack: Stack, *, is_list: bool) -> None:
    """The CDK would leave out any stack without an error: the remedy names what a stack of this library has."""
    for other, remedy in (
        (Stack(app, "Any"), "Pass the layer versions that it defines: the CDK ignores a stack without an error."),
        (MultiLayerStack(app, "Ours"), 'Pass layers of the stack: layers=stack.pick("base"), or'),
    ):
        layers: Any = [other] if is_list else other
        with pytest.raises(UsageError) as caught:
            function(stack, "Fn", layers=layers)
        assert "is an object of type" in str(caught.value)
        assert remedy in str(caught.value)
    with pytest.raises(UsageError, match=r"'Spoke/Added': layers.* Pass the layer versions that it defines"):
        function(stack, "Added").add_layers(cast("Any", Stack(app, "Third")))


def test_layers_can_be_named_by_arn(stack: Stack) -> None:
    """A literal ARN and one from a parameter stand for layers, under stable ids."""
    parameter = StringParameter.value_for_string_parameter(stack, "/layers/base")
    made = function(stack, "Fn", layers=[ARN, parameter])
    rendered = functions(Template.from_stack(stack).to_json())["Fn"]["Properties"]["Layers"]
    assert rendered[0] == ARN
    assert list(rendered[1]) == ["Ref"]
    assert [one.node.path for one in made.declared_layers] == ["Spoke/Fn/Layer0", "Spoke/Fn/Layer1"]


@pytest.mark.parametrize("count", [5, 6])
def test_five_layers_are_the_limit(stack: Stack, count: int) -> None:
    """Five are taken, and a sixth is an error of this library, at construction and when it is added."""
    arns = [ARN.replace("agent", f"agent{number}") for number in range(count)]
    if count == 5:
        made = function(stack, "Fn", layers=arns)
        with pytest.raises(LimitError, match="6 layers"):
            made.add_layers(ARN)
        assert len(made.declared_layers) == 5
    else:
        with pytest.raises(LimitError, match=r"(?s)Spoke/Fn.*6 layers.*Cannot reference more than 5 layers"):
            function(stack, "Fn", layers=arns)


def test_an_added_layer_that_is_refused_leaves_no_trace(stack: Stack) -> None:
    """After the error is caught, the function is as it was."""
    made = function(stack, "Fn", layers=[ARN])
    with pytest.raises(IdentityError, match="duplicate-layer"):
        made.add_layers(ARN.replace(":7", ":8"))
    rendered = functions(Template.from_stack(stack).to_json())["Fn"]["Properties"]["Layers"]
    assert rendered == [ARN]


def test_layers_by_arn_are_judged_with_extensions(stack: Stack) -> None:
    """Those that the CDK adds count too."""
    extension = LambdaInsightsVersion.from_insight_version_arn(ARN)
    with pytest.raises(IdentityError, match="duplicate-layer"):
        function(stack, "Fn", layers=[ARN], insights_version=extension)


@pytest.mark.parametrize(
    ("arns", "rule"),
    [
        (["arn:aws:lambda:eu-west-1:333333333333:layer:agent"], "malformed-layer-arn"),
        (["arn:aws:lambda:eu-west-1:abc:layer:agent:7"], "malformed-layer-arn"),
        ([ARN.replace("eu-west-1", "us-east-1")], "wrong-region"),
        ([ARN.replace("arn:aws:lambda:eu-west-1", "arn:aws-cn:lambda:cn-north-1")], "wrong-partition"),
        ([ARN, ARN], "duplicate-layer"),
    ],
)
def test_what_an_arn_gives_away_is_refused(stack: Stack, arns: list[str], rule: str) -> None:
    """Form, Region, partition and a second version of a literal ARN are checked at once."""
    with pytest.raises(IdentityError) as caught:
        function(stack, "Fn", layers=arns)
    assert rule in {finding.rule for finding in caught.value.findings}


def test_a_layer_that_suits_nothing_is_refused(app: App, stack: Stack, tmp_path: Path) -> None:
    """The CDK's own check of the runtime comes later, and would not be typed."""
    layers = hub(app, tmp_path, "base", compatible_runtimes=[Runtime.PYTHON_3_12])
    with pytest.raises(CompatibilityError, match="runtime-mismatch"):
        function(stack, "Fn", layers=layers.pick("base"))


def test_an_image_takes_no_layers(stack: Stack, tmp_path: Path) -> None:
    """Layers on an image function are refused with an error of this library."""
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "Dockerfile").write_text("FROM scratch\n")
    with pytest.raises(IdentityError, match="layers-not-supported"):
        LayeredFunction(
            stack, "Fn", code=Code.from_asset_image(str(tmp_path / "image")), handler=Handler.FROM_IMAGE,
            runtime=Runtime.FROM_IMAGE, layers=[ARN],
        )  # fmt: skip


def test_all_findings_are_told_at_once(app: App, stack: Stack, tmp_path: Path) -> None:
    """Layers and code are judged together: one error tells of the count, the version and the size."""
    layers = hub(app, tmp_path, "base", compatible_runtimes=[Runtime.PYTHON_3_12])
    given: list[Any] = [layers["base"], *(ARN.replace(":7", f":{number}") for number in range(1, 6))]
    with pytest.raises(RuleError) as caught:
        LayeredFunction(
            stack, "Fn", code=sized(tmp_path / "zips", MAX_UNZIPPED_BYTES + 1), handler="x.y", runtime=RUNTIME,
            layers=given,
        )  # fmt: skip
    rules = {finding.rule for finding in caught.value.findings}
    assert {"too-many-layers", "duplicate-layer", "runtime-mismatch", "function-too-large"} <= rules


@pytest.mark.parametrize("layers", [[ARN, ARN], [ARN.replace(":7", f":{number}") for number in range(1, 7)]])
def test_a_rejected_function_leaves_its_id_free(stack: Stack, layers: list[str]) -> None:
    """After an error for layers that are named by ARN, the scope has no construct of this id."""
    code: dict[str, Any] = {"code": Code.from_inline("pass"), "handler": "index.handler", "runtime": RUNTIME}
    with pytest.raises(RuleError):
        LayeredFunction(stack, "Fn", layers=layers, **code)
    assert stack.node.try_find_child("Fn") is None
    function = LayeredFunction(stack, "Fn", layers=layers[:1], **code)
    with pytest.raises(RuleError):
        function.add_layers(*layers)
    assert [child.node.id for child in function.node.children if child.node.id.startswith("Layer")] == ["Layer0"]
    function.add_layers(ARN.replace("agent", "other"))


LARGE = MAX_UNZIPPED_BYTES - 1_000_000
"""Bytes of a layer that all tests share, since inflating it takes a second."""


@pytest.mark.parametrize("spare", [1, 0, -1])
def test_code_and_layers_share_the_limit(app: App, stack: Stack, tmp_path: Path, spare: int) -> None:
    """Code beside a plain layer is measured: below and at the limit it passes, one byte over it does not."""
    layer = LayerVersion(hub(app, tmp_path), "Plain", code=sized(tmp_path / "zips", LARGE))
    code = sized(tmp_path / "zips", MAX_UNZIPPED_BYTES - LARGE - spare)
    if spare >= 0:
        made = LayeredFunction(stack, "Fn", code=code, handler="x.y", runtime=RUNTIME, layers=[layer])
        assert made.unzipped_bytes == MAX_UNZIPPED_BYTES - LARGE - spare
    else:
        with pytest.raises(LimitError, match=r"(?s)function-too-large") as caught:
            LayeredFunction(stack, "Fn", code=code, handler="x.y", runtime=RUNTIME, layers=[layer])
        assert str(MAX_UNZIPPED_BYTES + 1) in str(caught.value)


def test_a_budget_of_the_users_own(app: App, stack: Stack, tmp_path: Path) -> None:
    """A function over its own limit is refused, layers included, and exactly at it it is not."""
    layers = hub(app, tmp_path)
    base = layers.add_layer("base", entry=entry(tmp_path, "base", "#" * 1000))
    code = "#" * 24
    for spare in (0, -1):
        limit = Size.bytes(1024 + spare)
        options: dict[str, Any] = {"code": Code.from_asset(str(_folder(tmp_path, code))), "handler": "x.y"}
        if spare == 0:
            LayeredFunction(stack, "At", runtime=RUNTIME, layers=[base], max_unzipped=limit, **options)
        else:
            with pytest.raises(LimitError, match="Spoke/Over"):
                LayeredFunction(stack, "Over", runtime=RUNTIME, layers=[base], max_unzipped=limit, **options)


def test_code_that_functions_share_is_known_before_the_second_is_defined(stack: Stack, tmp_path: Path) -> None:
    """The CDK staged it for the first function, so the second is checked with it once, and leaves no construct."""
    code = Code.from_asset(str(_folder(tmp_path, "#" * 24)))
    first = LayeredFunction(stack, "First", code=code, handler="x.y", runtime=RUNTIME)
    second = LayeredFunction(stack, "Second", code=code, handler="x.y", runtime=RUNTIME)
    assert first.unzipped_bytes == second.unzipped_bytes == 24
    with pytest.raises(LimitError, match="Spoke/Over"):
        LayeredFunction(stack, "Over", code=code, handler="x.y", runtime=RUNTIME, max_unzipped=Size.bytes(23))
    assert stack.node.try_find_child("Over") is None


def _folder(parent: Path, text: str) -> Path:
    folder = parent / "code"
    folder.mkdir(exist_ok=True)
    (folder / "x.py").write_text(text)
    return folder


def test_an_entry_is_built_like_a_layer(stack: Stack, tmp_path: Path) -> None:
    """Code and dependencies land in the root of the archive, whose hash is its content's."""
    source = entry(tmp_path, "main")
    (source / "requirements.txt").write_text("six==1.17.0\n")
    (source / "tests").mkdir()
    (source / "tests" / "test_main.py").write_text("")
    made = LayeredFunction(
        stack, "Fn", entry=source, handler="main_code.NAME", runtime=RUNTIME, architecture=Architecture.ARM_64,
        asset_excludes=["tests/"],
    )  # fmt: skip
    assert made.contents is not None
    assert {"main_code.py", "six.py"} <= set(made.contents.files)
    assert not any(name.startswith(("tests", "python", "requirements")) for name in made.contents.files)
    assert functions(Template.from_stack(stack).to_json())["Fn"]["Properties"]["Architectures"] == ["arm64"]


def test_what_the_layers_bring_is_left_out(app: App, stack: Stack, tmp_path: Path) -> None:
    """A function of some 60 MB becomes a few kB beside a layer with the same distributions."""
    source = entry(tmp_path, "main", "def handler(event, context): pass\n")
    (source / "requirements.txt").write_text("numpy==2.3.4\nsix==1.17.0\n")
    shared = entry(tmp_path, "numbers")
    (shared / "requirements.txt").write_text("numpy==2.3.4\n")
    base = hub(app, tmp_path).add_layer("numbers", entry=shared)
    options: dict[str, Any] = {"entry": source, "handler": "main_code.handler", "runtime": RUNTIME}
    alone = LayeredFunction(stack, "Alone", **options)
    beside = LayeredFunction(stack, "Beside", layers=[base], **options)
    assert alone.contents is not None
    assert beside.contents is not None
    assert alone.contents.unzipped_bytes > 50_000_000
    assert beside.contents.unzipped_bytes < 100_000
    assert beside.contents.versions == {"six": "1.17.0"}


def test_what_does_not_fit_is_brought_along(app: App, stack: Stack, tmp_path: Path) -> None:
    """A layer's version that the function does not accept is a conflict to be reported, not left out in silence."""
    source = entry(tmp_path, "main")
    (source / "requirements.txt").write_text("six==1.17.0\n")
    shared = entry(tmp_path, "old")
    (shared / "requirements.txt").write_text("six==1.16.0\n")
    base = hub(app, tmp_path).add_layer("old", entry=shared)
    made = LayeredFunction(
        stack, "Fn", entry=source, handler="main_code.NAME", runtime=RUNTIME, layers=[base]
    )  # fmt: skip
    assert made.contents is not None
    assert made.contents.versions == {"six": "1.17.0"}


def test_nothing_is_built_where_the_cdk_asks_for_no_bundling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a stack that is not deployed, the entry is staged as it is and nothing is known of its size."""
    app = new_app(tmp_path / "out", {"aws:cdk:bundling-stacks": []})
    monkeypatch.setattr(function_code, "build", lambda *_, **__: pytest.fail("a build was started"))
    source = entry(tmp_path, "main", f"PLACE = {str(tmp_path)!r}\n")
    made = LayeredFunction(Stack(app, "Spoke", env=HUB), "Fn", entry=source, handler="main_code.PLACE", runtime=RUNTIME)
    assert made.unzipped_bytes is None
    app.synth()


@pytest.mark.parametrize("line", ["./lib", "--no-binary six\nsix==1.17.0", "docopt==0.6.2"])
def test_remedies_of_builds_suit_functions(stack: Stack, tmp_path: Path, line: str) -> None:
    """An error of a build does not send functions to docker=True alone, which is an argument of layers only."""
    folder = entry(tmp_path, "x")
    (folder / "requirements.txt").write_text(line)
    (folder / "lib").mkdir()
    (folder / "lib" / "pyproject.toml").write_text('[project]\nname = "lib"\nversion = "1"\n')
    with pytest.raises(CdkLayersError, match=r"\(docker=True for a layer, PythonFunction for a function\)"):
        LayeredFunction(stack, "Fn", entry=folder, handler="x_code.NAME", runtime=RUNTIME)


def test_an_entry_that_is_none_is_refused(stack: Stack, tmp_path: Path) -> None:
    """The error is that of layers."""
    with pytest.raises(EntryError, match="nowhere"):
        LayeredFunction(stack, "Fn", entry=tmp_path / "nowhere", handler="x.y", runtime=RUNTIME)


def test_code_that_functions_share_is_measured_once(app: App, tmp_path: Path) -> None:
    """One `Code` for many functions of a stack is staged below the first, and known to all of them."""
    code = Code.from_asset(str(_folder(tmp_path, "x = 1\n")))
    stack = Stack(app, "Many", env=HUB)
    sizes = [
        LayeredFunction(stack, f"Fn{number}", code=code, handler="x.y", runtime=RUNTIME).unzipped_bytes
        for number in range(3)
    ]
    assert sizes == [6, 6, 6]
