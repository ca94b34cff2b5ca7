"""Imports of a function's code that nothing provides."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.rules.archives import Files, archive, dist, found, function, layer, severities, texts

if TYPE_CHECKING:
    from cdk_layers.findings import Finding

RULE = "missing-import"
TAIL = "\ndef handler(event, context): ...\n"


def importing(code: str, *files: str, **facts: object) -> list[str]:
    """Return the severities for a function whose main.py is this code, with a layer that holds these files."""
    layers = [layer(archive(files))] if files else []
    return severities(function(*layers, code={"main.py": code + TAIL}, handler="main.handler", **facts), RULE)  # type: ignore[arg-type]


def test_a_module_that_nothing_provides_is_named_with_its_distribution() -> None:
    """The file, the line and the distribution are reported, since the names differ."""
    code = {"main.py": f"import json\nimport yaml\nfrom PIL import Image\nimport requests{TAIL}"}
    (finding,) = found(function(code=code, handler="main.handler"), RULE)
    assert finding.severity == "warning"
    assert (
        "yaml (main.py:2, of the distribution pyyaml), PIL (main.py:3, of the distribution pillow)" in finding.message
    )
    assert "requests (main.py:4)" in finding.message
    assert finding.aws_error == "Unable to import module 'main': No module named 'yaml'"


@pytest.mark.parametrize("name", ["company_models", "_".join("abc"), "shared_utils"])
def test_the_name_of_a_distribution_is_not_guessed(name: str) -> None:
    """A module of the user's own that is missing has no distribution."""
    (finding,) = found(function(code={"main.py": f"import {name}{TAIL}"}, handler="main.handler"), RULE)
    assert f": {name} (main.py:1)." in finding.message


@pytest.mark.parametrize("line", [
    "import requests", "import requests as http", "from requests import get", "import os, requests",
    "import sys; import requests",
])  # fmt: skip
def test_every_form_of_an_import_counts(line: str) -> None:
    """It is quiet once a layer or the code has the package, in whatever form that is."""
    assert importing(line) == ["warning"]
    assert importing(line, "python/requests/__init__.py") == []
    assert importing(line, "python/requests.py") == []
    assert importing(line, "python/requests/only_a_namespace.txt") == []
    assert importing(line, "python/lib/python3.13/site-packages/requests/__init__.py") == []
    assert importing(line, "python/requests.cpython-313-x86_64-linux-gnu.so") == []
    assert importing(line, "requests/__init__.py") == ["warning"]
    assert importing(line, "python/lib/python3.12/site-packages/requests/__init__.py") == ["warning"]


@pytest.mark.parametrize("line", [
    "try:\n    import requests\nexcept ImportError:\n    requests = None",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import requests",
    "import os\nif os.environ.get('X'):\n    import requests",
    "import contextlib\nwith contextlib.suppress(ImportError):\n    import requests",
    "def lazily():\n    import requests",
    "import sys\nsys.path.insert(0, '/opt/vendor')\nimport requests",
    "import sys\nsys.path.append('vendor')\nfrom requests import get",
    "from sys import path\npath.append('vendor')\nimport requests",
    "import sys as s\ns.path.append('x')\nimport requests",
    "exec(open('paths.py').read())\nimport requests", "import runpy\nrunpy.run_path('paths.py')\nimport requests",
    "__import__('requests')", "from . import other", "from .other import x", "import _private",
])  # fmt: skip
def test_imports_that_may_not_run_or_be_found_otherwise_are_quiet(line: str) -> None:
    """Optional, conditional, lazy and dynamic imports, and search paths that the code changes."""
    assert importing(line) == []


@pytest.mark.parametrize("name", [
    "json", "zoneinfo", "boto3", "botocore.config", "dateutil.parser", "six", "urllib3", "jmespath", "s3transfer",
    "awslambdaric", "cfnresponse", "main",
])  # fmt: skip
def test_what_the_runtime_provides_is_quiet(name: str) -> None:
    """The standard library, the SDK and what comes with it, and the module itself."""
    assert importing(f"import {name}") == []


