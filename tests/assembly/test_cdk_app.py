"""What is read from an app that the CDK itself wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.assembly.reader import read
from cdk_layers.building.notes import Note

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.app.model import App, Function


@pytest.mark.parametrize(
    ("function", "layers"),
    [
        ("Neighbour/Strong", [("Hub/Strong", "import-value")]),
        ("Neighbour/Parameter", [("Hub/Strong", "parameter")]),
        ("Spoke/Weak", [("Hub/Weak", "stack-output")]),
        ("Away/Crossing", [("Hub/Crossing", "import-value")]),
        ("Hub/Outside", [("Hub/Nested/Inner", "same-stack")]),
        ("Hub/Nested/Inside", [("Hub/Strong", "same-stack"), ("Hub/Nested/Inner", "same-stack")]),
        ("Production/Spoke/Staged", [("Production/Hub/Base", "import-value")]),
    ],
)
def test_layers_are_found_through_every_link(
    functions: dict[str, list[Function]], function: str, layers: list[tuple[str, str]]
) -> None:
    """An export, a weak output, SSM, another Region, a nested stack and a stage all lead to the layer."""
    (found,) = functions[function]

    assert [(use.layer.label, use.reference) for use in found.layers or ()] == layers


def test_a_layer_is_one_object(app: App, functions: dict[str, list[Function]]) -> None:
    """Functions of several stacks that use one layer hold the same object, and the app lists it once."""
    strong = functions["Neighbour/Strong"][0].used_layers[0]

    assert strong is functions["Neighbour/Parameter"][0].used_layers[0]
    assert [layer for layer in app.layers if layer.where.path == "Hub/Strong"] == [strong]


def test_products_are_checked(functions: dict[str, list[Function]]) -> None:
    """The template of a Service Catalog product is an asset of its stack, and is deployed in any account and Region."""
    (offered,), (outside,) = functions["Hub/Offer/Outside"], functions["Hub/Outside"]

    assert offered.where.template.endswith(".product.template.json")
    assert offered.where.logical_id == outside.where.logical_id
    assert (offered.region, offered.account) == (None, None)
    assert offered.code is not None
    assert list(offered.code.files) == ["index.py"]


def test_what_is_known_of_a_layer(functions: dict[str, list[Function]]) -> None:
    """Its place, its environment, what lies in it, and what its construct left as marks."""
    layer = functions["Spoke/Weak"][0].used_layers[0]

    assert (layer.partition, layer.region, layer.account) == ("aws", "eu-west-1", "111111111111")
    assert layer.contents is not None
    assert list(layer.contents.files) == ["python/shared.py"]
    assert layer.sources is not None
    assert layer.sources.read("python/shared.py") == b"def handler(event, context): return event\n"
    assert (layer.retained, layer.is_resource, layer.runtimes, layer.architectures) == (True, True, (), ())
    assert (layer.asset, layer.budget_bytes, layer.report.notes) == ("d" * 64, 1000, (Note("r", "m", "y"),))
    assert layer.where.logical_id.startswith("Weak")
    assert layer.where.template.endswith("Hub.template.json")


def test_what_is_known_of_a_function(functions: dict[str, list[Function]]) -> None:
    """Its runtime, handler, code and environment, and the marks of its construct."""
    (function,) = functions["Neighbour/Ordered"]

    assert (function.runtime, function.handler, function.architecture) == ("python3.13", "main.handler", "x86_64")
    assert function.code is not None
    assert function.code.unzipped_bytes == 42
    assert function.environment == {}
    assert (function.declared_layers, function.budget_bytes) == (("Hub/Strong",), 2000)
    assert (function.partition, function.region, function.account) == ("aws", "eu-west-1", "111111111111")


def test_an_unknown_environment_is_unknown(functions: dict[str, list[Function]]) -> None:
    """A stack without an environment may be deployed anywhere."""
    function = functions["Branches/Either"][0]

    assert (function.partition, function.region, function.account) == (None, None, None)


def test_correlated_conditions_make_two_branches_not_four(functions: dict[str, list[Function]]) -> None:
    """The architecture and the layers hang on one parameter, so they change together."""
    branches = {
        function.scenario: (function.architecture, function.used_layers[0].label)
        for function in functions["Branches/Either"]
    }

    assert branches == {
        "UseArm=true": ("arm64", "Branches/OnArm"),
        "UseArm=false": ("x86_64", "Branches/OnIntel"),
    }


def test_an_edge_function_is_known_across_regions(functions: dict[str, list[Function]]) -> None:
    """The CDK puts it into a stack of its own in us-east-1 and reads its ARN back through SSM."""
    (redirect,) = (one for name, (one, *_) in functions.items() if name.endswith("/Redirect"))

    assert redirect.edge
    assert redirect.region == "us-east-1"
    assert not functions["Hub/Outside"][0].edge


def test_an_image_function_has_no_code_to_look_into(functions: dict[str, list[Function]]) -> None:
    """Its image lies in a registry."""
    (function,) = functions["Edge/Image"]

    assert (function.image, function.code, function.runtime) == (True, None, None)


def test_a_grant_knows_its_layer(app: App) -> None:
    """The permission of a retained layer is not retained by itself, which a rule judges."""
    (grant,) = app.grants

    assert grant.layer is not None
    assert (grant.where.path, grant.layer.label, grant.principal) == ("Hub/Weak/Spoke", "Hub/Weak", "222222222222")
    assert (grant.organization, grant.retained, grant.public_on_purpose) == (None, False, False)


def test_nothing_of_it_is_unknown(app: App) -> None:
    """Whatever the CDK writes for these links can be read."""
    assert app.unread == ()


def test_a_template_of_it_can_be_read_alone(assembly: Path) -> None:
    """Only its own functions are judged, with what the rest of the assembly tells of their layers."""
    app = read(assembly / "Spoke.template.json")

    assert [function.where.path for function in app.functions] == ["Spoke/Weak"]
    assert app.functions[0].used_layers[0].label == "Hub/Weak"
    assert app.layers == ()


def test_a_stage_of_it_can_be_read_alone(assembly: Path) -> None:
    """Its assets lie in the folder of the whole app, one up."""
    app = read(assembly / "assembly-Production")

    (function,) = app.functions
    assert function.code is not None
    assert function.used_layers[0].contents is not None


def test_assets_that_were_not_built_are_unknown(assembly: Path) -> None:
    """`cdk list` leaves sources where a build would stand."""
    app = read(assembly, unbundled=["Hub"])
    sizes = {layer.label: layer.unzipped_bytes for layer in app.layers}

    assert sizes["Hub/Strong"] is None
    assert sizes["Hub/Nested/Inner"] is None
    assert sizes["Production/Hub/Base"] == 42
    unbuilt = {function.where.path: function.is_unbuilt for function in app.functions}
    assert unbuilt["Hub/Outside"]
    assert unbuilt["Hub/Nested/Inside"]
    assert not unbuilt["Neighbour/Strong"]
