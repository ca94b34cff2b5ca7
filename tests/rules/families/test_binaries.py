"""Native code that cannot run where the function does: facts first, then files that a compiler and an index made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cdk_layers.contents.model import Native
from cdk_layers.contents.names import canonical
from cdk_layers.findings import Origin, Pin, Where
from tests.rules.archives import Files, archive, dist, elf, found, function, layer, severities, texts

if TYPE_CHECKING:
    from cdk_layers.app.model import Layer

X86 = "python/fast/_fast.cpython-313-x86_64-linux-gnu.so"
ARM = "python/fast/_fast.cpython-313-aarch64-linux-gnu.so"


def using(*natives: Native, files: tuple[str, ...] = (), **facts: str) -> list[str]:
    """Return what is found about a function on x86_64 and python3.13 that uses a layer with these files."""
    subject = function(layer(archive(files, natives=natives)), **facts)  # type: ignore[arg-type]
    rules = ("wrong-machine", "wrong-platform", "wrong-python-abi", "glibc-too-new", "musl-linked")
    return [f"{finding.severity} {finding.rule}" for rule in rules for finding in found(subject, rule)]


@pytest.mark.parametrize(
    ("machine", "path"), [("arm64", ARM), ("arm64", "python/fast/_fast.abi3.so"), ("i386", "bin/tool")]
)
def test_a_file_for_another_machine_is_an_error_that_names_it(machine: str, path: str) -> None:
    """Extension modules, libraries and programs, in layers and in code."""
    foreign = archive(natives=[elf(path, machine)], modes={path: 0o755})
    (finding,) = found(function(layer(foreign)), "wrong-machine")
    assert (finding.severity, machine in finding.message, path in finding.message) == ("error", True, True)
    assert severities(function(code=foreign), "wrong-machine") == ["error"]
    assert found(function(layer(foreign), architecture=None), "wrong-machine") == []


def test_the_right_machine_is_quiet_on_both() -> None:
    """A file for the machine that the function runs on."""
    assert using(elf(X86)) == []
    assert using(elf(ARM, "arm64"), architecture="arm64") == []


def test_builds_for_both_machines_side_by_side_are_quiet() -> None:
    """Python picks its own by the tag, and packages by their own names."""
    assert using(elf(X86), elf(ARM, "arm64")) == []
    assert using(elf("python/t/attach_linux_amd64.so"), elf("python/t/attach_linux_aarch64.so", "arm64")) == []
    assert using(elf("bin/x64/tool"), elf("bin/arm64/tool", "arm64")) == []


def test_a_file_that_says_what_machine_it_is_for_is_a_warning() -> None:
    """Debuggers and the like bring helpers for one machine and do without them on others."""
    assert using(elf("python/t/attach_linux_amd64.so"), architecture="arm64") == ["warning wrong-machine"]


def test_a_layer_that_declares_another_architecture_is_another_rules_matter() -> None:
    """It is reported once, by architecture-mismatch."""
    subject = function(layer(archive(natives=[elf(ARM, "arm64")]), architectures=("arm64",)))
    assert found(subject, "wrong-machine") == []
    assert severities(subject, "architecture-mismatch") == ["error"]


@pytest.mark.parametrize(
    "tag", ["cpython-312-x86_64-linux-gnu", "cpython-314-x86_64-linux-gnu", "cpython-313t-x86_64-linux-gnu"]
)
def test_a_module_for_another_python_alone_is_an_error(tag: str) -> None:
    """Older, newer and free-threaded builds do not load."""
    assert using(elf(f"python/fast/_fast.{tag}.so")) == ["error wrong-python-abi"]


@pytest.mark.parametrize("other", [X86, "python/fast/_fast.abi3.so", "python/fast/_fast.so"])
def test_another_build_of_the_same_module_makes_it_fine(other: str) -> None:
    """The matching tag, abi3 and no tag are what Python looks for."""
    assert using(elf("python/fast/_fast.cpython-312-x86_64-linux-gnu.so"), elf(other)) == []
    assert using(elf(other)) == []


@pytest.mark.parametrize("source", ["python/fast/_fast.py", "python/fast/_fast/__init__.py"])
def test_a_source_beside_it_is_imported_instead(source: str) -> None:
    """Compilers such as mypyc leave the source there."""
    assert using(elf("python/fast/_fast.cpython-312-x86_64-linux-gnu.so"), files=(source,)) == []


@pytest.mark.parametrize(
    "native",
    [
        elf("awscli/yaml/_yaml.cpython-311-x86_64-linux-gnu.so"),
        elf("awscli/yaml/_yaml.cpython-313-aarch64-linux-gnu.so", "arm64"),
        elf("awscli/yaml/_yaml.cpython-313-x86_64-linux-gnu.so", "x86_64", (2, 99)),
        elf("awscli/yaml/_yaml.cpython-313-x86_64-linux-musl.so", "x86_64", None, "libc.musl-x86_64.so.1"),
    ],
)
def test_modules_of_a_program_beside_the_path_are_its_own_matter(native: Native) -> None:
    """The AWS CLI in the layer that the CDK's bucket deployments use; in a function's code they are on the path."""
    assert using(native) == []
    assert (
        found(
            layer(archive(natives=[native]), runtimes=("python3.13",), architectures=("x86_64",)), "overclaimed-target"
        )
        == []
    )
    rules = ("wrong-machine", "wrong-python-abi", "glibc-too-new", "musl-linked")
    assert sum(len(found(function(code=archive(natives=[native])), rule)) for rule in rules) == 1


def test_folders_of_other_pythons_are_not_looked_into() -> None:
    """What lies in python/lib/python3.12 is for 3.12."""
    other = elf("python/lib/python3.12/site-packages/f.cpython-312-x86_64-linux-gnu.so", "x86_64", (2, 99))
    assert using(other, elf("python/lib/python3.13/site-packages/f.cpython-313-x86_64-linux-gnu.so")) == []


@pytest.mark.parametrize(
    ("runtime", "glibc", "shown"),
    [
        ("python3.11", (2, 26), 0), ("python3.11", (2, 27), 1), ("python3.12", (2, 34), 0), ("python3.12", (2, 35), 1),
        ("python3.13", (2, 34), 0), ("python3.13", (2, 100), 1), ("python3.99", (2, 99), 0), ("nodejs22.x", (2, 99), 0),
    ],
)  # fmt: skip
def test_the_runtimes_glibc_is_the_boundary(runtime: str, glibc: tuple[int, int], shown: int) -> None:
    """Exactly the runtime's is fine, one newer is not, and an unknown runtime's is not known."""
    subject = function(layer(archive(natives=[elf("python/fast/_fast.abi3.so", "x86_64", glibc)])), runtime=runtime)
    findings = found(subject, "glibc-too-new")
    assert len(findings) == shown
    for finding in findings:
        assert f"need glibc {glibc[0]}.{glibc[1]}" in finding.message
        assert finding.aws_error == f"version `GLIBC_{glibc[0]}.{glibc[1]}' not found"


def test_a_file_without_glibc_is_quiet() -> None:
    """Static programs ask for nothing."""
    assert using(Native("bin/tool", "x86_64", None)) == []


def test_a_file_linked_against_musl_is_an_error_unless_there_is_another_build_or_musl_itself() -> None:
    """By its tag or by what it needs."""
    tagged = elf("python/f/_f.cpython-313-x86_64-linux-musl.so", "x86_64", None, "libc.musl-x86_64.so.1")
    bare = elf("python/f/_f.abi3.so", "x86_64", None, "libc.musl-x86_64.so.1")
    assert using(tagged) == ["error musl-linked"]
    assert using(bare) == ["error musl-linked"]
    assert using(tagged, elf("python/f/_f.cpython-313-x86_64-linux-gnu.so")) == []
    assert using(bare, files=("lib/libc.musl-x86_64.so.1",)) == []


@pytest.mark.parametrize(
    "path", ["python/f/_f.cpython-313-darwin.so", "python/f/_f.abi3.so", "python/f/_f.cp313-win_amd64.pyd"]
)
def test_a_module_for_macos_or_windows_alone_is_an_error(path: str) -> None:
    """It is no ELF file, and no other build of the module is there."""
    assert using(files=(path,)) == ["error wrong-platform"]
    assert using(elf("python/f/_f.cpython-313-x86_64-linux-gnu.so"), files=(path,)) == []
    assert using(files=(path, "python/f/_f.py")) == []


def test_a_wheel_for_any_platform_may_bring_files_for_others() -> None:
    """It is a warning then: what its authors do on Linux is their choice."""
    path = "python/debugpy/_d.cp313-win_amd64.pyd"
    debugpy, orjson = dist("debugpy", top_level=["debugpy"]), dist("orjson", tags=["x"], top_level=["orjson"])
    (finding,) = found(function(layer(archive([path], dists=[debugpy]))), "wrong-platform")
    assert (finding.severity, finding.aws_error) == ("warning", None)
    assert "contains the same files" in finding.remedy
    assert "Build it" not in finding.remedy
    both = layer(archive([path, "python/orjson/o.cpython-313-darwin.so"], dists=[debugpy, orjson]))
    messages = {finding.severity: finding.message for finding in found(function(both), "wrong-platform")}
    assert "orjson/o" in messages["error"]
    assert "debugpy" not in messages["error"]
    chosen = archive(natives=[elf("python/debugpy/attach_linux_amd64.so")], dists=[debugpy])
    (finding,) = found(function(layer(chosen), architecture="arm64"), "wrong-machine")
    assert (finding.severity, "contains the same files" in finding.remedy) == ("warning", True)


def test_files_are_told_by_their_distributions() -> None:
    """A message names distributions and counts their files."""
    natives = [elf(f"python/numpy/core/m{n}.cpython-312-x86_64-linux-gnu.so") for n in range(5)]
    contents = archive(natives=natives, dists=[dist("numpy", "2.1", top_level=["numpy", "numpy.libs"])])
    (finding,) = found(function(layer(contents)), "wrong-python-abi")
    assert "5 files in layer 'Hub/Base'" in finding.message
    assert "numpy (python/numpy/core/m0.cpython-312-x86_64-linux-gnu.so and 4 more)" in finding.message


@pytest.mark.parametrize("library", ["libGL.so.1", "libpq.so.5", "libgomp.so.1", "libssl.so.1.1"])
def test_a_library_that_functions_are_known_to_miss_is_a_warning(library: str) -> None:
    """Unless some layer or the code brings it, or may bring it."""
    needing = layer(archive(natives=[elf("python/cv2/cv2.abi3.so", "x86_64", (2, 17), "libc.so.6", library)]))
    (finding,) = found(function(needing), "missing-library")
    assert (finding.severity, f"needs {library}" in finding.message) == ("warning", True)
    assert found(function(needing, layer(archive([f"lib/{library}"]), "Libraries")), "missing-library") == []
    assert found(function(needing, layer(archive([f"python/cv2.libs/{library}"]), "L")), "missing-library") == []
    assert found(function(needing, layer(None, "Vendor")), "missing-library") == []


def test_libraries_that_one_distribution_needs_are_one_finding() -> None:
    """Although different files need them; those of another distribution are another one."""
    natives = [
        elf("python/cv2/cv2.abi3.so", "x86_64", (2, 17), "libGL.so.1", "libgthread-2.0.so.0"),
        elf("python/cv2/qt/xcb.so", "x86_64", (2, 17), "libGL.so.1", "libX11.so.6"),
        elf("python/psycopg2/_psycopg.abi3.so", "x86_64", (2, 17), "libpq.so.5"),
    ]
    dists = [dist("opencv-python", "4", top_level=["cv2"]), dist("psycopg2", "2", top_level=["psycopg2"])]
    needing = replace(
        layer(archive(natives=natives, dists=dists)), where=Where("Hub/Base", origin=Origin(manifest="base/uv.lock"))
    )
    opencv, psycopg = found(function(needing), "missing-library")

    assert "opencv-python (python/cv2/cv2.abi3.so and 1 more) in layer 'Hub/Base' needs" in opencv.message
    assert "libGL.so.1, libX11.so.6, libgthread-2.0.so.0, which neither" in opencv.message
    assert "needs libpq.so.5, which neither" in psycopg.message
    assert [each.pin for each in (opencv, psycopg)] == [
        Pin("base/uv.lock", "opencv-python"), Pin("base/uv.lock", "psycopg2")
    ]  # fmt: skip


def test_libraries_that_the_runtime_has_or_may_have_are_quiet() -> None:
    """Only what is known to be missing is reported."""
    usual = elf(
        "python/f.abi3.so", "x86_64", (2, 17), "libc.so.6", "libm.so.6", "libstdc++.so.6", "libssl.so.3", "libz.so.1"
    )
    assert found(function(layer(archive(natives=[usual]))), "missing-library") == []


@pytest.mark.parametrize(("path", "source"), [
    ("python/fast/md.cpython-313-x86_64-linux-gnu.so", "python/fast/md.py"),
    ("python/fast/md.cpython-313-x86_64-linux-gnu.so", "python/fast/md/__init__.py"),
    ("python/tomlish/__init__.cpython-313-x86_64-linux-gnu.so", "python/tomlish/__init__.py"),
    ("python/fast/md__mypyc.cpython-313-x86_64-linux-gnu.so", "python/fast/md.py"),
    ("python/81d243bd__mypyc.cpython-313-x86_64-linux-gnu.so", "python/fast/md.py"),
])  # fmt: skip
def test_an_accelerator_for_another_machine_is_a_warning(path: str, source: str) -> None:
    """Python skips a module whose tag is not its own and imports the source; mypyc's shared part goes with it."""
    contents = archive([source], natives=[elf(path)])
    assert severities(function(layer(contents), architecture="arm64"), "wrong-machine") == ["warning"]
    assert using(elf(path), files=(source,), runtime="python3.12") == []
    both = layer(contents, runtimes=("python3.12", "python3.13"), architectures=("x86_64", "arm64"))
    assert "error" not in severities(both, "overclaimed-target")
    other = layer(contents, architectures=("x86_64",))
    assert severities(function(other, architecture="arm64"), "architecture-mismatch") == ["warning"]


