"""The logging configuration of a function, with the defaults of the service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_LEVELS: Final = ("DEBUG", "INFO", "WARN")


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The logging configuration of a function."""

    format: str | None = None
    """"JSON" or "Text"; None if it is not set, which is text."""

    application_level: str | None = None
    """The level of the function's own logs, such as "WARN"; None if it is not set."""

    system_level: str | None = None
    """The level of what Lambda logs about the function: "DEBUG", "INFO" or "WARN"; None if it is not set."""

    @property
    def is_json(self) -> bool:
        """Whether Lambda and the runtime write JSON."""
        return self.format == "JSON"

    @property
    def effective_application_level(self) -> str | None:
        """The level of the function's own logs: INFO in JSON, unless it is set. Text has no level.

        Source: the developer guide, "Log-level filtering".
        """
        return self.application_level or ("INFO" if self.is_json else None)

    def has_system_event(self, level: str) -> bool:
        """Return whether Lambda writes its own event of a level in JSON: from INFO on, unless the level is set.

        Source: the developer guide, "Log-level filtering".
        """
        least = self.system_level if self.system_level in _LEVELS else "INFO"
        return _LEVELS.index(level) >= _LEVELS.index(least)
