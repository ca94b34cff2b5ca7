"""What a user passes to the constructs: accepted in every form that makes sense, and named where it makes none."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import aws_cdk
import pytest
from aws_cdk import App, Duration, ReferenceStrength, RemovalPolicy, Size, Stack, Token
from aws_cdk.assertions import Template
from aws_cdk.aws_lambda import Architecture, Code, Function, LayerVersion, Runtime, RuntimeFamily
from aws_cdk.aws_lambda_python_alpha import PythonFunction

from cdk_layers import LayeredFunction, LayerGrant, MultiLayerStack, SharedPythonLayer
from cdk_layers.cdk.arguments.types import FunctionArguments, LayerArguments, StackArguments, StackDefaults
from cdk_layers.errors import CdkLayersError, SharingError, TargetError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RUNTIME: Final = Runtime.PYTHON_3_13
THING: Final = object()
TEXTS: Final = (3, True, b"text", [1], {"a": "b"}, THING)
LISTS_OF_TEXTS: Final = (3, [None], {"a": "b"}, b"tests/", [["a"]], THING)
FOLDERS: Final = (3, "", b"layers", ["layers"], "a\0b", THING)
RUNTIMES: Final = ("python313", "3.13", 3.13, [None], ["Runtime.PYTHON_3_13"], {"python3.13": 1}, Architecture.ARM_64)
ARCHITECTURES: Final = ("arm", "amd64", 64, [None], {"arm64": 1}, RUNTIME)
GRANTS: Final[tuple[Any, ...]] = (
    222222222222,
    [222222222222],
    "22",
    ["O-A1B2C3D4E5"],
    [None],
    {"222222222222": 1},
    THING,
)
SIZES: Final = (
    100, "100", "120 megabytes", "-1 MiB", 1.5, True, [Size.mebibytes(1)],
    Size.mebibytes(Token.as_number({"Ref": "Size"})),
)  # fmt: skip
POLICIES: Final = ("keep", 1, True, ["retain"], ReferenceStrength.WEAK, RemovalPolicy.SNAPSHOT, THING)
STRENGTHS: Final = ("week", 1, True, ["weak"], RemovalPolicy.RETAIN, THING)
FLAGS: Final[tuple[Any, ...]] = ("yes", "False", 1, 0, [], THING)
CONTENT: Final[dict[str, tuple[Any, ...]]] = {
    "bytecode": FLAGS,
    "trim": (3, "all", ["no-such-kind"], b"tests", THING),
    "dependency_excludes": LISTS_OF_TEXTS,
    "aws_services": LISTS_OF_TEXTS,
    "try_imports": FLAGS,
}
BUNDLINGS: Final = ("docker", 3, ["image"], {"imgae": None}, {"environment": 3}, aws_cdk.BundlingOptions, THING)
IDS: Final[tuple[Any, ...]] = (3, "", None, True, b"Base")
SCOPES: Final[tuple[Any, ...]] = (None, "Hub", 3, Stack, THING)

LAYER: Final[dict[str, tuple[Any, ...]]] = {
    "entry": FOLDERS,
    "opt_entry": FOLDERS,
    "compatible_runtimes": RUNTIMES,
    "compatible_architectures": ARCHITECTURES,
    "bundling": BUNDLINGS,
    "description": TEXTS,
    "layer_version_name": TEXTS,
    "license": TEXTS,
    "removal_policy": POLICIES,
    "grants": GRANTS,
    "asset_excludes": LISTS_OF_TEXTS,
    "allow_source_builds": LISTS_OF_TEXTS,
    "default_excludes": FLAGS,
    **CONTENT,
    "follow_links": FLAGS,
    "groups": LISTS_OF_TEXTS,
    "extras": LISTS_OF_TEXTS,
    "docker": FLAGS,
    "max_unzipped": SIZES,
    "reference_strength": STRENGTHS,
}
FUNCTION: Final[dict[str, tuple[Any, ...]]] = {
    "handler": (3, True, b"main.handler", ["main.handler"], THING),
    "runtime": RUNTIMES,
    "code": ("functions/report", Path("functions"), 3, [], THING),
    "entry": FOLDERS,
    "index": (3, True, b"index.py", ["index.py"], "index.js", THING),
    "bundling": BUNDLINGS,
    "layers": (3, [None], [THING], {"base": 1}, Stack, [RUNTIME], [LayerGrant.public()]),
    "architecture": (*ARCHITECTURES[:3], ["arm64"], RUNTIME),
    "max_unzipped": SIZES,
    "asset_excludes": LISTS_OF_TEXTS,
    "allow_source_builds": LISTS_OF_TEXTS,
    "default_excludes": FLAGS,
    **CONTENT,
    "follow_links": FLAGS,
    "groups": LISTS_OF_TEXTS,
    "extras": LISTS_OF_TEXTS,
}
STACK: Final[dict[str, tuple[Any, ...]]] = {
    "layers": ("layers", ["base"], {"base": "layers/base"}, {"base": None}, {"base": {3: 3}}, 3),
    "compatible_runtimes": RUNTIMES,
    "compatible_architectures": ARCHITECTURES,
    "grants": GRANTS,
    "removal_policy": POLICIES,
    "default_excludes": FLAGS,
    **CONTENT,
    "parameter_prefix": (3, True, b"/layers", ["/layers"], THING),
    "reference_strength": STRENGTHS,
}
OTHERS: Final[dict[str, tuple[Any, ...]]] = {
    "float": ("128", [128], {"a": 1}, b"1", THING),
    "bool": ("yes", 3, [True], {"a": 1}, THING),
    "str": (3, [], {"a": 1}, True, THING),
    "Mapping": (3, ["a"], "a", {"a": 1}, {"a": None}, THING),
    "Sequence": (3, "a", [THING], {"a": 1}, b"a"),
    "other": (3, "a", ["a"], b"a", 1.5, Stack, print, Path.cwd),
}
"""Wrong values for arguments that go to the CDK, by what their types begin with."""


def _own(construct: Callable[..., object]) -> set[str]:
    return {name for name, one in inspect.signature(construct).parameters.items() if one.kind is one.KEYWORD_ONLY}


def _passed_on(arguments: type) -> Iterator[tuple[str, Any]]:
    for name, annotation in arguments.__annotations__.items():
        words = annotation.__forward_arg__
        kind = next((one for one in OTHERS if words.startswith(one)), "other")
        yield from ((name, value) for value in OTHERS[kind])


def _each(table: dict[str, tuple[Any, ...]]) -> list[tuple[str, Any]]:
    return [(name, value) for name, values in table.items() for value in values]


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An entry folder of code alone."""
    folder = tmp_path_factory.mktemp("entry")
    (folder / "index.py").write_text("def handler(event, context): return 1\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A stack for all tests that only get errors."""
    return Stack(App(outdir=str(tmp_path_factory.mktemp("out"))), "Hub")


@pytest.fixture(scope="module")
def layers(stack: Stack) -> MultiLayerStack:
    """A stack of layers for all tests that only get errors."""
    return MultiLayerStack(cast("App", stack.node.root), "Layers", compatible_runtimes=[RUNTIME])


@pytest.fixture
def fresh(tmp_path: Path) -> Stack:
    """A stack of an app of its own."""
    return Stack(App(outdir=str(tmp_path / "cdk.out")), "Hub")


def _calling(make: Any, *args: Any, **given: Any) -> Callable[[], object]:
    """Return a call that type checkers do not look into."""
    return lambda: make(*args, **given)


def _refused(place: str, name: str, value: object, make: Callable[[], object]) -> None:
    with pytest.raises(UsageError) as caught:
        make()
    message = str(caught.value)
    assert message.startswith(f"{place}: "), (name, value, message)
    assert name in message
    assert "\n" not in message
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_wrong_value_of_a_layer_is_named(stack: Stack, entry: Path) -> None:
    """Each argument of a layer answers to each of at least five wrong values with one sentence."""
    assert LAYER.keys() == _own(SharedPythonLayer.__init__)
    for name, value in _each(LAYER):
        given = {"entry": entry, "compatible_runtimes": RUNTIME, name: value}
        _refused("Layer 'Hub/Base'", name, value, _calling(SharedPythonLayer, stack, "Base", **given))


def test_a_wrong_value_of_a_layer_in_a_stack_is_named(layers: MultiLayerStack, entry: Path) -> None:
    """`add_layer` answers like the layer itself."""
    for name, value in _each(LAYER):
        given = {"entry": entry, name: value}
        _refused("Layer 'Layers/base'", name, value, _calling(layers.add_layer, "base", **given))
    for value in (3, None, b"base", ["base"], THING):
        _refused("Stack 'Layers'", "name", value, _calling(layers.add_layer, value, entry=entry))


def test_a_wrong_value_of_a_function_is_named(stack: Stack, entry: Path) -> None:
    """Each argument of a function's own answers to wrong values with one sentence."""
    assert FUNCTION.keys() == _own(LayeredFunction.__init__)
    for name, value in _each(FUNCTION):
        source = {} if name in ("code", "entry") else {"entry": entry}
        given = {"runtime": RUNTIME, "handler": "index.handler", **source, name: value}
        _refused("Function 'Hub/Fn'", name, value, _calling(LayeredFunction, stack, "Fn", **given))


def test_a_wrong_value_of_a_stack_is_named(stack: Stack) -> None:
    """Each argument of a stack's own answers to wrong values with one sentence."""
    assert STACK.keys() == _own(MultiLayerStack.__init__)
    for name, value in _each(STACK):
        make = _calling(MultiLayerStack, stack, "Sub", **{name: value})
        _refused("Stack 'Hub/Sub'", name, value, make)
    for value in (None, *FOLDERS):
        make = _calling(MultiLayerStack.from_directory, stack, "Sub", value)
        _refused("Stack 'Hub/Sub'", "directory", value, make)


def test_a_wrong_value_that_goes_to_the_cdk_is_named(stack: Stack) -> None:
    """Python's checks of the CDK's types and Node's end in the same kind of sentence, without a traceback of theirs."""
    code = Code.from_inline("def handler(event, context): return 1")
    for name, value in _passed_on(FunctionArguments):
        given = {"runtime": RUNTIME, "handler": "index.handler", "code": code, name: value}
        if name not in inspect.signature(Function.__init__).parameters:
            continue
        number = len(stack.node.children)
        make = _calling(LayeredFunction, stack, f"Fn{number}", **given)
        _refused(f"Function 'Hub/Fn{number}'", name, value, make)


def test_a_wrong_value_that_goes_to_the_cdks_stack_is_named(stack: Stack) -> None:
    """The same for a stack."""
    for name, value in _passed_on(StackArguments):
        number = len(stack.node.children)
        make = _calling(MultiLayerStack, stack, f"S{number}", **{name: value})
        _refused(f"Stack 'Hub/S{number}'", name, value, make)


def test_a_wrong_place_is_named(stack: Stack, entry: Path) -> None:
    """So are a scope that is not a construct, and an id that is not a name."""
    for scope in SCOPES:
        _refused(
            "Layer 'Base'",
            "scope",
            scope,
            _calling(SharedPythonLayer, scope, "Base", entry=entry, compatible_runtimes=RUNTIME),
        )
        _refused(
            "Function 'Fn'",
            "scope",
            scope,
            _calling(LayeredFunction, scope, "Fn", entry=entry, runtime=RUNTIME),
        )
    for name in IDS:
        with pytest.raises(UsageError, match=r"^Layer 'Hub/.*': id is .*; expected .* with at least one character\."):
            SharedPythonLayer(stack, name, entry=entry, compatible_runtimes=RUNTIME)
    for scope in SCOPES[1:]:
        _refused("Stack 'Layers'", "scope", scope, _calling(MultiLayerStack, scope, "Layers"))
        _refused("Stack 'Layers'", "scope", scope, _calling(MultiLayerStack.from_directory, scope, "Layers", "layers"))
    for name in IDS:
        with pytest.raises(UsageError, match=r"^Stack 'Hub/.*': id is .*; expected .* with at least one character\."):
            MultiLayerStack.from_directory(stack, name, "layers")
    # As with the CDK's own class.
    assert MultiLayerStack().node.path == "Default"


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("entri", "entry"),
        ("compatible_runtime", "compatible_runtimes"),
        ("licence", "license"),
        ("max_unziped", "max_unzipped"),
    ],
)
def test_a_misspelt_argument_of_a_layer_names_the_nearest(
    stack: Stack, layers: MultiLayerStack, entry: Path, misspelt: str, meant: str
) -> None:
    """A misspelt keyword is a typed sentence with the name that was meant, for a layer and in a stack."""
    given: dict[str, Any] = {"entry": entry, "compatible_runtimes": RUNTIME, misspelt: 1}
    shown = rf"unknown keyword argument '{misspelt}'\. Did you mean '{meant}'\?"
    with pytest.raises(UsageError, match=rf"^Layer 'Hub/Base': {shown}"):
        SharedPythonLayer(stack, "Base", **given)
    with pytest.raises(UsageError, match=rf"^Layer 'Layers/base': {shown}"):
        layers.add_layer("base", **given)