@pytest.mark.parametrize("path", ["python/fast/md.abi3.so", "python/fast/md.so"])
def test_a_module_that_python_tries_first_is_no_accelerator(path: str) -> None:
    """Without a tag of another Python or machine the module is loaded before its source, and fails."""
    contents = archive(["python/fast/md.py"], natives=[elf(path, "arm64")])
    assert severities(function(layer(contents)), "wrong-machine") == ["error"]


@pytest.mark.parametrize("name", ["MarkupSafe", "PyYAML", "wrapt", "zope.interface"])
def test_distributions_that_do_without_their_native_modules_are_a_warning(name: str) -> None:
    """They catch the ImportError themselves, wherever their Python code is."""
    fast = elf("python/some/_fast.cpython-312-x86_64-linux-gnu.so")
    known = dist(canonical(name), top_level=["some"])
    assert severities(function(layer(archive(natives=[fast], dists=[known]))), "wrong-python-abi") == ["warning"]
    assert severities(function(layer(archive(natives=[fast]))), "wrong-python-abi") == ["error"]


@pytest.mark.parametrize(("runtime", "expected"), [("python3.15", []), ("python3.14", ["error wrong-python-abi"])])
def test_the_second_stable_abi_is_newer(runtime: str, expected: list[str]) -> None:
    """Python 3.15 loads abi3t modules, and older versions do not look for them (PEP 803)."""
    assert using(elf("python/cryptography/_rust.abi3t.so"), runtime=runtime) == expected


