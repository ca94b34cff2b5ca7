"""References to tests that keep them in an archive."""

from __future__ import annotations

import pytest

from cdk_layers.building.trim.references import find_references, needed_tests
from cdk_layers.building.trim.selection import Trimming

TESTS = {"pkg/tests/__init__.py": b"", "pkg/tests/test_x.py": b"", "pkg/tests/data.json": b"{}"}


@pytest.mark.parametrize(
    "source",
    [
        b"from .import tests\n",
        b"from.tests import helpers\n",
        b"from . import(tests)\n",
        b"from pkg import one, \\\n    tests\n",
        b"import os, \\\r\n    pkg.tests.helpers\r\n",
        b"if True: from pkg import tests\n",
        b"def f(): from pkg.tests import test_x\n",
        b"try: import pkg.tests\nexcept ImportError: pass\n",
        b"one = 1; import pkg.tests.helpers\n",
        b"from . import (one,  # the first (from a list)\n    # the second, too\n    tests,\n)\n",
        b"from pkg . tests import one\n",
        b"import pkg . tests\n",
        b"import_module('.tests', __name__)\n",
        b"import_module(f'{__name__}.tests.helpers')\n",
    ],
)
def test_all_forms_of_imports_keep_tests(source: bytes) -> None:
    """Every way to write an import of a test folder keeps the folder: without it the import would fail."""
    assert _trimmed({"pkg/__init__.py": source}) == set()


@pytest.mark.parametrize(
    "source",
    [
        b"files(__name__).joinpath('tests', 'data.json')\n",
        b"(Path(__file__).parent / 'tests' / 'data.json').read_text()\n",
        b"(Path(__file__).parent / 'tests/data.json').read_text()\n",
        b"open(os.path.join(os.path.dirname(__file__), 'tests', f'{name}.json'))\n",
    ],
)
@pytest.mark.parametrize("module", ["pkg/__init__.py", "pkg/sub/load.py"])
def test_paths_keep_tests(source: bytes, module: str) -> None:
    """A test folder stays if a module names it in the path of a file."""
    assert _trimmed({module: source}) == set()


@pytest.mark.parametrize(
    "source",
    [
        b"# from pkg import tests\n",
        b'"""Example.\n\n>>> from pkg.tests import x\n... open("pkg/tests/data.json")\n"""\n',
        b'"""Run the tests, which are imported from pkg: tests."""\n',
        b"splits = ['train', 'test', 'tests']\n",
        b"url = 'https://example.com/tests/data'\n",
        b"from os import path\ntests = 1\n",
    ],
)
def test_other_words_do_not_keep_tests(source: bytes) -> None:
    """Comments, examples, values and links do not keep tests."""
    assert _trimmed({"pkg/__init__.py": source}) == set(TESTS)


def test_entry_points_keep_tests() -> None:
    """A test module that is an entry point of its distribution stays, as that of networkx does."""
    points = b"[networkx.backends]\nloopback = pkg.tests.dispatch:dispatcher\n"
    assert _trimmed({"pkg/__init__.py": b"", "pkg-1.0.dist-info/entry_points.txt": points}) == set()


@pytest.mark.parametrize("name", ["README", "CHANGES"])
def test_documents_without_extension_that_code_reads(name: str) -> None:
    """A document without an extension stays if a string of a module ends with its name."""
    files = {"pkg/README": b"", "pkg/CHANGES": b"", "pkg/__init__.py": b"get_data(__name__, 'x/%b')\n" % name.encode()}
    assert _trimmed(files) == {*TESTS, "pkg/README", "pkg/CHANGES"} - {f"pkg/{name}"}


def _trimmed(files: dict[str, bytes]) -> set[str]:
    """Return what is trimmed of a distribution with a test folder and these files."""
    every = {**TESTS, **files}
    references = find_references(every, every.get)
    kinds = frozenset({"tests", "documents"})
    return set(Trimming(kinds).find_trimmed(every, needed=needed_tests([references]), files=references.files))
