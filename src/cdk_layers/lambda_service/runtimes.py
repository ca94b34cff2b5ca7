"""The Python runtimes of Lambda: their glibc, and when they stop being served.

Source: the developer guide's runtime table as cfn-lint 1.58 carries it (`LmbdRuntimeLifecycle.json`), and
aws-lambda-builders 1.68 for the glibc of their base images.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

Architecture = Literal["x86_64", "arm64"]
"""The instruction sets that Lambda runs on, by the names of its API."""

ARCHITECTURES: Final[tuple[Architecture, ...]] = get_args(Architecture)

AMAZON_LINUX_2_GLIBC: Final = (2, 26)
AMAZON_LINUX_2023_GLIBC: Final = (2, 34)


NEWEST_PATCH: Final = 99
"""The patch level that markers and Requires-Python are evaluated with, a number that no release has reached.

Lambda moves its managed runtimes to new patch releases by itself (developer guide, "Runtime version updates"), so the
newest release counts. Which one that is on a given day is not known here."""


@dataclass(frozen=True, slots=True)
class PythonRuntime:
    """One managed Python runtime."""

    python: str
    """The language version, such as "3.13"."""

    glibc: tuple[int, int]
    """The C library of its base image."""

    deprecated: date
    """The day its support ends."""

    create_blocked: date
    """The day from which new functions on it are refused."""

    update_blocked: date
    """The day from which functions on it can no longer be updated."""

    @property
    def name(self) -> str:
        """The name in Lambda's API, such as "python3.13"."""
        return f"python{self.python}"


PYTHON_RUNTIMES: Final[dict[str, PythonRuntime]] = {
    runtime.name: runtime
    for runtime in (
        PythonRuntime("3.6", AMAZON_LINUX_2_GLIBC, date(2022, 7, 18), date(2022, 7, 18), date(2022, 8, 29)),
        PythonRuntime("3.7", AMAZON_LINUX_2_GLIBC, date(2023, 12, 4), date(2024, 1, 9), date(2027, 3, 3)),
        PythonRuntime("3.8", AMAZON_LINUX_2_GLIBC, date(2024, 10, 14), date(2027, 2, 1), date(2027, 3, 3)),
        PythonRuntime("3.9", AMAZON_LINUX_2_GLIBC, date(2025, 12, 15), date(2027, 2, 1), date(2027, 3, 3)),
        PythonRuntime("3.10", AMAZON_LINUX_2_GLIBC, date(2026, 10, 31), date(2027, 2, 1), date(2027, 3, 3)),
        PythonRuntime("3.11", AMAZON_LINUX_2_GLIBC, date(2027, 6, 30), date(2027, 7, 31), date(2027, 8, 31)),
        PythonRuntime("3.12", AMAZON_LINUX_2023_GLIBC, date(2028, 10, 31), date(2028, 11, 30), date(2029, 1, 10)),
        PythonRuntime("3.13", AMAZON_LINUX_2023_GLIBC, date(2029, 6, 30), date(2029, 7, 31), date(2029, 8, 31)),
        PythonRuntime("3.14", AMAZON_LINUX_2023_GLIBC, date(2029, 6, 30), date(2029, 7, 31), date(2029, 8, 31)),
    )
}
"""Every managed Python 3 runtime by its API name, oldest first."""

BUILDABLE_PYTHONS: Final = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
"""The language versions that layers are built for."""
