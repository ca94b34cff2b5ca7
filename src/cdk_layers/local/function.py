"""What running a function takes: its code, its layers and its settings, all on this machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cdk_layers.lambda_service.log_settings import LogSettings
from cdk_layers.lambda_service.regions import partition_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEFAULT_TIMEOUT_SECONDS: Final = 3
"""Source: the Lambda API reference, CreateFunction, Timeout."""

DEFAULT_MEMORY_MIB: Final = 128
"""Source: the Lambda API reference, CreateFunction, MemorySize."""

DEFAULT_REGION: Final = "us-east-1"
DEFAULT_ACCOUNT: Final = "123456789012"
"""Where a function runs that is defined for any Region and account: this account is that of AWS's examples."""


@dataclass(frozen=True, slots=True)
class LocalLayer:
    """One layer of a function, in an archive or a folder here."""

    label: str
    """Its construct path, or its ARN."""

    location: Path


@dataclass(frozen=True, slots=True)
class InlineCode:
    """Code that is in a template itself."""

    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class LocalFunction:
    """One function that can run here."""

    path: str
    """Its construct path, such as "Spoke/Report"."""

    name: str
    """The name in its context and its variables: its logical id if CloudFormation makes the name."""

    runtime: str
    """The name in Lambda's API, such as "python3.13"."""

    architecture: str
    handler: str
    """As in the template, such as "main.handler"."""

    code: Path | InlineCode
    """An archive, a folder, or the files of code that is in the template itself."""

    layers: tuple[LocalLayer, ...] = ()
    """In merge order: lowest first."""

    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    memory_mib: int = DEFAULT_MEMORY_MIB
    logs: LogSettings = field(default_factory=LogSettings)
    region: str = DEFAULT_REGION
    account: str = DEFAULT_ACCOUNT

    @property
    def python(self) -> str:
        """The language version, such as "3.13"."""
        return self.runtime.removeprefix("python")

    def arn(self, qualifier: str | None = None) -> str:
        """Return the ARN in its context, in the partition of its Region."""
        name = self.name if qualifier is None else f"{self.name}:{qualifier}"
        return f"arn:{partition_of(self.region)}:lambda:{self.region}:{self.account}:function:{name}"