@pytest.mark.parametrize(
    ("misspelt", "meant"), [("memory_sise", "memory_size"), ("time_out", "timeout"), ("enviroment", "environment")]
)
def test_a_misspelt_argument_of_a_function_names_the_nearest(stack: Stack, misspelt: str, meant: str) -> None:
    """The CDK's own arguments count as well."""
    with pytest.raises(UsageError, match=rf"^Function 'Hub/Fn': .*'{misspelt}'\. Did you mean '{meant}'\?"):
        LayeredFunction(stack, "Fn", handler="a.b", runtime=RUNTIME, **{misspelt: 1})  # type: ignore[arg-type]


@pytest.mark.parametrize(("misspelt", "meant"), [("environ", "env"), ("stackname", "stack_name"), ("grant", "grants")])
def test_a_misspelt_argument_of_a_stack_names_the_nearest(
    stack: Stack, tmp_path: Path, misspelt: str, meant: str
) -> None:
    """So do those of a stack, also one that is read from a folder."""
    (tmp_path / "base").mkdir()
    given: dict[str, Any] = {misspelt: 1}
    for make, more in ((MultiLayerStack, {}), (MultiLayerStack.from_directory, {"directory": tmp_path})):
        with pytest.raises(UsageError, match=rf"^Stack 'Hub/Sub': .*'{misspelt}'\. (?:Did you mean '{meant}'\?|Valid)"):
            _calling(make, stack, "Sub", **given, **more)()


