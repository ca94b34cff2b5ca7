"""Effective settings of uv: the same for resolving, installing and the keys of the build cache.

uv reads files in many folders and about a hundred variables. Some of them run code of source distributions, disable
hashes, or apply only to some commands of uv. So this module reads them, and uv gets the remaining ones as its only
configuration.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.building.notes import Note
from cdk_layers.building.uv.ignored_settings import FALSE, ignored_keys, ignored_variables
from cdk_layers.building.uv.settings_files import absolute, combined, configuration_files
from cdk_layers.system import host
from cdk_layers.system.outgoing import scrub

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cdk_layers.building.requirements.requirements_file import Option

_AMBIENT: Final = ("CONDA_PREFIX", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")
"""Variables that describe the Python environment of this process, which is not the target's."""

_TRANSPORT_VARIABLES: Final = frozenset((
    "UV_AZURE_ENDPOINT_URL", "UV_CACHE_DIR", "UV_CONCURRENT_BUILDS", "UV_CONCURRENT_DOWNLOADS",
    "UV_CONCURRENT_INSTALLS", "UV_CREDENTIALS_DIR", "UV_GCS_ENDPOINT_URL", "UV_GIT_LFS", "UV_GITHUB_TOKEN",
    "UV_HTTP_CONNECT_TIMEOUT", "UV_HTTP_RETRIES", "UV_HTTP_TIMEOUT", "UV_INSECURE_HOST", "UV_KEYRING_PROVIDER",
    "UV_LOCK_TIMEOUT", "UV_NATIVE_TLS", "UV_NO_CACHE", "UV_NO_GITHUB_FAST_PATH", "UV_OFFLINE", "UV_REQUEST_TIMEOUT",
    "UV_S3_ENDPOINT_URL", "UV_STACK_SIZE", "UV_SYSTEM_CERTS", "UV_TOOL_BIN_DIR", "UV_TOOL_DIR",
))  # fmt: skip
"""Variables of uv that decide how it gets a distribution, not which one."""

_RESULT_VARIABLES: Final = frozenset((
    "UV_AMD_GPU_ARCHITECTURE", "UV_CUDA_DRIVER_VERSION", "UV_DEFAULT_INDEX", "UV_DYNAMIC_VERSIONING_BYPASS",
    "UV_EXCLUDE_NEWER", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_FORK_STRATEGY", "UV_INDEX", "UV_INDEX_STRATEGY",
    "UV_INDEX_URL", "UV_NO_INDEX", "UV_NO_SOURCES", "UV_NO_SOURCES_PACKAGE", "UV_PRERELEASE", "UV_PRERELEASE_PACKAGE",
    "UV_REQUIRE_BUILD_HASHES", "UV_REQUIRE_HASHES", "UV_RESOLUTION", "UV_TORCH_BACKEND",
))  # fmt: skip
"""Variables of uv, and of the backend uv-dynamic-versioning, that decide which distributions uv finds."""

_RESOLVING_FILES: Final = {"UV_CONSTRAINT": "--constraints", "UV_OVERRIDE": "--overrides", "UV_EXCLUDE": "--excludes"}
_RESOLVING_KEYS: Final = ("constraint-dependencies", "override-dependencies", "exclude-dependencies")
_BUILDING_FILES: Final = {"UV_BUILD_CONSTRAINT": "--build-constraints"}

_TRANSPORT_KEYS: Final = frozenset((
    "allow-insecure-host", "cache-dir", "concurrent-builds", "concurrent-downloads", "concurrent-installs",
    "http-proxy", "https-proxy", "keyring-provider", "native-tls", "no-cache", "no-proxy", "offline", "system-certs",
))  # fmt: skip
_INDEX_KEYS: Final = frozenset((
    "exclude-newer", "exclude-newer-package", "extra-index-url", "find-links", "fork-strategy", "index",
    "index-strategy", "index-url", "no-index", "no-sources", "no-sources-package", "prerelease", "prerelease-package",
    "resolution", "torch-backend",
))  # fmt: skip
_BUILDING_KEYS: Final = frozenset((
    "build-constraint-dependencies", "config-settings", "config-settings-package", "extra-build-dependencies",
    "extra-build-variables", "require-build-hashes",
))  # fmt: skip
_PIP_KEYS: Final = (
    _INDEX_KEYS | _BUILDING_KEYS | {"allow-insecure-host", "keyring-provider", "no-deps", "require-hashes"}
)
_KEYS: Final = _TRANSPORT_KEYS | _INDEX_KEYS | _BUILDING_KEYS | {*_RESOLVING_KEYS, "dependency-metadata"}
"""The keys of a configuration file that are used. Others are for other commands, or are set by the build."""

