"""Remedies, followed to the letter: they name what exists, and the finding is gone afterwards."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aws_cdk
import pytest
from aws_cdk import App, CrossStackReferences, Environment, ReferenceStrength, RemovalPolicy, Stack
from aws_cdk.aws_lambda import CfnLayerVersionPermission, Code, Function, LayerVersion, Runtime
from aws_cdk.aws_ssm import StringParameter

from cdk_layers import LayeredFunction, LayerGrant, MultiLayerStack, SharedPythonLayer
from cdk_layers.assembly.reader import read
from cdk_layers.contents.measure import measure
from cdk_layers.errors import CompatibilityError
from cdk_layers.rules.engine import judge
from cdk_layers.rules.registry import all_rules, registered_rules
from tests.rules.archives import archive, dist, found, function, layer
from tests.rules.subjects import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable


HUB: Final = Environment(account="111111111111", region="eu-west-1")
_CLASSES: Final = (
    SharedPythonLayer, MultiLayerStack, LayeredFunction, LayerGrant, LayerVersion, Code, StringParameter,
    CfnLayerVersionPermission,
)  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with the code of a function and of a layer."""
    for name, text in {
        "fn/main.py": "def handler(event, context): return 1\n",
        "layer/python/company.py": "NAME = 1\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def _rules(app: App) -> list[str]:
    return [finding.rule for finding in judge(read(Path(app.synth().directory)), SETTINGS)]


def test_every_option_that_a_remedy_names_exists() -> None:
    """A word with an underscore is an argument or a method of a construct, and a class is one of the CDK or of ours."""
    names = set(chain.from_iterable([*dir(each), *inspect.signature(each.__init__).parameters] for each in _CLASSES))
    remedies = "\n".join(rule.remedy for rule in all_rules())

    words = set(re.findall(r"(?<![\w%-])[a-z]+(?:_[a-z0-9]+)+\b", remedies)) - {"manylinux_2_26", "manylinux_2_34"}
    assert {"asset_excludes", "dependency_excludes", "apply_removal_policy"} <= words
    assert words - names == set()
    assert all(hasattr(RemovalPolicy, name) for name in re.findall(r"RemovalPolicy\.(\w+)", remedies))


@pytest.mark.parametrize("argument", ["compatible_runtimes", "compatible_architectures"])
def test_a_layer_for_the_functions_target_is_a_second_one_if_it_has_native_code(argument: str, files: Path) -> None:
    """To declare the target for the same layer too, which the remedy does not say, is another error."""
    (files / "entry").mkdir()
    (files / "entry" / "requirements.txt").write_text("orjson==3.13.0\n")
    target: dict[str, Any] = {"compatible_runtimes": ["python3.13"], "compatible_architectures": ["x86_64"]}
    other = {"compatible_runtimes": "python3.12", "compatible_architectures": "arm64"}[argument]
    stack = Stack(App(), "S")
    layer_of_other = SharedPythonLayer(stack, "Other", entry=str(files / "entry"), **target | {argument: [other]})
    options: dict[str, Any] = {"entry": str(files / "fn"), "handler": "main.handler", "runtime": "python3.13"}

    with pytest.raises(CompatibilityError, match=r"Build a layer for the function's (runtime|architecture)"):
        LayeredFunction(stack, "F", layers=[layer_of_other], **options)
    with pytest.raises(CompatibilityError, match="Build a layer for each target"):
        SharedPythonLayer(stack, "B", entry=str(files / "entry"), **target | {argument: [other, *target[argument]]})

    LayeredFunction(
        stack, "G", layers=[SharedPythonLayer(stack, "Own", entry=str(files / "entry"), **target)], **options
    )


def test_the_command_against_stale_bytecode_compiles_again(files: Path) -> None:
    """Without -f, compileall leaves a file alone that has the time of its source."""
    runtime = f"python3.{sys.version_info[1]}"
    folder = files / "layer" / "python"
    (folder / "rates.py").write_text("".join(f"RATE_{number} = {number}.5\n" for number in range(20_000)))
    subprocess.run([sys.executable, "-m", "compileall", "-q", folder], check=True)
    assert _stale(files / "layer", runtime) == 1

    (command,) = re.findall(r"`python (.+) <folder>`", registered_rules()["stale-bytecode"].remedy)
    subprocess.run([sys.executable, *command.split(), folder], check=True, capture_output=True)

    assert list(folder.rglob("*.pyc"))
    assert _stale(files / "layer", runtime) == 0


def _stale(folder: Path, runtime: str) -> int:
    return len(found(layer(measure(folder), runtimes=(runtime,)), "stale-bytecode"))


@pytest.mark.parametrize("name", ["botocore", "s3transfer"])
def test_a_part_of_boto3_is_packaged_by_packaging_boto3(name: str) -> None:
    """The part alone would take the rest from the runtime, which is another finding."""
    needing = dist("aws-xray-sdk", "2.14.0", name)
    (finding,) = found(function(layer(archive(dists=[needing]))), "missing-dependency")

    assert finding.remedy == f"Package boto3, which requires {name}, at a version of your own, or acknowledge this."


def test_other_distributions_of_the_runtime_are_packaged_themselves() -> None:
    """urllib3 and others depend on no version of boto3."""
    (finding,) = found(function(layer(archive(dists=[dist("x", "1", "urllib3")]))), "missing-dependency")

    assert finding.remedy == "Package urllib3 at a version of your own, or acknowledge this."


def _write_nothing(_layer: LayerVersion, _function: Function) -> None: ...


def _write_the_key(layer: LayerVersion, function: Function) -> None:
    key = layer.node.default_child.content.s3_key  # type: ignore[union-attr]
    function.node.default_child.add_metadata("layer", key)  # type: ignore[union-attr]


def _write_a_fingerprint(_layer: LayerVersion, function: Function) -> None:
    folder = str(Path(function.node.get_context("folder")) / "layer")
    function.node.default_child.add_metadata("layer", aws_cdk.FileSystem.fingerprint(folder))  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("write", "expected"),
    [(_write_nothing, ["stale-reference"]), (_write_the_key, []), (_write_a_fingerprint, [])],
)
def test_the_hash_of_the_asset_ends_a_stale_reference(
    write: Callable[[LayerVersion, Function], None], expected: list[str], files: Path
) -> None:
    """A digest that the user computes in another way is not known to be the layer's."""
    app = App(context={"folder": str(files)})
    hub = Stack(app, "Hub", env=HUB)
    layer = LayerVersion(hub, "Base", code=Code.from_asset(str(files / "layer")), removal_policy=RemovalPolicy.RETAIN)
    CrossStackReferences.of(layer).produce(ReferenceStrength.WEAK)
    function = Function(
        Stack(app, "Spoke", env=HUB), "F", code=Code.from_asset(str(files / "fn")), handler="main.handler",
        runtime=Runtime.PYTHON_3_13, layers=[layer],
    )  # fmt: skip
    write(layer, function)

    assert _rules(app) == expected


@pytest.mark.parametrize(
    ("retained", "expected"),
    [("nothing", ["shared-layer-not-retained"]), ("layer", ["grant-not-retained"]), ("both", [])],
)
def test_a_shared_layer_is_retained_with_its_permissions(retained: str, expected: list[str], files: Path) -> None:
    """The layer alone would lose the permissions of its old versions, which is another finding."""
    app = App()
    policy: dict[str, Any] = {} if retained == "nothing" else {"removal_policy": RemovalPolicy.RETAIN}
    layer = LayerVersion(Stack(app, "Hub", env=HUB), "Base", code=Code.from_asset(str(files / "layer")), **policy)
    layer.add_permission("Spoke", account_id="222222222222")
    if retained == "both":
        layer.node.find_child("Spoke").apply_removal_policy(RemovalPolicy.RETAIN)  # type: ignore[attr-defined]

    assert _rules(app) == expected
