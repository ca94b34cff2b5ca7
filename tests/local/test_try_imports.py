"""Imports of all top-level packages of a layer or a function."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest

from cdk_layers.app.model import App, Layer
from cdk_layers.cli import main
from cdk_layers.contents.measure import measure
from cdk_layers.errors import UsageError
from cdk_layers.findings import Where
from cdk_layers.local import process
from cdk_layers.local.process import IMPORT_RESULT, try_imports
from cdk_layers.local.runner import this_architecture
from cdk_layers.local.selection import find_function_or_layer
from cdk_layers.local.top_level import top_level_names
from cdk_layers.local.try_imports import layer_as_function
from tests.local.apps import RUNTIME, write_app

if TYPE_CHECKING:
    from pathlib import Path

_PACKAGES: Final = {
    "whole/__init__.py": "import noisy; print('hello')",
    "trimmed/__init__.py": "from trimmed import tests",
    "never/__init__.py": "import no_such_library",
    "noisy.py": "print('cdk-layers', end=''); import os; os.write(2, b'half a line')",
    "ending.py": "raise SystemExit(3)",
    "cloud/storage/__init__.py": "",
    "cloud/queues/v1/__init__.py": "",
    "cloud/of/four/names/__init__.py": "",
    "cloud/of/four/names/parts/__init__.py": "",
    "cloud/tem-plate/__init__.py": "",
    "test/unit/__init__.py": "",
    "tests/__init__.py": "import no_such_test_runner",
    "whole.libs/libx.so": "",
    "bin/program": "#!/bin/sh\n",
}
_CONFIGURED: Final = {"configured.py": "import os; os.environ['SETTINGS']"}
_NAMES: Final = (
    *("cloud.of.four.names", "cloud.queues.v1", "cloud.storage"),
    *("ending", "never", "noisy", "trimmed", "whole"),
)


def _layer(files: dict[str, str], prefix: str = "python/") -> dict[str, str]:
    record = "".join(f"{name},,\n" for name in files)
    metadata = {"all-1.dist-info/METADATA": "Name: all\nVersion: 1\n", "all-1.dist-info/RECORD": record}
    return {f"{prefix}{name}": text for name, text in {**files, **metadata}.items()}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app with a layer of packages that can and cannot be imported, and the layer before it was trimmed."""
    folder = write_app(
        tmp_path_factory.mktemp("imports"),
        {
            "Report": {"Code": _layer({"main.py": ""}, "")},
            "Other": {"Code": {"main.py": ""}, "Layers": [{"Ref": "Base"}]},
        },
        {"Base": _layer(_PACKAGES), "Node": {"nodejs/index.js": ""}, "Configured": _layer(_CONFIGURED)},
    )
    template = json.loads((folder / "template.yaml").read_text())
    template["Resources"]["Node"]["Properties"]["CompatibleRuntimes"] = ["nodejs22.x", "java21", "dotnet8", "ruby3.4"]
    template["Resources"]["Configured"]["Properties"]["CompatibleRuntimes"] = ["nodejs22.x", "python3.9", RUNTIME]
    (folder / "template.yaml").write_text(json.dumps(template))
    shutil.copytree(folder / "Base", folder / "Untrimmed")
    (folder / "Untrimmed" / "python" / "trimmed" / "tests.py").touch()
    return folder


def _tried(app: Path, capsys: pytest.CaptureFixture[str], name: str, *arguments: str) -> tuple[int, Any]:
    status = main(["try-imports", name, str(app), *arguments, "--format", "json"])
    return status, json.loads(capsys.readouterr().out)


