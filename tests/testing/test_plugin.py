"""The pytest fixtures that run and import functions, in real test sessions."""

from __future__ import annotations

import _ctypes
import shutil
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.local.apps import write_app

pytest_plugins = ["pytester"]
collect_ignore_glob = ["test_plugin.py"] if sys.platform == "win32" else []

_MAIN: Final = """
import json, os
import shared
from helpers import double

calls = []

def handler(event, context):
    calls.append(event)
    if event.get("fail"):
        raise ValueError("no rows")
    return {"calls": len(calls), "origin": shared.origin, "table": os.environ.get("TABLE"), "doubled": double(2),
            "tmp": os.listdir("/tmp") if event.get("list") else None,
            "team": context.client_context.custom if context and context.client_context else None}
"""

_ECHO: Final = """
import os, time

def handler(event, context):
    time.sleep(event["seconds"])
    return [event, os.getpid(), os.listdir("/tmp")]
"""

_REGION: Final = """
import os

names = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
values = [os.environ[name] for name in names]

def handler(event, context):
    return values
"""

_FAST: Final = """
import fast, fast.lazy

fast.loads.append(1)

def handler(event, context):
    return [fast.version, len(fast.loads)]
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app with a function that needs its layer."""
    code = {"main.py": _MAIN, "helpers.py": "def double(n): return 2 * n"}
    functions = {
        "Report": {"Code": code, "Layers": [{"Ref": "Base"}], "Timeout": 20,
                   "Environment": {"Variables": {"TABLE": "sales"}}},
        "Other": {"Code": {"main.py": "def handler(event, context): return 'other'"}},
        "Zipped": {"Code": "Zipped.zip"},
        "Imported": {"Code": {"main.py": "import shared\ndef handler(event, context): return shared.origin"},
                     "Layers": ["arn:aws:lambda:eu-west-1:111111111111:layer:company:7"]},
        "Deployed": {"Code": {"main.py": ""}, "Environment": {"Variables": {"TABLE": {"Ref": "AWS::StackId"}}}},
        "Echo": {"Code": {"main.py": _ECHO}, "Timeout": 20},
        "Foreign": {"Code": {"main.py": ""}, "Runtime": "python3.9"},
        "Region": {"Code": {"main.py": _REGION}},
        **{name: {"Code": {"main.py": _FAST}} for name in ("Old", "Same", "New")},
        **{name: {"Handler": name, "Code": {}} for name in ("main", ".handler")},
        "Bundled": {"Code": {
            "main.py": "import sdk, sdk.client, tools\ndef handler(event, context): return [sdk.call(), tools.origin]",
            "sdk/__init__.py": "def call(): return 'sent'", "sdk/client.py": "", "tools.py": "origin = 'code'",
        }},
        "Vendored": {"Code": {
            "main.py": "import vendored\ndef handler(event, context): return vendored.origin",
            "own.pth": "lib\nimport finder\n", "lib/vendored.py": "origin = 'lib'",
            "finder.py": "import sys\nsys.meta_path.append(object())",
        }},
    }  # fmt: skip
    return write_app(tmp_path_factory.mktemp("plugin"), functions, {"Base": {"python/shared.py": "origin = 'base'"}})


@pytest.fixture
def session(app: Path, pytester: pytest.Pytester) -> pytest.Pytester:
    """A project whose settings name the assembly."""
    pytester.makeini(f"[pytest]\ncdk_layers_assembly = {app}\n")
    return pytester


def _passes(session: pytest.Pytester, code: str, passed: int, *options: str) -> pytest.RunResult:
    session.makepyfile(test_app=code)
    result = session.runpytest_subprocess(*(options or ("-n0",)), "-p", "no:cacheprovider")
    result.assert_outcomes(passed=passed)
    return result


