"""Files that Lambda's user cannot read, run or follow, and bytecode that it throws away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cdk_layers.app.model import Fault
from cdk_layers.contents.model import Contents, FileTrait, FileTraitKind
from tests.rules.archives import Files, archive, elf, found, function, layer, severities

_BYTECODE = bytes(256 * 1024)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o660, 0o700])
def test_a_file_that_only_its_owner_reads_is_an_error_in_layers_and_code(mode: int) -> None:
    """World-readability decides, and the finding tells path and mode."""
    contents = archive(["python/settings.py"], modes={"python/settings.py": mode})
    (finding,) = found(layer(contents), "unreadable-file")
    assert (finding.severity, f"python/settings.py ({mode:o})" in finding.message) == ("error", True)
    assert severities(function(code=contents), "unreadable-file") == ["error"]


@pytest.mark.parametrize("mode", [0o644, 0o444, 0o604, 0o755, 0])
def test_a_file_that_all_may_read_or_whose_mode_is_not_recorded_is_fine(mode: int) -> None:
    """0 stands for archives made without modes, which Lambda gives some itself."""
    assert found(layer(archive(["python/a.py"], modes={"python/a.py": mode})), "unreadable-file") == []


@pytest.mark.parametrize(("mode", "shown"), [(0o750, 1), (0o754, 1), (0o751, 1), (0o755, 0), (0o555, 0)])
def test_a_folder_has_to_be_open_to_all(mode: int, shown: int) -> None:
    """A folder needs read and execute for others."""
    contents = archive(["python/a.py"], folder_modes={"python": mode})
    assert severities(layer(contents), "unreadable-file") == ["error"] * shown


@pytest.mark.parametrize("path", ["bin/ffmpeg", "bin/hello.sh", "extensions/telemetry", "bootstrap"])
def test_a_program_has_to_be_executable(path: str) -> None:
    """What lies directly in bin/ or extensions/, and a bootstrap, is run by its name."""
    assert severities(layer(archive([path], modes={path: 0o644})), "unreadable-file") == ["error"]
    assert severities(layer(archive([path], modes={path: 0o744})), "unreadable-file") == ["error"]
    assert severities(layer(archive([path], modes={path: 0o755})), "unreadable-file") == []


@pytest.mark.parametrize("path", ["bin/README", "bin/fonts.conf", "bin/lib/data", "python/bin/normalizer", "lib/tool"])
def test_what_is_not_run_need_not_be_executable(path: str) -> None:
    """Text beside programs, libraries and pip's own scripts are data here."""
    assert found(layer(archive([path])), "unreadable-file") == []


@pytest.mark.parametrize(("text", "expected"), [(b"#!/bin/sh\necho", ["error"]), (b"2.1.0\n", []), (b"", [])])
def test_text_in_bin_is_a_program_only_with_a_first_line_that_names_its_interpreter(
    text: bytes, expected: list[str]
) -> None:
    """A file of a version beside programs is data, whatever its name. A script is read from the archive.

    Lambda starts everything in extensions/, and an ELF file needs no first line.
    """
    contents = archive(["bin/version"], modes={"bin/version": 0o644})
    assert severities(layer(contents, sources=Files({"bin/version": text})), "unreadable-file") == expected
    extension = archive(["extensions/version"], modes={"extensions/version": 0o644})
    assert severities(layer(extension, sources=Files({"extensions/version": text})), "unreadable-file") == ["error"]
    native = archive(natives=[elf("bin/version")], modes={"bin/version": 0o644})
    assert severities(layer(native, sources=Files({"bin/version": text})), "unreadable-file") == ["error"]


def test_a_native_program_with_a_dot_in_its_name_is_a_program_and_a_library_is_not() -> None:
    """ELF files in bin/ are programs unless they are shared libraries."""
    assert severities(layer(archive(natives=[elf("bin/tool.x86")])), "unreadable-file") == ["error"]
    assert severities(layer(archive(natives=[elf("bin/libx.so.1")])), "unreadable-file") == []


def linked(path: str, target: str) -> Contents:
    """Return an archive with a library, a folder of headers, and one link."""
    return archive(["lib/libpq.so.5", "lib/include/pq.h"], links={path: target})


@pytest.mark.parametrize(
    "target",
    ["/usr/lib64/libpq.so.5", "../../libpq.so.5", "../lib/../../x"],
)
def test_a_link_that_leaves_the_tree_is_an_error(target: str) -> None:
    """Absolute and climbing links are found."""
    (finding,) = found(layer(linked("lib/libpq.so", target)), "escaping-link")
    assert (finding.severity, f"lib/libpq.so -> {target}" in finding.message) == ("error", True)