def test_names_what_cannot_be_imported(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each package is imported in a process of its own, whatever it prints, and whatever ends it."""
    status, found = _tried(app, capsys, "Base", "--runtime", RUNTIME)
    assert status == 1
    assert found["imported"] == ["cloud.of.four.names", "cloud.queues.v1", "cloud.storage", "noisy", "whole"]
    errors = {failure["name"]: failure["error"] for failure in found["failed"]}
    assert set(errors) == {"ending", "never", "trimmed"}
    assert errors["ending"] == "SystemExit: 3"
    assert errors["never"] == "ModuleNotFoundError: No module named 'no_such_library'"


def test_blames_trimming_only_for_what_it_broke(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What fails untrimmed as well is listed, and is not broken."""
    untrimmed = str(app / "Untrimmed")
    status, found = _tried(app, capsys, "Base", "--runtime", RUNTIME, "--untrimmed", untrimmed)
    assert status == 1
    fails = {failure["name"]: failure["fails_untrimmed"] for failure in found["failed"]}
    assert fails == {"ending": True, "never": True, "trimmed": False}
    assert main(["try-imports", "Base", str(app), "--runtime", RUNTIME, "--untrimmed", untrimmed]) == 1
    out = capsys.readouterr().out
    assert "never: ModuleNotFoundError: No module named 'no_such_library' (it fails untrimmed, too)" in out
    assert f"8 packages imported in {RUNTIME}" in out
    assert "1 broken" in out
    status, found = _tried(app, capsys, "Base", "--runtime", RUNTIME, "--untrimmed", str(app / "Base"))
    assert (status, len(found["failed"])) == (0, 3)


def test_imports_the_packages_of_a_function(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The distributions of a function's code and layers count; its own files are not imported."""
    status, found = _tried(app, capsys, "Report")
    assert (status, found["imported"], found["failed"]) == (0, ["main"], [])
    assert len(_tried(app, capsys, "Other")[1]["imported"]) == 5


def test_an_archive_without_metadata_is_not_called_sound(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As other tools pack them (`slim: true` of serverless-python-requirements): nothing names the packages."""
    assert main(["try-imports", "Node", str(app), "--runtime", RUNTIME]) == 0
    assert "Node: no package was imported: its archives contain no metadata" in capsys.readouterr().out


def test_packages_that_need_another_one_first(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A package that only the package of a requiring distribution makes importable works, as psycopg_binary does.

    One that fails again is a failure, and no package is imported before itself: its second import may succeed.
    """
    guarded = "import sys; assert {!r} in sys.modules"
    driver = _distribution(
        "driver",
        {"driver/__init__.py": ""},
        'Accel_C==1; extra == "c"',
        "Speed.Ups>=1 ; extra == 'b'",
        "away",
        "itself",
    )
    speed = _distribution("speed-ups", {"cloud/speed/__init__.py": guarded.format("driver")})
    accel = _distribution("accel-c", {"accel_c.py": guarded.format("driver")}, "speed-ups")
    other = _distribution("other", {"other.py": guarded.format("driver")}, "accel-c")
    away = _distribution("away", {"away.py": "import no_such_library"})
    seen = "import sys; seen = hasattr(sys, 'seen'); sys.seen = True; assert seen"
    itself = _distribution("itself", {"itself.py": seen}, "itself[all]")
    folder = write_app(
        tmp_path,
        {"Code": {"Code": {**driver, **accel, **away, **itself}, "Layers": [{"Ref": "Layer"}]}},
        {"Layer": {f"python/{name}": text for name, text in {**speed, **other}.items()}},
    )
    status, found = _tried(folder, capsys, "Code")
    assert (status, found["imported"]) == (1, ["accel_c", "cloud.speed", "driver"])
    assert [failure["name"] for failure in found["failed"]] == ["away", "itself", "other"]


def _distribution(name: str, files: dict[str, str], *requires: str) -> dict[str, str]:
    folder = f"{name.replace('-', '_')}-1.dist-info"
    lines = [f"Name: {name}", "Version: 1", *(f"Requires-Dist: {line}" for line in requires)]
    record = "".join(f"{path},,\n" for path in files)
    return {**files, f"{folder}/METADATA": "\n".join([*lines, ""]), f"{folder}/RECORD": record}


def test_packages_of_a_layer_get_variables(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Variables of --env reach the packages of a layer as they reach those of a function, in its newest Python."""
    assert _tried(app, capsys, "Configured")[0] == 1
    status, found = _tried(app, capsys, "Configured", "--env", "SETTINGS=test")
    assert (status, found["imported"], found["runtime"]) == (0, ["configured"], RUNTIME)


@pytest.mark.parametrize(("declared", "expected"), [(None, 0), ((), 0), ((1,), 1), ((1, 0), 0), ((0, 1), 0)])
def test_a_layer_runs_as_what_it_declares(tmp_path: Path, declared: tuple[int, ...] | None, expected: int) -> None:
    """That of this machine if it may, so that native code of another one is refused, and not reported as broken."""
    names = sorted(("arm64", "x86_64"), key=lambda name: name != this_architecture())
    architectures = None if declared is None else tuple(names[number] for number in declared)
    layer = Layer(Where("A/data"), is_resource=True, location=tmp_path, architectures=architectures)
    assert layer_as_function(layer, RUNTIME).architecture == names[expected]


def test_imports_have_no_credentials(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The code of distributions does not get this machine's AWS credentials: no import needs them."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    code = "import os; assert not [name for name in os.environ if 'ACCESS_KEY' in name]"
    folder = write_app(tmp_path, {"Report": {"Code": _layer({"greedy.py": code}, "")}})
    assert _tried(folder, capsys, "Report")[1]["imported"] == ["greedy"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Base"], "declares no compatible runtime of Python. Name one: --runtime python3.13"),
        (["Node"], "declares no compatible runtime of Python. Name one: --runtime python3.13"),
        (["Base", "--runtime", "3.13"], "--runtime 3.13: that is not a runtime of Python. Name one such as python3.13"),
        (["Base", "--runtime", "nodejs22.x"], "--runtime nodejs22.x: that is not a runtime of Python"),
        (["Report", "--runtime", "python3.9"], f"function 'template.yaml#Report' has its own, {RUNTIME}"),
        (["Base", "--runtime", "python2.99"], "There is no CPython 2.99 on this machine"),
        (["Nothing"], "The app has no layer or function 'Nothing'. It has template.yaml#Base"),
        (["Base", "--untrimmed", "nowhere"], "there is no archive or folder there"),
    ],
)
def test_says_why_it_cannot_try(app: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    """Where this machine or the arguments do not permit a trial, an error says why, and nothing is claimed."""
    name, *options = arguments
    assert main(["try-imports", name, str(app), *options]) == 2
    assert said in capsys.readouterr().err


def test_lists_layers_of_one_name() -> None:
    """If the paths of several layers end with the name, an error lists them, and so it does if the app has nothing."""
    layers = tuple(Layer(Where(path), is_resource=True) for path in ("B/data", "A/data"))
    with pytest.raises(UsageError, match=r"Several layers are called 'data': A/data, B/data\. Name one by its"):
        find_function_or_layer(App(layers=layers), "data")
    alike = (Layer(Where("A/mydata"), is_resource=True), Layer(Where("Imported/data")), *layers[:1])
    assert find_function_or_layer(App(layers=alike), "data") is layers[0]
    with pytest.raises(UsageError, match="The app has no layer or function at all, so 'data' is not one"):
        find_function_or_layer(App(), "data")


def test_finds_top_level_names(app: Path) -> None:
    """Packages, modules and the packages below namespaces are names; data, programs and bundled libraries are not."""
    assert top_level_names(measure(app / "Base"), ("python",)) == _NAMES
    assert top_level_names(measure(app / "Base"), ("",)) == ()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_reports_crashes(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that ends its process is a failure like any other."""
    (tmp_path / "crashing.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    (tmp_path / "leaving.py").write_text("import os; os._exit(7)")
    monkeypatch.syspath_prepend(tmp_path)
    try_imports.try_imports(["crashing", "leaving", "json"], {})
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith(IMPORT_RESULT)]
    assert process.IMPORT_RESULT == try_imports.RESULT
    assert [json.loads(line.removeprefix(IMPORT_RESULT))[1] for line in lines] == [
        "ended by signal 9", "ended with status 7", None
    ]  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_ends_what_takes_too_long(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit holds for a package that ignores signals or stops itself, and for one whose error has no text."""
    ignoring = "import signal, time; signal.signal(signal.SIGALRM, signal.SIG_IGN); time.sleep(30)"
    stopping = "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"
    speechless = "class Odd(BaseException):\n    def __str__(self): raise SystemExit(0)\nraise Odd"
    sources = {"sleeping": "import time; time.sleep(30)", "ignoring": ignoring, "stopping": stopping}
    for name, source in {**sources, "speechless": speechless}.items():
        (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(try_imports, "SECONDS", 0.2)
    try_imports.try_imports([*sources], {})
    monkeypatch.setattr(try_imports, "SECONDS", 60)
    try_imports.try_imports(["speechless", "json"], {})
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith(IMPORT_RESULT)]
    late = "it takes more than 0.2 s"
    assert [json.loads(line.removeprefix(IMPORT_RESULT))[1] for line in lines] == [late, late, late, "Odd", None]


def test_a_package_that_ends_the_others_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A package that ends the process that imports it, or all processes of its group, is a failure like any other."""
    sources = {
        "ends_parent.py": "import os, signal; os.kill(os.getppid(), signal.SIGKILL); import time; time.sleep(5)",
        "ends_group.py": "import os, signal; os.killpg(0, signal.SIGKILL)",
        "broken.py": "import no_such_library",
        "whole.py": "",
    }
    folder = write_app(tmp_path, {"Report": {"Code": _layer(sources, "")}})
    status, found = _tried(folder, capsys, "Report")
    errors = {failure["name"]: failure["error"] for failure in found["failed"]}
    assert (status, found["imported"]) == (1, ["whole"])
    assert set(errors) == {"broken", "ends_group", "ends_parent"}
    assert errors["ends_parent"] == errors["ends_group"] == "it ends the process that imports it"
    assert process.IMPORT_BEGINS == try_imports.BEGINS