@pytest.mark.parametrize(("name", "runtime", "expected"), [
    ("tomllib", "python3.11", []), ("tomllib", "python3.10", ["warning"]),
    ("distutils", "python3.11", []), ("distutils", "python3.12", ["warning"]),
    ("aws_durable_execution_sdk_python", "python3.13", []),
    ("aws_durable_execution_sdk_python", "python3.12", ["warning"]),
])  # fmt: skip
def test_what_a_runtime_provides_depends_on_its_version(name: str, runtime: str, expected: list[str]) -> None:
    """Modules come and go with Python's versions."""
    assert importing(f"import {name}", runtime=runtime) == expected


def test_imports_are_followed_through_the_functions_own_code() -> None:
    """Packages on the way run too; what the handler does not reach does not count."""
    code = {
        "app/__init__.py": "import attr\n",
        "app/main.py": f"from app.core import db{TAIL}",
        "app/core/__init__.py": "import orjson\n",
        "app/core/db.py": "from ..models import *\n",
        "app/models.py": "import pydantic\n",
        "scripts.py": "import click\n",
    }
    (finding,) = found(function(code=code, handler="app/main.handler"), RULE)
    for place in ("attr (app/__init__.py:1", "orjson (app/core/__init__.py:1)", "pydantic (app/models.py:1)"):
        assert place in finding.message
    assert "click" not in finding.message


@pytest.mark.parametrize("line", [
    "try:\n    import unzip_requirements\nexcept ImportError:\n    pass",
    "from contextlib import suppress\nwith suppress(ImportError):\n    import unzip_requirements",
    "import os\nif 'X' in os.environ:\n    from setup import unzip_requirements",
    "def unzip():\n    import setup.unzip_requirements\nunzip()",
])  # fmt: skip
def test_a_search_path_that_a_module_imported_under_a_condition_changes(line: str) -> None:
    """The Serverless Framework's plugin packs a zip of requirements, and a module that unpacks it at run time."""
    modules = {"unzip_requirements.py": "import sys\nsys.path.insert(0, '/tmp/r')\n"}
    modules |= {f"setup/{name}": text for name, text in modules.items()}
    for subject, expected in ((modules, []), ({"unrelated.py": "import sys\nsys.path.clear()\n"}, ["warning"])):
        code = {"main.py": f"{line}\nimport requests{TAIL}"} | subject
        assert severities(function(code=code, handler="main.handler"), RULE) == expected


def test_an_extension_module_hides_a_source() -> None:
    """Python loads that of the same name, whose imports are not known."""
    code = {"main.py": f"import fast{TAIL}", "fast.py": "import requests\n"}
    assert severities(function(code=code, handler="main.handler"), RULE) == ["warning"]
    code["fast.cpython-313-x86_64-linux-gnu.so"] = ""
    assert found(function(code=code, handler="main.handler"), RULE) == []


def test_installed_distributions_are_not_followed() -> None:
    """What they miss is what their metadata says, which missing-dependency judges."""
    files = {"main.py": f"import company{TAIL}", "company/__init__.py": "import absent\n"}
    code = archive(files, dists=[dist("company", folder="", top_level=["company"])])
    subject = replace(function(code=code, handler="main.handler"), sources=Files(texts(files)))
    assert found(subject, RULE) == []
    own = replace(function(code=archive(files), handler="main.handler"), sources=Files(texts(files)))
    assert severities(own, RULE) == ["warning"]


def of_layer(code: str, files: dict[str, str], **facts: object) -> list[Finding]:
    """Return the findings for a function whose main.py is this code, with a layer of these files."""
    shared = replace(layer(archive(files, **facts)), sources=Files(texts(files)))  # type: ignore[arg-type]
    return found(function(shared, code={"main.py": code + TAIL}, handler="main.handler"), RULE)