@pytest.mark.parametrize("path", ["python/tools/x", "bin/ffmpeg"])
def test_a_program_for_one_of_two_declared_machines_is_a_warning(path: str) -> None:
    """Only some functions may start it; a program that Lambda itself starts is an error."""
    both = ("x86_64", "arm64")
    assert severities(layer(archive(natives=[elf(path)]), architectures=both), "overclaimed-target") == ["warning"]
    started = archive(natives=[elf("extensions/agent")], modes={"extensions/agent": 0o755})
    assert severities(layer(started, architectures=both), "overclaimed-target") == ["error"]


RECORD = "python/pyarrow-1.0.dist-info/RECORD"


def without_substrait(*others: Layer, record: str = "pyarrow/libsubstrait.so.26,sha256=x,9\n") -> list[str]:
    """Return what is found where the only copy of a library of a distribution was left out of the archive."""
    needing = elf("python/pyarrow/lib.abi3.so", "x86_64", (2, 17), "libc.so.6", "libsubstrait.so.26", "libplugin.so.1")
    contents = archive([RECORD], natives=[needing], dists=[dist("pyarrow", top_level=["pyarrow"])])
    base = layer(contents, sources=Files(texts({RECORD: record})))
    return [finding.message for finding in found(function(base, *others), "missing-library")]


def test_a_library_that_its_distribution_installs_and_the_archive_lacks_is_a_warning() -> None:
    """dependency_excludes may leave out too much; a library of no RECORD may be in the image, or not be needed."""
    (message,) = without_substrait()

    assert message == (
        "pyarrow (python/pyarrow/lib.abi3.so) in layer 'Hub/Base' needs libsubstrait.so.26, which pyarrow installs, "
        "and which was left out of the archive."
    )
    assert without_substrait(record="pyarrow/libsubstrait.so.2,sha256=x,9\n") == []
    assert without_substrait(layer(archive(["lib/libsubstrait.so.26"]), "Libraries")) == []
    assert without_substrait(layer(archive(links={"lib/libsubstrait.so.26": "x.so"}), "Libraries")) == []
    assert without_substrait(record='"pyarrow/libsubstrait.so.26",sha256=x,9\n') == [message]
    assert without_substrait(record="pyarrow/libc.so.6,sha256=x,9\n") == []
