"""Where a Python function looks for modules, and facts about their archives."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cdk_layers.contents.owners import owner
from cdk_layers.rules.facts.search_path import is_folder, listed_files, modules, search_path
from tests.rules.archives import archive, dist, function, layer


def test_the_code_comes_first_and_higher_layers_before_lower_ones_folder_by_folder() -> None:
    """site-packages of all layers come before python/ of any."""
    base, data = layer(archive()), layer(archive(), "Data")
    places = [(part.label, root) for part, root in search_path(function(base, data))]
    site = "python/lib/python3.13/site-packages"
    assert places == [
        ("the function's code", ""),
        ("layer 'Hub/Data'", site),
        ("layer 'Hub/Base'", site),
        ("layer 'Hub/Data'", "python"),
        ("layer 'Hub/Base'", "python"),
    ]


@pytest.mark.parametrize(
    ("links", "site_packages"),
    [
        (
            {"python/lib/python3.13": "python3.12", "python/lib/python3.1": "nowhere"},
            "python/lib/python3.12/site-packages",
        ),
        (
            {"python/lib/python3.13": "python3.12", "python/lib/python3.12": "/opt/python/lib/python3.11"},
            "python/lib/python3.11/site-packages",
        ),
        ({"python/lib/python3.13/site-packages": "/opt/shared"}, "shared"),
        ({"python/lib": "../common", "common": "lib"}, "lib/python3.13/site-packages"),
        ({"python/lib/python3.13": "/opt/python/lib/python3.13"}, "python/lib/python3.13/site-packages"),
    ],
)
def test_a_folder_that_is_a_link_is_searched_where_it_leads_to(links: dict[str, str], site_packages: str) -> None:
    """So that the modules of a layer with one copy for several Pythons are found."""
    places = [root for _, root in search_path(function(layer(archive(links=links))))]
    assert places == ["", site_packages, "python"]


def test_modules_are_what_can_be_imported_from_a_folder() -> None:
    """Modules, packages and extensions; no data, no namespace packages, nothing of deeper folders."""
    contents = archive(
        [
            "python/a.py",
            "python/b/__init__.py",
            "python/c.abi3.so",
            "python/d.txt",
            "python/e/f.py",
            "g.py",
            "python/b/h.py",
        ]
    )
    assert modules(contents, "python") == {"a", "b", "c"}
    assert modules(contents, "") == {"g"}


def test_a_folder_is_one_by_its_whole_name() -> None:
    """A name that only begins alike is another."""
    contents = archive(["python/ab/c.py", "python/ab.py"])
    assert [is_folder(contents, path) for path in ("python", "python/ab", "python/a", "python/ab.py", "x")] == [
        True, True, False, False, False,
    ]  # fmt: skip


def test_files_are_told_by_the_distribution_that_installed_them() -> None:
    """As far as the first segment of their path tells."""
    contents = archive(["python/yaml/a.py", "python/own.py"], dists=[dist("pyyaml", top_level=["_yaml", "yaml"])])
    assert owner(contents, "python/yaml/a.py") == "pyyaml"
    assert owner(contents, "python/own.py") is None
    assert owner(contents, "yaml/a.py") is None
    assert listed_files(contents, ["python/yaml/a.py", "python/own.py"]) == "pyyaml (python/yaml/a.py), python/own.py"


def test_the_folders_of_a_python_path_come_after_the_code_and_once() -> None:
    """Relative ones begin at the code. What the runtime searches anyway, and other machines' folders, add nothing."""
    subject = function(layer(archive()))
    value = "/opt/python:lib:/var/task/lib/:/var/task:/opt/vendor:/usr/lib:"
    places = [(part.mount, root) for part, root in search_path(replace(subject, environment={"PYTHONPATH": value}))]
    site = "python/lib/python3.13/site-packages"
    assert places == [("/var/task", ""), ("/var/task", "lib"), ("/opt", "vendor"), ("/opt", site), ("/opt", "python")]
