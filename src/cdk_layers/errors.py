"""Errors that this package raises on purpose: all are `CdkLayersError`s."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.system.outgoing import printable_lines, scrub

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_layers.findings import Finding


class CdkLayersError(Exception):
    """Root of every error that this package raises on purpose.

    Its message answers: what is wrong, where (a construct path or a file), what was measured against which limit,
    and what to do about it. It contains no credentials and no control characters.
    """

    def __init__(self, *parts: object) -> None:
        """Store the message without credentials, and without what acts on a terminal or a CI system."""
        super().__init__(*(printable_lines(scrub(part)) if isinstance(part, str) else part for part in parts))


class EntryError(CdkLayersError):
    """An entry folder, or a manifest in it, cannot be built."""


class EntryChangedError(EntryError):
    """An entry folder, or what it installs from this machine, changed while it was built."""


class TargetError(CdkLayersError):
    """No Python layer can be built for this runtime or architecture."""


class DependencyError(CdkLayersError):
    """The requirements cannot be met: unknown distribution or version, conflicting pins, no wheel, no network."""


class UnreachableError(DependencyError):
    """An index cannot be reached, and no cache on this machine contains what is needed."""


class StaleLockError(EntryError):
    """A lock file does not fit the project that it was made from."""


class BuildError(CdkLayersError):
    """A build could not be finished: a tool failed, the disk is full, or Docker was requested and is not available."""


class BrokenImportError(CdkLayersError):
    """Packages of a layer, or of the code of a function, cannot be imported, and the user asked to try that."""


class AssemblyError(CdkLayersError):
    """A cloud assembly or template cannot be read."""


class DamagedArchiveError(AssemblyError):
    """An archive of an assembly is damaged, so that Lambda cannot unpack it either."""


class UsageError(CdkLayersError):
    """An argument is invalid, or conflicts with another."""


class FunctionError(CdkLayersError):
    """A function that a test called failed, as Lambda reports it."""

    def __init__(self, path: str, error_type: str, error_message: str, stack_trace: tuple[str, ...], log: str) -> None:
        """Store what the function reported.

        Args:
            path: The function's construct path.
            error_type: The type of the error, such as "ValueError" or "Sandbox.Timedout".
            error_message: Its message.
            stack_trace: Its stack trace, one entry a frame.
            log: The end of the invocation's log.
        """
        trace = "".join(stack_trace).rstrip()
        super().__init__(
            f"Function {path!r} failed with {error_type}: {error_message}" + (f"\n{trace}" if trace else "")
        )
        self._given = (path, error_type, error_message, stack_trace, log)
        self.error_type = error_type
        self.error_message = error_message
        self.stack_trace = stack_trace
        self.log = log

    def __reduce__(self) -> tuple[type[FunctionError], tuple[object, ...]]:
        """Make copies, such as in another process, from the arguments of the constructor instead of the message."""
        return type(self), self._given


class RuleError(CdkLayersError):
    """Rules rejected a construct. `findings` contains all of the reasons, worst first, and the message lists them.

    The type of the error is that of the first finding's family. `findings` is empty if no rule describes the reason,
    such as a build that does not suit all declared targets, or `LayerGrant.account("*")`.
    """

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        """Store the findings together with the message that lists them."""
        super().__init__(message)
        self.findings = tuple(findings)


class LimitError(RuleError):
    """Too many layers or bytes, or a name, description or license of a layer that Lambda does not accept."""


class IdentityError(RuleError):
    """A layer that this function cannot use at all: wrong ARN, Region or partition, or a second version of it."""


class CompatibilityError(RuleError):
    """A layer whose runtime, architecture or binaries do not suit the function."""


class SharingError(RuleError):
    """A grant is malformed, missing, or would vanish."""
