"""Every variant that conditions allow is judged, and no variant that they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.assembly.evaluate.scenarios import MAX_SCENARIOS
from cdk_layers.assembly.reader import read
from cdk_layers.errors import AssemblyError
from tests.assembly.templates import assembly_of, read_text

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.app.model import App


def _branches(folder: Path, properties: str, rest: str) -> dict[str, str | None]:
    text = f"Resources: {{Report: {{Type: AWS::Lambda::Function, {properties}}}}}\n{rest}"
    return {function.scenario: function.runtime for function in read_text(folder, text).functions}


def test_a_parameter_decides_for_every_condition_on_it(tmp_path: Path) -> None:
    """Three values of one parameter are three variants, however many conditions compare it."""
    found = _branches(
        tmp_path,
        "Properties: {Runtime: !If [IsProd, python3.13, !If [IsTest, python3.12, python3.11]]}",
        """
Parameters: {Env: {Type: String}}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  IsTest: !Equals [test, !Ref Env]
""",
    )

    assert found == {
        "IsProd=true": "python3.13",
        "IsProd=false and IsTest=true": "python3.12",
        "IsProd=false and IsTest=false": "python3.11",
    }


def test_allowed_values_leave_nothing_else(tmp_path: Path) -> None:
    """A condition that no allowed value can meet makes no variant."""
    found = _branches(
        tmp_path,
        "Properties: {Runtime: !If [IsOld, python3.8, python3.13]}",
        "Parameters: {Env: {Type: String, AllowedValues: [prod, test]}}\nConditions: {IsOld: !Equals [!Ref Env, old]}",
    )

    assert found == {"IsOld=false": "python3.13"}


def test_a_default_does_not_decide(tmp_path: Path) -> None:
    """The deploying user may choose otherwise."""
    found = _branches(
        tmp_path,
        "Properties: {Runtime: !If [IsProd, python3.13, python3.12]}",
        "Parameters: {Env: {Type: String, Default: prod}}\nConditions: {IsProd: !Equals [!Ref Env, prod]}",
    )

    assert set(found.values()) == {"python3.13", "python3.12"}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("!And [!Equals [a, a], !Equals [a, b]]", "no"),
        ("!Or [!Equals [a, a], !Equals [a, b]]", "yes"),
        ("!Not [!Equals [a, b]]", "yes"),
        ("!Not [{Condition: Other}]", "no"),
        ("!Condition Other", "yes"),
        ("!Equals [!FindInMap [M, k, v], x]", "yes"),
    ],
)
def test_what_is_decided_makes_one_unconditional_variant(tmp_path: Path, condition: str, expected: str) -> None:
    """Literals decide, and then nothing is conditional."""
    rest = f"Conditions: {{It: {condition}, Other: !Equals [a, a]}}\nMappings: {{M: {{k: {{v: x}}}}}}"

    assert _branches(tmp_path, "Properties: {Runtime: !If [It, yes_, no_]}", rest) == {"": f"{expected}_"}


def test_a_resource_is_judged_only_where_it_is_there(tmp_path: Path) -> None:
    """Its own condition rules variants out."""
    found = _branches(
        tmp_path,
        "Condition: IsProd, Properties: {Runtime: !If [IsProd, python3.13, python3.8]}",
        "Parameters: {Env: {Type: String}}\nConditions: {IsProd: !Equals [!Ref Env, prod]}",
    )

    assert found == {"IsProd=true": "python3.13"}


def test_a_mapping_is_looked_up_with_the_value_of_the_variant(tmp_path: Path) -> None:
    """A parameter that a condition decided on has that value elsewhere too."""
    found = _branches(
        tmp_path,
        "Properties: {Runtime: !If [IsProd, !FindInMap [Runtimes, !Ref Env, name], none]}",
        """
