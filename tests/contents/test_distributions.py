"""Distributions as their .dist-info folders tell them."""

from __future__ import annotations

from cdk_layers.contents.distributions import is_metadata, read_distributions
from cdk_layers.contents.model import Distribution, File

METADATA = b"""\
Metadata-Version: 2.4
Name: Some.Package
Version: 1.2.3
Requires-Dist: six>=1.16; python_version
  < "4"
Requires-Dist: idna
Requires-Python: >=3.9
License-Expression: MIT
Provides-Extra: Fast_Mode
Provides-Extra: all

Requires-Dist: not-this-one
"""
RECORD = b"""\
some_package/__init__.py,sha256=x,10
some_package/"quoted,name".py,,
single.py,,5
gone.py,,7
../../bin/program,,3
some_package-1.2.3.dist-info/RECORD,,
/etc/passwd,,
"""
WHEEL = b"""\
Wheel-Version: 1.0
Tag: py2.py3-none-any
Tag: cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64
Tag: odd
"""
INFO = "python/some_package-1.2.3.dist-info"


def _file(size: int) -> File:
    return File(size, 0, 0o644)


def test_everything_that_a_distribution_tells() -> None:
    """Name, version, requirements, license, tags, sizes and top-level names come from its three files."""
    files = {
        f"{INFO}/RECORD": _file(100),
        "python/some_package/__init__.py": _file(10),
        "python/single.py": _file(5),
        "python/other.py": _file(1000),
        "bin/program": _file(3),
    }
    metadata = {f"{INFO}/METADATA": METADATA, f"{INFO}/RECORD": RECORD, f"{INFO}/WHEEL": WHEEL}
    assert read_distributions(metadata, files) == (
        Distribution(
            name="some-package",
            version="1.2.3",
            folder="python",
            unzipped_bytes=115,
            requires=('six>=1.16; python_version < "4"', "idna"),
            requires_python=">=3.9",
            license="MIT",
            tags=(
                "py2-none-any",
                "py3-none-any",
                "cp313-cp313-manylinux_2_17_x86_64",
                "cp313-cp313-manylinux2014_x86_64",
            ),
            top_level=("gone.py", "single.py", "some_package", "some_package-1.2.3.dist-info"),
            extras=("all", "fast-mode"),
        ),
    )


def test_programs_beside_the_folder_count() -> None:
    """A RECORD may name files above its own folder, as installers do for programs."""
    metadata = {
        "python/lib/x-1.dist-info/METADATA": b"Name: x\nVersion: 1\n",
        "python/lib/x-1.dist-info/RECORD": RECORD,
    }
    assert read_distributions(metadata, {"bin/program": _file(3)})[0].unzipped_bytes == 3


def test_distributions_in_several_folders() -> None:
    """They are sorted by name, and those in the root of the archive have an empty folder."""
    metadata = {
        "python/b-1.dist-info/METADATA": b"Name: b\nVersion: 1\n",
        "a-1.dist-info/METADATA": b"Name: a\nVersion: 1\n",
        "python/lib/python3.13/site-packages/a-2.dist-info/METADATA": b"Name: A\nVersion: 2\n",
    }
    found = [(one.name, one.version, one.folder) for one in read_distributions(metadata, {})]
    assert found == [("a", "1", ""), ("a", "2", "python/lib/python3.13/site-packages"), ("b", "1", "python")]


def test_licences() -> None:
    """The older field counts when it is one line that says something."""
    for text, expected in (
        ("License: Apache-2.0", "Apache-2.0"),
        ("License: UNKNOWN", None),
        ("License: MIT License\n        Copyright by many people", None),
        ("Summary: none", None),
    ):
        (one,) = read_distributions({"x-1.dist-info/METADATA": f"Name: x\nVersion: 1\n{text}\n".encode()}, {})
        assert one.license == expected


def test_damaged_metadata_is_no_distribution() -> None:
    """Without a name or a version there is nothing to tell, and bytes that are not text raise no error."""
    for data in (b"", b"Name: x\n", b"Version: 1\n", b"\xff\xfe\x00", b"garbage\n\nName: x\nVersion: 1\n"):
        assert read_distributions({"x-1.dist-info/METADATA": data}, {}) == ()
    assert read_distributions({"x-1.dist-info/RECORD": RECORD}, {}) == ()
    (one,) = read_distributions(
        {"x-1.dist-info/METADATA": b"Name: x\nVersion: 1\n", "x-1.dist-info/RECORD": b'"\x00,,\n\xff'}, {}
    )
    assert one.unzipped_bytes == 0


def test_which_files_are_read() -> None:
    """Only the three files of a .dist-info folder are, not their likes elsewhere."""
    assert is_metadata("python/x-1.dist-info/METADATA")
    assert is_metadata("x-1.dist-info/RECORD")
    assert not is_metadata("python/x-1.dist-info/licenses/WHEEL")
    assert not is_metadata("python/METADATA")
    assert not is_metadata("python/x-1.dist-info/LICENSE")


def test_copies_inside_of_others_are_no_distributions() -> None:
    """A .dist-info that another RECORD lists, or that is in a _vendor folder, is not a distribution of the layer."""
    own = b"Name: six\nVersion: 1\n"
    record = b"setuptools/_vendor/six-1.dist-info/METADATA,,\ntool/lib/six-1.dist-info/METADATA,,\n"
    metadata = {
        "python/setuptools-75.dist-info/METADATA": b"Name: setuptools\nVersion: 75\n",
        "python/setuptools-75.dist-info/RECORD": record,
        "python/setuptools/_vendor/six-1.dist-info/METADATA": own,
        "python/tool/lib/six-1.dist-info/METADATA": own,
        "python/acme/_vendor/six-1.dist-info/METADATA": own,
        "python/lib/python3.13/site-packages/six-1.dist-info/METADATA": own,
    }
    found = read_distributions(metadata, {})
    assert [(one.name, one.folder) for one in found] == [
        ("setuptools", "python"),
        ("six", "python/lib/python3.13/site-packages"),
    ]
    assert [one.name for one in read_distributions({"vendor/six-1.dist-info/METADATA": own}, {})] == ["six"]


def test_own_metadata_in_a_record_makes_no_copy() -> None:
    """A distribution below another one stays, although its RECORD lists its own METADATA; blank lines are skipped."""
    plain = b"Metadata-Version: 2.1\nName: %s\nVersion: 1\n"
    deep = "python/lib/python3.13/site-packages/deep-1.dist-info"
    metadata = {
        "python/top-1.dist-info/METADATA": plain % b"top",
        "python/top-1.dist-info/RECORD": b"top.py,,\n\n,,\ntop-1.dist-info/METADATA,,\n",
        f"{deep}/METADATA": plain % b"deep",
        f"{deep}/RECORD": b"deep.py,,\ndeep-1.dist-info/METADATA,,\n",
    }
    found = read_distributions(metadata, {})
    assert [(one.name, one.top_level) for one in found] == [
        ("deep", ("deep-1.dist-info", "deep.py")),
        ("top", ("top-1.dist-info", "top.py")),
    ]