def test_imports_are_followed_into_own_modules_of_layers() -> None:
    """A layer's own code needs its distributions too; the first one is what Lambda reports."""
    files = {
        "python/company/__init__.py": "",
        "python/company/client.py": "import json\n\nimport requests\n\n\n\n\n\n\nimport jwt\n",
        "python/company/other.py": "import click\n",
    }
    (finding,) = of_layer("from company.client import get", files)
    assert ": requests (python/company/client.py:3 in layer 'Hub/Base'), jwt (" in finding.message
    assert "click" not in finding.message
    assert finding.aws_error == "Unable to import module 'main': No module named 'requests'"
    assert of_layer("from company.client import get", files | {"python/requests.py": "", "python/jwt.py": ""}) == []
    assert of_layer("import company", files) == []
    installed = [dist("company", top_level=["company"])]
    for line, expected in (("sys.path.insert(0, '/opt/x')", []), ("sys.modules['company.x'] = sys", ["warning"])):
        adding = {"python/company/__init__.py": f"import sys\n{line}"}
        findings = of_layer("import company\nimport vendored", adding, dists=installed)
        assert [finding.severity for finding in findings] == expected
    assert of_layer("from company.client import get", files, dists=installed) == []
    assert of_layer("import company\nimport vendored", {"python/company.py": "import sys\nsys.path.append('x')"}) == []


@pytest.mark.parametrize("line", ["import company.db.models", "from company.db import x", "from company.db.y import x"])
def test_a_submodule_that_an_own_package_lacks(line: str) -> None:
    """The first missing name is reported, in regular packages, namespace packages and modules."""
    for files in ({"python/company/__init__.py": ""}, {"python/company/a.txt": ""}, {"python/company.py": ""}):
        (finding,) = of_layer(line, files)
        assert ": company.db (main.py:1)." in finding.message
        assert "Add the module to that package" in finding.remedy
        assert finding.aws_error == "Unable to import module 'main': No module named 'company.db'"
    whole = {"python/company/db/models.py": "", "python/company/db/y.py": ""}
    assert of_layer(line, whole) == []
    assert of_layer(line, {"python/company/__init__.py": ""} | whole) == []


@pytest.mark.parametrize(("line", "files", "facts"), [
    ("import six.moves.urllib", {"python/six.py": ""}, {}),
    ("import logging.handler", {"python/logging/__init__.py": ""}, {}),
    ("import company.db", {"python/company/__init__.py": "import sys\nsys.modules['company.db'] = sys"}, {}),
    ("import company.db", {"python/company/__init__.py": "__path__ = ['/opt/x']"}, {}),
    ("import company.db", {"python/company/__init__.pyc": ""}, {}),
    (
        "import company.db",
        {"python/company/__init__.py": "__import__('pkg_resources').declare_namespace(__name__)"},
        {},
    ),
    ("import company.db", {"python/company/__init__.py": ""}, {"links": {"python/company/db": "/opt/db"}}),
    ("import company.db", {"python/company/__init__.py": ""}, {"dists": [dist("company", top_level=["company"])]}),
    ("import company.db", {"python/company/a.txt": ""}, {"dists": [dist("company", top_level=["company"])]}),
])  # fmt: skip
def test_submodules_that_may_exist_are_quiet(line: str, files: dict[str, str], facts: dict[str, object]) -> None:
    """Packages of the runtime and of distributions, links, and code that adds modules."""
    assert of_layer(line, files, **facts) == []


def test_a_package_that_hides_one_of_a_layer_is_named() -> None:
    """Python looks for submodules in the first package with an __init__.py only."""
    shared = layer(archive(["python/shared/db.py"]))
    code = {"main.py": f"import shared.db{TAIL}", "shared/__init__.py": ""}
    (finding,) = found(function(shared, code=code, handler="main.handler"), RULE)
    assert (
        " python/shared/db.py in layer 'Hub/Base' is not searched, since 'shared' is shared/__init__.py in the "
        "function's code." in finding.message
    )