@pytest.mark.parametrize("target", ["missing.so", "/opt/lib/missing", "libpq.so"])
def test_a_link_that_leads_nowhere_is_a_warning(target: str) -> None:
    """Dangling and circular links harm nothing until they are followed, and what the service does is not verified."""
    (finding,) = found(layer(linked("lib/libpq.so", target)), "escaping-link")
    assert (finding.severity, f"lib/libpq.so -> {target}" in finding.message) == ("warning", True)


@pytest.mark.parametrize(
    "target", ["libpq.so.5", "./libpq.so.5", "../lib/libpq.so.5", "/opt/lib/libpq.so.5", "include"]
)
def test_a_link_inside_the_tree_is_fine(target: str) -> None:
    """Files and folders of the same archive may be linked to, also by the place it is extracted to."""
    assert found(layer(linked("lib/libpq.so", target)), "escaping-link") == []


def test_links_are_followed_through_links() -> None:
    """A link to a link counts by where it ends in the end, folders on the way included."""
    good = archive(["lib/a.so.1"], links={"lib/a.so": "a.so.1", "lib64": "lib", "b.so": "lib64/a.so"})
    bad = archive(["lib/a.so.1"], links={"lib64": "lib", "b.so": "lib64/gone.so"})
    assert found(layer(good), "escaping-link") == []
    assert severities(layer(bad), "escaping-link") == ["warning"]


def test_a_link_in_a_bottomless_folder_ends_in_an_answer() -> None:
    """However deep a hostile archive nests it."""
    deep = "/".join(["d"] * 30_000)
    contents = archive([f"{deep}/a"], links={f"{deep}/b": "a", "c": f"{deep}/b"})
    assert severities(layer(contents), "escaping-link") == ["error"]


def test_code_is_extracted_to_its_own_place_and_the_runtimes_places_are_not_known() -> None:
    """/var/task is inside for code and outside for layers; a link into the runtime is a warning."""
    code = archive(["a.py"], links={"b.py": "/var/task/a.py"})
    assert severities(function(code=code), "escaping-link") == []
    assert severities(function(code=archive(links={"lib": "/opt/lib"})), "escaping-link") == ["warning"]
    assert severities(layer(code), "escaping-link") == ["error"]
    assert severities(layer(archive(["a"], links={"bin/python": "/var/lang/bin/python3"})), "escaping-link") == [
        "warning"
    ]


def test_timestamp_bytecode_is_one_warning_for_an_archive() -> None:
    """The number of files and what they weigh are reported, for layers and for code."""
    paths = ["python/__pycache__/a.cpython-313.pyc", "python/__pycache__/b.cpython-313.pyc"]
    contents = archive(
        dict.fromkeys(paths, _BYTECODE), traits=[FileTrait("timestamp-bytecode", path) for path in paths]
    )
    (finding,) = found(layer(contents), "stale-bytecode")
    assert (finding.severity, finding.message.startswith("2 files")) == ("warning", True)
    assert severities(function(code=contents), "stale-bytecode") == ["warning"]
    assert found(layer(archive(dict.fromkeys(paths, _BYTECODE))), "stale-bytecode") == []
    beside = archive({"awscli/a.pyc": _BYTECODE}, traits=[FileTrait("timestamp-bytecode", "awscli/a.pyc")])
    assert found(layer(beside), "stale-bytecode") == []


@pytest.mark.parametrize(
    ("number_of_bytes", "expected"),
    [
        (3 * 1024**2, "3.0 MiB, are checked by their sources' times, which packing changes. Python does not use"),
        (
            3 * 1024**2,
            "each cold start compiles their modules, which takes about 0.60 s of CPU time if all are imported",
        ),
        (262_144, "256.0 KiB, are checked"),
        (262_144, "takes about 0.05 s of CPU time"),
        (262_144, "if all are imported: python/__pycache__/a.cpython-313.pyc"),
    ],
)
def test_stale_bytecode_costs_time(number_of_bytes: int, expected: str) -> None:
    """The finding says what the bytecode weighs, and what compiling its modules costs each cold start."""
    path = "python/__pycache__/a.cpython-313.pyc"
    contents = archive({path: bytes(number_of_bytes)}, traits=[FileTrait("timestamp-bytecode", path)])
    (finding,) = found(layer(contents), "stale-bytecode")
    assert expected in finding.message


@pytest.mark.parametrize("kind", ["timestamp-bytecode", "unnamed-bytecode"])
def test_bytecode_that_costs_hardly_any_time_is_no_finding(kind: FileTraitKind) -> None:
    """That of numpy's wheels for Python 3.11 is one file of 14 KiB, which users cannot change."""
    path = "python/numpy/distutils/__pycache__/conv_template.cpython-313.pyc"
    contents = archive({path: bytes(262_143)}, traits=[FileTrait(kind, path, detail="Python 3.12")])
    assert found(layer(contents, runtimes=("python3.13",)), "stale-bytecode") == []


