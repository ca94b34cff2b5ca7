"""Native files that a target cannot load."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cdk_layers.contents.model import Contents, Distribution, File, Native
from cdk_layers.contents.natives import native_index
from cdk_layers.lambda_service.target import Target

TARGET = Target("3.11", "x86_64")


@pytest.mark.parametrize(
    ("native", "is_foreign"),
    [
        (Native("python/a.so", "x86_64", (2, 26)), False),
        (Native("python/a.so", "x86_64", (2, 27)), True),
        (Native("python/a.so", "x86_64", None), False),
        (Native("python/a.so", "arm64", None), True),
        (Native("python/a.cpython-311-x86_64-linux-gnu.so", "x86_64", None), False),
        (Native("python/a.cpython-312-x86_64-linux-gnu.so", "x86_64", None), True),
        (Native("python/a.abi3.so", "x86_64", None), False),
    ],
)
def test_foreign_files(native: Native, is_foreign: bool) -> None:
    """A file is foreign for its machine, for the glibc that it asks for, or for the Python that its name tells."""
    contents = Contents(unzipped_bytes=0, files={}, natives=(native,))
    assert list(native_index(contents, "python/").foreign_files(TARGET)) == ([native.path] if is_foreign else [])


_OWN_TOOL = Distribution("tools", "1", "python", 0, top_level=("bin", "tools"))
_OPTIONAL = Distribution("wrapt", "1", "python", 0, top_level=("wrapt",))


@pytest.mark.parametrize(
    ("path", "distributions", "needed", "with_optional"),
    [
        ("python/a/arm64/liba.so", (), False, False),
        ("python/wrapt/_wrappers.cpython-311-aarch64-linux-gnu.so", (_OPTIONAL,), False, True),
        ("python/wrapt/tool", (_OPTIONAL,), True, True),
        ("python/bin/tool", (), False, False),
        ("python/bin/tool", (_OWN_TOOL,), True, True),
        ("python/tools/liba.so", (), True, True),
    ],
)
def test_foreign_files_that_no_target_needs(
    path: str, distributions: tuple[Distribution, ...], needed: bool, with_optional: bool
) -> None:
    """A package chooses files by the machine in their names, and a program of the user is started by his own code."""
    contents = Contents(0, {}, distributions, natives=(Native(path, "arm64", None),))
    index = native_index(contents, "python/")
    assert list(index.foreign_files(TARGET)) == [path] * needed
    assert list(index.foreign_files(TARGET, optional=True)) == [path] * with_optional


@pytest.mark.parametrize(
    ("path", "is_reported"),
    [
        ("python/a.cpython-310-x86_64-linux-gnu.so", True),
        ("python/a.pypy310-pp73-x86_64-linux-gnu.so", False),
        ("python/a.libs/libb.x.so", False),
        ("python/0123__mypyc.cpython-310-x86_64-linux-gnu.so", False),
    ],
)
def test_modules_for_other_pythons(path: str, is_reported: bool) -> None:
    """Only names that CPython gives limit the Pythons that import a module; libraries may have any name."""
    index = native_index(Contents(0, {}, natives=(Native(path, "x86_64", None),)), "python/")
    assert index.for_other_python("3.11") == ((path,) if is_reported else ())


@pytest.mark.parametrize(
    ("path", "size", "is_reported"),
    [
        ("python/a.cpython-311-darwin.so", 1, True),
        ("python/a.cpython-311-darwin.so", 0, False),
        ("tool/lib/a.cpython-311-darwin.so", 1, False),
        ("python/lib/python3.12/site-packages/a.cp312-win_amd64.pyd", 1, False),
        ("python/0123__mypyc.cpython-311-darwin.so", 1, False),
    ],
)
def test_modules_for_other_systems(path: str, size: int, is_reported: bool) -> None:
    """Empty files are markers, and modules that no import reaches, or only others of their kind, harm nothing."""
    index = native_index(Contents(size, {path: File(size, 0, 0o644)}), "python/")
    assert index.for_other_system("3.11") == ((path,) if is_reported else ())


_MUSL = Native("python/a.abi3.so", "x86_64", None, needed=("libc.musl-x86_64.so.1",))


@pytest.mark.parametrize(
    ("native", "is_reported"),
    [
        (_MUSL, True),
        (replace(_MUSL, path="python/a.cpython-311-x86_64-linux-musl.so", needed=()), True),
        (replace(_MUSL, path="python/0123__mypyc.cpython-311-x86_64-linux-musl.so"), False),
        (replace(_MUSL, path="python/0123__mypyc.so"), True),
        (replace(_MUSL, path="python/a.abi3.so", needed=("libc.so.6",)), False),
    ],
)
def test_files_for_musl(native: Native, is_reported: bool) -> None:
    """A part of mypyc is imported by its own modules only: by none if Python skips them, whose tag it shares."""
    assert native_index(Contents(0, {}, natives=(native,)), "python/").for_musl_only("3.11") == (
        (native.path,) if is_reported else ()
    )


@pytest.mark.parametrize("name", ["python/lib/libc.musl-x86_64.so.1", "lib/ld-musl-x86_64.so.1"])
@pytest.mark.parametrize("is_link", [False, True])
def test_musl_in_the_archive(name: str, is_link: bool) -> None:
    """With musl's own library or loader, as a file or as a link, the files that need it may run."""
    files = {} if is_link else {name: File(1, 0, 0o755)}
    contents = Contents(1, files, natives=(_MUSL,), links={name: "ld.so"} if is_link else {})
    assert native_index(contents, "python/").for_musl_only("3.11") == ()


@pytest.mark.parametrize(
    ("tag", "is_reported"),
    [("cpython-311-x86_64-linux-gnu.", True), ("", True), ("cpython-312-x86_64-linux-gnu.", False)],
)
def test_a_newer_glibc_of_a_module_for_another_python(tag: str, is_reported: bool) -> None:
    """Python never loads it, so that its C library does not matter."""
    native = Native(f"python/a.{tag}so", "x86_64", (2, 28))
    index = native_index(Contents(0, {}, natives=(native,)), "python/")
    assert index.past_glibc("python3.11") == ((native,) if is_reported else ())


def test_distributions_whose_files_name_their_python() -> None:
    """A library or a program says nothing about the Pythons that its distribution supports."""
    natives = tuple(
        Native(f"python/{path}", "x86_64", None)
        for path in ("tools/liba.so", "wrapt/b.cpython-311-x86_64-linux-gnu.so")
    )
    contents = Contents(0, {}, (_OWN_TOOL, _OPTIONAL), natives=natives)
    assert native_index(contents, "python/").tagged_distributions == {"wrapt"}
