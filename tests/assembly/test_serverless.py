"""Packages as the Serverless Framework writes them: those of serverless 3.40 and osls 4.3, with fewer properties."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from cdk_layers.assembly.reader import read
from tests.assembly.templates import labels, write_zip

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.app.model import Function

_DEPLOYS: Final = "serverless/orders/dev"
_DEPLOY: Final = f"{_DEPLOYS}/1795950668753-2026-11-29T11:11:08.753Z"
_EARLIER: Final = f"{_DEPLOYS}/1795000000000-2026-11-18T11:06:40.000Z"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return the package of a service that has no function so far."""
    package = tmp_path / "orders" / ".serverless"
    package.mkdir(parents=True)
    (package.parent / "serverless.yml").write_text("service: orders\n")
    return package


def _write(package: Path, artifact: str | None = None, /, **resources: Any) -> Path:
    """Write the template and the state of a package."""
    function = {"handler": "app.handler", "package": {} if artifact is None else {"artifact": artifact}}
    state = {
        "service": {
            "service": "orders",
            "provider": {"name": "aws", "region": "eu-west-1"},
            "functions": {"create": function},
        },
        "package": {"artifactDirectoryName": _DEPLOY, "artifact": "orders.zip"},
    }
    (package / "serverless-state.json").write_text(json.dumps(state))
    template = {"Resources": resources}
    (package / "cloudformation-template-update-stack.json").write_text(json.dumps(template))
    return package


def _function(key: str, *layers: object) -> dict[str, Any]:
    code = {"S3Bucket": {"Ref": "ServerlessDeploymentBucket"}, "S3Key": key}
    properties = {"Code": code, "Handler": "app.handler", "Runtime": "python3.13", "Layers": layers}
    return {"Type": "AWS::Lambda::Function", "Properties": properties}