def test_functions_are_called(session: pytest.Pytester) -> None:
    """A test calls a function by name, with an event, variables and a client context; failures are exceptions."""
    _passes(
        session,
        r"""
        import pytest
        from cdk_layers.errors import FunctionError, UsageError

        def test_result(lambda_function):
            report = lambda_function("Report")
            assert report({"key": 1}) == {
                "calls": 1, "origin": "base", "table": "sales", "doubled": 4, "tmp": None, "team": None}
            assert report()["calls"] == 2
            assert report(client_context={"custom": {"name": "a"}})["team"] == {"name": "a"}

        def test_events(lambda_function):
            report = lambda_function("Report")
            with pytest.raises(UsageError, match="cannot be written as JSON.*: Object of type set is not JSON"):
                report({"when": {1}})
            with pytest.raises(UsageError, match="cannot be written as JSON.*: Out of range float values"):
                report({"rate": float("nan")})
            quotes = 2
            assert report.invoke("x" * (6_291_456 - quotes)).error == "Unhandled"
            with pytest.raises(UsageError, match="has 6291457 bytes of JSON, and Lambda accepts up to 6291456"):
                report("x" * (6_291_457 - quotes))

        def test_variables(lambda_function):
            assert lambda_function("Report", environment={"TABLE": "test"})()["table"] == "test"

        def test_failure(lambda_function, capfd):
            with pytest.raises(FunctionError, match="'template.yaml#Report' failed with ValueError: no rows") as caught:
                lambda_function("Report")({"fail": True})
            assert caught.value.error_type == "ValueError"
            assert caught.value.error_message == "no rows"
            assert "main.py" in caught.value.stack_trace[-1]
            assert "[ERROR] ValueError: no rows" in caught.value.log

        def test_outcome(lambda_function):
            outcome = lambda_function("Report").invoke({"fail": True})
            assert outcome.error == "Unhandled"
            assert outcome.init_seconds > 0

        def test_variables_of_a_deploy(lambda_function, capsys):
            lambda_function("Deployed", environment={"TABLE": "test"})
            assert capsys.readouterr().err == ""
            lambda_function("Deployed")
            expected = 'TABLE is known only at deploy, so it is not set here. Set it with environment={"TABLE": ...}.'
            assert expected in capsys.readouterr().err

        def test_unknown_function(lambda_function):
            with pytest.raises(UsageError, match="has no function 'Nothing'"):
                lambda_function("Nothing")

        def test_what_is_not_a_string(lambda_function, lambda_handler):
            for fixture in (lambda_function, lambda_handler):
                with pytest.raises(UsageError, match=r"environment\['COUNT'\] is 1 \(int\); expected a string"):
                    fixture("Report", environment={"TABLE": "sales", "COUNT": 1})
                with pytest.raises(UsageError, match=r"environment\['TABLE'\] is None \(NoneType\)"):
                    fixture("Report", environment={"TABLE": None})
                with pytest.raises(UsageError, match="The function is 1; expected its construct path"):
                    fixture(1)
        """,
        8,
    )


