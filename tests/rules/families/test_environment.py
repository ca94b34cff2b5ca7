"""Environment variables of functions that hide the content of layers, and near misses."""

from __future__ import annotations

import pytest

from tests.rules.subjects import a_function, a_layer, findings, holding, severities

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
