"""Layer versions of all kinds as the rules see them."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Final

import pytest
from aws_cdk import App, Environment, RemovalPolicy, Size, Stack
from aws_cdk.aws_lambda import Architecture, CfnLayerVersion, Code, LayerVersion, Runtime
from aws_cdk.aws_s3 import Bucket

from cdk_layers import SharedPythonLayer
from cdk_layers.cdk.model.layers import layer_model, model_of

if TYPE_CHECKING:
    from pathlib import Path

ARN: Final = "arn:aws:lambda:eu-west-1:333333333333:layer:tracing:7"


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack of a known account and Region."""
    env = Environment(account="111111111111", region="eu-west-1")
    return Stack(App(outdir=str(tmp_path / "cdk.out")), "Hub", env=env)


@pytest.fixture
def archive(tmp_path: Path) -> str:
    """An archive that another user made."""
    with zipfile.ZipFile(tmp_path / "layer.zip", "w") as file:
        file.writestr("python/company.py", "NAME = 1\n")
    return str(tmp_path / "layer.zip")


def test_a_plain_layer_is_read_from_its_resource_and_its_asset(stack: Stack, archive: str) -> None:
    """What its template will say is known, and what is in it is measured on the staged asset."""
    plain = LayerVersion(
        stack,
        "Plain",
        code=Code.from_asset(archive),
        compatible_runtimes=[Runtime.PYTHON_3_13],
        compatible_architectures=[Architecture.ARM_64],
        description="made by hand",
        license="MIT",
        layer_version_name="plain",
        removal_policy=RemovalPolicy.RETAIN,
    )
    model = layer_model(plain)
    assert model.where.path == model.label == "Hub/Plain"
    assert model.is_resource
    assert (model.partition, model.region, model.account) == ("aws", "eu-west-1", "111111111111")
    assert (model.runtimes, model.architectures) == (("python3.13",), ("arm64",))
    assert (model.name, model.description, model.license) == ("plain", "made by hand", "MIT")
    assert model.retained is True
    assert model.contents is not None
    assert list(model.contents.files) == ["python/company.py"]
    assert model.asset


def test_what_a_plain_layer_does_not_say_is_absent_or_unknown(tmp_path: Path) -> None:
    """No list is an empty one; a bucket's content, and where an environment-agnostic stack goes, are not known."""
    stack = Stack(App(outdir=str(tmp_path / "cdk.out")), "Anywhere")
    bucket = Bucket.from_bucket_name(stack, "Bucket", "bucket")
    model = layer_model(LayerVersion(stack, "FromBucket", code=Code.from_bucket(bucket, "layer.zip")))
    assert (model.runtimes, model.architectures, model.retained) == ((), (), False)
    assert (model.contents, model.asset, model.partition, model.region, model.account) == (None,) * 5


def test_a_shared_layer_tells_what_its_template_does_not(stack: Stack, tmp_path: Path) -> None:
    """Its contents, digest, budget and notes come from the build."""
    (tmp_path / "entry").mkdir()
    (tmp_path / "entry" / "requirements.txt").write_text("six\n", encoding="utf-8")
    shared = SharedPythonLayer(
        stack,
        "Shared",
        entry=tmp_path / "entry",
        compatible_runtimes=[Runtime.PYTHON_3_13],
        max_unzipped=Size.mebibytes(2),
    )
    model = model_of(shared)
    assert (model.contents, model.asset, model.budget_bytes) == (shared.contents, shared.digest, 2 * 1024**2)
    assert [note.rule for note in model.report.notes] == ["unpinned-requirement"]


def test_a_literal_arn_is_taken_apart(stack: Stack) -> None:
    """An imported layer is what its ARN says; what the ARN does not say is unknown, not empty."""
    model = layer_model(LayerVersion.from_layer_version_arn(stack, "Imported", ARN))
    assert not model.is_resource
    assert model.label == ARN
    assert (model.name, model.region, model.account) == ("tracing", "eu-west-1", "333333333333")
    assert (model.runtimes, model.contents, model.retained) == (None, None, None)


def test_a_malformed_arn_is_kept_as_it_stands(stack: Stack) -> None:
    """The rules judge the text; nothing is guessed from it."""
    model = layer_model(LayerVersion.from_layer_version_arn(stack, "Imported", ARN.removesuffix(":7")))
    assert (model.raw_arn, model.arn, model.region) == (ARN.removesuffix(":7"), None, None)


def test_a_token_is_unknown(stack: Stack, archive: str) -> None:
    """An ARN that only the deploy knows says nothing, and is no malformed text."""
    plain = LayerVersion(stack, "Plain", code=Code.from_asset(archive))
    model = layer_model(LayerVersion.from_layer_version_arn(stack, "Imported", plain.layer_version_arn))
    assert (model.raw_arn, model.arn, model.label) == (None, None, "Hub/Imported")


def test_runtimes_that_an_import_names_are_known(stack: Stack) -> None:
    """Attributes of an imported layer count; `Runtime.ALL` is the CDK's way of saying nothing."""
    named = LayerVersion.from_layer_version_attributes(
        stack, "Named", layer_version_arn=ARN, compatible_runtimes=[Runtime.PYTHON_3_12]
    )
    everything = LayerVersion.from_layer_version_attributes(
        stack, "All", layer_version_arn=ARN, compatible_runtimes=Runtime.ALL
    )
    assert layer_model(named).runtimes == ("python3.12",)
    assert layer_model(everything).runtimes is None


def test_an_override_is_what_counts(stack: Stack, archive: str) -> None:
    """What is changed on the resource after construction is what the rules see."""
    plain = LayerVersion(stack, "Plain", code=Code.from_asset(archive))
    resource = plain.node.default_child
    assert isinstance(resource, CfnLayerVersion)
    resource.compatible_runtimes = ["python3.12"]
    resource.apply_removal_policy(RemovalPolicy.RETAIN)
    model = layer_model(plain)
    assert (model.runtimes, model.retained) == (("python3.12",), True)
