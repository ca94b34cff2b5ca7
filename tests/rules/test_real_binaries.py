"""The rules on native code, over ELF files that a compiler made and wheels from the index."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Final

import pytest
import uv

from benchmarks.sweep import SMALL, sweep
from cdk_layers.contents.measure import measure
from tests.rules.archives import found, function, layer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.contents.model import Contents

RULES: Final = (
    "wrong-machine", "wrong-platform", "wrong-python-abi", "glibc-too-new", "musl-linked", "overclaimed-target",
)  # fmt: skip

compiler = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc, to make ELF files")


def errors(contents: Contents, **facts: str) -> list[str]:
    """Return the rules on native code that find something about a function with these contents as its layer."""
    subject = function(layer(contents), **facts)  # type: ignore[arg-type]
    return [finding.rule for rule in RULES for finding in found(subject, rule)]


@pytest.fixture
def asking(tmp_path: Path) -> Callable[[str], Contents]:
    """Return a function that makes a layer with a library that asks for one GLIBC symbol version exactly."""

    def make(version: str) -> Contents:
        stub, home = tmp_path / "libc.so.6", tmp_path / "layer" / "python" / "fast"
        home.mkdir(parents=True, exist_ok=True)
        (tmp_path / "versions").write_text(f"GLIBC_{version} {{ fresh; }};\n")
        (tmp_path / "stub.c").write_text("int fresh(void) { return 0; }\n")
        (tmp_path / "fast.c").write_text("int fresh(void); int call(void) { return fresh(); }\n")
        gcc(tmp_path / "stub.c", "-o", stub, "-Wl,-soname,libc.so.6", f"-Wl,--version-script={tmp_path / 'versions'}")
        gcc(tmp_path / "fast.c", "-o", home / "_fast.abi3.so", stub)
        return measure(tmp_path / "layer")

    return make


def gcc(source: Path, *arguments: str | Path) -> None:
    """Compile a shared object that has nothing of the machine's own libraries."""
    subprocess.run(["gcc", "-shared", "-fPIC", "-nostdlib", source, *arguments], check=True)


@compiler
@pytest.mark.parametrize(
    ("runtime", "version", "expected"),
    [
        ("python3.11", "2.26", []),
        ("python3.11", "2.27", ["glibc-too-new"]),
        ("python3.13", "2.34", []),
        ("python3.13", "2.35", ["glibc-too-new"]),
        ("python3.13", "2.2.5", []),
    ],
)
def test_a_compiled_library_at_the_runtimes_glibc_and_just_past_it(
    asking: Callable[[str], Contents], runtime: str, version: str, expected: list[str]
) -> None:
    """The symbol versions in the file decide."""
    contents = asking(version)
    assert contents.natives[0].glibc == tuple(int(part) for part in version.split("."))[:2]
    machine = contents.natives[0].machine
    assert errors(contents, runtime=runtime, architecture=machine) == expected
    other = {"x86_64": "arm64", "arm64": "x86_64"}[machine]
    assert errors(contents, runtime=runtime, architecture=other) == ["wrong-machine", *expected]


@pytest.fixture(scope="module")
def markupsafe(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Contents]:
    """Return a function that installs MarkupSafe, one tagged extension module, for a Python and a platform."""

    def install(python: str, platform: str) -> Contents:
        folder = tmp_path_factory.mktemp("wheel")
        command = [
            uv.find_uv_bin(),
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--only-binary",
            ":all:",
            "markupsafe==3.0.2",
        ]
        options = ["--target", str(folder / "python"), "--python-version", python, "--python-platform", platform]
        subprocess.run([*command, *options], check=True)
        return measure(folder)

    return install


def test_a_real_wheel_suits_what_it_was_built_for_and_nothing_else(
    markupsafe: Callable[[str, str], Contents],
) -> None:
    """The x86_64 and arm64 wheels of one release, under both machines and two Pythons."""
    intel = markupsafe("3.13", "x86_64-manylinux_2_34")
    arm = markupsafe("3.13", "aarch64-manylinux_2_34")
    assert [native.machine for native in (*intel.natives, *arm.natives)] == ["x86_64", "arm64"]
    assert errors(intel) == []
    assert errors(arm, architecture="arm64") == []
    assert errors(arm) == ["wrong-machine"]
    assert errors(intel, architecture="arm64") == ["wrong-machine"]
    assert errors(intel, runtime="python3.12") == ["wrong-python-abi"]


def test_a_musllinux_and_a_macos_wheel_do_not_run_in_lambda(markupsafe: Callable[[str, str], Contents]) -> None:
    """Wheels that were installed on Alpine or on a Mac."""
    assert errors(markupsafe("3.13", "x86_64-unknown-linux-musl")) == ["musl-linked"]
    assert errors(markupsafe("3.13", "aarch64-apple-darwin")) == ["wrong-platform"]


def test_a_real_wheel_is_overclaimed_for_a_second_runtime_or_architecture(
    markupsafe: Callable[[str, str], Contents],
) -> None:
    """A layer over one wheel declares two of each."""
    contents = markupsafe("3.13", "x86_64-manylinux_2_34")
    claims = layer(contents, runtimes=("python3.12", "python3.13"), architectures=("x86_64", "arm64"))
    messages = [finding.message for finding in found(claims, "overclaimed-target")]
    assert ["cannot run on arm64" in text for text in messages] == [True, False]
    assert ["cannot run on python3.12" in text for text in messages] == [False, True]


@pytest.mark.parametrize(
    ("python", "architecture", "some"), [("3.13", "x86_64", SMALL), ("3.12", "arm64", ("markupsafe", "orjson"))]
)
def test_layers_of_popular_distributions_are_without_fault(
    python: str, architecture: str, some: tuple[str, ...]
) -> None:
    """The short form of the sweep: no error, and `uv pip check` agrees."""
    rows = list(sweep(some, [python], [architecture]))
    assert [row.requirement for row in rows if row.contents] == list(some)
    assert [str(finding) for row in rows for finding in row.errors] == []
    assert [row.requirement for row in rows if not row.agrees_with_uv] == []
