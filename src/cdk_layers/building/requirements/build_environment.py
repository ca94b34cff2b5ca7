"""Environment variables of builds from source: a fixed list, whose values are part of the keys of the cache."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cdk_layers.building.uv.settings import UvSettings, read_uv_settings
from cdk_layers.system.outgoing import is_secret_name, scrub

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_layers.building.job import Job

_MACHINE: Final = re.compile(
    r"HOME|USER|LOGNAME|TMPDIR|TEMP|TMP|NETRC|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|APPDATA|LOCALAPPDATA"
    r"|PROGRAMDATA|PROGRAMFILES.*|USERPROFILE|SSL_.+|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|(?:HTTPS?|ALL|NO)_PROXY"
    r"|SSH_.+|DBUS_SESSION_BUS_ADDRESS|(?:UV|GIT|XDG|CDK_LAYERS_SECRET)_.+",
    re.IGNORECASE,
)
"""Variables that uv and git need to reach indexes, repositories and their own files."""

_KEYRING: Final = re.compile(r"(?:AWS|AZURE|ARTIFACTS|GOOGLE|CLOUDSDK|VSS|KEYRING|PYTHON_KEYRING)_.+")
"""Variables that keyrings need, if uv uses one."""

_TOOLCHAIN: Final = re.compile(
    r"PATH|CC|CXX|CPP|AR|AS|LD|NM|RANLIB|STRIP|FC|F77|[A-Z0-9]*FLAGS|LIBRARY_PATH|LD_LIBRARY_PATH|CPATH|C_INCLUDE_PATH"
    r"|CPLUS_INCLUDE_PATH|INCLUDE|LIB|LIBPATH|ARCHFLAGS|MACOSX_DEPLOYMENT_TARGET|SDKROOT|SOURCE_DATE_EPOCH"
    r"|(?:PKG_CONFIG|CMAKE|CARGO|RUSTUP|RUST|SETUPTOOLS|SCM|HATCH|PDM|PBR|MATURIN|SKBUILD|MESON|CYTHON|NPY|POETRY)_.+"
)
"""Variables of compilers and build backends; their values are part of the keys."""

_FIXED: Final = {
    "LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": "315532800", "LDFLAGS": "-s",
}  # fmt: skip
"""Fixed values, so that builds do not differ without need. 1980 is the first year that a wheel can record.

`-s` leaves out debug information, which contains the path of the temporary folder that a library is compiled in.
"""


def settings_of(job: Job) -> UvSettings:
    """Return uv's settings for a build. If sources may be built, its environment is the fixed list and `environment=`.

    Raises:
        EntryError: A file of settings cannot be read.
    """
    settings = read_uv_settings(job.entry, job.options.environment)
    if not job.options.allow_source_builds:
        return settings
    return replace(settings, variables=dict(_visible_variables(settings, job.options.environment)))


def builds_key(job: Job) -> list[list[str]]:
    """Return the variables that affect builds from source, without credentials; none if no such build is allowed."""
    if not job.options.allow_source_builds:
        return []
    given = job.options.environment
    visible = settings_of(job).variables
    relevant = {name: value for name, value in visible.items() if name in given or _TOOLCHAIN.fullmatch(name)}
    return [[name, "" if is_secret_name(name) else scrub(value)] for name, value in sorted(relevant.items())]


def _visible_variables(settings: UvSettings, given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    uses_keyring = settings.variables.get("UV_KEYRING_PROVIDER") or settings.configuration.get("keyring-provider")
    patterns = (_MACHINE, _TOOLCHAIN, *([_KEYRING] if uses_keyring else []))
    fixed = ("NO_COLOR", *given)
    yield from _FIXED.items()
    for name, value in settings.variables.items():
        if name in fixed or any(pattern.fullmatch(name) for pattern in patterns):
            yield name, value