def test_what_is_not_known_may_provide_anything() -> None:
    """A layer by its ARN, a PYTHONPATH, a wrapper, a link of that name, and sources that SAM has yet to build."""
    code = {"main.py": f"import requests{TAIL}", "requirements.txt": "requests\n"}
    subject = function(code=code, handler="main.handler")
    assert severities(subject, RULE) == ["warning"]
    assert found(function(layer(None, "Vendor"), code=code, handler="main.handler"), RULE) == []
    for variable in ("PYTHONPATH", "AWS_LAMBDA_EXEC_WRAPPER"):
        assert found(replace(subject, environment={variable: "/opt/x"}), RULE) == []
    linked = layer(archive(links={"python/requests": "/opt/other/requests"}))
    assert found(function(linked, code=code, handler="main.handler"), RULE) == []
    assert found(replace(subject, is_source=True), RULE) == []
    assert found(replace(subject, handler="gone.handler"), RULE) == []
    assert found(replace(subject, runtime="nodejs22.x"), RULE) == []


DEEP = "a" + ".a" * 200_000


@pytest.mark.parametrize("lines", [
    f"import {DEEP}", f"from {DEEP} import b", f"from . import a\nfrom .{DEEP} import b",
    f"from {'a' * 500_000} import {', '.join(f'b{n}' for n in range(50_000))}",
    "\n".join(f"import {'a.' * 400}b{n}" for n in range(50)),
])  # fmt: skip
def test_imports_of_absurd_length_take_no_memory_to_follow(lines: str) -> None:
    """Foreign code may import a name of any depth; its parents and submodules are not spelt out."""
    code = {"main.py": lines + TAIL, "a.py": ""}
    tracemalloc.start()
    try:
        found(function(code=code, handler="main.handler"), RULE)
        assert tracemalloc.get_traced_memory()[1] < 256 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_an_import_beside_one_of_absurd_length_is_reported() -> None:
    """Only the absurd name is left alone."""
    code = {"main.py": f"from {'b' * 2000}.c import d\nimport yaml{TAIL}", "helper.py": "import requests"}
    (finding,) = found(function(code=code, handler="main.handler"), RULE)
    assert "yaml (main.py:2" in finding.message


@pytest.mark.parametrize("path", ["own.pth", "python/own.pth", "python/lib/python3.13/site-packages/own.pth"])
def test_path_files_may_lead_to_modules(path: str) -> None:
    """The runtime reads .pth files of the code and of layers, which may add folders; that of setuptools adds none.

    Source: add_default_site_directories in bootstrap.py of the managed runtimes.
    """
    code = "import vendored"
    if "/" in path:
        assert importing(code, path) == []
        assert importing(code, path.replace("own", "distutils-precedence")) == ["warning"]
        assert importing(code, f"other/{path}", "python/package/own.pth") == ["warning"]
    else:
        files = {"main.py": code + TAIL, path: "lib\n", "lib/vendored.py": ""}
        assert severities(function(code=files, handler="main.handler"), RULE) == []


def test_a_file_of_the_imported_name_in_another_folder_is_named() -> None:
    """It is in the code or in a layer, and Python does not search its folder."""
    code = {"main.py": f"import models.user{TAIL}", "src/models/__init__.py": ""}
    (finding,) = found(function(code=code, handler="main.handler"), RULE)
    assert "'models' is src/models/__init__.py in the function's code, in a folder that" in finding.message


@pytest.mark.parametrize("line", ["from common.error import Error", "import common.error", "from common import error"])
def test_a_package_that_was_packed_without_its_folder_is_named(line: str) -> None:
    """The entry of the layer was the package itself, so its modules are at the root of python/."""
    files = ["python/__init__.py", "python/error.py"]
    subject = function(layer(archive(files)), code={"main.py": line + TAIL}, handler="main.handler")
    (finding,) = found(subject, RULE)
    assert "python/error.py in layer 'Hub/Base' is imported as 'error', not 'common.error'." in finding.message
    assert "into a folder common/" in finding.remedy
    for others in (files[1:], [files[0], "python/errors.py"]):
        subject = function(layer(archive(others)), code={"main.py": line + TAIL}, handler="main.handler")
        (finding,) = found(subject, RULE)
        assert "is imported as" not in finding.message
