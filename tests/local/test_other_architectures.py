"""Functions for another architecture than this machine's."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest
from uv import find_uv_bin

from cdk_layers.contents.model import Contents, File, Native
from cdk_layers.errors import UsageError
from cdk_layers.local.runner import foreign_files, this_architecture
from tests.local.apps import Log, function_of, run_once, write_app

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.local.runner import Runner

_OTHER: Final = "arm64" if this_architecture() == "x86_64" else "x86_64"
_WORDS: Final = {"arm64": "aarch64", "x86_64": "x86_64"}
_PLATFORM: Final = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}[_OTHER]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app for the other architecture, with real wheels in its layers."""
    folder = tmp_path_factory.mktemp("other")
    functions: dict[str, dict[str, object]] = {
        "Pure": {"Code": {"main.py": "def handler(event, context): return 'pure'"}},
        "Optional": {"Code": {"main.py": "import markupsafe as m\ndef handler(event, context): return m.escape('<')"},
                     "Layers": [{"Ref": "MarkupSafe"}]},
        "Needed": {"Code": {"main.py": "import orjson"}, "Layers": [{"Ref": "orjson"}]},
    }  # fmt: skip
    write_app(
        folder, {name: {**function, "Architectures": [_OTHER]} for name, function in functions.items()},
        {"MarkupSafe": {"python/own.py": ""}, "orjson": {"python/own.py": ""}},
    )  # fmt: skip
    for name in ("MarkupSafe", "orjson"):
        subprocess.run(
            [find_uv_bin(), "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:",
             "--python", sys.executable, "--python-platform", _PLATFORM, "--target", folder / name / "python", name],
            check=True,
        )  # fmt: skip
    return folder


@pytest.mark.parametrize(("name", "result"), [("Pure", "pure"), ("Optional", "&lt;")])
def test_what_needs_no_native_code_runs(app: Path, runner: Runner, name: str, result: str) -> None:
    """Pure Python runs anywhere, and so do packages that are imported without their native modules."""
    outcome, log = run_once(runner, function_of(app, name))
    assert outcome.error is None, log
    assert json.loads(outcome.payload) == result


@pytest.mark.parametrize(
    ("file", "foreign"),
    [("orjson/orjson.so", ["orjson/orjson.so"]), ("speech/libspeech-{}.so", []), ("data/{}/model.so", [])],
)
def test_files_that_a_package_chooses_by_their_names(file: str, foreign: list[str]) -> None:
    """A package with libraries for several machines has those for others too, and loads none of them."""
    path = f"python/{file.format(_WORDS[_OTHER])}"
    contents = Contents(1, {path: File(1, 0, 0o644)}, natives=(Native(path, _OTHER, None),))
    assert foreign_files(contents, "python/", this_architecture()) == [f"python/{name}" for name in foreign]


def test_native_code_next_to_the_handler_is_refused(tmp_path: Path, app: Path, runner: Runner) -> None:
    """The code of a function counts like its layers."""
    code = write_app(tmp_path, {"Code": {"Architectures": [_OTHER], "Code": {"main.py": "import orjson"}}})
    shutil.copytree(app / "orjson" / "python", code / "Code", dirs_exist_ok=True)
    with pytest.raises(UsageError, match="1 native file, such as orjson/"):
        runner.start(function_of(code, "Code"), Log())


def test_what_needs_native_code_is_refused(app: Path, runner: Runner) -> None:
    """The message names a file, and says what to do."""
    refused = (
        rf"is for {_OTHER}, and this machine is .*1 native file, such as python/orjson/.* a machine with {_OTHER}\."
    )
    with pytest.raises(UsageError, match=refused):
        runner.start(function_of(app, "Needed"), Log())