def test_a_name_that_is_like_none_lists_the_valid_ones(stack: Stack) -> None:
    """Where nothing is near, the message lists what there is."""
    with pytest.raises(UsageError, match=r"'zzzzzz'\. Valid ones: adot_instrumentation, .*, vpc_subnets\."):
        LayeredFunction(stack, "Fn", handler="a.b", runtime=RUNTIME, zzzzzz=1)  # type: ignore[call-arg]


def test_arguments_without_names_are_named(stack: Stack, entry: Path) -> None:
    """Arguments that are missing, or more positional ones than there are, are typed sentences too."""
    with pytest.raises(UsageError, match=r"^Layer 'Hub/Base': only 'scope' and 'id' can be passed without a name"):
        SharedPythonLayer(stack, "Base", entry)  # type: ignore[call-arg]
    with pytest.raises(UsageError, match=r"^Function 'Hub/Fn': 'runtime' is missing"):
        LayeredFunction(stack, "Fn", entry=entry)  # type: ignore[call-arg]
    with pytest.raises(UsageError, match=r"^Layer 'Hub/\?': 'compatible_runtimes' and 'id' are missing"):
        SharedPythonLayer(stack)  # type: ignore[call-arg]


def test_what_is_expected_is_said_as_a_user_writes_it(stack: Stack, entry: Path) -> None:
    """The sentences say what was got, with its type, and the form that works."""
    with pytest.raises(UsageError) as caught:
        SharedPythonLayer(stack, "Base", entry=entry, compatible_runtimes=RUNTIME, grants=[222222222222])  # type: ignore[list-item]
    assert str(caught.value) == (
        "Layer 'Hub/Base': grants[0] is 222222222222 (int); expected a LayerGrant, an account id of 12 digits "
        '("222222222222"), an organization id ("o-a1b2c3d4e5") or "public". Write account ids as strings.'
    )
    with pytest.raises(UsageError, match=r"runtime is 'Python3\.13' \(str\); .* Did you mean 'python3\.13'\?$"):
        LayeredFunction(stack, "Fn", entry=entry, runtime="Python3.13")
    with pytest.raises(UsageError, match=r"^Function 'Hub/Fn': timeout is 30 \(int\); expected aws_cdk\.Duration\.$"):
        LayeredFunction(stack, "Fn", entry=entry, runtime=RUNTIME, timeout=30)  # type: ignore[arg-type]
    with pytest.raises(
        UsageError, match=r"^Function 'Hub/Fn2': environment\['A'\] is of type int; expected a string\.$"
    ):
        LayeredFunction(stack, "Fn2", entry=entry, runtime=RUNTIME, environment={"A": 1})  # type: ignore[dict-item]