@pytest.mark.parametrize(
    ("path", "detail", "runtimes", "expected"),
    [
        ("python/__pycache__/a.cpython-312.pyc", None, ("python3.13",), 1),
        ("python/__pycache__/a.cpython-312.pyc", None, ("python3.12", "python3.13"), 0),
        ("python/__pycache__/a.cpython-312.pyc", None, (), 0),
        ("python/__pycache__/a.cpython-313.pyc", None, ("python3.13",), 0),
        ("python/__pycache__/a.cpython-313.pyc", "Python 3.12", ("python3.13",), 1),
        ("python/__pycache__/a.cpython-313.pyc", "an unknown Python (magic number 3500)", (), 1),
        ("python/a.pyc", "Python 3.12", ("python3.13",), 1),
        ("python/a.pyc", "Python 3.13", ("python3.13",), 0),
        ("python/a.pyc", "Python 3.12", (), 0),
        ("python/b.pyc", "Python 3.12", ("python3.13",), 0),
        ("awscli/__pycache__/a.cpython-312.pyc", None, ("python3.13",), 0),
    ],
)
def test_bytecode_of_another_python(path: str, detail: str | None, runtimes: tuple[str, ...], expected: int) -> None:
    """A .pyc that no declared Python uses is a warning; beside its source it is not a module, and not looked at."""
    traits = [FileTrait("unnamed-bytecode", path, detail=detail)] if detail else []
    # A module without its source is not found at all, however small it is.
    tree = {path: _BYTECODE if "__pycache__" in path else b"", "python/b.py": b""}
    findings = found(layer(archive(tree, traits=traits), runtimes=runtimes), "stale-bytecode")
    assert len(findings) == expected
    assert all("for another Python than" in finding.message for finding in findings)


@pytest.mark.parametrize("path", ["bin/hello", "bin/hello.sh", "extensions/telemetry", "bootstrap"])
def test_the_remedy_for_a_program_makes_it_executable(path: str) -> None:
    """`chmod a+rX` leaves a file without any x as it is, the CDK its copy of it; on Windows Git records the mode."""
    (finding,) = found(layer(archive([path], modes={path: 0o644})), "unreadable-file")
    assert "chmod +x" in finding.remedy
    assert "remove cdk.out" in finding.remedy
    assert "git update-index --chmod=+x" in finding.remedy


def test_the_remedy_for_a_file_that_cannot_be_read_makes_it_readable() -> None:
    """Files and folders need to be readable, which `chmod a+rX` makes them, and the CDK's copy is removed."""
    (finding,) = found(layer(archive(["python/a.py"], modes={"python/a.py": 0o600})), "unreadable-file")
    assert "chmod -R a+rX" in finding.remedy
    assert "remove cdk.out" in finding.remedy


def test_a_program_with_a_carriage_return_in_its_first_line_cannot_be_run() -> None:
    """The kernel looks for an interpreter by the whole first line, so that one with a carriage return finds none."""
    contents = archive(["bin/hello"], modes={"bin/hello": 0o755}, traits=[FileTrait("crlf-program", "bin/hello", 1)])
    (finding,) = found(layer(contents), "unreadable-file")
    assert (finding.severity, "bin/hello ends with a carriage return" in finding.message) == ("error", True)


def test_what_lambdas_user_cannot_use_is_named_by_its_kind_and_mode() -> None:
    """Files, folders and programs are reported apart, since what to do differs."""
    modes = {"python/a.py": 0o600, "python/b.py": 0o600, "bin/tool": 0o644}
    contents = archive(list(modes), modes=modes, folder_modes={"python": 0o700})

    assert [finding.message for finding in found(layer(contents), "unreadable-file")] == [
        "In layer 'Hub/Base' 2 files are not readable by all: python/a.py (600), python/b.py (600).",
        "In layer 'Hub/Base' 1 folder is not open to all users: python (700).",
        "In layer 'Hub/Base' 1 program is not executable by all: bin/tool (644).",
    ]


@pytest.mark.parametrize(("is_certain", "severity"), [(True, "error"), (False, "warning")])
def test_content_that_cannot_be_read(severity: str, *, is_certain: bool) -> None:
    """It is an error of the layer or function if Lambda cannot unpack it either; its size is not another problem."""
    fault = Fault("'base.zip' is cut off. Make it again.", is_certain=is_certain)
    bad = replace(layer(archive(["python/a.py"])), contents=None, fault=fault)
    code = replace(function(bad, unknown_code=True), fault=fault)
    for subject in (bad, code):
        finding = found(subject, "unreadable-content")[-1]
        assert finding.severity == severity
        assert finding.where == subject.where
        assert finding.message == fault.text
        assert bool(finding.aws_error) == is_certain
    assert [finding.where for finding in found(code, "unreadable-content")] == [bad.where, code.where]
    assert found(code, "size-unknown") == []