Parameters: {Env: {Type: String, Default: test, AllowedValues: [prod, test]}}
Conditions: {IsProd: !Equals [!Ref Env, prod]}
Mappings: {Runtimes: {prod: {name: python3.13}, test: {name: python3.8}}}
""",
    )

    assert found == {"IsProd=true": "python3.13", "IsProd=false": "none"}


def test_a_condition_on_an_unknown_region_is_open(tmp_path: Path) -> None:
    """A template without an environment may be deployed to either."""
    found = _branches(
        tmp_path,
        "Properties: {Runtime: !If [Home, python3.13, python3.12]}",
        "Conditions: {Home: !Equals [!Ref AWS::Region, eu-west-1]}",
    )

    assert found == {"Home=true": "python3.13", "Home=false": "python3.12"}


def test_conditions_that_do_not_matter_multiply_nothing(tmp_path: Path) -> None:
    """Forty conditions elsewhere in the template are not 2**40 variants of this function."""
    names = [f"C{number}" for number in range(40)]
    rest = "\n".join((
        "Parameters:", *(f"  P{name}: {{Type: String}}" for name in names),
        "Conditions:", *(f"  {name}: !Equals [!Ref P{name}, x]" for name in names),
    ))  # fmt: skip

    assert len(_branches(tmp_path, "Properties: {Runtime: !If [C7, a, b]}", rest)) == 2


def test_variants_are_bounded(tmp_path: Path) -> None:
    """Forty that do matter are judged up to a bound, which the report tells."""
    names = [f"C{number}" for number in range(40)]
    variables = ", ".join(f"{name}: !If [{name}, a, b]" for name in names)
    rest = "\n".join((
        "Parameters:", *(f"  P{name}: {{Type: String}}" for name in names),
        "Conditions:", *(f"  {name}: !Equals [!Ref P{name}, x]" for name in names),
    ))  # fmt: skip
    properties = f"{{Environment: {{Variables: {{{variables}}}}}}}"
    app = read_text(tmp_path, f"Resources: {{R: {{Type: AWS::Lambda::Function, Properties: {properties}}}}}\n{rest}")

    assert 1 < len(app.functions) <= MAX_SCENARIOS
    assert any(
        "template.yaml#R" in sentence and str(len(app.functions)) in sentence for sentence in map(str, app.unread)
    )


def test_a_layer_follows_the_choices_of_its_function(tmp_path: Path) -> None:
    """A layer whose own properties are conditional is seen as it is in the function's variant."""
    app = read_text(tmp_path, """
Parameters: {Arm: {Type: String, AllowedValues: ['yes', 'no']}}
Conditions: {IsArm: !Equals [!Ref Arm, 'yes']}
Resources:
  Report: {Type: AWS::Lambda::Function,
           Properties: {Architectures: [!If [IsArm, arm64, x86_64]], Layers: [!Ref Base]}}
  Base: {Type: AWS::Lambda::LayerVersion, Properties: {CompatibleArchitectures: [!If [IsArm, arm64, x86_64]]}}
""")  # fmt: skip
    found = {
        function.scenario: (function.architecture, function.used_layers[0].architectures) for function in app.functions
    }

    assert found == {"IsArm=true": ("arm64", ("arm64",)), "IsArm=false": ("x86_64", ("x86_64",))}
    assert len(app.layers) == 2


@pytest.mark.parametrize("used", ["[!Ref Base]", "[!Ref Plain, !Ref Base]", "[!Ref Base, !Ref Other]"])
def test_a_function_has_the_variants_of_its_layers(tmp_path: Path, used: str) -> None:
    """A function without a condition of its own has each variant of its layers."""
    app = read_text(tmp_path, f"""
Parameters: {{Arm: {{Type: String, AllowedValues: ['yes', 'no']}}}}
Conditions: {{IsArm: !Equals [!Ref Arm, 'yes']}}
Resources:
  A: {{Type: AWS::Lambda::Function, Properties: {{Layers: {used}}}}}
  B: {{Type: AWS::Lambda::Function, Properties: {{Layers: {used}}}}}
  Plain: {{Type: AWS::Lambda::LayerVersion, Properties: {{CompatibleArchitectures: [x86_64]}}}}
  Base: {{Type: AWS::Lambda::LayerVersion, Properties: {{CompatibleArchitectures: [!If [IsArm, arm64, x86_64]]}}}}
  Other: {{Type: AWS::Lambda::LayerVersion, Properties: {{CompatibleArchitectures: [!If [IsArm, arm64, x86_64]]}}}}
""")  # fmt: skip
    for name in ("A", "B"):
        variants = {function.scenario: function for function in app.functions if function.where.logical_id == name}
        found = {
            scenario: {layer.architectures for layer in function.used_layers if layer.where.logical_id != "Plain"}
            for scenario, function in variants.items()
        }
        assert found == {"IsArm=true": {("arm64",)}, "IsArm=false": {("x86_64",)}}


@pytest.mark.parametrize("conditions", ["{A: !Not [{Condition: B}], B: !Not [{Condition: A}]}", "{}"])
def test_conditions_in_a_circle_or_missing_are_an_error(tmp_path: Path, conditions: str) -> None:
    """CloudFormation refuses such a template as well."""
    with pytest.raises(AssemblyError, match="condition 'A'"):
        _branches(tmp_path, "Properties: {Runtime: !If [A, x, y]}", f"Conditions: {conditions}")


_BASE_ARN = "arn:aws:lambda:eu-west-1:123456789012:layer:base:3"
_UNDER_ONE_NAME = {
    "Parameters": {"Arm": {"Type": "String", "Default": "false", "AllowedValues": ["true", "false"]}},
    "Conditions": {"UseArm": {"Fn::Equals": [{"Ref": "Arm"}, "true"]}},
}


