"""Target of a build: a Python version on an architecture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_layers.errors import TargetError
from cdk_layers.lambda_service.runtimes import ARCHITECTURES, BUILDABLE_PYTHONS, NEWEST_PATCH, PYTHON_RUNTIMES

if TYPE_CHECKING:
    from cdk_layers.lambda_service.runtimes import Architecture, PythonRuntime

_MACHINES: Final[dict[str, str]] = {"x86_64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """A Python version on an architecture."""

    python: str
    """The language version, such as "3.13"."""

    architecture: Architecture
    """The instruction set, by its name in Lambda's API."""

    def __post_init__(self) -> None:
        """Reject targets that no layer can be built for.

        Raises:
            TargetError: No layer can be built for the Python version or the architecture.
        """
        if self.python not in BUILDABLE_PYTHONS:
            runtime = PYTHON_RUNTIMES.get(f"python{self.python}")
            dates = f" {runtime.dates}" if runtime else ""
            message = (
                f"Layers and functions cannot be built for Python {self.python!r}.{dates} "
                f"Choose one of {', '.join(BUILDABLE_PYTHONS)}."
            )
            raise TargetError(message)
        if self.architecture not in ARCHITECTURES:
            message = (
                f"Layers and functions cannot be built for the architecture {self.architecture!r}. "
                f"Choose one of {', '.join(ARCHITECTURES)}."
            )
            raise TargetError(message)

    @classmethod
    def for_runtime(cls, runtime: str, architecture: Architecture) -> Target:
        """Return the target of a Lambda runtime name, such as "python3.13".

        Raises:
            TargetError: The runtime is not Python, or no layer can be built for it.
        """
        if not runtime.startswith("python"):
            message = (
                f"The runtime {runtime!r} is not a Python runtime. "
                f"Choose one of {', '.join(f'python{version}' for version in BUILDABLE_PYTHONS)}."
            )
            raise TargetError(message)
        return cls(runtime.removeprefix("python"), architecture)

    @property
    def runtime(self) -> PythonRuntime:
        """The Lambda runtime, with its glibc and its dates."""
        return PYTHON_RUNTIMES[f"python{self.python}"]

    @property
    def machine(self) -> str:
        """The architecture as the kernel and wheel tags name it: "x86_64" or "aarch64"."""
        return _MACHINES[self.architecture]

    @property
    def newest_python(self) -> str:
        """The full version that markers and Requires-Python are evaluated with: that of the newest patch release."""
        return f"{self.python}.{NEWEST_PATCH}"

    def marker_environment(self) -> dict[str, str]:
        """Return the values of PEP 508 markers on this target."""
        return {
            "implementation_name": "cpython",
            "implementation_version": self.newest_python,
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": self.newest_python,
            "python_version": self.python,
            "sys_platform": "linux",
        }

    def __str__(self) -> str:
        """Return the target for people."""
        return f"Python {self.python} on {self.architecture}"
