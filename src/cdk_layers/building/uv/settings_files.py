"""Configuration files of uv, in the folders where uv looks for them: project, user, system."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.building.requirements.manifest_names import PROJECT
from cdk_layers.building.requirements.workspace import workspace_above
from cdk_layers.errors import EntryError
from cdk_layers.system.document_values import mapping
from cdk_layers.system.toml import parse_toml, read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:")
_TRUE: Final = ("1", "true", "t", "yes", "y", "on")


@dataclass(frozen=True, slots=True)
class ConfigurationFile:
    """One file's settings for uv."""

    name: str
    """Its name in messages."""

    settings: Mapping[str, Any]
    """Its keys, with absolute paths."""

    @property
    def pip(self) -> Mapping[str, Any]:
        """Its settings for `uv pip` only."""
        return mapping(self.settings, "pip")


def configuration_files(folder: Path, environment: Mapping[str, str], cwd: Path) -> list[ConfigurationFile]:
    """Return the files that configure uv for a folder, in the order of precedence.

    Args:
        folder: The folder that uv would run in.
        environment: The environment variables.
        cwd: The working folder, for a relative UV_CONFIG_FILE.

    Raises:
        EntryError: A file cannot be read.
    """
    chosen = environment.get("UV_CONFIG_FILE")
    if chosen:
        return [_file(cwd / chosen)]
    if environment.get("UV_NO_CONFIG", "").lower() in _TRUE:
        return []
    project = _project_file(_project_root(folder))
    machine = [_first(_user_folders(environment))]
    if environment.get("UV_NO_SYSTEM_CONFIG", "").lower() not in _TRUE:
        machine.append(_first(_system_folders(environment)))
    return [*([project] if project else []), *(_file(path) for path in machine if path is not None)]


def combined(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return settings as uv combines them: the first value is used, lists are joined, tables are combined."""
    whole: dict[str, Any] = {}
    for table in tables:
        for key, value in table.items():
            known = whole.get(key)
            if isinstance(known, dict) and isinstance(value, dict):
                whole[key] = combined([known, value])
            elif isinstance(known, list) and isinstance(value, list):
                whole[key] = [*known, *value]
            elif key not in whole:
                whole[key] = value
    return whole


def absolute(place: str, folder: Path) -> str:
    """Return the absolute path of one that is relative to a folder; a URL is unchanged."""
    if not place or (_SCHEME.match(place) and not Path(place).is_absolute()) or place.startswith("${"):
        return place
    return os.path.normpath(folder / Path(place).expanduser())


def _project_root(folder: Path) -> Path:
    """Return the folder where uv begins to search for settings: the workspace's root for a member, else the folder."""
    project = next((parent for parent in (folder, *folder.parents) if (parent / PROJECT).is_file()), folder)
    document = read_toml(project / PROJECT)
    if "workspace" in mapping(document, "tool", "uv"):
        return project
    return ("project" in document and workspace_above(project)) or folder


def _project_file(folder: Path) -> ConfigurationFile | None:
    for parent in (folder, *folder.parents):
        if (parent / "uv.toml").is_file():
            return _file(parent / "uv.toml")
        table = _uv_table(parent)
        if table is not None:
            path = parent / PROJECT
            return ConfigurationFile(str(path), _with_absolute_paths(table, parent))
    return None


def _user_folders(environment: Mapping[str, str]) -> Iterator[str]:
    home = environment.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - a home need not exist
    yield (
        environment.get("APPDATA", "") if os.name == "nt" else environment.get("XDG_CONFIG_HOME") or f"{home}/.config"
    )


def _system_folders(environment: Mapping[str, str]) -> Iterator[str]:
    if os.name == "nt":
        yield environment.get("PROGRAMDATA", "")
        return
    yield from (environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
    yield "/etc"


def _first(folders: Iterator[str]) -> Path | None:
    paths = (Path(folder, "uv", "uv.toml") for folder in folders if folder)
    return next((path for path in paths if path.is_file()), None)


def _file(path: Path) -> ConfigurationFile:
    try:
        return ConfigurationFile(
            str(path), _with_absolute_paths(parse_toml(path.read_text(encoding="utf-8")), path.parent)
        )
    except OSError as error:
        message = f"{path}, which configures uv, cannot be read: {error.strerror or error}. Correct the path."
        raise EntryError(message) from None
    except ValueError as error:
        message = f"{path}, which configures uv, is not valid TOML: {str(error)[:200]}. Correct it."
        raise EntryError(message) from None


def _with_absolute_paths(table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return settings with absolute paths."""
    placed = dict(table)
    for key in ("index-url", "extra-index-url", "find-links", "cache-dir"):
        value = table.get(key)
        if isinstance(value, str):
            placed[key] = absolute(value, folder)
        elif isinstance(value, list):
            placed[key] = [absolute(place, folder) if isinstance(place, str) else place for place in value]
    if isinstance(table.get("index"), list):
        placed["index"] = [_with_absolute_url(index, folder) for index in table["index"]]
    if isinstance(table.get("pip"), dict):
        placed["pip"] = _with_absolute_paths(table["pip"], folder)
    return placed


def _with_absolute_url(index: Any, folder: Path) -> Any:
    url = index.get("url") if isinstance(index, dict) else None
    return {**index, "url": absolute(url, folder)} if isinstance(url, str) else index


def _uv_table(folder: Path) -> Mapping[str, Any] | None:
    # uv ignores a damaged file too when it reads settings.
    tool = read_toml(folder / PROJECT).get("tool")
    table = tool.get("uv") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else None