def test_a_failure_shows_the_line_of_the_test(session: pytest.Pytester) -> None:
    """The report of pytest ends where the test calls the function, and not in the code of this library."""
    session.makepyfile(
        """
        def test_failure(lambda_function):
            lambda_function("Report")({"fail": True})

        def test_event(lambda_function):
            lambda_function("Report").invoke({"when": {1}})

        def test_name(lambda_function):
            lambda_function("Nothing")

        def test_handler(lambda_handler):
            lambda_handler("Nothing")
        """
    )
    result = session.runpytest_subprocess("-n0", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(["*.py:2: FunctionError", *(f"*.py:{line}: UsageError" for line in (5, 8, 11))])
    for module in ("functions", "imports", "event", "selection"):
        result.stdout.no_fnmatch_line(f"*{module}.py:*")


def test_tests_are_isolated(session: pytest.Pytester) -> None:
    """Each test gets processes of its own, unless the project shares them for a session."""
    code = """
        import pytest

        @pytest.mark.parametrize("number", [1, 2])
        def test_calls(lambda_function, number, pytestconfig):
            shared = pytestconfig.getini("cdk_layers_processes") == "session"
            assert lambda_function("Report")()["calls"] == (number if shared else 1)
        """
    _passes(session, code, 2)
    _passes(session, code, 2, "-n0", "-o", "cdk_layers_processes=session")
    session.runpytest_subprocess("-n0", "-o", "cdk_layers_processes=run").assert_outcomes(errors=2)


@pytest.mark.parametrize("scope", ["module", "session"])
def test_fixtures_of_a_wider_scope(session: pytest.Pytester, scope: str) -> None:
    """Where processes are shared by a session, its fixtures and those of modules can use functions."""
    code = f"""
        import pytest

        @pytest.fixture(scope="{scope}")
        def report(lambda_function):
            return lambda_function("Report")

        @pytest.mark.parametrize("number", [1, 2])
        def test_calls(report, number):
            assert report()["calls"] == number
        """
    _passes(session, code, 2, "-n0", "-p", "no:randomly", "-o", "cdk_layers_processes=session")
    result = session.runpytest_subprocess("-n0")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*ScopeMismatch*"])


def test_calls_at_the_same_time(session: pytest.Pytester) -> None:
    """Each concurrent call gets its own result, from a process of its own; a call after the test runs nothing."""
    _passes(
        session,
        """
        import asyncio
        from concurrent.futures import ThreadPoolExecutor
        import pytest
        from cdk_layers.errors import UsageError

        events = [{"number": number, "seconds": seconds} for number, seconds in enumerate([0.4, 0.2, 0])]
        kept = []

        def test_threads(lambda_function):
            kept.append(lambda_function("Echo"))
            kept[0](events[2])
            with ThreadPoolExecutor(3) as threads:
                results = list(threads.map(kept[0], events))
            assert [event for event, *_ in results] == events

        def test_tasks_of_two_functions(lambda_function):
            echo, other = lambda_function("Echo"), lambda_function("Other")

            async def gathered():
                calls = [(echo, events[0]), (other, {}), (echo, events[2]), (other, {})]
                return await asyncio.gather(*[asyncio.to_thread(*call) for call in calls])

            first, other1, third, other2 = asyncio.run(gathered())
            assert [first[0], other1, third[0], other2] == [events[0], "other", events[2], "other"]

        def test_after_the_test():
            with pytest.raises(UsageError, match="its test has ended"):
                kept[0](events[2])
        """,
        3,
        "-n0", "-p", "no:randomly",
    )  # fmt: skip


def test_handlers_are_imported(session: pytest.Pytester) -> None:
    """A handler runs in the test's own process with its layers and variables, and leaves no module behind."""
    session.makepyfile(helpers="def double(n): return 'the helper of the tests'")
    _passes(
        session,
        """
        import os, sys
        import pytest
        import helpers
        from cdk_layers.errors import UsageError

        sys.dont_write_bytecode = False

        def test_import(lambda_handler, monkeypatch):
            handler = lambda_handler("Report", environment={"TABLE": "test"})
            assert handler({}, None) == {
                "calls": 1, "origin": "base", "table": "test", "doubled": 4, "tmp": None, "team": None}
            assert handler({}, None)["calls"] == 2
            import shared
            monkeypatch.setattr(shared, "origin", "patched")
            assert handler({}, None)["origin"] == "patched"
            # All runs share the folder.
            assert "__pycache__" not in os.listdir(os.path.dirname(shared.__file__))

        def test_nothing_is_left():
            assert not sys.dont_write_bytecode
            assert "shared" not in sys.modules
            assert "TABLE" not in os.environ
            assert sys.modules["helpers"] is helpers
            assert helpers.double(2) == "the helper of the tests"
            with pytest.raises(ImportError):
                import shared
            assert not [folder for folder in sys.path if "unpacked" in folder]

        def test_again(lambda_handler):
            assert lambda_handler("Report")({}, None)["calls"] == 1

        def test_two_functions(lambda_handler):
            assert lambda_handler("Other")({}, None) == "other"
            assert lambda_handler("Report")({}, None)["calls"] == 1

        def test_another_python(lambda_handler):
            with pytest.raises(UsageError, match="is for Python 3.9 and this process is"):
                lambda_handler("Foreign")
        """,
        5,
        "-n0", "-p", "no:randomly",
    )  # fmt: skip


def test_installed_packages_that_the_code_contains(session: pytest.Pytester) -> None:
    """A package that the test run has imported stays, so that its mocks work; the function's own modules do not."""
    packages = session.mkdir("site-packages")
    (packages / "sdk").mkdir()
    for name in ("sdk/__init__", "sdk/client", "main"):
        (packages / f"{name}.py").write_text("def call(): return 'installed'")
    session.makepyfile(tools="origin = 'test'")
    _passes(
        session,
        """
        import sys
        from pathlib import Path
        import pytest
        sys.path.insert(0, str(Path(__file__).parent / "site-packages"))
        import main, sdk.client, tools

        @pytest.mark.parametrize("number", [1, 2])
        def test_mocks(lambda_handler, monkeypatch, number):
            monkeypatch.setattr(sdk, "call", lambda: "mocked")
            assert lambda_handler("Bundled")({}, None) == ["mocked", "code"]
            assert sys.modules["sdk.client"] is sdk.client

        def test_nothing_is_left():
            assert [sys.modules[name] for name in ("main", "sdk", "tools")] == [main, sdk, tools]
        """,
        3,
        "-n0", "-p", "no:randomly",
    )  # fmt: skip


def test_handlers_without_a_module(session: pytest.Pytester) -> None:
    """A handler that names no module is an error that names the function."""
    _passes(
        session,
        """
        import pytest
        from cdk_layers.errors import UsageError

        @pytest.mark.parametrize("name", ["main", ".handler"])
        def test_error(lambda_handler, name):
            message = f"Function 'template.yaml#{name}' has the handler '{name}'; expected MODULE.FUNCTION."
            with pytest.raises(UsageError, match=message):
                lambda_handler(name)
        """,
        2,
    )


def test_variables_of_handlers(session: pytest.Pytester) -> None:
    """An imported handler sees the variables that Lambda sets; what the test run sets overrides them."""
    _passes(
        session,
        """
        import os
        import pytest

        NAMES = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE")

        @pytest.fixture(autouse=True)
        def no_region(monkeypatch):
            for name in NAMES:
                monkeypatch.delenv(name, raising=False)

        def test_region_and_name(lambda_handler):
            assert lambda_handler("Region")({}, None) == ["us-east-1", "us-east-1", "Region", "128"]
            lambda_handler("Other")
            assert os.environ["AWS_LAMBDA_FUNCTION_NAME"] == "Other"

        @pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
        def test_own_region(lambda_handler, monkeypatch, name):
            monkeypatch.setenv(name, "eu-west-3")
            monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "mine")
            assert lambda_handler("Region")({}, None) == ["eu-west-3", "eu-west-3", "mine", "128"]

        def test_nothing_is_left():
            assert not any(name in os.environ for name in NAMES)
        """,
        4,
        "-n0", "-p", "no:randomly",
    )  # fmt: skip


def test_native_packages_of_different_versions(app: Path, session: pytest.Pytester) -> None:
    """Tests share a package with native code if its files are the same; another version is imported as well."""
    if not Path(_ctypes.__file__ or "").is_file():
        pytest.skip("this Python has no shared library to copy")
    for name, version in (("Old", 1), ("Same", 1), ("New", 2)):
        package = app / name / "fast"
        package.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_ctypes.__file__, package / Path(_ctypes.__file__).name)
        (package / "__init__.py").write_text(f"from . import _ctypes\nversion, loads = {version}, []\n")
        # What a module does when its attributes are read must not matter.
        (package / "lazy.py").write_text("def __getattr__(name):\n    import not_there\n")
    _passes(
        session,
        """
        import sys
        import pytest

        CALLS = [("Old", [1, 1]), ("New", [2, 1]), ("Same", [1, 2]), ("New", [2, 2])]

        @pytest.mark.parametrize(("name", "expected"), CALLS)
        def test_version(lambda_handler, name, expected):
            assert "fast" not in sys.modules
            assert lambda_handler(name)({}, None) == expected

        def test_nothing_is_left():
            assert "fast" not in sys.modules
        """,
        5,
        "-n0", "-p", "no:randomly",
    )  # fmt: skip