_DEFAULT_VARIABLES: Final = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_NO_INDEX")
_NAMED_INDEX: Final = re.compile(r"(?P<name>(?:[A-Za-z0-9._-]+=)?)(?P<place>.*)")


@dataclass(frozen=True, slots=True)
class UvSettings:
    """Settings of one run of uv. Their values may contain credentials."""

    variables: Mapping[str, str]
    """All environment variables that uv starts with."""

    configuration: Mapping[str, Any]
    """The effective uv.toml."""

    resolving: tuple[str, ...] = ()
    """Arguments for resolving alone: the files of constraints, overrides and excludes."""

    building: tuple[str, ...] = ()
    """Arguments for commands that may build from source."""

    pip_lines: tuple[tuple[str, str], ...] = ()
    """pip's index settings, as option names and values of a requirements file."""

    files: tuple[str, ...] = ()
    """The files that the configuration comes from."""

    overruled: tuple[str, ...] = ()
    """Settings that enable source builds or weaken hashes, each with the file that it comes from; they are ignored."""

    @property
    def is_offline(self) -> bool:
        """Whether the user's settings disable the network for uv."""
        variable = self.variables.get("UV_OFFLINE", "").lower()
        return variable not in FALSE or (not variable and self.configuration.get("offline") is True)

    @property
    def restricts_resolving(self) -> bool:
        """Whether the settings constrain versions, in addition to the manifest."""
        return bool(self.resolving) or any(self.configuration.get(key) for key in _RESOLVING_KEYS)

    def option_lines(self, options: Iterable[Option]) -> Iterator[str]:
        """Yield the index options of a manifest as lines of a requirements file, then those of pip's variables.

        As in pip, an --index-url of the file overrides PIP_INDEX_URL.
        """
        given = [option for option in options if option.name in _PASSED_ON]
        yield from (f"{option.name} {option.value}".rstrip() for option in given)
        names = {option.name for option in given}
        for name, value in self.pip_lines:
            if name != "--index-url" or not names & {"--index-url", "--no-index"}:
                yield f"{name} {value}"

    def for_index(self, index: str) -> UvSettings:
        """Return the settings for distributions that may come only from this index; "" is the default index."""
        variables = ("UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", *(_DEFAULT_VARIABLES if index else ()))
        keys = ("extra-index-url", "find-links", *(("index-url",) if index else ()))
        configuration = {key: _only_default(value, keys, index) for key, value in self.configuration.items()}
        return replace(
            self,
            variables={name: value for name, value in self.variables.items() if name not in variables},
            configuration={key: value for key, value in configuration.items() if key not in keys},
            pip_lines=tuple(line for line in self.pip_lines if line[0] == "--index-url" and not index),
        )

    def for_installing(self) -> dict[str, Any]:
        """Return the effective uv.toml for versions that are resolved already."""
        return {key: value for key, value in self.configuration.items() if key not in _RESOLVING_KEYS}

    def notes(self) -> Iterator[Note]:
        """Yield a note if settings were overruled."""
        if self.overruled:
            yield Note(
                "overruled-setting",
                f"uv's settings {', '.join(self.overruled)} have no effect: only allow_source_builds lets code of "
                "source distributions run at synth, in isolation, and hashes are always verified.",
                "Remove the settings, or acknowledge this. Distributions without a wheel can be named in "
                "allow_source_builds=[...].",
            )

    def digest(self) -> str:
        """Return a digest of all settings that decide what uv finds, without their credentials."""
        variables = {name: self.variables[name] for name in sorted(_RESULT_VARIABLES & self.variables.keys())}
        configuration = {key: value for key, value in self.configuration.items() if key not in _TRANSPORT_KEYS}
        files = [_text(Path(part)) for part in (*self.resolving, *self.building) if not part.startswith("--")]
        facts = _scrubbed([variables, configuration, files, self.pip_lines])
        return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


_READ: Final[ContextVar[dict[object, UvSettings] | None]] = ContextVar("read", default=None)
"""The settings that were read within `settings_read_once`."""

_PASSED_ON: Final = ("--index-url", "--extra-index-url", "--find-links", "--no-index")


def read_uv_settings(folder: Path, extra: Mapping[str, str], allowed: Sequence[str] = ()) -> UvSettings:
    """Return uv's settings for an entry folder.

    Args:
        folder: The entry folder; uv's files are those in it or above it, of the user and of the system.
        extra: Environment variables that override those of this process.
        allowed: Distributions that may be built from source.

    Raises:
        EntryError: A file of settings cannot be read.
    """
    read = _READ.get()
    if read is None:
        return _settings(folder, extra, allowed)
    key = folder, tuple(extra.items()), tuple(allowed)
    if key not in read:
        read[key] = _settings(folder, extra, allowed)
    return read[key]


