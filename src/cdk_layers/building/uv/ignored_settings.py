"""Settings of uv that builds ignore, because they enable source builds or weaken hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FALSE: Final = ("", "0", "false", "f", "no", "n", "off")
"""Values of a variable that switch a setting off."""

_SOURCE_SETTINGS: Final = ("no-binary", "no-binary-package", "no-build-isolation", "no-build-isolation-package")
_WHEEL_SETTINGS: Final = ("no-build", "no-build-package", "only-binary")
_UNSAFE_VARIABLES: Final = ("UV_NO_VERIFY_HASHES", "UV_INSECURE_NO_ZIP_VALIDATION")


def ignored_variables(environment: Mapping[str, str], allowed: Sequence[str]) -> Iterator[str]:
    """Yield the environment variables that do not reach uv, as `ignored_keys`.

    Args:
        environment: All environment variables.
        allowed: Distributions that may be built from source.
    """
    settings = (*_SOURCE_SETTINGS, *(_WHEEL_SETTINGS if allowed else ()))
    for name in (*(f"UV_{setting.upper().replace('-', '_')}" for setting in settings), *_UNSAFE_VARIABLES):
        if environment.get(name, "").lower() not in FALSE:
            yield name


def ignored_keys(name: str, table: Mapping[str, Any], allowed: Sequence[str]) -> Iterator[str]:
    """Yield the settings of a file that do not reach uv: those that build sources, and those that weaken hashes.

    Args:
        name: The name of the file, which is a part of each result.
        table: Its settings.
        allowed: Distributions that may be built from source.
    """
    for key in (*_SOURCE_SETTINGS, *(_WHEEL_SETTINGS if allowed else ()), "no-verify-hashes"):
        if table.get(key):
            yield f"{key} ({name})"
    if table.get("verify-hashes") is False:
        yield f"verify-hashes ({name})"