def test_what_a_mapping_contains_is_not_in_the_message(stack: Stack, entry: Path) -> None:
    """Environment variables can be secrets."""
    with pytest.raises(UsageError) as caught:
        LayeredFunction(stack, "Fn3", entry=entry, runtime=RUNTIME, environment={"A": "hunter2", "B": 1})  # type: ignore[dict-item]
    assert "hunter2" not in str(caught.value)


def test_the_stack_in_place_of_its_layers_names_the_way(stack: Stack, entry: Path) -> None:
    """A stack among the layers, or in their place, leads to `pick`."""
    stack_of_layers = MultiLayerStack(stack, "Some", compatible_runtimes="python3.13")
    for wrong in (stack_of_layers, [stack_of_layers]):
        with pytest.raises(UsageError, match=r"layers(\[0\])? is an object of type MultiLayerStack; .*stack\.pick\("):
            LayeredFunction(stack, "Fn4", entry=entry, runtime=RUNTIME, layers=wrong)  # type: ignore[arg-type]


def _texts_for(entry: Path) -> dict[str, Any]:
    return {
        "entry": str(entry),
        "compatible_runtimes": "python3.13",
        "compatible_architectures": "arm64",
        "grants": "222222222222",
        "removal_policy": "destroy",
        "max_unzipped": "120 MiB",
        "reference_strength": "strong",
        "asset_excludes": "tests/",
        "allow_source_builds": "six",
    }


