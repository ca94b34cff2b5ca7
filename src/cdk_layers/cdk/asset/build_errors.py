"""Errors of builds, located by construct and entry folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_layers.errors import CdkLayersError, RuleError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


@dataclass(frozen=True, slots=True)
class build_errors:  # noqa: N801 - a context manager, which is read as a verb
    """Add the construct and its entry folder to the message of a build error, and remove its traceback.

    The message says what the user can fix. The type of the error stays.
    """

    kind: str
    """The kind of the construct in messages: "Layer" or "Function"."""

    path: str
    """The construct path."""

    entry: Path | None
    """The entry folder, as the user passed it."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Raise an error of the build again, with its location."""
        if not isinstance(error, CdkLayersError) or (isinstance(error, RuleError) and error.findings):
            return
        error.args = (self.located(str(error)), *error.args[1:])
        raise error.with_traceback(None) from None

    def located(self, message: str) -> str:
        """Return a message that begins with the construct and its entry folder."""
        place = f"{self.kind} {self.path!r}"
        named = next((name for name in (place, repr(self.path), self.path) if message.startswith(f"{name}: ")), None)
        if named is None and message.startswith(place):
            return message
        what = message if named is None else message.removeprefix(f"{named}: ")
        where = "" if self.entry is None else f" (entry {str(self.entry.absolute())!r})"
        return f"{place}{where}: {what}"
