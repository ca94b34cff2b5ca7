"""The reference pages of the command line and of the settings, made from the parser and from the settings' classes."""

from __future__ import annotations

import argparse
import ast
import inspect
import textwrap
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cdk_layers
from cdk_layers.cli.arguments import parser
from cdk_layers.project.layer_directory import LayerOptions
from cdk_layers.project.settings import ProjectSettings
from cdk_layers.system.wording import size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MADE: Final = "<!-- Made by `make docs` from {source}. Change that instead of this page. -->"

_COMMAND_LINE: Final = f"""\
# Command line

{MADE.format(source="the parser of the command line")}

`cdk-layers` reads a cloud assembly or a template. It needs neither Node nor the CDK nor an AWS account.
`python -m cdk_layers.cli` is the same command.
"""

_EXIT_STATUS: Final = """\
## Exit status

| Status | Meaning |
|---|---|
| 0 | no error was found; with `--strict`, nothing was found |
| 1 | an error was found; with `--strict`, anything was found. `run`: the function failed. `try-imports`: an import \
fails. `cache`: something is damaged, or cannot be removed |
| 2 | there is no verdict: the arguments are wrong, or the assembly cannot be read |
"""

_SETTINGS: Final = f"""\
# Settings

{MADE.format(source="the classes of the settings")}

## Project settings

`cdk synth` and `cdk-layers check` read `[tool.cdk-layers]` from the nearest `pyproject.toml` that has it:
see [where they look](../howto/check-any-app.md#settings-of-a-project). Options of the command line override it.

```toml
[tool.cdk-layers]
ignore = ["unpinned-requirement"]
budget = "120MiB"
strict = true
```
"""

_LAYERS_TOML: Final = """\
## layers.toml

`MultiLayerStack.from_directory` reads `layers.toml` from the folder of layers, if there is one. `order` lists the
layers, lowest first. `[defaults]` has options of all layers, and `[layers.NAME]` those of one layer.

```toml
order = ["base", "data"]

[defaults]
compatible_runtimes = ["python3.13"]
grants = ["222222222222", "o-a1b2c3d4e5"]

[layers.data]
max_unzipped = "120 MiB"
```
"""

_VARIABLES: Final = """\
## Environment variables

| Variable | Meaning |
|---|---|
| `CDK_LAYERS_CACHE_DIR` | the folder of the build cache. Defaults to the user's cache folder |
| `CDK_LAYERS_CACHE_SIZE` | the size of the build cache, such as "2 GiB", or "unlimited". Defaults to the setting \
`cache-size`, else 5 GiB |
| `CDK_LAYERS_CACHE_SHARED` | "1" to use a build cache of another user, or one that others can write: only \
for caches that you trust |
| `UV_CACHE_DIR` | the folder of the wheels that uv has downloaded |
| `UV_DEFAULT_INDEX`, `UV_INDEX`, `UV_INDEX_NAME_USERNAME`, `UV_INDEX_NAME_PASSWORD` | where distributions come \
from: see [private indexes](../howto/private-indexes.md) |
| `PIP_INDEX_URL`, `PIP_EXTRA_INDEX_URL` | the same, where uv's own variables are not set |
| `CDK_DOCKER` | the program that the CDK runs in place of `docker` |
| `NO_COLOR` | reports without colors |
"""


