"""Environment variables of functions that hide content or name what no archive contains, and near misses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cdk_layers.contents.model import Contents, File
from tests.rules.subjects import a_function, a_layer, findings, holding, severities

if TYPE_CHECKING:
    from cdk_layers.findings import Finding

CODE = holding(files=("main.py",))
PYTHON = holding(files=("python/six.py",))
VERSIONED = holding(files=("python/lib/python3.11/site-packages/six.py",))
TOOLS = holding(files=("bin/hello", "lib/libhello.so"))


def pythonpath(value: str | None, *contents: object, runtime: str = "python3.11") -> list[str]:
    """Return the severities for a function with that PYTHONPATH and layers with those contents."""
    layers = [a_layer(f"Hub/{number}", contents=one) for number, one in enumerate(contents)]
    function = a_function(*layers, runtime=runtime, environment={"PYTHONPATH": value})
    return severities("pythonpath-hides-layers", function)


@pytest.mark.parametrize(
    "value", ["/var/task/lib", "", "/opt", "/opt/python3", "/opt/python/lib/python3.11/site-packages"]
)
def test_a_pythonpath_without_the_layers_folder_hides_it(value: str) -> None:
    """The runtime adds nothing to a PYTHONPATH that is set, even to an empty one."""
    assert pythonpath(value, PYTHON) == ["error"]


@pytest.mark.parametrize("value", ["/opt/python", "/var/task/lib:/opt/python", "/opt/python/:/x"])
def test_a_pythonpath_with_the_layers_folder_is_let_be(value: str) -> None:
    """The folder counts wherever it stands."""
    assert pythonpath(value, PYTHON) == []


def test_the_versioned_folder_counts_for_its_own_runtime() -> None:
    """A layer that uses python/lib/python3.11/site-packages needs that folder, and hides nothing under 3.13."""
    assert pythonpath("/opt/python", VERSIONED) == ["error"]
    assert pythonpath("/opt/python/lib/python3.11/site-packages", VERSIONED) == []
    assert pythonpath("/x", VERSIONED, runtime="python3.13") == []


@pytest.mark.parametrize(
    ("value", "files", "expected"),
    [
        ("/opt/python/src", ("python/src/shared.py", "python/requirements.txt"), []),
        ("/var/task:/opt/python/src/", ("python/src/shared.py",), []),
        ("/opt/./python", ("python/shared.py",), []),
        ("/opt/python/src", ("python/src/shared.py", "python/six.py"), ["error"]),
        ("/opt/python/src", ("python/srcs/shared.py",), ["error"]),
        ("/opt", ("python/shared.py",), ["error"]),
    ],
)
def test_a_folder_in_the_layers_folder_finds_its_modules(
    value: str, files: tuple[str, ...], expected: list[str]
) -> None:
    """A layer may keep its code in a folder of its own, which PYTHONPATH names instead."""
    assert pythonpath(value, holding(files=files)) == expected


def test_a_wrapper_may_add_the_layers_folder() -> None:
    """A program that starts the runtime often extends PYTHONPATH first, so nothing is certain."""
    environment = {"PYTHONPATH": "/x", "AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}
    function = a_function(a_layer(contents=PYTHON), runtime="python3.11", environment=environment)
    (finding,) = findings("pythonpath-hides-layers", function)

    assert finding.severity == "warning"
    assert "AWS_LAMBDA_EXEC_WRAPPER" in finding.message


def test_nothing_is_hidden_where_nothing_is_sought() -> None:
    """Layers without Python code, other runtimes, tokens and functions without the variable are not reported."""
    assert pythonpath("/x", TOOLS) == []
    assert pythonpath("/x", PYTHON, runtime="nodejs22.x") == []
    assert pythonpath(None, PYTHON) == []
    assert not findings("pythonpath-hides-layers", a_function(a_layer(contents=PYTHON), runtime="python3.13"))


def test_a_layer_of_unknown_content_may_be_hidden() -> None:
    """What is not known is a warning that says so."""
    assert pythonpath("/x", None) == ["warning"]
    assert pythonpath("/opt/python", None) == []


@pytest.mark.parametrize(("runtime", "doubtful"), [("python3.11", False), ("python3.12", True)])
def test_later_runtimes_are_not_claimed_to_be_verified(runtime: str, doubtful: bool) -> None:
    """The bootstrap was read up to Python 3.11; the finding says so for later ones."""
    function = a_function(a_layer(contents=PYTHON), runtime=runtime, environment={"PYTHONPATH": "/x"})
    (finding,) = findings("pythonpath-hides-layers", function)

    assert ("not verified" in finding.message) == doubtful


@pytest.mark.parametrize(("variable", "value", "expected"), [
    ("PATH", "/usr/bin:/bin", ["warning"]), ("PATH", "/usr/bin:/opt/bin", []), ("PATH", None, []),
    ("LD_LIBRARY_PATH", "/var/lang/lib", ["warning"]), ("LD_LIBRARY_PATH", "/opt/lib/:/var/lang/lib", []),
    ("PATH", "/usr/bin:/opt//bin/.", []), ("LD_LIBRARY_PATH", ":/opt/bin/../lib", []), ("PATH", "opt/bin", ["warning"]),
    ("OTHER", "/usr/bin", []),
])  # fmt: skip
def test_programs_and_libraries_can_be_hidden(variable: str, value: str | None, expected: list[str]) -> None:
    """A PATH without /opt/bin hides a layer's programs, an LD_LIBRARY_PATH without /opt/lib its libraries."""
    assert (
        severities("path-hides-layers", a_function(a_layer(contents=TOOLS), environment={variable: value})) == expected
    )
    assert not findings("path-hides-layers", a_function(a_layer(contents=PYTHON), environment={variable: value}))


