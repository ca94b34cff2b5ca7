"""What of installed distributions stays out."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.content_options import SERVICES, TRIM_KINDS, ContentOptions
from cdk_layers.building.trim.options import trimming_of
from cdk_layers.building.trim.references import find_references, needed_tests
from cdk_layers.building.trim.selection import EXCLUDED, Trimming
from cdk_layers.building.trim.services import NEEDED, check_services
from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ALL = Trimming(frozenset(TRIM_KINDS))

LEFT_OUT = {
    "attr/__init__.pyi": "stubs",
    "yaml-stubs/__init__.pyi": "stubs",
    "rpds/__init__.pyi": "stubs",
    "numpy/_core/include/numpy/arrayobject.h": "libraries",
    "numpy/random/lib/libnpyrandom.a": "libraries",
    "pyarrow/src/arrow/python/api.cc": "sources",
    "sklearn/utils/_seq_dataset.pyx.tp": "sources",
    "lxml/etree.pyx": "sources",
    "sklearn/tree/_tree.pxd": "sources",
    "pandas/tests/io/data/stata.dta": "tests",
    "tornado/test/web_test.py": "tests",
    "mypy/test/test_find_sources.py": "tests",
    "sniffio/_tests/test_sniffio.py": "tests",
    "pandas/conftest.py": "tests",
    "share/man/man1/isympy.1": "documents",
    "numpy/random/README.md": "documents",
}
"""Paths of real wheels, with the kind of each."""

STAYS = (
    "numpy-2.4.6.dist-info/METADATA",
    "numpy-2.4.6.dist-info/RECORD",
    "numpy-2.4.6.dist-info/entry_points.txt",
    "numpy-2.4.6.dist-info/licenses/numpy/ma/LICENSE",
    "pip-24.0.dist-info/AUTHORS.txt",
    "numpy/testing/_private/utils.py",
    "numpy/testing/tests.py",
    "pandas/_testing/asserters.py",
    "sqlalchemy/testing/suite/test_select.py",
    "boto3/docs/service.py",
    "botocore/docs/__init__.py",
    "django/test/client.py",
    "jinja2/tests.py",
    "numpy.libs/libscipy_openblas64_-fdde5778.so",
    "attr/py.typed",
    "jedi/third_party/typeshed/stdlib/builtins.pyi",
    "sklearn/datasets/descr/iris.rst",
    "docutils/parsers/rst/include/isonum.txt",
    "networkx/algorithms/shortest_paths/generic.py",
    "pandas/tests/data/LICENSE",
    "matplotlib/mpl-data/fonts/ttf/LICENSE_STIX",
    "stripe/test_helpers/_customer_service.py",
    "vendor/licenses/README.md",
)
"""Paths of real wheels that look as if they could be left out."""

MODULES = (
    "attr/__init__.py", "rpds/__init__.py", "rpds/rpds.cpython-313-x86_64-linux-gnu.so", "mypy/test/__init__.py",
    "pandas/tests/test_common.py", "sqlalchemy/testing/__init__.py",
)  # fmt: skip


@pytest.mark.parametrize(("path", "kind"), LEFT_OUT.items())
def test_leaves_out_what_no_function_needs(path: str, kind: str) -> None:
    """Files of each kind stay out, whatever distribution they are of."""
    assert ALL.find_trimmed([*MODULES, path]).get(path) == kind


@pytest.mark.parametrize("path", STAYS)
def test_keeps_what_only_looks_unnecessary(path: str) -> None:
    """Metadata, licenses, importable packages, bundled libraries and data always stay."""
    siblings = [*MODULES, path.rpartition("/")[0] + "/__init__.py"]
    assert path not in ALL.find_trimmed([*siblings, path])


def test_leaves_out_only_the_kinds_that_the_user_names() -> None:
    """`trim=["stubs"]` leaves out stubs alone."""
    assert set(trimming_of(ContentOptions(trim=("stubs",))).find_trimmed([*MODULES, *LEFT_OUT]).values()) == {"stubs"}


def test_leaves_out_nothing_by_default() -> None:
    """Without options nothing is left out; True means all kinds."""
    nothing = trimming_of(ContentOptions())
    assert not nothing
    assert nothing.find_trimmed([*MODULES, *LEFT_OUT]) == {}
    assert trimming_of(ContentOptions(trim=True)) == ALL


IMPORTS = {
    "h5py/__init__.py": b"from .tests import run_tests\n",
    "a/b/c.py": b"from ... import os\nfrom ..tests import x\n",
    "a/d.py": b"from . import one, tests\n",
    "a/e.py": b"from a import (\n    one,\n    tests as checks,\n)\n",
    "a/f.py": b"import numpy, a.tests.data as data\n",
    "a/g.py": b"def load():\n    return import_module('a.tests.data')\n",
    "a/h.py": b"from a.tests import (\n    one,\n)\n",
}


@pytest.mark.parametrize("module", IMPORTS)
def test_keeps_tests_that_code_imports(module: str) -> None:
    """A test package that another module imports, in any form, stays: the import would fail."""
    top = module.partition("/")[0]
    files = {f"{top}/tests/__init__.py": b"", f"{top}/tests/test_x.py": b"", module: IMPORTS[module]}
    assert _left_out(files) == set()
    assert _left_out({**files, module: b"import os  # tests are in a.tests\n"}) == {
        f"{top}/tests/__init__.py", f"{top}/tests/test_x.py"
    }  # fmt: skip


def test_conftest_needs_no_tests() -> None:
    """Only pytest imports it, so the tests that it imports are trimmed, and it with them."""
    files = {"a/__init__.py": b"", "a/conftest.py": b"from a.tests import test_x\n", "a/tests/test_x.py": b""}
    assert _left_out(files) == {"a/conftest.py", "a/tests/test_x.py"}


def test_keeps_tests_that_kept_tests_import() -> None:
    """What a test package that stays imports stays as well, in other distributions too."""
    own = {
        "a/__init__.py": b"from a.tests import x\n",
        "a/tests/__init__.py": b"",
        "a/tests/test_x.py": b"import b.tests.helpers\n",
    }
    other = {"b/__init__.py": b"", "b/tests/test_y.py": b"", "b/sub/tests/test_z.py": b"import c.tests\n"}
    needed = needed_tests([find_references(own, own.get), find_references(other, other.get)])
    assert needed == {"a.tests", "b.tests"}
    assert set(ALL.find_trimmed(other, needed=needed)) == {"b/sub/tests/test_z.py"}


def test_keeps_files_that_code_names() -> None:
    """A source, a header, a stub or a document that the distribution's own code reads by name stays."""
    files = {
        "cffi/recompiler.py": b"with open(os.path.join(here, 'parse_c_type.h')) as file: ...\n",
        "cffi/parse_c_type.h": b"",
        "cffi/other.h": b"",
        "Cython/Includes/libc/math.pxd": b"",
        "Cython/Compiler/Main.py": b"find('.pxd')\n",
        "skimage/__init__.py": b"__getattr__, *_ = lazy.attach_stub(__name__, __file__)\n",
        "skimage/__init__.pyi": b"",
        "plot/README.md": b"",
        "plot/__init__.py": b'__doc__ = read_text("plot", "README.md")\n',
    }
    assert _left_out(files) == {"cffi/other.h"}


