"""Python runtimes of Lambda: their glibc, and the ends of their support.

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

EXEC_WRAPPER: Final = "AWS_LAMBDA_EXEC_WRAPPER"
"""The variable of a function that names a program which starts instead of the runtime, such as one that starts it.

Source: the developer guide, "Modifying the runtime environment".
"""

SHARED_ABI_SINCE: Final = 15
"""The minor version of Python from which "abi3t" is a stable ABI that every build loads. Source: PEP 803."""

NEWEST_PATCH: Final = 99
"""The patch level that markers and Requires-Python are evaluated with, a number that no release has reached.

Lambda updates its managed runtimes to new patch releases (developer guide, "Runtime version updates"), so the newest
release counts. Which one that is on a given day is not known here."""


@dataclass(frozen=True, slots=True)
class PythonRuntime:
    """One managed Python runtime."""

    python: str
    """The language version, such as "3.13"."""

    glibc: tuple[int, int]
    """The C library of its base image."""

    deprecated: date | None = None
    """The day on which its support ends; None if no date is verified, as for the following two."""

    create_blocked: date | None = None
    """The day from which Lambda rejects new functions on it."""

    update_blocked: date | None = None
    """The day from which Lambda rejects updates of functions on it."""

    @property
    def name(self) -> str:
        """The name in Lambda's API, such as "python3.13"."""
        return f"python{self.python}"

    @property
    def dates(self) -> str:
        """Its dates as a sentence; "" if they are not verified."""
        if self.deprecated is None or self.create_blocked is None or self.update_blocked is None:
            return ""
        return (
            f"Lambda's dates for {self.name}: supported until {self.deprecated.isoformat()}, new functions until "
            f"{self.create_blocked.isoformat()}, updates until {self.update_blocked.isoformat()}."
        )


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
        # In preview since 2026-08-25; general availability and dates are not verified. Source: aws-lambda-roadmap
        # issue 55 and the API model of November 2026.
        PythonRuntime("3.15", AMAZON_LINUX_2023_GLIBC),
    )
}
"""Every managed Python 3 runtime by its API name, oldest first."""

_NOT_BUILT: Final = ("3.6", "3.7", "3.8")
"""Language versions whose support ended before the first release of this library."""

BUILDABLE_PYTHONS: Final = tuple(
    runtime.python for runtime in PYTHON_RUNTIMES.values() if runtime.python not in _NOT_BUILT
)
"""The language versions that layers are built for."""

_WITH_DURABLE_EXECUTION: Final = ("3.13", "3.14")


def runtime_distributions(python: str) -> frozenset[str]:
    """Return the normalized names of the distributions that the managed runtime of a Python version includes.

    Their versions are not verified, and change without notice.

    Source: the developer guide, "the runtime includes the AWS SDK", and that python3.13 and python3.14 include the
    durable execution SDK.
    """
    sdk = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")
    durable = ("aws-durable-execution-sdk-python",) if python in _WITH_DURABLE_EXECUTION else ()
    return frozenset((*sdk, *durable))
