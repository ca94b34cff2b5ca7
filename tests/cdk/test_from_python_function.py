"""PythonFunction's arguments, in place of PythonFunction."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, AssetHashType, AssetStaging, Stack
from aws_cdk.assertions import Template
from aws_cdk.aws_lambda import Architecture, Code
from aws_cdk.aws_lambda_python_alpha import BundlingOptions

from cdk_layers import LayeredFunction
from cdk_layers.errors import UsageError


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An entry with handlers in several places."""
    folder = tmp_path_factory.mktemp("entry")
    for name in ("index.py", "main.py", "api/v1/app.py", "notes.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(
            "def handler(event, context): return 1\nlambda_handler = handler\n", encoding="utf-8"
        )
    return folder


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack of an app of its own."""
    return Stack(App(outdir=str(tmp_path / "cdk.out")), "Spoke")


def _rendered(stack: Stack) -> dict[str, Any]:
    [function] = Template.from_stack(stack).find_resources("AWS::Lambda::Function").values()
    return dict(function["Properties"])


@pytest.mark.parametrize(
    ("given", "handler"),
    [
        ({}, "index.handler"),
        ({"handler": "lambda_handler"}, "index.lambda_handler"),
        ({"index": "main.py"}, "main.handler"),
        ({"index": "main.py", "handler": "lambda_handler"}, "main.lambda_handler"),
        ({"index": "main.py", "handler": "main.handler"}, "main.handler"),
        ({"index": "api/v1/app.py", "handler": "lambda_handler"}, "api.v1.app.lambda_handler"),
        ({"index": "./main.py"}, "main.handler"),
        ({"handler": "main.handler"}, "main.handler"),
        ({"handler": "api.v1.app.handler"}, "api.v1.app.handler"),
    ],
)
def test_the_handler_is_made_from_a_file_and_a_function(
    stack: Stack, entry: Path, given: dict[str, Any], handler: str
) -> None:
    """`index` and `handler` have PythonFunction's meaning and defaults, and a whole handler works too."""
    LayeredFunction(stack, "Fn", entry=entry, runtime="python3.13", **given)
    assert _rendered(stack)["Handler"] == handler


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"index": "nothing.py"}, r"the entry '.*entry.*' has no file 'nothing\.py'.*index=\"main\.py\""),
        ({"index": "notes.txt"}, r"index is 'notes\.txt' \(str\); expected the name of a Python file"),
        ({"index": "api"}, "expected the name of a Python file"),
    ],
)
def test_a_file_without_a_handler_is_named(stack: Stack, entry: Path, given: dict[str, Any], shown: str) -> None:
    """A handler that cannot be there is an error before anything is built."""
    with pytest.raises(UsageError, match=rf"^Function 'Spoke/Fn': .*{shown}"):
        LayeredFunction(stack, "Fn", entry=entry, runtime="python3.13", **given)


def test_without_an_index_the_error_says_how_to_name_one(stack: Stack, tmp_path: Path) -> None:
    """The default file is PythonFunction's, which few entries have."""
    (tmp_path / "entry").mkdir()
    (tmp_path / "entry" / "main.py").touch()
    with pytest.raises(UsageError, match=r"no file 'index\.py'.*index=\"main\.py\", or .* handler=\"main\.handler\""):
        LayeredFunction(stack, "Fn", entry=tmp_path / "entry", runtime="python3.13")


def test_code_of_the_users_needs_a_handler(stack: Stack) -> None:
    """There is no default for what was not built here."""
    with pytest.raises(UsageError, match="handler is missing"):
        LayeredFunction(stack, "Fn", code=Code.from_inline("x = 1"), runtime="python3.13")


@pytest.mark.parametrize("as_mapping", [False, True])
def test_options_of_bundling_reach_the_build(stack: Stack, entry: Path, as_mapping: bool) -> None:
    """What a build without a container can honor is honored: excludes, a folder, a hash, the function's platform."""
    options: dict[str, Any] = {
        "asset_excludes": ["notes.txt"],
        "output_path_suffix": "app",
        "asset_hash": "0123",
        "asset_hash_type": AssetHashType.CUSTOM,
        "platform": "linux/arm64",
        "build_args": {"POETRY_VERSION": "2.1"},
    }
    stages = []
    for name, excludes in (("Fn", options["asset_excludes"]), ("Whole", [])):
        given = {**options, "asset_excludes": excludes}
        function = LayeredFunction(
            stack, name, entry=entry, runtime="python3.13", architecture=Architecture.ARM_64,
            handler="app.main.handler", bundling=given if as_mapping else BundlingOptions(**given),
        )  # fmt: skip
        stages.append(function.node.find_child("Code").node.find_child("Stage"))
    stage, whole = stages
    assert isinstance(stage, AssetStaging)
    assert isinstance(whole, AssetStaging)
    assert stage.asset_hash == whole.asset_hash, "the user's hash, whatever the content is"
    with zipfile.ZipFile(Path(stage.absolute_staged_path)) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    assert names == {"app/index.py", "app/main.py", "app/api/v1/app.py"}


def test_what_only_a_container_can_honour_is_named(stack: Stack, entry: Path) -> None:
    """A function is built without Docker, so such an option is an error with the way out."""
    with pytest.raises(
        UsageError,
        match=r"^Function 'Spoke/Fn'.*bundling\.network, bundling\.user need a container.*Leave them out.*code=",
    ):
        LayeredFunction(stack, "Fn", entry=entry, runtime="python3.13", bundling={"network": "host", "user": "1000"})