def _left_out(files: Mapping[str, bytes]) -> set[str]:
    references = find_references(files, files.get)
    return set(ALL.find_trimmed(files, needed=needed_tests([references]), files=references.files))


def test_excludes_by_patterns_but_never_metadata() -> None:
    """`dependency_excludes` are .gitignore patterns relative to site-packages; a .dist-info folder stays whole."""
    paths = ["a/locale/de/x.mo", "a/locale/en/x.mo", "a-1.dist-info/METADATA", "a-1.dist-info/x.mo"]
    excludes = trimming_of(ContentOptions(dependency_excludes=("*.mo", "!a/locale/en/**")))
    assert excludes.find_trimmed(paths) == {"a/locale/de/x.mo": EXCLUDED}


def test_keeps_what_botocore_needs_of_all_services() -> None:
    """With `aws_services` the data of other services stay out, of the installed botocore and boto3."""
    paths = _installed("botocore") + _installed("boto3")
    trimming = trimming_of(ContentOptions(aws_services=("s3", "dynamodb")))
    trimmed = trimming.find_trimmed(paths)
    assert set(trimmed.values()) == {SERVICES}
    rest = {path for path in paths if path.startswith(("botocore/data/", "boto3/data/"))} - set(trimmed)
    # Older versions of botocore do not have all of these services.
    services = {path.split("/")[2] for path in paths if path.startswith("botocore/data/") and path.count("/") > 2}
    assert {path.split("/")[2] for path in rest if path.count("/") > 2} == {"s3", "dynamodb", *NEEDED} & services
    assert {path for path in rest if path.count("/") == 2} == {
        f"botocore/data/{name}.json"
        for name in ("_retry", "endpoints", "partitions", "sdk-default-configuration")
    }  # fmt: skip


def test_rejects_an_unknown_service() -> None:
    """The message names the service that is most like it."""
    with pytest.raises(UsageError, match=r"no service 'dynamo' \(Did you mean 'dynamodb'\?\)"):
        check_services(["s3", "dynamo"], _installed("botocore"))
    check_services(["dynamo"], ["requests/__init__.py"])


def _files(name: str) -> dict[str, importlib.metadata.PackagePath]:
    try:
        files = importlib.metadata.files(name) or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{name} is not in this environment")
    return {str(file): file for file in files if not str(file).startswith("..")}


def _installed(name: str) -> list[str]:
    return [path for path in _files(name) if "__pycache__" not in path]


@pytest.mark.parametrize(
    ("name", "kinds", "folder", "stays"),
    [
        ("attrs", {"stubs"}, "attr", "attr/py.typed"),
        ("boto3", set(), "boto3/docs", "boto3/docs/__init__.py"),
        ("types-PyYAML", {"stubs"}, "yaml-stubs", ".dist-info/METADATA"),
        ("mypy", {"tests", "documents"}, "mypy/typeshed", "mypy/typeshed/stdlib/builtins.pyi"),
    ],
)
def test_trims_installed_distributions(name: str, kinds: set[str], folder: str, stays: str) -> None:
    """Of real distributions, exactly the expected kinds stay out, and data that only look like them do not."""
    files = _files(name)

    def read(path: str) -> bytes:
        return Path(files[path].locate()).read_bytes()

    sources: Sequence[str] = [path for path in files if "__pycache__" not in path]
    references = find_references(sources, read)
    trimmed = ALL.find_trimmed(sources, needed=needed_tests([references]), files=references.files)
    assert set(trimmed.values()) == kinds
    assert any(path.startswith(f"{folder}/") for path in sources)
    assert any(path.endswith(stays) for path in set(sources) - set(trimmed))