@pytest.mark.parametrize(("default", "cases"), [("false", [_BASE_ARN]), ("true", [_BASE_ARN, "none"])])
def test_one_parameter_of_several_stacks_is_decided_once(tmp_path: Path, default: str, cases: list[str]) -> None:
    """`cdk deploy --parameters` sets it for every stack, so a function is not judged where it does not exist."""
    value = {"Fn::If": ["UseArm", _BASE_ARN, "none"]}
    hub = {
        **_UNDER_ONE_NAME,
        "Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/arm", "Value": value}}},
    }
    parameter = {"Type": "String", "Default": default, "AllowedValues": ["true", "false"]}
    spoke = {
        "Conditions": _UNDER_ONE_NAME["Conditions"],
        "Parameters": {"Arm": parameter, "L": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/arm"}},
        "Resources": {"F": {"Type": "AWS::Lambda::Function", "Condition": "UseArm",
                            "Properties": {"Code": {"ZipFile": "x"}, "Layers": [{"Ref": "L"}]}}},
    }  # fmt: skip
    app = read(assembly_of(tmp_path, Hub=hub, Spoke=spoke))
    assert sorted(layer.label for one in app.functions for layer in one.used_layers) == sorted(cases)


def test_what_a_stack_nests_under_a_condition_is_not_judged_without_it(tmp_path: Path) -> None:
    """A function of a nested stack exists only where the nested stack does."""
    (tmp_path / "inner.yaml").write_text(f"""
Parameters: {{Arn: {{Type: String}}}}
Resources:
  F: {{Type: AWS::Lambda::Function, Properties: {{Code: {{ZipFile: x}}, Layers: [!Ref Arn], Runtime: python3.13}}}}
  G: {{Type: AWS::Lambda::LayerVersionPermission, Properties: {{LayerVersionArn: '{_BASE_ARN}', Principal: !Ref Arn}}}}
""")
    app = read_text(
        tmp_path,
        f"""
Parameters: {{Arm: {{Type: String, Default: 'false', AllowedValues: ['true', 'false']}}}}
Conditions: {{UseArm: !Equals [!Ref Arm, 'true']}}
Resources:
  Nested:
    Type: AWS::CloudFormation::Stack
    Condition: UseArm
    Properties: {{TemplateURL: inner.yaml, Parameters: {{Arn: !If [UseArm, '{_BASE_ARN}', none]}}}}
""",
    )
    assert [[layer.label for layer in one.used_layers] for one in app.functions] == [[_BASE_ARN]]
    assert len(app.grants) == 1


def _nested(folder: Path, arguments: str, nested: str) -> App:
    (folder / "inner.yaml").write_text(nested)
    return read_text(
        folder,
        f"""
Parameters: {{Chip: {{Type: String, Default: x86_64}}, Stage: {{Type: String, Default: dev}}}}
Conditions: {{IsProd: !Equals [!Ref Stage, prod]}}
Resources:
  Nested: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: inner.yaml, Parameters: {{{arguments}}}}}}}
""",
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("Chip: !Ref Chip", {"arm64", "x86_64"}),
        ("Chip: arm64", {"arm64"}),
        ("Chip: !If [IsProd, arm64, x86_64]", {"arm64", "x86_64"}),
        ("Chip: !Ref Unset", {"arm64", "x86_64"}),
    ],
)
def test_conditions_of_nested_stacks_are_open_if_their_values_are(
    tmp_path: Path, arguments: str, expected: set[str]
) -> None:
    """A default of the parent's parameter decides nothing in a nested stack either."""
    app = _nested(tmp_path, arguments, """
Parameters: {Chip: {Type: String, Default: x86_64}}
Conditions: {IsArm: !Equals [!Ref Chip, arm64]}
Resources:
  F: {Type: AWS::Lambda::Function, Properties: {Architectures: [!If [IsArm, arm64, x86_64]]}}
""")  # fmt: skip

    assert {function.architecture for function in app.functions} == expected


@pytest.mark.parametrize("name", ["IsProd", "IsArm"])
def test_conditions_of_one_name_in_two_stacks_are_two(tmp_path: Path, name: str) -> None:
    """A condition of a nested stack is another one than its parent's condition of the same name."""
    app = _nested(tmp_path, "Base: !If [IsProd, base, other]", f"""
Parameters: {{Base: {{Type: String}}, Chip: {{Type: String}}}}
Conditions: {{{name}: !Equals [!Ref Chip, arm64]}}
Resources:
  F: {{Type: AWS::Lambda::Function, Properties: {{Architectures: [!If [{name}, arm64, x86_64]], Layers: [!Ref Base]}}}}
""")  # fmt: skip
    found = {(function.architecture, *(layer.label for layer in function.used_layers)) for function in app.functions}

    assert found == {("arm64", "base"), ("x86_64", "base"), ("arm64", "other"), ("x86_64", "other")}