def test_path_files_of_handlers(session: pytest.Pytester) -> None:
    """The .pth files of a function are read, as in Lambda, and what they changed is undone."""
    _passes(
        session,
        """
        import sys

        before = list(sys.path), list(sys.meta_path)

        def test_import(lambda_handler, lambda_function):
            assert lambda_handler("Vendored")({}, None) == lambda_function("Vendored")({}) == "lib"
            assert (sys.path, sys.meta_path) != before

        def test_nothing_is_left():
            assert (sys.path, sys.meta_path) == before
            assert "vendored" not in sys.modules
        """,
        2,
        "-n0", "-p", "no:randomly",
    )  # fmt: skip


def test_coverage_of_an_archive(app: Path, session: pytest.Pytester) -> None:
    """Coverage measures a handler by its module's name, and maps it to the project's folder as documented."""
    pytest.importorskip("coverage")
    shutil.make_archive(str(app / "Zipped"), "zip", app / "Other")
    (session.mkdir("functions") / "other").mkdir()
    shutil.copy(app / "Other" / "main.py", session.path / "functions" / "other")
    session.makepyprojecttoml("""
        [tool.coverage.paths]
        other = ["functions/other", "*/unpacked/*/content"]
        """)
    session.makepyfile("def test_other(lambda_handler): assert lambda_handler('Zipped')({}, None) == 'other'")
    coverage = (sys.executable, "-m", "coverage")
    done = session.run(*coverage, "run", "-p", "--source=main", "-m", "pytest", "-n0", "-p", "no:cacheprovider")
    assert done.ret == 0
    session.run(*coverage, "combine")
    session.run(*coverage, "report").stdout.fnmatch_lines(["functions/other/main.py * 100%"])


