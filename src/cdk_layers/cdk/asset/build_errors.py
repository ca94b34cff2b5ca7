"""Errors of builds, with the construct and the entry folder that they are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_layers.errors import CdkLayersError, RuleError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


@dataclass(frozen=True, slots=True)
class build_errors:  # noqa: N801 - a context manager, which is read as a verb
    """Begin the message of a build's error with the construct and its entry, and drop its traceback inside the build.

    What the user can fix is in the message. The type of the error stays.
    """

    kind: str
    """What messages call the construct: "Layer" or "Function"."""

    path: str
    """The construct path."""

    entry: Path | None
    """The entry folder, as the user passed it."""

    def __enter__(self) -> None:
        """Begin the build."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Raise the error again where there is one."""
        if not isinstance(error, CdkLayersError) or (isinstance(error, RuleError) and error.findings):
            return
        error.args = (self.located(str(error)), *error.args[1:])
        raise error.with_traceback(None) from None

    def located(self, message: str) -> str:
        """Return a message that begins with the construct and its entry."""
        place = f"{self.kind} {self.path!r}"
        named = next((name for name in (place, repr(self.path), self.path) if message.startswith(f"{name}: ")), None)
        if named is None and message.startswith(place):
            return message
        what = message if named is None else message.removeprefix(f"{named}: ")
        where = "" if self.entry is None else f" (entry {str(self.entry.absolute())!r})"
        return f"{place}{where}: {what}"
