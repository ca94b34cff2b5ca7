"""The surroundings of every test: Node from the virtual environment, caches of this run alone, no AWS account."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import IO, TYPE_CHECKING, AnyStr, Final

import pytest
from hypothesis import HealthCheck, settings
from jsii._kernel.providers import process

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from cdk_layers.store.local_store import LocalStore

_PROJECT: Final = Path(__file__).parents[1]

# `nohup` and shells that start a job in the background ignore these signals, and what tests start would inherit that.
for _name, _default in (("SIGHUP", signal.SIG_DFL), ("SIGINT", signal.default_int_handler)):
    _signal = getattr(signal, _name, None)  # Windows has no SIGHUP
    if _signal is not None and signal.getsignal(_signal) is signal.SIG_IGN:
        signal.signal(_signal, _default)
# Tests install and write files with the modes of most machines; those about other modes set them.
os.umask(0o022)
_RUN_CACHE: Final = "CDK_LAYERS_TEST_RUN_CACHE"

_SETTINGS: Final = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    # The CDK's own template validation costs seconds a process; the end-to-end test turns it on again.
    "CDK_VALIDATION": "false",
    # A developer's own may sign commits and run hooks.
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "true",
    # Settings of pip are reported where they have no effect.
    "PIP_CONFIG_FILE": os.devnull,
    # Without a terminal, the CDK CLI sets FORCE_COLOR=0, and Python 3.13 colors tracebacks with any FORCE_COLOR.
    "PYTHON_COLORS": "0",
}
_DECIDES: Final = ("AWS_", "CDK_", "COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR", "PIP_", "TTY_", "UV_")
"""What variables begin with that change what is built, checked or printed, such as those of a developer or a CI job."""

_REACHES_INDEXES: Final = re.compile(
    r"(PIP|UV)_((DEFAULT_|EXTRA_)?INDEX(_URL)?|INDEX_\w+_(USERNAME|PASSWORD)|CACHE_DIR|CERT|NATIVE_TLS|SYSTEM_CERTS|"
    r"HTTP_\w+|CONCURRENT_\w+|PYTHON_INSTALL_\w+)"
)
"""The names of variables without which the indexes and Pythons of this machine are not found."""


_THIS_MACHINE: Final = ("127.0.0.1", "localhost")

_LONGEST: Final = (
    "e2e/test_deploy.py",
    "test_documents.py",
    "building/requirements/test_poetry_lock.py",
    "testing/test_plugin.py",
    "building/test_robustness.py",
    "cdk/asset/test_output.py",
    "building/requirements/test_uv_lock.py",
    "building/test_builds.py",
    "cdk/test_function.py",
    "rules/test_examples.py",
)


def _prepare_environment() -> None:
    # Each of the many processes of a test run would compile aws-cdk-lib, which takes 6 seconds.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    for name in [*os.environ]:
        if name.startswith(_DECIDES) and name != _RUN_CACHE and not _REACHES_INDEXES.fullmatch(name):
            del os.environ[name]
    os.environ.update(_SETTINGS)
    # Tests serve indexes and functions on this machine, which no proxy reaches.
    direct = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = ",".join(
        dict.fromkeys([*filter(None, direct.split(",")), *_THIS_MACHINE])
    )
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    os.environ.setdefault("NODE_COMPILE_CACHE", str(_PROJECT / ".cache" / "node"))
    # Workers of pytest-xdist inherit the folder from the process that starts them, and leave it to that process.
    if _RUN_CACHE not in os.environ:
        os.environ[_RUN_CACHE] = tempfile.mkdtemp(prefix="cdk-layers-tests-")
    os.environ["CDK_LAYERS_CACHE_DIR"] = os.environ[_RUN_CACHE]


# How long an example takes says more about a busy machine than about the code.
settings.register_profile("patient", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# jsii starts Node as soon as aws_cdk is imported, so all of this has to stand before any test module is collected.
_prepare_environment()


_output_of_node: Final[list[str]] = []
"""What Node has printed since the current test began, such as the CDK's validation reports."""


def _keep_output_of_node(reader: IO[AnyStr]) -> None:
    """Keep what Node prints for the report of a test that fails, in place of jsii's function.

    That one writes it to the error output from a thread, at any time: also between two tests, when pytest captures
    nothing.
    """
    for line in reader:
        try:
            printed = json.loads(line)
            texts = [base64.b64decode(printed[name]).decode() for name in ("stderr", "stdout") if printed.get(name)]
        except (ValueError, KeyError, TypeError, AttributeError):
            texts = [str(line)]
        _output_of_node.extend(texts)


process.stderr_sink = _keep_output_of_node


def pytest_runtest_setup() -> None:
    """Forget what Node printed for other tests."""
    _output_of_node.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the output of Node to the report of a test that fails."""
    report = yield
    if report.failed and _output_of_node:
        report.sections.append(("Output of Node", "".join(_output_of_node)))
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that at the end of a parallel run no worker waits for one of them."""
    longest = {_PROJECT / "tests" / name: rank for rank, name in enumerate(_LONGEST)}
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: (longest.get(item.path, len(longest)), -tests[item.path]))


def pytest_unconfigure() -> None:
    """Remove this run's build cache, at the end of the process that made it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ[_RUN_CACHE], ignore_errors=True)


@pytest.fixture
def make_entry(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Return a function that makes an entry folder of files' names and texts."""

    def make(files: Mapping[str, str], name: str = "entry") -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        return folder

    return make


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """Return an empty cache."""
    # The surroundings above come first.
    from cdk_layers.store.local_store import LocalStore  # noqa: PLC0415

    return LocalStore(tmp_path / "cache")
