"""Facts in the paths of native files."""

from __future__ import annotations

import pytest

from cdk_layers.contents import native_names


@pytest.mark.parametrize(
    ("path", "module", "tag"),
    [
        ("python/a/b.so", "python/a/b", ""),
        ("python/a/b.abi3.so", "python/a/b", "abi3"),
        ("b.cpython-313-x86_64-linux-gnu.so", "b", "cpython-313-x86_64-linux-gnu"),
        ("python/a/__init__.cpython-313-darwin.so", "python/a", "cpython-313-darwin"),
        ("python/a/b.cp313-win_amd64.pyd", "python/a/b", "cp313-win_amd64"),
        ("python/numpy.libs/libgfortran.so.5", None, None),
        ("bin/tool", None, None),
        (".so", None, None),
    ],
)
def test_modules_and_tags(path: str, module: str | None, tag: str | None) -> None:
    """The name of an extension module consists of the module, a tag and the suffix; libraries have another form."""
    assert (native_names.module_of(path), native_names.tag_of(path)) == (module, tag)


@pytest.mark.parametrize(
    ("tag", "python", "suits"),
    [
        ("", "3.13", True),
        ("py", "3.13", True),
        ("abi3", "3.9", True),
        ("abi3t", "3.14", False),
        ("abi3t", "3.15", True),
        ("cpython-313-x86_64-linux-gnu", "3.13", True),
        ("cpython-313", "3.13", True),
        ("cpython-312-x86_64-linux-gnu", "3.13", False),
        ("cpython-313t-x86_64-linux-gnu", "3.13", False),
        ("pypy311-pp73-x86_64-linux-gnu", "3.11", False),
    ],
)
def test_tags_of_a_python(tag: str, python: str, suits: bool) -> None:
    """A Python imports its own tag, the stable ABI and names without a tag."""
    assert native_names.suits_python(tag, python) is suits


@pytest.mark.parametrize(
    ("path", "is_tied", "python_tag"),
    [
        ("a.cpython-313t-x86_64-linux-gnu.so", True, "313t"),
        ("a.cpython-38.so", True, "38"),
        ("a.abi3t.so", True, None),
        ("a.abi3.so", False, None),
        ("a.so", False, None),
        ("liba.so.1", False, None),
    ],
)
def test_modules_that_are_tied_to_a_python(path: str, is_tied: bool, python_tag: str | None) -> None:
    """A CPython version in the name, and the ABI of free-threaded builds, limit the Pythons that import a module."""
    assert (native_names.is_tied(path), native_names.python_tag(path)) == (is_tied, python_tag)


@pytest.mark.parametrize(
    ("path", "root", "is_unreachable"),
    [
        ("python/a.abi3.so", "python/", False),
        ("lib/a.abi3.so", "python/", True),
        ("lib/a.pyd", "python/", True),
        ("lib/a.so", "python/", False),
        ("lib/liba.so.1", "python/", False),
        ("a.abi3.so", "", False),
        ("python/lib/python3.13/site-packages/a.so", "python/", False),
        ("python/lib/python3.12/site-packages/a.so", "python/", True),
        ("python/lib/python3.12/site-packages/liba.so.1", "python/", True),
    ],
)
def test_files_that_no_import_reaches(path: str, root: str, is_unreachable: bool) -> None:
    """Modules outside of the root, and everything in the site-packages of another Python, are never imported."""
    assert native_names.is_unreachable(path, "3.13", root) is is_unreachable


@pytest.mark.parametrize(
    ("path", "is_foreign"),
    [
        ("a.pyd", True),
        ("a.cp313-win_amd64.pyd", True),
        ("a.cpython-313-darwin.so", True),
        ("a.abi3.so", True),
        ("a.abi3t.so", True),
        ("a.so", False),
        ("a.dylib.so", False),
        ("liba.so.1", False),
    ],
)
def test_names_of_modules_for_other_systems(path: str, is_foreign: bool) -> None:
    """Extension modules of other systems have the name of one; other files ending in .so are not modules."""
    assert native_names.is_for_other_system(path) is is_foreign


@pytest.mark.parametrize(
    ("path", "is_program", "is_started"),
    [
        ("bootstrap", True, True),
        ("extensions/agent", True, True),
        ("extensions/inner/agent", True, False),
        ("bin/tool", True, False),
        ("lib/liba.so.1", False, False),
        ("python/a.so", False, False),
        ("python/x.so.d/tool", True, False),
    ],
)
def test_programs(path: str, is_program: bool, is_started: bool) -> None:
    """Files without .so in their name are programs; Lambda starts a bootstrap and the direct files of extensions/."""
    assert (native_names.is_program(path), native_names.is_started(path)) == (is_program, is_started)


@pytest.mark.parametrize(
    ("path", "counterpart", "names_its_machine"),
    [
        ("python/a/amd64/liba.so", "python/a/{}/liba.so", True),
        ("python/a/liba-aarch64.so", "python/a/liba-{}.so", True),
        ("python/a/X86_64/liba.so", "python/a/{}/liba.so", True),
        ("python/charm/libs.so", "python/charm/libs.so", False),
        ("python/a.cpython-313-x86_64-linux-gnu.so", "python/a.cpython-313-{}-linux-gnu.so", False),
    ],
)
def test_machines_in_paths(path: str, counterpart: str, names_its_machine: bool) -> None:
    """Whole words name a machine; the tag of an extension module is not the choice of its package."""
    assert native_names.without_machine(path) == counterpart
    assert native_names.names_its_machine(path) is names_its_machine


@pytest.mark.parametrize(
    ("path", "is_shared"),
    [("python/3c22db458360489351e4__mypyc.cpython-313-x86_64-linux-gnu.so", True), ("a.so", False)],
)
def test_the_shared_part_of_mypyc(path: str, is_shared: bool) -> None:
    """The part that modules compiled by mypyc share is recognized by its name."""
    assert native_names.is_mypyc_part(path) is is_shared