def test_strings_and_single_values_mean_the_same(fresh: Stack, tmp_path: Path, entry: Path) -> None:
    """What layers.toml accepts is accepted here, and one value stands for a list of one."""
    other = Stack(App(outdir=str(tmp_path / "other.out")), "Hub")
    SharedPythonLayer(fresh, "Base", **_texts_for(entry))
    SharedPythonLayer(
        other, "Base", entry=entry, compatible_runtimes=[RUNTIME], compatible_architectures=[Architecture.ARM_64],
        grants=[LayerGrant.account("222222222222")], removal_policy=RemovalPolicy.DESTROY,
        max_unzipped=Size.mebibytes(120), reference_strength=ReferenceStrength.STRONG,
        asset_excludes=["tests/"], allow_source_builds=["six"],
    )  # fmt: skip
    assert Template.from_stack(fresh).to_json() == Template.from_stack(other).to_json()


def test_every_kind_of_list_and_none_of_it_will_do(fresh: Stack, entry: Path) -> None:
    """Tuples, sets and generators are lists as well; None is what is not given; an empty list of architectures too."""
    layer = SharedPythonLayer(
        fresh, "Base", entry=entry, compatible_runtimes=(one for one in ("python3.12", RUNTIME)),  # type: ignore[arg-type]
        compatible_architectures=[], grants={"public", "o-a1b2c3d4e5"}, asset_excludes=(Path("tests") / "unit",),  # type: ignore[arg-type]
        allow_source_builds=None, description=None, docker=None, removal_policy=None, bundling=None,
    )  # fmt: skip
    [properties] = [
        one["Properties"] for one in Template.from_stack(fresh).find_resources("AWS::Lambda::LayerVersion").values()
    ]
    assert properties["CompatibleRuntimes"] == ["python3.12", "python3.13"]
    assert "CompatibleArchitectures" not in properties
    assert [one.name for one in layer.compatible_architectures] == ["x86_64"]