@pytest.mark.parametrize(("runtime", "expected"), [("python3.11", ["error"]), ("python3.12", ["warning"])])
def test_a_hidden_folder_is_an_error_only_where_that_is_verified(runtime: str, expected: list[str]) -> None:
    """The bootstrap of the runtimes from python3.12 on was not read."""
    assert pythonpath("/x", PYTHON, runtime=runtime) == expected


def wrapper(
    path: str | None, layer: Contents | None, *, code: Contents | None = CODE, runtime: str = "python3.13"
) -> list[Finding]:
    """Return what is found for a function that a program starts."""
    environment = {"AWS_LAMBDA_EXEC_WRAPPER": path}
    function = a_function(a_layer(contents=layer), code=code, runtime=runtime, environment=environment)
    return findings("wrapper-not-found", function)


@pytest.mark.parametrize("path", ["/opt/nope", "/opt/bin/nope", "/opt/hello", "/opt/bin", "/var/task/bin/hello"])
def test_a_wrapper_that_no_archive_contains_ends_the_runtime(path: str) -> None:
    """The message has the words of the runtime's bootstrap."""
    (finding,) = wrapper(path, TOOLS)

    assert (finding.severity, finding.aws_error) == ("error", f"{path}: does not exist")
    assert ("A file of that name is bin/hello in layer 'Hub/base'." in finding.message) == path.endswith("/hello")


@pytest.mark.parametrize("path", ["/opt/bin/hello", "/opt/./bin//hello", "/var/task/main.py", "/bin/true", "start", ""])
def test_a_wrapper_that_exists_or_is_not_in_an_archive_is_not_reported(path: str) -> None:
    """Programs of the runtime's image are not known."""
    assert wrapper(path, replace(TOOLS, files={"bin/hello": File(1, 0, 0o755)}), code=a_program(0o755)) == []


def test_a_wrapper_that_is_not_known_is_not_reported() -> None:
    """It may be in a layer of unknown content, below a link, or a token; other runtimes have other bootstraps."""
    assert wrapper("/opt/nope", None) == []
    assert wrapper("/opt/nope", TOOLS, code=None) == []
    assert wrapper("/opt/nope/it", replace(TOOLS, links={"nope": "bin"})) == []
    assert wrapper("/opt/nope", replace(TOOLS, links={"nope": "bin/hello"})) == []
    assert wrapper(None, TOOLS) == []
    assert wrapper("/opt/nope", TOOLS, runtime="nodejs22.x") == []


@pytest.mark.parametrize(("mode", "expected"), [(0o755, []), (0, []), (0o644, ["error"]), (0o750, ["error"])])
def test_a_wrapper_has_to_be_executable(mode: int, expected: list[str]) -> None:
    """Archives of Windows record no modes. In bin/, unreadable-file reports it for every program."""
    program = a_program(mode, "otel-instrument")
    found = wrapper("/opt/otel-instrument", program)

    assert [finding.severity for finding in found] == expected
    assert all(finding.aws_error == "/opt/otel-instrument: is not an executable" for finding in found)
    assert wrapper("/opt/bin/hello", a_program(mode, "bin/hello")) == []


def a_program(mode: int, path: str = "main.py") -> Contents:
    """Return contents with one file of that mode."""
    return Contents(1, {path: File(1, 0, mode)})
