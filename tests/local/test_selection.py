"""Functions that users name, and what running them takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from cdk_layers.app.model import App, Function, Layer, LayerUse
from cdk_layers.errors import UsageError
from cdk_layers.findings import Where
from cdk_layers.lambda_service.arn import LayerArn
from cdk_layers.local.selection import find_function, find_function_or_layer, local_function

_ARN: Final = "arn:aws:lambda:eu-west-1:111111111111:layer:company"
_OWN: Final = Path("own.zip")
_GIVEN: Final = Path("given.zip")


def _function(where: str | Where, **facts: Any) -> Function:
    place = Where(where) if isinstance(where, str) else where
    return Function(
        place, **{"runtime": "python3.13", "handler": "main.handler", "location": _OWN, "layers": (), **facts}
    )


def _imported(**facts: Any) -> Layer:
    """Return a layer that the app does not contain."""
    return Layer(Where("Spoke/Report/Layer0"), raw_arn=f"{_ARN}:7", arn=LayerArn.parse(f"{_ARN}:7"), **facts)


@pytest.mark.parametrize("name", ["Report", "Spoke/Report", "/Spoke/Report", "Spoke/Report/"])
def test_an_ending_of_a_path_begins_with_a_whole_id(name: str) -> None:
    """A function whose id only ends like the name is another one."""
    functions = [_function(path) for path in ("App/Spoke/MyReport", "App/Spoke/Report", "App/OldSpoke/Report2")]
    assert find_function(App(tuple(functions)), name) is functions[1]


@pytest.mark.parametrize("name", ["Two/Report", "template.yaml#Two/Report"])
def test_functions_of_nested_templates_are_named_by_their_nested_stack(name: str) -> None:
    """Two SAM applications, each in a template.yaml, may both have a function of one logical id."""
    functions = [_function(Where(f"template.yaml#{nested}/Report", logical_id="Report")) for nested in ("One", "Two")]
    assert find_function(App(tuple(functions)), name) is functions[1]


def test_a_path_goes_before_names_and_endings() -> None:
    """What names one function exactly does not mean another one as well."""
    functions = (
        _function("B/Report"),
        _function("Report"),
        _function(Where("C", logical_id="Hub")),
        _function("D/Hub", name="Named"),
        _function(Where("E/F", logical_id="Named")),
    )
    names = {name: find_function(App(functions), name).where.path for name in ("Report", "Hub", "Named", "F")}
    assert names == {"Report": "Report", "Hub": "C", "Named": "D/Hub", "F": "E/F"}


def test_a_function_of_several_scenarios_is_one_function() -> None:
    """It runs as in the first of them."""
    scenarios = [_function("Spoke/Report", scenario=f"UseArm={value}") for value in ("false", "true")]
    assert find_function(App(tuple(scenarios)), "Report") is scenarios[0]


def test_a_layer_or_a_function() -> None:
    """A layer of the app goes first, and a layer that others own is none of the app's."""
    layer = Layer(Where("Hub/base"), is_resource=True, location=_OWN)
    used, other = _function("Spoke/base"), _function("Spoke/Layer0")
    app = App((used, other), (layer, _imported()))
    found = {name: find_function_or_layer(app, name) for name in ("base", "Spoke/base", "Layer0")}
    assert found == {"base": layer, "Spoke/base": used, "Layer0": other}
    with pytest.raises(UsageError, match=r"no layer or function 'x'\. It has Hub/base, Spoke/Layer0, Spoke/base\."):
        find_function_or_layer(app, "x")


def test_what_a_function_is_run_with() -> None:
    """Its own configuration, and Lambda's defaults for what it does not set."""
    facts: dict[str, Any] = {
        "architecture": "arm64", "timeout_seconds": 7, "memory_mib": 512, "region": "eu-west-1",
        "account": "222222222222",
        "name": "report",
    }  # fmt: skip
    function, _ = local_function(_function(Where("Spoke/Report", logical_id="Report2"), **facts))
    assert {key: getattr(function, key) for key in facts} == facts
    plain, _ = local_function(_function("Spoke/Report", region="eu-west-1"))
    assert (plain.architecture, plain.timeout_seconds, plain.memory_mib, plain.name) == ("x86_64", 3, 128, "Report")
    assert local_function(_function(Where("Spoke/Report", logical_id="Report2")))[0].name == "Report2"


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({}, "us-east-1"),
    ],
)
def test_the_region_of_a_stack_without_one(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], region: str
) -> None:
    """This machine's Region, as for the CDK CLI."""
    monkeypatch.setattr("cdk_layers.system.host.environ", lambda: variables)
    assert local_function(_function("Report"))[0].region == region


@pytest.mark.parametrize("name", [f"{_ARN}:7", _ARN, "company"])
def test_an_imported_layer_comes_from_what_the_user_gives(name: str) -> None:
    """Its ARN names it, with or without the version, and so does its name."""
    layer = _imported(name="company")
    function, _ = local_function(_function("Report", layers=(LayerUse(layer),)), archives={name: _GIVEN})
    assert [(each.label, each.location) for each in function.layers] == [(f"{_ARN}:7", _GIVEN)]


def test_what_the_user_gives_overrides_the_app() -> None:
    """An archive for a layer of the app, and variables over those of the function."""
    layer = Layer(Where("Hub/base"), is_resource=True, location=_OWN)
    chosen = _function(
        "Report", layers=(LayerUse(layer),), environment={"STAGE": "app", "SIZE": "1", "TABLE": None, "KEY": None}
    )
    function, unknown = local_function(
        chosen, archives={"Hub/base": _GIVEN}, environment={"STAGE": "given", "TABLE": "given"}
    )
    assert [each.location for each in function.layers] == [_GIVEN]
    assert (function.environment, unknown) == ({"STAGE": "given", "SIZE": "1", "TABLE": "given"}, ("KEY",))


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"layers": None}, "The layers of function 'Report' are known only after a deploy"),
        ({"layers": (LayerUse(_imported()),)}, "is not in the assembly. Give its archive"),
        (
            {"layers": (LayerUse(Layer(Where("Hub/base"), is_resource=True)),)},
            "Run `cdk synth` .*, or give its archive",
        ),
        ({"location": None}, "The code of function 'Report' is not in the assembly"),
        ({"handler": None}, "has a handler that only a deploy knows"),
        ({"runtime": "nodejs22.x"}, "has the runtime 'nodejs22.x'. Only Python functions run here"),
        ({"image": True}, "is a container image"),
    ],
)
def test_what_is_missing_is_an_error(facts: dict[str, Any], message: str) -> None:
    """No function runs without some of its layers or its code."""
    with pytest.raises(UsageError, match=message):
        local_function(_function("Report", **facts))