@contextmanager
def settings_read_once() -> Iterator[None]:
    """Read the settings of each entry folder once, in a context that takes milliseconds.

    A build takes longer, so it has to read them again: they may change meanwhile.
    """
    outer = _READ.set({})
    try:
        yield
    finally:
        _READ.reset(outer)


def _settings(folder: Path, extra: Mapping[str, str], allowed: Sequence[str]) -> UvSettings:
    environment = {**host.environ(), **extra}
    cwd = Path.cwd()
    files = configuration_files(folder, environment, cwd)
    whole = combined([file.settings for file in files])
    pip = whole.get("pip")
    configuration = {key: value for key, value in whole.items() if key in _KEYS}
    if isinstance(pip, dict):
        configuration["pip"] = {key: value for key, value in pip.items() if key in _PIP_KEYS}
    named = [(name, table) for file in files for name, table in ((file.name, file.settings), (file.name, file.pip))]
    return UvSettings(
        variables=dict(_variables(environment, cwd)),
        configuration=configuration,
        resolving=tuple(_arguments(environment, _RESOLVING_FILES, cwd)),
        building=tuple(_arguments(environment, _BUILDING_FILES, cwd)),
        pip_lines=tuple(_pip_lines(environment)),
        files=tuple(file.name for file in files),
        overruled=tuple(dict.fromkeys([
            *ignored_variables(environment, allowed),
            *(place for name, table in named for place in ignored_keys(name, table, allowed)),
        ])),
    )  # fmt: skip


def tool_variables(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of uv where it exports locks and installs tools: with pip's index settings as uv's own."""
    environment = {**host.environ(), **extra}
    variables = dict(_variables(environment, Path.cwd()))
    index, extras = environment.get("PIP_INDEX_URL"), environment.get("PIP_EXTRA_INDEX_URL")
    if index and not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & variables.keys():
        variables["UV_DEFAULT_INDEX"] = index
    if extras and not {"UV_INDEX", "UV_EXTRA_INDEX_URL"} & variables.keys():
        variables["UV_INDEX"] = extras
    return variables


def _variables(environment: Mapping[str, str], cwd: Path) -> Iterator[tuple[str, str]]:
    for name, value in environment.items():
        if name in _AMBIENT or name.startswith("PIP_"):
            continue
        if not name.startswith("UV_") or _is_index_credential(name) or name in _TRANSPORT_VARIABLES:
            yield name, str(cwd / value) if name in ("UV_CACHE_DIR", "UV_CREDENTIALS_DIR") and value else value
        elif name in _RESULT_VARIABLES and value:
            yield name, _absolute_places(name, value, cwd)
    yield from {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}.items()


def _is_index_credential(name: str) -> bool:
    return name.startswith("UV_INDEX_") and name.endswith(("_USERNAME", "_PASSWORD"))


def _absolute_places(name: str, value: str, cwd: Path) -> str:
    """Return the value of a variable with absolute paths instead of those relative to the working folder."""
    if name == "UV_FIND_LINKS":
        return ",".join(absolute(place.strip(), cwd) for place in value.split(",") if place.strip())
    if name in ("UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        return " ".join(_absolute_index(place, cwd) for place in value.split())
    return value


def _absolute_index(place: str, cwd: Path) -> str:
    named = _NAMED_INDEX.fullmatch(place)
    return f"{named['name']}{absolute(named['place'], cwd)}" if named else place


def _arguments(environment: Mapping[str, str], options: Mapping[str, str], cwd: Path) -> Iterator[str]:
    for name, option in options.items():
        for place in environment.get(name, "").split():
            yield from (option, absolute(place, cwd))


def _pip_lines(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    index, extra = environment.get("PIP_INDEX_URL", ""), environment.get("PIP_EXTRA_INDEX_URL", "")
    if index and not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & environment.keys():
        yield "--index-url", index
    if not {"UV_INDEX", "UV_EXTRA_INDEX_URL"} & environment.keys():
        yield from (("--extra-index-url", url) for url in extra.split())


def _only_default(value: Any, keys: Sequence[str], index: str) -> Any:
    """Return a setting with only the default index; without any if there is an `index`. `keys` are removed."""
    if isinstance(value, list) and value and all(isinstance(item, dict) and "url" in item for item in value):
        return [item for item in value if item.get("default") and not index]
    if isinstance(value, dict):
        return {key: _only_default(item, keys, index) for key, item in value.items() if key not in keys}
    return value


def _scrubbed(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _scrubbed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_scrubbed(item) for item in value]
    return scrub(value) if isinstance(value, str) else value


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