def test_functions_and_stacks_accept_strings(tmp_path: Path, entry: Path) -> None:
    """So do functions, `add_layer` and the options of layers in a stack; a single layer needs no list."""
    app = App(outdir=str(tmp_path / "cdk.out"))
    hub = MultiLayerStack(
        app, "Layers", compatible_runtimes="python3.13", compatible_architectures="arm64", grants="222222222222",
        removal_policy="RETAIN", layers={"base": {"entry": entry, "max_unzipped": "1 MB"}},
    )  # fmt: skip
    spoke = Stack(app, "Spoke")
    function = LayeredFunction(
        spoke, "Fn", entry=entry, runtime="python3.13", architecture="arm64", layers=hub["base"], max_unzipped="2 MiB",
        handler="index.handler", timeout=Duration.seconds(3),
    )  # fmt: skip
    function.add_layers("arn:aws:lambda:eu-west-1:333333333333:layer:agent:7")
    assert len(function.declared_layers) == 2
    [rendered] = Template.from_stack(spoke).find_resources("AWS::Lambda::Function").values()
    assert rendered["Properties"]["Runtime"] == "python3.13"
    assert rendered["Properties"]["Architectures"] == ["arm64"]


def test_a_runtime_that_equals_a_constant_by_name_is_it(fresh: Stack, entry: Path) -> None:
    """`Runtime("python3.13", ...)` is the constant, for a layer, for a function, and for both."""
    made = Runtime("python3.13", RuntimeFamily.PYTHON)
    pairs: list[tuple[Any, Any]] = [(made, RUNTIME), (RUNTIME, made), (made, made), ("python3.13", made)]
    for number, (one, other) in enumerate(pairs):
        layer = SharedPythonLayer(fresh, f"L{number}", entry=entry, compatible_runtimes=[one])
        LayeredFunction(fresh, f"F{number}", entry=entry, runtime=other, layers=[layer])
    code = Code.from_inline("def handler(event, context): return 1")
    Function(fresh, "Plain", code=code, handler="index.handler", runtime=RUNTIME, layers=[layer])


def test_other_runtimes_have_names_too(fresh: Stack, entry: Path) -> None:
    """A function may run on anything; a layer is for Python, and says so with the type that it always had."""
    code = Code.from_inline("exports.handler = 1")
    LayeredFunction(fresh, "Node", code=code, handler="index.handler", runtime="nodejs22.x")
    with pytest.raises(TargetError, match=r"'nodejs22\.x' is not a Python runtime"):
        SharedPythonLayer(fresh, "Base", entry=entry, compatible_runtimes="nodejs22.x")


