"""Where things lie in a layer, and what one layer does to another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cdk_layers.building.notes import BuildReport, Note
from tests.rules.archives import archive, dist, found, function, layer, severities

WRONG = [
    ["requests/__init__.py", "requests/api.py"],
    ["company.py"],
    ["lib/python3.13/site-packages/six.py"],
    [".venv/lib/python3.13/site-packages/six.py"],
    ["base/python/six.py"],
    ["python/python/six.py"],
    ["python/python/company/__init__.py"],
    ["python/site-packages/six.py"],
    ["python/lib/python3.13/dist-packages/six.py"],
    ["python/lib/python3.11/site-packages/six.py"],
]
RIGHT = [
    ["python/six.py"],
    ["python/lib/python3.13/site-packages/six.py"],
    ["python/lib/python3.11/site-packages/six.py", "python/lib/python3.13/site-packages/six.py"],
    ["bin/ffmpeg", "bin/build.py"],
    ["lib/libpq.so.5"],
    ["nodejs/node_modules/x/gyp/gyp_main.py"],
    ["extensions/telemetry", "telemetry_extension/__init__.py", "telemetry_extension/main.py"],
    ["python/python/__init__.py", "python/python/core.py"],
    ["config/settings.yaml"],
    ["bin/python3.13", "lib/python3.13/site-packages/six.py"],
]


@pytest.mark.parametrize("files", WRONG, ids=lambda files: files[0])
@pytest.mark.parametrize("runtimes", [("python3.13",), ()])
def test_python_code_that_no_python_function_finds_is_an_error_of_its_layer(
    files: list[str], runtimes: tuple[str, ...]
) -> None:
    """Code outside of the folders on sys.path is reported once, whether or not the layer declares Python runtimes."""
    (finding,) = found(function(layer(archive(files), runtimes=runtimes)), "wrong-folder")
    assert (finding.severity, finding.where.path) == ("error", "Hub/Base")
    assert files[0] in finding.message or "3.11" in finding.message


@pytest.mark.parametrize("files", RIGHT, ids=lambda files: files[0])
@pytest.mark.parametrize("runtimes", [("python3.13",), ()])
def test_layers_whose_code_is_found_or_is_not_pythons_are_left_alone(
    files: list[str], runtimes: tuple[str, ...]
) -> None:
    """Folders on sys.path, programs, libraries, other languages and extensions are where they belong."""
    assert found(function(layer(archive(files), runtimes=runtimes)), "wrong-folder") == []


@pytest.mark.parametrize(
    "files", [["python/python/six.py"], ["python/python/company/__init__.py"], ["base/python/a.py"]]
)
def test_what_the_build_noted_is_reported_once(files: list[str]) -> None:
    """The note of the build names the folder of the entry and what to pass, which the archive alone does not tell."""
    note = Note("wrong-folder", "base/ contains a folder python/.", "Pass base/python/ as the entry.")
    (finding,) = found(function(replace(layer(archive(files)), report=BuildReport((note,)))), "wrong-folder")
    assert finding.remedy == note.remedy


def test_a_layer_that_nobody_uses_is_judged_by_what_it_declares() -> None:
    """Without a function, only a layer that says it is for Python has a wrong folder."""
    assert severities(layer(archive(["six.py"]), runtimes=("python3.13",)), "wrong-folder") == ["error"]
    assert severities(layer(archive(["six.py"]), runtimes=("nodejs22.x",)), "wrong-folder") == []


def test_a_node_function_does_not_care_about_python_code() -> None:
    """Whatever lies in a layer of a function in another language is not Python's concern."""
    assert found(function(layer(archive(["six.py"])), runtime="nodejs22.x"), "wrong-folder") == []


def test_a_file_with_other_bytes_in_a_later_layer_is_told_with_its_winner() -> None:
    """The later layer wins, and the warning names both and the file."""
    base, data = layer(archive({"python/a.py": "1"})), layer(archive({"python/a.py": "2"}), "Data")
    (finding,) = found(function(base, data), "file-overwritten")
    assert finding.severity == "warning"
    assert "of layer 'Hub/Base' is overwritten" in finding.message
    assert "layer 'Hub/Data', which comes later and wins: python/a.py" in finding.message
    (turned,) = found(function(data, base), "file-overwritten")
    assert "layer 'Hub/Base', which comes later and wins" in turned.message


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        ({"python/a.py": "1"}, {"python/a.py": "1"}),
        ({"python/company/sales/__init__.py": "1"}, {"python/company/stock/__init__.py": "2"}),
        ({"python/a.py": "1"}, {"python/lib/python3.13/site-packages/a.py": "2"}),
        ({"python/six-1.0.dist-info/RECORD": "1"}, {"python/six-1.0.dist-info/RECORD": "2"}),
        ({"python/__pycache__/a.cpython-313.pyc": "1"}, {"python/__pycache__/a.cpython-313.pyc": "2"}),
        ({"python/bin/normalizer": "#!a"}, {"python/bin/normalizer": "#!b"}),
        ({"python/requirements.txt": "six"}, {"python/requirements.txt": "idna"}),
        ({"python/poetry.lock": "1", "python/.lock": ""}, {"python/poetry.lock": "2", "python/.lock": "x"}),
        ({"python/NOTICE": "1", "python/LICENSE-MIT": ""}, {"python/NOTICE": "2", "python/LICENSE-MIT": "x"}),
        ({"python/p/py.typed": "", "python/p/a.pyi": ""}, {"python/p/py.typed": "partial", "python/p/a.pyi": "x"}),
        (
            {"python/lib/python3.13/site-packages/tests/a.py": "1"},
            {"python/lib/python3.13/site-packages/tests/a.py": ""},
        ),
        ({"requirements-dev.txt": "1", "README.md": "1"}, {"requirements-dev.txt": "2", "README.md": "2"}),
        ({"python/lib/python3.13/site-packages/Pipfile": "1"}, {"python/lib/python3.13/site-packages/Pipfile": "2"}),
    ],
)
def test_files_that_are_the_same_or_never_imported_do_not_overwrite(
    lower: dict[str, str], upper: dict[str, str]
) -> None:
    """Same bytes, portions of a namespace package, what installers write and files of a project are quiet."""
    assert found(function(layer(archive(lower)), layer(archive(upper), "Data")), "file-overwritten") == []


