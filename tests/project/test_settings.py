"""`[tool.cdk-layers]` in pyproject.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_layers.errors import UsageError
from cdk_layers.project.settings import ProjectSettings, parse_size, read_settings
from tests.cli.conftest import function, write

if TYPE_CHECKING:
    from pathlib import Path


def _project(folder: Path, table: str) -> Path:
    (folder / "pyproject.toml").write_text(f"[tool.cdk-layers]\n{table}")
    return folder


def test_every_key_is_read(tmp_path: Path) -> None:
    """From the nearest pyproject.toml, in the folder or above it."""
    _project(tmp_path, """
select = ["too-many-layers", "wrong-region"]
ignore = ["wrong-region"]
budget = "120MiB"
strict = true
strict-budget = false
bytecode = true
trim = ["tests"]
dependency-excludes = ["*.md"]
aws-services = ["s3"]
try-imports = true
cache-size = "2 GiB"
""")  # fmt: skip
    (tmp_path / "deep" / "down").mkdir(parents=True)

    assert read_settings(tmp_path / "deep" / "down") == ProjectSettings(
        select=("too-many-layers", "wrong-region"),
        ignore=("wrong-region",),
        budget=120 * 1024 * 1024,
        strict=True,
        strict_budget=False,
        bytecode=True,
        trim=("tests",),
        dependency_excludes=("*.md",),
        aws_services=("s3",),
        try_imports=True,
        cache_size=2 * 1024**3,
    )


@pytest.mark.parametrize("text", ["", "[tool.other]\nx = 1\n", "[project]\nname = 'x'\n"])
def test_a_project_without_settings_has_the_defaults(tmp_path: Path, text: str) -> None:
    """As has one without a pyproject.toml."""
    assert read_settings(tmp_path) == ProjectSettings()
    (tmp_path / "pyproject.toml").write_text(text)
    assert read_settings(tmp_path) == ProjectSettings()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            "budgte = 1",
            "unknown key 'budgte' in [tool.cdk-layers]. Did you mean 'budget'? Valid keys: aws-services, budget,",
        ),
        ("select = 'too-many-layers'", "select is 'too-many-layers', but has to be a list of rule names"),
        ("ignore = ['a', 1]", "ignore[1] is 1, but has to be a string, in a list of rule names."),
        ("trim = 'test'", "trim is 'test', but has to be true, false or a list of 'tests', 'stubs'"),
        ("trim = 'test'", "'documents'. Did you mean 'tests'?"),
        ("trim = ['tests', 'documantation']", "trim[1] is 'documantation', but has to be one of 'tests', 'stubs'"),
        ("trim = ['tests', 'documantation']", "Did you mean 'documents'?"),
        ("trim = ['tests', 3]", "trim[1] is 3, but has to be one of 'tests', 'stubs'"),
        ("trim = 3", "trim is 3, but has to be true, false or a list of"),
        ("bytecode = 'yes'", "bytecode is 'yes', but has to be true or false"),
        ("aws-services = 's3'", "has to be a list of names of services"),
        ("try-imports = 1", "has to be true or false"),
        ("strict = 'yes'", "has to be true or false"),
        ("budget = true", "has to be a size"),
        ("cache-size = 5", 'has to be a size such as "2 GiB", or "unlimited"'),
        ("cache-size = 'huge'", "cache-size is 'huge', which is not a size"),
        ("budget = 'much'", "budget is 'much', which is not a size"),
        ("budget = ", "cannot be read"),
    ],
)
def test_what_means_nothing_is_an_error(tmp_path: Path, table: str, said: str) -> None:
    """With the file, the key, and what there is instead."""
    with pytest.raises(UsageError, match=r"pyproject\.toml") as raised:
        read_settings(_project(tmp_path, table))

    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1B", 1), ("2 kB", 2000), ("2KiB", 2048), ("120MiB", 125_829_120), ("1.5 GiB", 1_610_612_736),
        ("3MB", 3_000_000), (" 7 B ", 7),
    ],
)  # fmt: skip
def test_sizes(text: str, size: int) -> None:
    """By thousands or by 1024, as their units say."""
    assert parse_size(text, "it") == size


@pytest.mark.parametrize("text", ["", "1", " 7 ", "1Mi", "1G", "MiB", "-1", "0", "0.2", "1 TiB", "1e6", "1MiBB"])
def test_text_that_is_not_a_size(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(UsageError, match="not a size"):
        parse_size(text, "it")


def test_the_command_line_goes_before_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is given there replaces what the project sets."""
    from cdk_layers.cli import main  # noqa: PLC0415

    monkeypatch.chdir(tmp_path)
    write(tmp_path, Report=function("python3.9"))
    _project(tmp_path, 'strict = true\nignore = ["wrong-region"]\n')
    today = ["--today", "2026-01-01"]

    assert main(["check", *today]) == 1
    assert main(["check", *today, "--no-strict"]) == 0
    assert main(["check", *today, "--ignore", "deprecated-runtime"]) == 0
    _project(tmp_path, 'strict = true\nignore = ["deprecated-runtime"]\n')
    assert main(["check", *today]) == 0
    assert main(["check", *today, "--ignore", "wrong-region"]) == 1


