"""The time of a function's imports."""

from __future__ import annotations

import compileall
import json
import py_compile
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from cdk_layers.cli import main
from cdk_layers.local import process
from cdk_layers.local.import_times import ImportedModule, read_import_times
from cdk_layers.local.module_owners import ModuleOwners, Owner
from cdk_layers.local.process import IMPORTS_BEGIN, IMPORTS_END
from cdk_layers.local.start_time import StartTime, _deployed
from tests.local.apps import write_app

_RECORD: Final = "slow_package/__init__.py,,\nslow_package/inner.py,,\nslow_package-1.2.dist-info/METADATA,,\n"
_LAYER: Final = {
    "python/slow_package/__init__.py": "import time; time.sleep(0.2); from slow_package import inner",
    "python/slow_package/inner.py": "import quick_package",
    "python/slow_package-1.2.dist-info/METADATA": "Name: Slow_Package\nVersion: 1.2\n",
    "python/slow_package-1.2.dist-info/RECORD": _RECORD,
    "python/quick_package.py": "",
    "python/quick_package-3.dist-info/METADATA": "Name: quick-package\nVersion: 3\n",
    "python/quick_package-3.dist-info/RECORD": "quick_package.py,,\n",
    "python/company/tools.py": "import slow_package",
}
_VENDOR: Final = """
import importlib
from importlib import import_module
handler = importlib.import_module("main").handler
assert import_module("apps.shop").__name__ == "apps.shop"
assert import_module(".cart", "apps").__name__ == import_module(".cart", package="apps").__name__ == "apps.cart"
for name, error in {"absent": ModuleNotFoundError, ".absent": (ImportError, TypeError)}.items():
    try:
        import_module(name)
    except error:
        continue
    raise AssertionError(name)
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app with functions that import distributions through a module of their company."""
    handler = "import colorsys\nimport company.tools\nprint('hello')\ndef handler(event, context): ..."
    functions = {
        "Report": {"Code": {"main.py": handler}, "Layers": [{"Ref": "Base"}]},
        "Wrapped": {
            "Code": {"main.py": "handler = print", "apps/__init__.py": "", "apps/shop.py": "", "apps/cart.py": ""},
            "Handler": "vendor.handler",
            "Layers": [{"Ref": "Vendor"}],
        },
        "Compiled": {"Code": {"main.py": "import own", "own.py": "x = 1\n" * 60_000}},
        "Plain": {"Code": {"main.py": "import own", "own.py": "x = 1\n" * 60_000}},
        "Broken": {"Code": {"main.py": "import not_there"}},
        "Exiting": {"Code": {"main.py": "import colorsys, sys; sys.exit(5)"}},
        "Quiet": {"Code": {"main.py": "raise SystemExit"}},
        "Killed": {"Code": {"main.py": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"}},
        "Explained": {"Code": {"main.py": "import colorsys, sys; sys.exit('no SETTINGS')"}},
    }
    folder = write_app(
        tmp_path_factory.mktemp("start"), functions, {"Base": _LAYER, "Vendor": {"python/vendor.py": _VENDOR}}
    )
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(folder / "Compiled", quiet=1, invalidation_mode=mode)
    return folder


def _measured(app: Path, capsys: pytest.CaptureFixture[str], name: str) -> Any:
    assert main(["start-time", name, str(app), "--runs", "3", "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_times_by_distribution_and_module(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each module's time is its distribution's, and what belongs to none is named by where it is."""
    found = _measured(app, capsys, "Report")
    modules = {each["name"]: set(each["modules"]) for each in found["distributions"]}
    versions = {each["name"]: each["version"] for each in found["distributions"]}
    seconds = [each["seconds"] for each in found["distributions"]]
    assert (versions["slow-package"], versions["quick-package"], versions["own code"]) == ("1.2", "3", None)
    assert seconds == sorted(seconds, reverse=True)
    assert max(seconds) >= 0.2
    assert modules["slow-package"] == {"slow_package", "slow_package.inner"}
    assert modules["quick-package"] == {"quick_package"}
    assert modules["own files of layers"] == {"company", "company.tools"}
    assert modules["own code"] == {"main"}
    assert "colorsys" in modules["standard library"]
    assert found["seconds"] == pytest.approx(sum(seconds))
    assert found["imports"][0]["seconds"] < found["seconds"]
    assert (found["runs"], found["bytecode_saves_seconds"]) == (3, None)


def test_modules_that_code_imports_by_name(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What `importlib.import_module` imports counts: handlers of vendors import the function's own module with it."""
    found = _measured(app, capsys, "Wrapped")
    modules = {each["name"]: set(each["modules"]) for each in found["distributions"]}
    assert modules["own code"] == {"main", "apps", "apps.shop", "apps.cart"}
    assert modules["own files of layers"] == {"vendor"}


def test_what_would_help_most(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Advice names the distributions that the function's own modules import, and the module that does."""
    found = _measured(app, capsys, "Report")
    assert [(each["name"], each["importer"]) for each in found["imports"]] == [("slow-package", "company.tools")]
    assert found["imports"][0]["seconds"] >= 0.2
    advice = found["advice"][0]
    assert advice.startswith("slow-package: ")
    assert "company.tools imports it first" in advice


def test_the_table(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """People get a table, the slowest distribution first, and the advice."""
    assert main(["start-time", "Report", str(app), "--runs", "1"]) == 0
    output = capsys.readouterr().out
    assert "median of 1" in output
    assert output.index("slow-package") < output.index("quick-package")
    assert "What would save most" in output
    assert "hello" not in output


def test_bytecode_in_the_archive(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where an archive contains bytecode, it is said what that saves."""
    found = _measured(app, capsys, "Compiled")
    assert found["bytecode_saves_seconds"] > 0
    assert found["compiling_seconds"] < found["bytecode_saves_seconds"]


@pytest.mark.parametrize("options", [[], ["--no-isolation"]])
def test_what_bytecode_would_save(app: Path, capsys: pytest.CaptureFixture[str], options: list[str]) -> None:
    """Where compiling takes much of the time, that is the advice, with what an import with bytecode took less."""
    assert main(["start-time", "Plain", str(app), "--runs", "1", *options]) == 0
    output = capsys.readouterr().out
    assert "What would save most:\n- bytecode: " in output
    assert "bytecode=True" in output


@pytest.mark.parametrize(("seconds", "expected"), [(0.049, 0), (0.05, 1)])
def test_compiling_that_takes_hardly_any_time(seconds: float, expected: int) -> None:
    """Bytecode is not advised for less than 50 ms, whatever the share. Archives of other tools can have it too."""
    result = StartTime(seconds=0.06, runs=5, distributions=(), imports=(), compiling_seconds=seconds)
    advice = result.advice()
    assert len(advice) == expected
    assert all("`python -m compileall -f --invalidation-mode unchecked-hash <folder>`" in each for each in advice)


def test_bytecode_that_saves_nothing(
    app: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytecode that Python does not use saves less than runs differ: that is not a negative time."""
    result = StartTime(seconds=1.0, runs=5, distributions=(), imports=(), bytecode_saves_seconds=-0.2)
    monkeypatch.setattr("cdk_layers.local.start_time.measure", lambda *_, **__: result)
    assert main(["start-time", "Compiled", str(app)]) == 0
    assert "The bytecode in the archives saves nothing measurable." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Broken"], "cannot be imported: ModuleNotFoundError: No module named 'not_there'"),
        (["Exiting"], "cannot be imported: Runtime exited with error: exit status 5"),
        (["Quiet"], "cannot be imported: Runtime exited without providing a reason"),
        (["Killed"], "cannot be imported: Runtime exited with error: signal: killed"),
        (["Explained"], "cannot be imported: no SETTINGS"),
        (["Report", "--runs", "0"], "--runs 0: at least one is needed"),
    ],
)
def test_what_cannot_be_measured(
    app: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """A module that cannot be imported is an error with the reason."""
    assert main(["start-time", arguments[0], str(app), *arguments[1:]]) == 2
    assert message in capsys.readouterr().err


def test_only_deployed_modules_lose_their_bytecode(tmp_path: Path) -> None:
    """What Python and the runtime provide has bytecode in Lambda, whatever the archives have."""
    for name in ("code/mine.py", "runtime/boto3/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    owners = ModuleOwners([
        (Owner("own code"), tmp_path / "code"), (Owner("runtime", is_deployed=False), tmp_path / "runtime"),
    ])  # fmt: skip
    modules = [ImportedModule(name, time, ()) for name, time in (("mine", 1.0), ("boto3", 2.0), ("json", 4.0))]
    assert _deployed([modules], owners) == 1.0


def test_importers_are_read_from_the_indentation() -> None:
    """A module's line comes after those of the modules that it imports; other output does not matter."""
    code = (
        f"import sys; print({IMPORTS_BEGIN!r}, file=sys.stderr, flush=True); import colorsys; "
        f"print('import time: nonsense', file=sys.stderr); import xml.dom.minidom; "
        f"print({IMPORTS_END!r}, file=sys.stderr, flush=True); import this"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-X", "importtime", "-c", code], capture_output=True, text=True, check=True
    )
    modules = read_import_times(done.stderr)
    assert modules is not None
    importers = {module.name: module.importers for module in modules}
    assert importers["colorsys"] == ()
    assert importers["xml.dom.domreg"] == ("xml.dom", "xml.dom.minidom")[: len(importers["xml.dom.domreg"])]
    assert "this" not in importers
    assert read_import_times(done.stderr.replace(IMPORTS_END, "")) is None


def test_importers_of_nested_modules() -> None:
    """Each module has those of all modules around it as importers, and its time is without that of its imports."""
    lines = (
        " 10 |  10 |     deep",
        " 20 |  30 |   middle",
        "  5 |   5 |   sibling",
        "  1 |  36 | top",
        "  2 |   2 | next",
    )
    output = "\n".join([IMPORTS_BEGIN, *(f"import time: {line}" for line in lines), IMPORTS_END, ""])
    modules = read_import_times(output)
    assert modules is not None
    assert {module.name: module.importers for module in modules} == {
        "deep": ("middle", "top"), "middle": ("top",), "sibling": ("top",), "top": (), "next": (),
    }  # fmt: skip
    assert {module.name: module.seconds for module in modules} == {
        "deep": 1e-5, "middle": 2e-5, "sibling": 5e-6, "top": 1e-6, "next": 2e-6,
    }  # fmt: skip


def test_the_script_writes_the_same_marks() -> None:
    """The script cannot import the package, so it has the marks a second time."""
    text = (Path(process.__file__).parent / "start.py").read_text()
    assert IMPORTS_BEGIN in text
    assert IMPORTS_END in text
