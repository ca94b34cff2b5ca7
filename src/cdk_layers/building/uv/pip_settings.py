"""Settings of pip that decide what pip installs, and have no effect on builds because uv does not read them.

PIP_INDEX_URL and PIP_EXTRA_INDEX_URL have an effect (`building/uv/settings.py`).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.building.notes import Note
from cdk_layers.building.uv.ignored_settings import FALSE
from cdk_layers.building.uv.indexes import PYPI
from cdk_layers.system import host
from cdk_layers.system.document_values import mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cdk_layers.building.uv.settings import UvSettings

_INDEXES: Final = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")
_INDEX_KEYS: Final = ("index", "index-url", "extra-index-url")
_COUNTERPARTS: Final = {
    "constraint": (("UV_CONSTRAINT",), ("constraint-dependencies",)),
    "extra-index-url": (("UV_INDEX", *_INDEXES, "PIP_EXTRA_INDEX_URL"), _INDEX_KEYS),
    "find-links": (("UV_FIND_LINKS",), ("find-links",)),
    "index-url": ((*_INDEXES, "PIP_INDEX_URL"), _INDEX_KEYS),
    "no-index": (("UV_NO_INDEX",), ("no-index",)),
    "pre": (("UV_PRERELEASE",), ("prerelease",)),
    "require-hashes": (("UV_REQUIRE_HASHES",), ("require-hashes",)),
}
"""The settings of pip, each with uv's variables and keys that decide the same."""

_WRITTEN: Final = {
    "UV_FIND_LINKS": "UV_FIND_LINKS (with commas between several values)",
    "UV_PRERELEASE": "UV_PRERELEASE (as allow)",
}
"""uv's variables whose values are written in another way than those of pip."""

_OF_OPEN_VERSIONS: Final = frozenset({"constraint", "extra-index-url", "find-links", "pre"})
"""Settings that can change versions only: a pinned version is found without them too, or its index is missing."""

_MACHINE_FILE: Final = "/etc/pip.conf"
_OFF: Final = (*FALSE, PYPI)
"""Values that switch a setting off, and the default of pip and uv."""


def unread_pip_settings(
    settings: UvSettings, extra: Mapping[str, str], options: Iterable[str], *, has_open_versions: bool, has_files: bool
) -> Iterator[Note]:
    """Yield a note if pip's settings would change what is installed, and neither uv nor the manifest has their like.

    Args:
        settings: uv's settings.
        extra: Environment variables that override those of this process.
        options: The names of the options of the requirements file.
        has_open_versions: Whether versions are open, so that constraints may change them.
        has_files: Whether the files of all distributions are known: by hashes, or because they are on this machine or
            at an address.
    """
    environment = {**host.environ(), **extra}
    decided = {option.removeprefix("--") for option in options}
    if "no-index" in decided:
        decided |= {"index-url", "extra-index-url"}
    if not has_open_versions:
        decided |= _OF_OPEN_VERSIONS
    if has_files:
        decided |= _COUNTERPARTS.keys() - _OF_OPEN_VERSIONS
    keys = {**settings.configuration, **mapping(settings.configuration, "pip")}
    found: dict[str, list[str]] = {}
    for key, place in _settings(environment):
        variables, same = _COUNTERPARTS[key]
        if key not in decided and not any(map(environment.get, variables)) and not any(map(keys.get, same)):
            found.setdefault(key, []).append(place)
    if found:
        places = ", ".join(dict.fromkeys(place for named in found.values() for place in named))
        variables_of_uv = [_COUNTERPARTS[key][0][0] for key in found]
        instead = ", ".join(_WRITTEN.get(name, name) for name in variables_of_uv)
        yield Note(
            "overruled-setting",
            f"Settings of pip have no effect: {places}. uv installs the distributions and does not read them, so the "
            "archive may differ from what pip would install.",
            f"Set {instead} to the same, or write it into the requirements file or a uv.toml. If it should not apply "
            "here, acknowledge the finding.",
        )


def _settings(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the names of settings, each with its variable, or its key and file."""
    for key in _COUNTERPARTS:
        name = f"PIP_{key.upper().replace('-', '_')}"
        if environment.get(name, "").strip().rstrip("/").lower() not in _OFF:
            yield key, name
    for file in _files(environment):
        for key, value in _read(file).items():
            if key in _COUNTERPARTS and value.strip().rstrip("/").lower() not in _OFF:
                yield key, f"{key} ({file})"


def _files(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield the paths of pip's files of settings.

    Source: pip's documentation, "Configuration".
    """
    chosen = environment.get("PIP_CONFIG_FILE", "")
    if chosen == os.devnull:
        return
    home = environment.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - a home need not exist
    if os.name == "nt":
        folders = [environment.get("PROGRAMDATA"), environment.get("APPDATA"), home]
        yield from (Path(folder, "pip", "pip.ini") for folder in folders if folder)
        yield Path(sys.prefix, "pip.ini")
    else:
        folders = [*(environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")]
        folders += ["/Library/Application Support", f"{home}/Library/Application Support"]
        folders += [environment.get("XDG_CONFIG_HOME") or f"{home}/.config"]
        yield from (Path(folder, "pip", "pip.conf") for folder in folders if folder)
        yield from (Path(_MACHINE_FILE), Path(home, ".pip", "pip.conf"), Path(sys.prefix, "pip.conf"))
    if chosen:
        yield Path(chosen)


def _read(file: Path) -> dict[str, str]:
    """Return the settings of a file for `pip install`; {} if there is no such file or pip cannot read it either."""
    if not file.is_file():
        return {}
    import configparser  # noqa: PLC0415 - most machines have no such file

    parser = configparser.RawConfigParser()
    try:
        parser.read_string(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, configparser.Error):
        return {}
    sections = (dict(parser.items(name)) for name in ("global", "install") if parser.has_section(name))
    return {key.replace("_", "-"): value for section in sections for key, value in section.items()}