def test_a_runtime_that_only_equals_the_layers_own_is_kept(fresh: Stack, entry: Path) -> None:
    """A layer version of the CDK's own that declares such a runtime takes the function that has it."""
    made = Runtime("python3.13", RuntimeFamily.PYTHON)
    plain = LayerVersion(fresh, "Plain", code=Code.from_asset(str(entry)), compatible_runtimes=[made])
    LayeredFunction(fresh, "Fn", entry=entry, runtime=Runtime("python3.13", RuntimeFamily.PYTHON), layers=[plain])


def test_options_of_bundling_in_a_mapping_are_read_like_arguments(stack: Stack, tmp_path: Path, fresh: Stack) -> None:
    """A single pattern is one pattern, not its letters; what the CDK would pass over in a mapping is named."""
    entry = tmp_path / "entry"
    entry.mkdir()
    for name in ("i", "index.py", "kept.py"):
        (entry / name).write_text("NAME = 1\n", encoding="utf-8")
    layer = SharedPythonLayer(
        fresh, "Base", entry=entry, compatible_runtimes=RUNTIME, bundling={"asset_excludes": "index.py"}
    )
    assert layer.contents is not None
    assert sorted(layer.contents.files) == ["python/i", "python/kept.py"]
    for options, shown in (
        ({"environment": {"A": 1}}, r"environment\['A'\] is of type int"),
        ({"build_args": ["a"]}, "build_args is an object of type list"),
        ({"asset_excludes": [None]}, r"asset_excludes\[0\] is None"),
    ):
        with pytest.raises(UsageError, match=rf"^Layer 'Hub/Base': bundling: {shown}"):
            SharedPythonLayer(stack, "Base", entry=entry, compatible_runtimes=RUNTIME, bundling=options)


def test_methods_name_what_is_wrong_too(fresh: Stack, entry: Path) -> None:
    """What is called later answers like the constructor, and accepts the same strings."""
    layer: Any = SharedPythonLayer(fresh, "Base", entry=entry, compatible_runtimes=RUNTIME)
    layer.apply_removal_policy("destroy")
    assert layer.node.default_child.cfn_options.deletion_policy.name == "DELETE"
    assert layer.grant("222222222222") is layer.grant(LayerGrant.account("222222222222"))
    wrong: Any
    for wrong in (3, None, "keep", RUNTIME, []):
        with pytest.raises(UsageError, match=r"^Layer 'Hub/Base': .*removal.policy is .*; expected RemovalPolicy"):
            layer.apply_removal_policy(wrong)
    for wrong in (3, None, "22", [LayerGrant.public()], THING):
        with pytest.raises(UsageError, match=r"^Layer 'Hub/Base': grant is .*; expected a LayerGrant"):
            layer.grant(wrong)
    for wrong in (3, None, ""):
        with pytest.raises(UsageError, match=r"^Layer 'Hub/Base': the permission's id is "):
            layer.add_permission(wrong, account_id="222222222222")
    stack_of_layers: Any = MultiLayerStack(fresh, "Layers")
    for wrong in (3, None, ["base"], {"base": 1}, THING):
        with pytest.raises(UsageError, match="has no layer"):
            stack_of_layers.pick(wrong)


