"""SharedPythonLayer takes the place of PythonLayerVersion: the same app, but for what is documented.

The baseline runs PythonLayerVersion itself; a DockerImage whose `run` fills the output stands in for its container.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from aws_cdk import App, AssetHashType, CfnOutput, DockerImage, DockerVolume, Environment, RemovalPolicy, Stack, Tags
from aws_cdk.assertions import Template
from aws_cdk.aws_lambda import Alias, Architecture, Code, Function, LayerVersion, Runtime
from aws_cdk.aws_lambda_python_alpha import BundlingOptions, PythonLayerVersion

from cdk_layers import SharedPythonLayer
from cdk_layers.testing import stable_template

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import Construct

    MakeLayer = Callable[..., LayerVersion]
    MakeApp = Callable[[App, MakeLayer], Stack]

PYTHON: Final = Runtime.PYTHON_3_13


class _Container(DockerImage):
    """A container that installs nothing and copies the code."""

    def __init__(self) -> None:
        super().__init__("stand-in")

    def run(self, *, volumes: Any = None, **_: object) -> None:
        mounts: dict[str, str] = {one.container_path: one.host_path for one in volumes if isinstance(one, DockerVolume)}
        target = Path(mounts["/asset-output"]) / "python"
        target.mkdir()
        for file in Path(mounts["/asset-input"]).iterdir():
            (target / file.name).write_bytes(file.read_bytes())


def _original(scope: Construct, name: str, *, bundling: dict[str, Any] | None = None, **arguments: Any) -> LayerVersion:
    options = BundlingOptions(**{**(bundling or {}), "image": _Container()})
    return PythonLayerVersion(scope, name, bundling=options, **arguments)


def _shared(scope: Construct, name: str, **arguments: Any) -> LayerVersion:
    return SharedPythonLayer(scope, name, **arguments)


@pytest.fixture
def entry(tmp_path: Path) -> str:
    """A folder with a manifest and code, as a user has it."""
    folder = tmp_path / "layer"
    folder.mkdir()
    (folder / "requirements.txt").write_text("six==1.17.0\n", encoding="utf-8")
    (folder / "company.py").write_text("NAME = 'company'\n", encoding="utf-8")
    return str(folder)


def _plain(entry: str) -> MakeApp:
    def make(app: App, layer: MakeLayer) -> Stack:
        stack = Stack(app, "Plain")
        layer(stack, "Base", entry=entry, compatible_runtimes=[PYTHON])
        return stack

    return make


def _with_all_arguments(entry: str) -> MakeApp:
    def make(app: App, layer: MakeLayer) -> Stack:
        stack = Stack(app, "All", env=Environment(account="111111111111", region="eu-west-1"))
        one = layer(
            stack,
            "Base",
            entry=entry,
            compatible_runtimes=[PYTHON, Runtime.PYTHON_3_12],
            compatible_architectures=[Architecture.ARM_64, Architecture.X86_64],
            bundling={"asset_excludes": ["*.md"], "environment": {"A": "1"}, "asset_hash_type": AssetHashType.OUTPUT},
            description="For all",
            layer_version_name="base",
            license="Apache-2.0",
            removal_policy=RemovalPolicy.RETAIN,
        )
        CfnOutput(stack, "Arn", value=one.layer_version_arn)
        Tags.of(stack).add("team", "hub")
        return stack

    return make


def _with_functions(entry: str) -> MakeApp:
    def make(app: App, layer: MakeLayer) -> Stack:
        stack = Stack(app, "Functions")
        layers = [layer(stack, name, entry=entry, compatible_runtimes=[PYTHON]) for name in ("One", "Two")]
        code = Code.from_inline("def handler(event, context): return 1")
        one = Function(stack, "Fn", runtime=PYTHON, handler="index.handler", code=code, layers=layers)
        Alias(stack, "Live", alias_name="live", version=one.current_version)
        layers[0].add_permission("Spoke", account_id="222222222222")
        return stack

    return make


def _differences(original: object, shared: object) -> dict[str, tuple[object, object]]:
    """Return what differs, by path."""
    if not isinstance(original, dict) or not isinstance(shared, dict):
        return {} if original == shared else {"": (original, shared)}
    return {
        f"/{key}{path}": difference
        for key in sorted({*original, *shared})
        for path, difference in _differences(original.get(key), shared.get(key)).items()
    }


@pytest.mark.parametrize("make", [_plain, _with_all_arguments, _with_functions])
def test_only_what_is_documented_differs(make: Callable[[str], MakeApp], entry: str, tmp_path: Path) -> None:
    """Swapping the import changes the layer's policies, description and license where they were left open, no more.

    The asset's name is another one too, it is a ready zip, and Metadata names what the layer made: `stable_template`
    takes out all of these.
    """
    templates = []
    for layer in (_original, _shared):
        app = App(outdir=str(tmp_path / layer.__name__))
        templates.append(stable_template(Template.from_stack(make(entry)(app, layer))))
    differing: dict[str, set[object]] = {}
    for path, (original, shared) in _differences(*templates).items():
        differing.setdefault(path.rpartition("/")[2], set()).update({original, shared})
    documented: dict[str, set[object]] = {
        "DeletionPolicy": {None, "Retain"},
        "UpdateReplacePolicy": {None, "Retain"},
        "Description": {None, "made from the distributions"},
        "LicenseInfo": {None, "made from the distributions"},
    }
    assert differing == ({} if make is _with_all_arguments else documented)


def test_positional_and_keyword_scope_are_the_cdks(entry: str, tmp_path: Path) -> None:
    """The first two arguments have the CDK's names."""
    stack = Stack(App(outdir=str(tmp_path / "cdk.out")), "Hub")
    layer = SharedPythonLayer(scope=stack, id="Base", entry=entry, compatible_runtimes=[PYTHON])
    assert layer.node.path == "Hub/Base"
    assert isinstance(layer, PythonLayerVersion)
