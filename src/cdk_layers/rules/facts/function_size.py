"""Size of a function with its layers."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from cdk_layers.app.model import Layer
from cdk_layers.building.content_options import SERVICES, TRIM_KINDS
from cdk_layers.building.notes import NO_REPORT, BuildReport
from cdk_layers.contents.caching import once_per_archive
from cdk_layers.contents.owners import owner
from cdk_layers.system.wording import listed, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cdk_layers.app.model import Function
    from cdk_layers.contents.model import Contents

_Archive: TypeAlias = "tuple[BuildReport, Contents]"
"""The report about the build of a layer or a function's code, and its content."""

AT_THE_LIMIT: Final = "Whether the service accepts exactly that much is not verified."
CODE: Final = "code"
"""The name of a function's code among the parts of its total."""

MOST_LISTED: Final = 20
"""Layers that a message lists; a function may use five."""

_MOST_LARGEST: Final = 5
_MUCH: Final = 1024**2
"""Bytes from which a remedy names what takes them."""

_CONTAINERS: Final = ("python", "bin", "lib", "extensions")
"""Folders of a layer that contain unrelated packages and programs."""


@dataclass(frozen=True, slots=True)
class FunctionSize:
    """The unzipped bytes of a function's code and layers together, as far as they are known."""

    parts: tuple[tuple[str, Contents], ...]
    """The known parts: `CODE` or a layer's label, with the content."""

    unknown: tuple[str, ...]
    """The parts whose sizes are not known."""

    @classmethod
    def of(cls, subject: Function) -> FunctionSize:
        """Return the total of a function. A layer that it names twice counts once."""
        named = [(CODE, subject.code)]
        named += [(repr(layer.label), layer.contents) for layer in dict.fromkeys(subject.used_layers)]
        unknown = [name for name, contents in named if contents is None]
        return cls(
            tuple((name, contents) for name, contents in named if contents is not None),
            tuple(unknown if subject.layers is not None else [*unknown, "layers"]),
        )

    @property
    def unzipped_bytes(self) -> int:
        """The sum of the known parts."""
        return sum(contents.unzipped_bytes for _, contents in self.parts)

    def __str__(self) -> str:
        """Return the sum and its parts, with "at least" if a part is not known."""
        at_least = "at least " if self.unknown else ""
        parts = [f"{name} {size(contents.unzipped_bytes)}" for name, contents in self.parts]
        parts += [f"{name} not known" for name in self.unknown]
        return f"{at_least}{size(self.unzipped_bytes)} unzipped with its layers ({listed(parts, MOST_LISTED)})"


def smaller(others: str, subject: Layer | Function | None = None) -> str:
    """Return a remedy for archives that are too large.

    Args:
        others: What else the user can do, such as "or raise the budget.".
        subject: The layer, or the function with its layers. What was done for it already is not proposed. Defaults to
            none in particular.
    """
    archives = _archives(subject) if subject else []
    ways = ["Drop packages", *_leave_out_bytecode(archives), *_leave_out_services(archives)]
    packed = [(report, contents) for report, contents in archives if contents.distributions]
    if packed or not archives:
        ways.append(f"or leave out files that no import needs ({_option(packed)})")
    return f"{', '.join(ways)}, {others}"


def _archives(subject: Layer | Function) -> list[_Archive]:
    if isinstance(subject, Layer):
        return [(subject.report, subject.contents)] if subject.contents else []
    code = [(subject.report, subject.code)] if subject.code else []
    layers = dict.fromkeys(subject.used_layers)
    return [*code, *((layer.report, layer.contents) for layer in layers if layer.contents)]


def _leave_out_bytecode(archives: Iterable[_Archive]) -> Iterator[str]:
    found = [(report, unzipped) for report, contents in archives if (unzipped := _bytes_in(contents, "__pycache__/"))]
    total = sum(unzipped for _, unzipped in found)
    if total >= _MUCH:
        option = "__pycache__" if any(report is NO_REPORT for report, _ in found) else "bytecode=False"
        yield f"leave out the {size(total)} of bytecode ({option})"


def _leave_out_services(archives: Iterable[_Archive]) -> Iterator[str]:
    """Yield a way if an archive that this library built contains the data of all AWS services."""
    total = sum(
        _bytes_in(contents, "botocore/data/")
        for report, contents in archives
        if report is not NO_REPORT and SERVICES not in report.savings
    )
    if total >= _MUCH:
        yield f"name the AWS services that are used (aws_services), since botocore has {size(total)} of data for all"


def _option(packed: list[_Archive]) -> str:
    """Return the option that leaves files out of archives with distributions and is not used already."""
    if not packed or any(report is NO_REPORT for report, _ in packed):
        return "trim=True of SharedPythonLayer and LayeredFunction"
    if any(report.savings.keys().isdisjoint(TRIM_KINDS) for report, _ in packed):
        return "trim=True"
    files = (file for _, contents in packed for file in _installed_files(contents))
    top = ", ".join(f"{path} {size(unzipped)}" for path, unzipped in heapq.nlargest(_MOST_LARGEST, files, key=_second))
    return f"dependency_excludes; the largest are {top}" if top else "dependency_excludes"


def _installed_files(contents: Contents) -> Iterator[tuple[str, int]]:
    """Yield the files of distributions with their sizes, as patterns of `dependency_excludes` name them."""
    for path, file in contents.files.items():
        if file.size >= _MUCH and owner(contents, path):
            yield path.removeprefix("python/"), file.size


def _second(pair: tuple[str, int]) -> int:
    return pair[1]


@once_per_archive
def _bytes_in(contents: Contents, folder: str) -> int:
    return sum(file.size for path, file in contents.files.items() if f"/{folder}" in f"/{path}")


def largest(parts: Iterable[Contents]) -> str:
    """Return a sentence about the five largest parts, after a space; "" if there are none.

    Parts are distributions, and the files and folders that do not belong to any.
    """
    sizes = [part for contents in parts for part in (*_distributions(contents), *_unowned(contents).items())]
    top = heapq.nlargest(_MOST_LARGEST, (part for part in sizes if part[1]), key=_second)
    shown = ", ".join(f"{name} {size(unzipped_bytes)}" for name, unzipped_bytes in top)
    return f" Largest: {shown}." if shown else ""


def _distributions(contents: Contents) -> Iterator[tuple[str, int]]:
    return ((distribution.name, distribution.unzipped_bytes) for distribution in contents.distributions)


def _unowned(contents: Contents) -> dict[str, int]:
    """Return the bytes of files that belong to no distribution, by file or folder of the upper one or two levels."""
    owned = {
        f"{distribution.folder}/{name}".lstrip("/")
        for distribution in contents.distributions
        for name in distribution.top_level
    }
    found: dict[str, int] = defaultdict(int)
    folders = {*_CONTAINERS, *(distribution.folder for distribution in contents.distributions)} - {""}
    containers = sorted((f"{folder}/" for folder in folders), key=len, reverse=True)
    for path, file in contents.files.items():
        start = next((container for container in containers if path.startswith(container)), "")
        name, is_folder, _ = path.removeprefix(start).partition("/")
        if f"{start}{name}" not in owned:
            found[f"{start}{name}{is_folder}"] += file.size
    return found