def test_what_is_known_only_at_deploy_is_not_an_option_of_a_build(stack: Stack, entry: Path) -> None:
    """A pattern with a token in it would match no file, and a list that is a token has no items yet."""
    text, texts = Token.as_string({"Ref": "Pattern"}), Token.as_list({"Ref": "Patterns"})
    for name in (name for name, values in LAYER.items() if values in (FOLDERS, LISTS_OF_TEXTS)):
        given = {"entry": entry, "compatible_runtimes": RUNTIME, name: text}
        with pytest.raises(UsageError, match=rf"^Layer 'Hub/L': {name} is a string that is known only at deploy"):
            _calling(SharedPythonLayer, stack, "L", **given)()
    for name in (name for name, values in LAYER.items() if values in (LISTS_OF_TEXTS, GRANTS, RUNTIMES)):
        given = {"entry": entry, "compatible_runtimes": RUNTIME, name: texts}
        with pytest.raises(UsageError, match=rf"^Layer 'Hub/L': {name} is a list that is known only at deploy"):
            _calling(SharedPythonLayer, stack, "L", **given)()
    with pytest.raises(UsageError, match=r"^Function 'Hub/F': layers is a list that .* one by one: Fn\.select\(0"):
        _calling(LayeredFunction, stack, "F", entry=entry, runtime=RUNTIME, layers=texts)()


@pytest.mark.parametrize("text", ["", "python", "ünï", "pypy"])
def test_what_is_like_no_runtime_suggests_none(stack: Stack, text: str) -> None:
    """Every name is somewhat like "python3.9", the shortest."""
    with pytest.raises(UsageError, match=r'its name "python3\.13"\.$'):
        LayeredFunction(stack, "F", entry="report", runtime=text)


@pytest.mark.parametrize("wrong", [b"222222222222", 1.5, THING, Stack, print, ("a",)])
def test_a_grant_that_was_made_without_a_check_is_checked_when_it_is_used(
    fresh: Stack, wrong: Any, entry: Path
) -> None:
    """As a dataclass, a grant of anything can be made."""
    layer = SharedPythonLayer(fresh, "Base", entry=entry, compatible_runtimes=RUNTIME)
    for grant in (LayerGrant(wrong), LayerGrant("*", wrong)):
        with pytest.raises(SharingError, match=r"The permission .Hub/Base/Grant"):
            layer.grant(grant)


@pytest.mark.parametrize("wrong", [222222222222, None, "", "22", ["222222222222"], b"222222222222", 1.5, THING])
def test_a_grant_is_checked_when_it_is_made(wrong: Any) -> None:
    """A grant of anything but an account or an organization is a SharingError, and never one to everyone."""
    with pytest.raises(SharingError, match=r"LayerGrant\.account\("):
        LayerGrant.account(wrong)
    with pytest.raises(SharingError, match=r"LayerGrant\.organization\("):
        LayerGrant.organization(wrong)


@pytest.mark.parametrize(
    ("types", "base", "own"),
    [
        (FunctionArguments, Function.__init__, _own(LayeredFunction.__init__)),
        (StackArguments, Stack.__init__, _own(MultiLayerStack.__init__)),
        (LayerArguments, SharedPythonLayer.__init__, set()),
        (StackDefaults, MultiLayerStack.__init__, set()),
    ],
)
def test_the_types_are_those_of_the_arguments(types: Any, base: Callable[..., object], own: set[str]) -> None:
    """Editors know every argument that the installed CDK accepts, and what the oldest lacks is known to be newer."""
    accepted = inspect.signature(base).parameters.keys() - {"self", "scope", "id", "kwargs"} - own
    known = types.__annotations__.keys() - (StackArguments.__annotations__.keys() if types is StackDefaults else set())
    assert accepted <= known
    assert known - accepted <= NEWER_THAN_THE_OLDEST


NEWER_THAN_THE_OLDEST: Final = frozenset[str]()
"""Arguments that the oldest aws-cdk-lib of pyproject.toml does not have."""


def test_arguments_of_the_cdks_python_function_are_accepted() -> None:
    """A PythonFunction moves over with all its arguments."""
    accepted = set(inspect.signature(PythonFunction.__init__).parameters) - {"self"}
    ours = set(inspect.signature(LayeredFunction.__init__).parameters) | FunctionArguments.__annotations__.keys()
    assert accepted <= ours


def test_every_error_is_the_packages_own() -> None:
    """A UsageError is caught with all others."""
    assert issubclass(UsageError, CdkLayersError)