def command_line() -> str:
    """Return the page of the command line."""
    top = parser()
    (commands,) = (action for action in top._actions if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001
    helps = {action.dest: action.help or "" for action in commands._choices_actions}  # noqa: SLF001
    sections = [part for name, command in commands.choices.items() for part in _sections(name, command, helps[name])]
    return "\n".join([_COMMAND_LINE, *sections, _EXIT_STATUS])


def _sections(name: str, command: argparse.ArgumentParser, summary: str) -> Iterator[str]:
    """Yield the section of a command, and those of the actions that it consists of."""
    actions = [action for action in command._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001
    yield _command(name, command, summary)
    for action in actions:
        helps = {choice.dest: choice.help or "" for choice in action._choices_actions}  # noqa: SLF001
        for part, subcommand in action.choices.items():
            yield from _sections(f"{name} {part}", subcommand, helps[part])


def _command(name: str, command: argparse.ArgumentParser, summary: str) -> str:
    actions = [action for action in command._actions if action.dest != "help"]  # noqa: SLF001
    words = [_synopsis(action) for action in actions]
    lines = [f"## cdk-layers {name}\n", f"{_sentence(command.description or summary)}\n"]
    lines.append(f"```text\n{_wrapped(f'cdk-layers {name}', words)}\n```\n")
    if actions:
        rows = [f"| {_names(action)} | {_sentence(_cell(action))} |" for action in actions]
        lines.append("\n".join(["| Argument | Meaning |", "|---|---|", *rows, ""]))
    return "\n".join(lines)


def _synopsis(action: argparse.Action) -> str:
    value = _value(action)
    if not action.option_strings:
        return f"[{value}]" if action.nargs == "?" else value
    return f"[{'|'.join(action.option_strings)}{f' {value}' if value else ''}]"


def _wrapped(start: str, words: list[str]) -> str:
    lines, indent = [start], " " * (len(start) + 1)
    for word in words:
        if len(lines[-1]) + len(word) > 80:  # noqa: PLR2004 - columns of a code block on a page
            lines.append(f"{indent}{word}")
        else:
            lines[-1] += f" {word}"
    return "\n".join(lines)


def _names(action: argparse.Action) -> str:
    value = _value(action)
    names = [f"`{name} {value}`" if value else f"`{name}`" for name in action.option_strings]
    return (", ".join(names) or f"`{value}`").replace("|", "\\|")


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
        return str(action.metavar)
    if action.choices is not None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return str(action.metavar or action.dest.upper())


def _cell(action: argparse.Action) -> str:
    if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
        return f"one of {', '.join(action.choices)}"
    return (action.help or "").replace("|", "\\|")


def _sentence(text: str) -> str:
    first, space, rest = text.strip().partition(" ")
    is_name = "." in first or first.endswith(":") or not first.islower()
    text = f"{first if is_name else first.capitalize()}{space}{rest}"
    return f"{text}{'' if text.endswith('.') else '.'}"


def settings() -> str:
    """Return the page of the settings."""
    arguments = _arguments_of_layers()
    options = {**arguments, **dict(_field_docstrings(LayerOptions)), "max_unzipped": arguments["max_unzipped"]}
    return "\n".join([
        _SETTINGS,
        _keys(ProjectSettings, dict(_field_docstrings(ProjectSettings)), dash=True),
        _LAYERS_TOML,
        _keys(LayerOptions, options, dash=False),
        _VARIABLES,
    ])  # fmt: skip


def _keys(settings_class: type[Any], described: Mapping[str, str], *, dash: bool) -> str:
    rows = []
    for field in fields(settings_class):
        name = field.name.replace("_", "-") if dash else field.name
        rows.append(f"| `{name}` | {_default(field.default)} | {described[field.name]} |")
    return "\n".join(["| Key | Default | Meaning |", "|---|---|---|", *rows, ""])


def _default(value: object) -> str:
    """Return the default of a key as its TOML; "" for none."""
    if value in (MISSING, None, ()):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f'`"{size(value)}"`' if isinstance(value, int) else f"`{value}`"


def _field_docstrings(settings_class: type[Any]) -> Iterator[tuple[str, str]]:
    """Yield the names and docstrings of the fields that have one."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(settings_class))).body
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - a class's source is a class
    for field, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            yield field.target.id, " ".join(str(ast.literal_eval(text.value)).split())


def _arguments_of_layers() -> dict[str, str]:
    """Return what the constructor of SharedPythonLayer says of each argument, without loading the CDK."""
    folder = Path(cdk_layers.__file__).parent / "cdk"
    for module in sorted(folder.rglob("*.py")):
        for node in ast.parse(module.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name == "SharedPythonLayer":
                (constructor,) = (each for each in node.body if getattr(each, "name", "") == "__init__")
                assert isinstance(constructor, ast.FunctionDef)  # noqa: S101 - a class has one constructor
                return _arguments(ast.get_docstring(constructor) or "")
    message = f"SharedPythonLayer is not defined in {folder}"
    raise LookupError(message)


def _arguments(docstring: str) -> dict[str, str]:
    """Return what a docstring in Google's style says of each argument."""
    described: dict[str, str] = {}
    name = ""
    for line in docstring.partition("Args:\n")[2].partition("\n\n")[0].splitlines():
        if line.startswith(" " * 4) and line[4] != " ":
            name, _, text = line.strip().partition(": ")
            described[name] = text
        elif name:
            described[name] += f" {line.strip()}"
    return described
