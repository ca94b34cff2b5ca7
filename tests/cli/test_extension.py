"""Commands and report forms are found by the package."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

from cdk_layers.cli import commands
from cdk_layers.report import forms
from cdk_layers.system.discovery import module_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.cli.conftest import Run


def test_a_command_is_one_file(run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module in the folder of commands is a command, with its arguments, in the help too."""
    code = """
        def add_parser(commands):
            parser = commands.add_parser("greet", help="greet someone")
            parser.add_argument("name")
            parser.set_defaults(execute=execute)


        def execute(arguments):
            print(f"Hello {arguments.name}")
            return 3
    """
    (tmp_path / "greet_in_test.py").write_text(dedent(code))
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])

    assert (run("greet", "Ada").out, run("greet", "Ada").status) == ("Hello Ada\n", 3)
    assert "greet someone" in run("--help").out


def test_a_report_form_is_one_file(
    run: Callable[..., Run], project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module in the folder of forms is a choice of --format, and shows the verdict."""
    code = """
        def show(verdict):
            print(f"{verdict.errors} bad")
    """
    folder = tmp_path / "more_forms"
    folder.mkdir()
    (folder / "brief_in_test.py").write_text(dedent(code))
    monkeypatch.setattr(forms, "__path__", [*forms.__path__, str(folder)])

    assert "brief_in_test" in module_names(forms)
    assert run("check", "--format", "brief_in_test").out == "1 bad\n"