def test_the_nearest_table_counts(tmp_path: Path) -> None:
    """A pyproject.toml without one, such as a member's of a workspace, hides nothing; each folder is asked in turn."""
    _project(tmp_path, "strict = true")
    member, other = tmp_path / "member", tmp_path.parent / f"{tmp_path.name}-other"
    for folder in (member, other):
        folder.mkdir()
    (member / "pyproject.toml").write_text("[project]\nname = 'member'\n")
    _project(other, "ignore = ['wrong-region']")

    assert read_settings(member).strict
    assert read_settings(other, member) == ProjectSettings(ignore=("wrong-region",))


@pytest.mark.parametrize("text", ["tool = 3 # cdk-layers", "[tool]\nother = 1 # cdk-layers"])
def test_a_file_of_another_form_sets_nothing(tmp_path: Path, text: str) -> None:
    """The word alone is no table."""
    (tmp_path / "pyproject.toml").write_text(text)

    assert read_settings(tmp_path) == ProjectSettings()


def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """In one process, as an editor's test runner is."""
    assert read_settings(_project(tmp_path, "strict = true")).strict
    assert not read_settings(_project(tmp_path, "strict = false")).strict


def test_what_is_given_goes_before_the_project(tmp_path: Path) -> None:
    """By whatever asks; what is None is not given."""
    project = read_settings(_project(tmp_path, "strict = true\nbudget = '1 MiB'\nignore = ['wrong-region']"))
    settings = project.settings(strict=False, ignore=(), budget_bytes=None)

    assert (settings.strict, settings.ignore, settings.budget_bytes) == (False, (), 1024 * 1024)


@pytest.mark.parametrize(
    ("overrides", "ignored"),
    [
        ({"select": ("wrong-region",)}, ("wrong-machine",)),
        ({"select": ("wrong-region", "wrong-machine", "stale-lock")}, ()),
        ({"select": ("stale-lock",)}, ("wrong-region", "wrong-machine")),
        ({"select": ("wrong-region",), "ignore": ("wrong-region",)}, ("wrong-region",)),
        ({"select": None}, ("wrong-region", "wrong-machine")),
    ],
)
def test_a_rule_that_is_selected_is_not_ignored_by_the_project(
    tmp_path: Path, overrides: dict[str, Any], ignored: tuple[str, ...]
) -> None:
    """A check of one rule on request does not pass because the project ignores that rule otherwise."""
    project = read_settings(_project(tmp_path, "ignore = ['wrong-region', 'wrong-machine']"))

    assert project.settings(**overrides).ignore == ignored


def test_settings_that_are_no_table_are_named(tmp_path: Path) -> None:
    """A key of that name under [tool]."""
    (tmp_path / "pyproject.toml").write_text("[tool]\ncdk-layers = 3\n")
    with pytest.raises(UsageError, match=r"tool\.cdk-layers is 3, but has to be a table, \[tool\.cdk-layers\]"):
        read_settings(tmp_path)
