"""Trimming of stored parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.archives.members import collect
from cdk_layers.building.archives.writer import write_archive
from cdk_layers.building.content_options import ContentOptions
from cdk_layers.building.trim.options import trimming_of
from cdk_layers.building.trim.parts import SourcePart, trim_parts
from cdk_layers.building.trim.savings import savings_of, savings_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

TRIMMING = trimming_of(ContentOptions(trim=True))


def _part(folder: Path, files: Mapping[str, str], *, is_own: bool = False) -> SourcePart:
    for name, text in files.items():
        path = folder / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    write_archive(folder / "archive.zip", collect(folder / "tree"))
    return SourcePart(folder.name, folder / "archive.zip", is_own)


def test_keeps_what_any_part_of_the_archive_imports(tmp_path: Path, store: LocalStore) -> None:
    """Tests of one distribution stay if another, or the entry's own code, imports them; own files always stay."""
    tests = {"{0}/__init__.py": "", "{0}/tests/test_x.py": ""}
    first, second, third = (
        _part(tmp_path / name, {path.format(name): text for path, text in tests.items()}) for name in "abc"
    )
    user = _part(tmp_path / "user", {"user.py": "import a.tests\n"})
    own = _part(
        tmp_path / "own", {"python/tests/test_own.py": "", "python/own.py": "from b import tests\n"}, is_own=True
    )
    left_out = trim_parts([first, second, third, user, own], TRIMMING, store)
    assert left_out == ({}, {}, {"c/tests/test_x.py": "tests"}, {}, {})


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (ContentOptions(trim=("tests",)), {"botocore/tests/test_x.py": "tests"}),
        (ContentOptions(dependency_excludes=("*.md",)), {"botocore/README.md": "excluded"}),
        (ContentOptions(aws_services=("s3",)), {"botocore/data/ec2/1/service-2.json": "aws-services"}),
    ],
)
def test_each_option_alone_leaves_out_its_files(
    tmp_path: Path, store: LocalStore, options: ContentOptions, expected: dict[str, str]
) -> None:
    """None of them needs another one to be set."""
    names = (
        "__init__.py", "tests/test_x.py", "README.md", "data/s3/1/service-2.json", "data/ec2/1/service-2.json",
    )  # fmt: skip
    part = _part(tmp_path / "a", {f"botocore/{name}": "" for name in names})
    assert trim_parts([part], trimming_of(options), store) == (expected,)


def test_remembers_what_sources_refer_to(tmp_path: Path, store: LocalStore) -> None:
    """The sources of a part are read once, and not at all without options."""
    part = _part(tmp_path / "a", {"a/__init__.py": "", "a/tests/test_x.py": ""})
    assert trim_parts([part], trimming_of(ContentOptions()), store) == ({},)
    once = trim_parts([part], TRIMMING, store)
    other = SourcePart(
        part.key, _part(tmp_path / "b", {"a/__init__.py": "import a.tests", "a/tests/test_x.py": ""}).archive
    )
    assert trim_parts([other], TRIMMING, store) == once == ({"a/tests/test_x.py": "tests"},)


def test_sums_what_was_left_out() -> None:
    """Savings are by kind, the largest first; a file of two distributions counts once."""
    first = (
        {"a/tests/x": "tests", "a.h": "libraries", "both": "stubs"},
        {"a/tests/x": 2048, "a.h": 10, "both": 1, "z": 9},
    )
    savings = savings_of([first, ({"both": "stubs"}, {"both": 1})])
    assert savings == {"tests": (1, 2048), "libraries": (1, 10), "stubs": (1, 1)}
    assert savings_text(savings) == "tests 2.0 KiB, libraries 10 bytes, stubs 1 byte"