def _layer(key: str, **attributes: str) -> dict[str, Any]:
    content = {"S3Bucket": {"Ref": "ServerlessDeploymentBucket"}, "S3Key": key}
    return {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": content}, **attributes}


def _only(package: Path) -> Function:
    (function,) = read(package).functions
    return function


def _files(function: Function) -> list[str] | None:
    return None if function.code is None else list(function.code.files)


def test_archives_are_next_to_the_template(package: Path) -> None:
    """A key ends with the name of its archive."""
    write_zip(package / "orders.zip", app="")
    write_zip(package / "base.zip", shared="")
    _write(
        package,
        CreateLambdaFunction=_function(f"{_DEPLOY}/orders.zip", {"Ref": "BaseLambdaLayer"}),
        BaseLambdaLayer=_layer(f"{_DEPLOY}/base.zip"),
    )
    app = read(package)
    (function,) = app.functions

    assert (function.where.path, function.region) == ("orders#CreateLambdaFunction", "eu-west-1")
    assert _files(function) == ["app.py"]
    (layer,) = function.used_layers
    assert layer.contents is not None
    assert list(layer.contents.files) == ["shared.py"]
    assert app.unread == ()


def test_an_unchanged_layer_has_the_key_of_an_earlier_deploy(package: Path) -> None:
    """The framework has packed it again all the same, and compared its hash with that of the stack."""
    write_zip(package / "base.zip", shared="")
    _write(package, BaseLambdaLayer=_layer(f"{_EARLIER}/base.zip"))

    assert read(package).layers[0].contents is not None


@pytest.mark.parametrize("key", ["base.zip", "elsewhere/base.zip", f"serverless/users/dev/{_DEPLOY[22:]}/base.zip"])
def test_another_key_with_the_same_name_is_another_archive(package: Path, key: str) -> None:
    """Such as one in a bucket of the user's, that a resource of serverless.yml names."""
    write_zip(package / "base.zip", shared="")
    app = read(_write(package, BaseLambdaLayer=_layer(key)))

    assert app.layers[0].contents is None
    assert f"{key} is not an asset" in str(app.unread[0])


def test_an_archive_that_is_not_there_is_unknown(package: Path) -> None:
    """As after a clean-up, or where only the template was kept."""
    app = read(_write(package, CreateLambdaFunction=_function(f"{_DEPLOY}/orders.zip")))

    assert app.functions[0].code is None
    assert "orders.zip is not an asset of this assembly" in str(app.unread[0])


def test_an_archive_of_the_user_is_in_the_folder_of_the_service(package: Path) -> None:
    """Its path is relative to serverless.yml."""
    write_zip(package.parent / "build" / "code.zip", app="")
    _write(package, "build/code.zip", CreateLambdaFunction=_function(f"{_DEPLOY}/code.zip"))

    assert _files(_only(package)) == ["app.py"]


def test_a_package_of_another_machine(package: Path) -> None:
    """The state has the absolute paths of the archives that the framework made, which say nothing here."""
    write_zip(package / "create.zip", app="")
    artifact = "/home/ci/orders/.serverless/create.zip"
    _write(package, artifact, CreateLambdaFunction=_function(f"{_DEPLOY}/create.zip"))

    assert _files(_only(package)) == ["app.py"]


def test_a_service_is_not_that_of_a_folder_above(package: Path) -> None:
    """Its file may have another name, by --config, and the one above may be that of another service."""
    (package.parent / "serverless.yml").rename(package.parent.parent / "serverless.yml")
    write_zip(package.parent.parent / "build" / "code.zip", wrong="")
    _write(package, "build/code.zip", CreateLambdaFunction=_function(f"{_DEPLOY}/code.zip"))
    assert _only(package).code is None

    write_zip(package.parent / "build" / "code.zip", app="")
    assert _files(_only(package)) == ["app.py"]


def test_a_state_without_the_folder_of_the_deploy(package: Path) -> None:
    """It does not tell which keys are those of the package."""
    write_zip(package / "base.zip", shared="")
    _write(package, BaseLambdaLayer=_layer("base.zip"))
    (package / "serverless-state.json").write_text("{}")
    assert read(package).layers[0].contents is None


@pytest.mark.parametrize("artifact", ["../secret.zip", "x" * 5000, "missing/secret.zip"])
def test_archives_elsewhere_are_not_read(package: Path, artifact: str) -> None:
    """Whatever path the state names."""
    write_zip(package.parent.parent / "secret.zip", app="")
    app = read(_write(package, artifact, CreateLambdaFunction=_function(f"{_DEPLOY}/secret.zip")))

    assert app.functions[0].code is None
    assert len(app.unread) == 1


@pytest.mark.parametrize(("cache", "is_read"), [("serverless-python-requirements", True), ("private", False)])
def test_a_link_into_the_cache_of_the_requirements_plugin(
    package: Path, tmp_path_factory: pytest.TempPathFactory, cache: str, is_read: bool
) -> None:
    """Its option `layer: true` leaves a link in place of the archive. No other link leads out of the package."""
    archive = write_zip(tmp_path_factory.mktemp("home") / cache / "fe2547_x86_64_slspyc.zip", six="")
    (package / "pythonRequirements.zip").symlink_to(archive)
    app = read(_write(package, Requirements=_layer(f"{_DEPLOY}/pythonRequirements.zip")))

    assert (app.layers[0].contents is not None) == is_read
    assert bool(app.unread) != is_read


def test_nested_templates_of_the_split_stacks_plugin(package: Path) -> None:
    """They are uploaded as the archives are, and the key is at the end of a join."""
    write_zip(package / "create.zip", app="")
    name = "cloudformation-template-Create-nested-stack.json"
    nested = {"Resources": {"CreateLambdaFunction": _function(f"{_DEPLOY}/create.zip", {"Ref": "Base"})}}
    nested |= {"Parameters": {"Base": {"Type": "String"}}}
    (package / name).write_text(json.dumps(nested))
    bucket = {"Ref": "ServerlessDeploymentBucket"}
    url = {"Fn::Join": ["/", ["https://s3.eu-west-1.amazonaws.com", bucket, _DEPLOY, name]]}
    parameters = {"Base": {"Ref": "BaseLambdaLayer"}}
    stack = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url, "Parameters": parameters}}
    _write(package, CreateNestedStack=stack, BaseLambdaLayer=_layer(f"{_DEPLOY}/base.zip"))
    function = _only(package)

    assert _files(function) == ["app.py"]
    assert labels(function) == ["orders#BaseLambdaLayer"]
    assert function.where.path == "orders#CreateNestedStack/CreateLambdaFunction"


@pytest.mark.parametrize(
    ("end", "policy", "retained"),
    [("26bc38a5455ec2fa3e318854bcf7153c7ce6d72e", "Retain", True), ("", "Retain", False),
     ("26bc38a5455ec2fa3e318854bcf7153c7ce6d72e", "Delete", False)],
)  # fmt: skip
def test_a_layer_with_a_hash_in_its_logical_id_is_never_replaced(
    package: Path, end: str, policy: str, retained: bool
) -> None:
    """Each change removes it from the template, where DeletionPolicy alone decides."""
    layer = _layer(f"{_DEPLOY}/base.zip", DeletionPolicy=policy)

    assert read(_write(package, **{f"BaseLambdaLayer{end}": layer})).layers[0].retained is retained