@pytest.mark.parametrize(
    "path",
    [
        "python/data/requirements.txt", "python/.env", "python/settings.toml", "python/license.py", "python/p/NOTICE",
        "python/p/tests/data.json",
    ],
)  # fmt: skip
def test_data_that_code_may_read_is_reported(path: str) -> None:
    """Files of a project are quiet by their names at the top only: elsewhere they may be data."""
    base, data = layer(archive({path: "1"})), layer(archive({path: "2"}), "Data")
    assert severities(function(base, data), "file-overwritten") == ["warning"]


def test_code_and_layers_are_extracted_to_different_places() -> None:
    """A module in the code overwrites nothing in /opt."""
    one = layer(archive({"python/a.py": "1", "a.py": "1"}))
    assert found(function(one, code={"a.py": "2", "python/a.py": "3"}), "file-overwritten") == []


def test_many_files_of_a_pair_are_one_finding() -> None:
    """A pair of layers is reported once, with the number of files and a few of them."""
    lower, upper = ({f"python/p/m{n}.py": text for n in range(40)} for text in "12")
    (finding,) = found(function(layer(archive(lower)), layer(archive(upper), "Data")), "file-overwritten")
    assert finding.message.startswith("40 files")
    assert finding.message.endswith("python/p/m10.py and 37 more.")


def test_two_versions_of_a_distribution_are_not_told_file_by_file() -> None:
    """What version-conflict tells is not repeated; the same version with other bytes is."""
    lower = archive({"python/six.py": "1"}, dists=[dist("six", "1.16", top_level=["six.py"])])
    newer = archive({"python/six.py": "2"}, dists=[dist("six", "1.17", top_level=["six.py"])])
    patched = archive({"python/six.py": "2"}, dists=[dist("six", "1.16", top_level=["six.py"])])
    assert found(function(layer(lower), layer(newer, "Data")), "file-overwritten") == []
    assert severities(function(layer(lower), layer(patched, "Data")), "file-overwritten") == ["warning"]


def test_a_layer_for_two_versions_may_have_a_folder_for_one_of_them() -> None:
    """What is in python/ directly is found by every version, so that the other folder is a warning."""
    files = ["python/six.py", "python/lib/python3.11/site-packages/old.py"]
    assert severities(function(layer(archive(files))), "wrong-folder") == ["warning"]
    assert severities(function(layer(archive(files[1:]))), "wrong-folder") == ["error"]


@pytest.mark.parametrize("runtimes", [(), ("python3.13",), ("python3.12", "python3.13")])
@pytest.mark.parametrize("environment", [{"PYTHONPATH": "/opt"}, {"PYTHONPATH": None, "STAGE": "dev"}, None])
def test_a_search_path_of_the_users_own_may_find_code_anywhere(
    runtimes: tuple[str, ...], environment: dict[str, str | None] | None
) -> None:
    """PYTHONPATH may name /opt itself, where the layer's code is, whatever the layer declares."""
    subject = replace(function(layer(archive(["six.py"]), runtimes=runtimes)), environment=environment)
    assert found(subject, "wrong-folder") == []


@pytest.mark.parametrize(
    "links",
    [
        {"python/lib/python3.13": "python3.12"},
        {"python/lib/python3.13/site-packages": "../python3.12/site-packages"},
        {"python": "lib/python3.13/site-packages"},
    ],
)
def test_a_link_may_stand_for_a_folder_that_python_searches(links: dict[str, str]) -> None:
    """Archives of vendors may have one copy of their modules for several Pythons."""
    folder = "lib/python3.13/site-packages" if "python" in links else "python/lib/python3.12/site-packages"
    subject = layer(archive([f"{folder}/six/__init__.py"], links=links), runtimes=("python3.13",))
    assert found(function(subject), "wrong-folder") == []


def test_a_link_for_another_version_does_not_help() -> None:
    """Only the folder of the function's own Python counts."""
    contents = archive(["python/lib/python3.12/site-packages/six.py"], links={"python/lib/python3.11": "python3.12"})
    assert len(found(function(layer(contents, runtimes=("python3.13",))), "wrong-folder")) == 1