def test_in_parallel(session: pytest.Pytester) -> None:
    """Workers of pytest-xdist run functions at the same time."""
    _passes(
        session,
        """
        import pytest

        @pytest.mark.parametrize("number", range(4))
        def test_calls(lambda_function, lambda_handler, number):
            assert lambda_function("Report")()["calls"] == 1
            assert lambda_handler("Report")({}, None)["calls"] == 1
        """,
        4,
        "-n2",
    )


def test_layers_of_other_apps(session: pytest.Pytester) -> None:
    """Both fixtures accept archives of layers that the app names by their ARNs, and say so if one is missing."""
    _passes(
        session,
        """
        import pytest
        from cdk_layers import UsageError

        ARN = "arn:aws:lambda:eu-west-1:111111111111:layer:company"

        @pytest.mark.parametrize("arn", [ARN, f"{ARN}:7"])
        def test_a_folder(lambda_function, lambda_handler, tmp_path, arn):
            (tmp_path / "python").mkdir()
            (tmp_path / "python" / "shared.py").write_text("origin = 'company'")
            assert lambda_function("Imported", layers={arn: tmp_path})({}) == "company"
            assert lambda_handler("Imported", layers={arn: str(tmp_path)})({}, None) == "company"

        def test_none(lambda_function, lambda_handler, tmp_path):
            for fixture in (lambda_function, lambda_handler):
                with pytest.raises(UsageError, match="in a test by layers={'" + ARN + ":7': PATH}"):
                    fixture("Imported")
                with pytest.raises(UsageError, match="there is no archive or folder '.*missing'"):
                    fixture("Imported", layers={ARN: tmp_path / "missing"})
        """,
        3,
    )


def test_no_assembly(pytester: pytest.Pytester) -> None:
    """The error says what to do where there is no assembly."""
    pytester.makepyfile("def test_report(lambda_function): lambda_function('Report')")
    result = pytester.runpytest_subprocess("-n0")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*The assembly*cdk.out*does not exist*Run `cdk synth` first*"])


def test_a_run_without_the_fixtures_loads_nothing(pytester: pytest.Pytester) -> None:
    """Only the plugin's own module is imported, and no other module than those that pytest needs."""
    _passes(
        pytester,
        """
        import sys

        def test_modules():
            ours = {name for name in sys.modules if name.partition(".")[0] == "cdk_layers"}
            assert ours == {"cdk_layers", "cdk_layers.testing", "cdk_layers.testing.plugin"}
        """,
        1,
    )
