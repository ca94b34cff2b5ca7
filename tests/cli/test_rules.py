"""The commands that explain, and what every command costs to start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_layers.rules.registry import all_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Run


def test_all_rules_are_listed(run: Callable[..., Run]) -> None:
    """Each with its severity."""
    out = run("rules").out

    for rule in all_rules():
        assert rule.name in out
    assert (run("rules").status, "warning" in out, "error" in out) == (0, True, True)


@pytest.mark.parametrize("name", [rule.name for rule in all_rules()])
def test_a_rule_is_explained(run: Callable[..., Run], name: str) -> None:
    """Its meaning, remedy and source, and the name to acknowledge it by, without a hundred lines that are alike."""
    done = run("rule", name)

    assert done.status == 0
    assert len(done.out.splitlines()) < 120
    assert done.out.startswith(f"{name}  ")
    for part in ("What to do: ", "Source: "):
        assert part in done.out
    assert (f"cdk-layers::{name}" in done.out) is (name not in ("no-wheel", "stale-lock")), "these end the build"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["check", "--help"]])
def test_help_loads_next_to_nothing(arguments: list[str]) -> None:
    """Neither the rules nor rich, PyYAML or what measures archives, and least of all the CDK."""
    code = (
        "import sys; from cdk_layers.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print('|'.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, encoding="utf-8", check=True)
    loaded = set(done.stdout.splitlines()[-1].split("|"))

    heavy = {"aws_cdk", "jsii", "constructs", "rich", "yaml", "isal", "elftools", "cdk_layers.rules.engine"}
    assert not heavy & loaded


def test_checking_never_loads_the_cdk(tmp_path_factory: pytest.TempPathFactory) -> None:
    """It would start Node, and an app in another language may have none of it."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "template.json").write_text('{"Resources": {}}')
    code = (
        "import sys; from cdk_layers.cli import main\n"
        "for form in ('table', 'json', 'sarif', 'github'): main(['check', sys.argv[1], '--format', form])\n"
        "main(['rules'])\n"
        "print('|'.join(sys.modules))"
    )
    command = [sys.executable, "-c", code, str(folder / "template.json")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    loaded = set(done.stdout.splitlines()[-1].split("|"))

    assert "cdk_layers.rules.engine" in loaded
    assert not {"aws_cdk", "jsii", "constructs"} & loaded


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path_factory: pytest.TempPathFactory) -> None:
    """As in `cdk-layers rules | head`."""
    command = [sys.executable, "-m", "cdk_layers.cli", "rules"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()

    assert "Traceback" not in told
    assert "BrokenPipe" not in told


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("arguments", [["rules"], ["cache", "path"], ["cache", "info", "--format", "json"]])
def test_output_to_a_full_disk(arguments: list[str]) -> None:
    """As in `cdk-layers check cdk.out > report.txt` on a disk without space."""
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "cdk_layers.cli", *arguments]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, encoding="utf-8", check=False)

    assert done.returncode == 2
    assert done.stderr == "cdk-layers: The disk that the output is written to is full. Free some space.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not remove the working folder of a process")
@pytest.mark.parametrize("arguments", [["check"], ["sizes", "cdk.out"], ["cache", "info"]])
def test_a_working_folder_that_was_removed(tmp_path: Path, arguments: list[str]) -> None:
    """As in a shell whose folder another one has removed, or has checked out again."""
    folder = tmp_path / "gone"
    folder.mkdir()
    code = "import os, sys; from cdk_layers.cli import main; os.rmdir(os.getcwd()); sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "cdk-layers: The working folder does not exist any more. Change to one that does.\n"
