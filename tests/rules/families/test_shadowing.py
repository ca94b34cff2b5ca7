"""Modules that hide others."""

from __future__ import annotations

import sys

import pytest

from cdk_layers.rules.facts.standard_library import standard_library
from tests.rules.archives import Files, archive, dist, found, function, layer, severities, texts


@pytest.mark.parametrize(
    "packages",
    [["botocore"], ["boto3"], ["boto3", "botocore"], ["botocore", "s3transfer"]],
    ids="+".join,
)
def test_half_an_sdk_is_a_warning_that_names_both_halves(packages: list[str]) -> None:
    """What is packaged and what the runtime adds are reported."""
    contents = archive([f"python/{name}/__init__.py" for name in packages], dists=[dist(packages[0], "1.40.1")])
    (finding,) = found(function(layer(contents)), "shadowed-sdk")
    absent = [name for name in ("boto3", "botocore", "s3transfer") if name not in packages]
    assert finding.severity == "warning"
    assert f"{packages[0]} 1.40.1" in finding.message
    assert f"takes {' and '.join(absent)} from the runtime" in finding.message


def test_a_complete_sdk_or_none_is_fine_also_spread_over_layers_and_code() -> None:
    """It does not matter where the parts lie."""
    boto3 = layer(archive(["python/boto3/__init__.py", "python/s3transfer/__init__.py"]))
    code = {"main.py": "", "botocore/__init__.py": ""}
    assert found(function(boto3, code=code), "shadowed-sdk") == []
    assert found(function(layer(archive(["python/requests/__init__.py"]))), "shadowed-sdk") == []
    assert found(function(layer(archive(["python/s3transfer/__init__.py"]))), "shadowed-sdk") == []


@pytest.mark.parametrize(
    ("code", "requires", "severities_"),
    [
        ({"main.py": "import pynamodb"}, "botocore>=1.12", []),
        ({"main.py": "import aws_xray_sdk", "sub/helper.py": "import json"}, "wrapt", []),
        ({"main.py": "from helper import client", "helper.py": "import boto3"}, "botocore>=1.12", ["warning"]),
        ({"main.py": "client = __import__('boto3')"}, "botocore>=1.12", ["warning"]),
        ({"main.py": "import powertools"}, "boto3<2,>=1.34; extra == 'aws-sdk'", ["warning"]),
        ({"main.py": "import transfer"}, "s3transfer>=0.10", ["warning"]),
    ],
)
def test_botocore_alone(code: dict[str, str], requires: str, severities_: list[str]) -> None:
    """Distributions such as pynamodb need botocore without boto3, which is right if nothing uses boto3."""
    contents = {"python/botocore/__init__.py": "boto3", "python/library/__init__.py": "# as in boto3"}
    dists = [dist("botocore", top_level=["botocore"]), dist("library", "1.0", requires, top_level=["library"])]
    base = layer(archive(contents, dists=dists), sources=Files(texts(contents)))
    assert severities(function(base, code=code), "shadowed-sdk") == severities_
    # Content that cannot be read, and boto3 without its botocore, are reported in any case.
    unknown = layer(archive(contents, dists=dists))
    assert severities(function(unknown, code=code), "shadowed-sdk") == ["warning"]
    boto3 = {"python/boto3/__init__.py": ""}
    assert severities(function(layer(archive(boto3), sources=Files({})), code=code), "shadowed-sdk") == ["warning"]


@pytest.mark.parametrize("path", ["random.py", "email/__init__.py", "queue.cpython-313-x86_64-linux-gnu.so"])
def test_a_module_with_the_name_of_the_standard_librarys_is_a_warning(path: str) -> None:
    """In code and in layers, as a module, a package or an extension."""
    assert severities(function(code=archive([path])), "shadowed-stdlib") == ["warning"]
    (finding,) = found(function(layer(archive([f"python/{path}"]))), "shadowed-stdlib")
    assert path.partition("/")[0].partition(".")[0] in finding.message


@pytest.mark.parametrize(
    "path", ["company/random.py", "email/template.html", "random.json", "typing_extensions.py", "cgi.py"]
)
def test_other_names_folders_without_init_and_modules_that_python_dropped_hide_nothing(path: str) -> None:
    """A namespace package comes last in the search, and cgi is gone from 3.13."""
    assert found(function(code=archive([path])), "shadowed-stdlib") == []


def test_the_names_follow_the_runtime() -> None:
    """A cgi.py hides a module of 3.12's and none of 3.13's."""
    assert severities(function(code=archive(["cgi.py"]), runtime="python3.12"), "shadowed-stdlib") == ["warning"]


@pytest.mark.parametrize("path", ["awslambdaric/__init__.py", "bootstrap.py"])
def test_the_runtime_clients_own_names_are_told_as_such(path: str) -> None:
    """A packaged runtime client runs in place of Lambda's."""
    (finding,) = found(function(layer(archive([f"python/{path}"]))), "shadowed-stdlib")
    assert "runtime client" in finding.message


def test_the_table_agrees_with_this_python() -> None:
    """What the interpreter at hand says of itself is what the table says of its version."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    public = {name for name in sys.stdlib_module_names if not name.startswith("_")}
    assert standard_library(here) == public


def test_a_package_that_hides_parts_of_a_namespace_is_named() -> None:
    """The package, the modules that it hides and both places are reported."""
    proto = archive(["python/google/protobuf/__init__.py", "python/google/api/http_pb2.py"])
    (finding,) = found(function(layer(proto), code={"google/__init__.py": "", "main.py": ""}), "namespace-hidden")
    assert finding.severity == "warning"
    assert "google/__init__.py in the function's code makes 'google' a regular package" in finding.message
    assert "hides google.api, google.protobuf in layer 'Hub/Base'" in finding.message


def test_tests_in_site_packages_hide_nothing_that_is_imported() -> None:
    """Distributions that install a folder tests/ by mistake are common, and no function imports it."""
    hiding = layer(archive(["python/tests/__init__.py"]), "Top")
    assert severities(function(layer(archive(["python/tests/test_a.py"])), hiding), "namespace-hidden") == []


def test_a_layer_hides_the_namespace_of_another_layer() -> None:
    """Layers merge into one folder, where one __init__.py decides for all."""
    hiding = layer(archive({"python/company/__init__.py": "", "python/company/a.py": ""}), "Top")
    other = layer(archive(["python/lib/python3.13/site-packages/company/b.py"]))
    assert severities(function(other, hiding), "namespace-hidden") == ["warning"]


@pytest.mark.parametrize("init", [
    "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
    "__import__('pkg_resources').declare_namespace(__name__)\n",
])  # fmt: skip
def test_packages_that_join_or_stand_alone_hide_nothing(init: str) -> None:
    """Old namespace packages add each other's folders, and two regular packages are another rule's matter."""
    part = layer(archive(["python/google/protobuf/__init__.py"]))
    assert found(function(part, code={"google/__init__.py": init, "main.py": ""}), "namespace-hidden") == []
    assert found(function(part, code={"google/own.py": "", "main.py": ""}), "namespace-hidden") == []
    whole = layer(archive(["python/six/__init__.py"]))
    assert found(function(whole, code={"six/__init__.py": "", "main.py": ""}), "namespace-hidden") == []
    data = layer(archive(["python/google/readme.txt"]))
    assert found(function(data, code={"google/__init__.py": "", "main.py": ""}), "namespace-hidden") == []
