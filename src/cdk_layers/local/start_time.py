"""How long a function's imports take, by distribution and module."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cdk_layers.contents.bytecode_times import COMPILE_COMMAND
from cdk_layers.errors import UsageError
from cdk_layers.local.import_times import last_own_line, read_import_times
from cdk_layers.local.module_owners import ModuleOwners, Owner
from cdk_layers.local.sandbox import Prepared, Program, run_to_end
from cdk_layers.local.service_errors import exit_reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_layers.local.function import LocalFunction
    from cdk_layers.local.import_times import ImportedModule
    from cdk_layers.local.runner import Runner

_OPTIONS: Final = ("-X", "importtime")
_IGNORE_BYTECODE: Final = ("-X", "pycache_prefix=/dev/null")
"""Python looks for bytecode below this path instead of in __pycache__. Source: the Python documentation,
PYTHONPYCACHEPREFIX."""

_MANY: Final = 0.05
"""What takes a smaller share of the time is not worth advice."""

_LISTED: Final = 5
_LEAST_COMPILING: Final = 0.05
"""Seconds. Less is not worth a build with bytecode."""

_COMPILE: Final = (
    "of compiling at each cold start. Bytecode in the archives saves it: bytecode=True of SharedPythonLayer and "
    f"LayeredFunction, or in builds of other tools `{COMPILE_COMMAND}`, with the Python of the function."
)


@dataclass(frozen=True, slots=True)
class ModuleTime:
    """The time of one module, without what it imports."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class DistributionTime:
    """The time of all modules of one distribution."""

    owner: Owner
    seconds: float
    modules: tuple[ModuleTime, ...]
    """The slowest first."""


@dataclass(frozen=True, slots=True)
class ImportedDistribution:
    """A distribution that is imported by code that belongs to none, such as the handler's module."""

    owner: Owner
    seconds: float
    """With all that it is the first to import."""

    importer: str
    """The module that imports it first."""


@dataclass(frozen=True, slots=True)
class StartTime:
    """The median times of several cold imports of a handler's module."""

    seconds: float
    """Those of all modules together."""

    runs: int
    distributions: tuple[DistributionTime, ...]
    """The slowest first."""

    imports: tuple[ImportedDistribution, ...]
    """The slowest first."""

    bytecode_saves_seconds: float | None = None
    """How much longer the modules of the archives take without the bytecode in the archives; None if they have none."""

    compiling_seconds: float = 0.0
    """How much longer the modules of the archives take than with bytecode of all of them."""

    differences: tuple[str, ...] = ()
    """In which ways the process saw another world than in Lambda, each as a sentence."""

    def advice(self) -> tuple[str, ...]:
        """Return what would help most, each as a sentence, the largest effect first."""
        effects = [(imported.seconds, imported.owner.name, _postpone(imported)) for imported in self.imports]
        if self.compiling_seconds >= _LEAST_COMPILING:
            effects.append((self.compiling_seconds, "bytecode", _COMPILE))
        large = [effect for effect in sorted(effects, reverse=True) if effect[0] >= _MANY * self.seconds][:_LISTED]
        return tuple(
            f"{name}: {seconds * 1000:.0f} ms ({seconds / self.seconds:.0%}) {what}" for seconds, name, what in large
        )


def _postpone(imported: ImportedDistribution) -> str:
    return (
        f"with its own imports. {imported.importer} imports it first: import it in the function that uses it, or do "
        "without."
    )


def measure(runner: Runner, function: LocalFunction, *, runs: int) -> StartTime:
    """Import a handler's module several times, each time in a new process, and return the median times.

    Args:
        runner: Prepares the function.
        function: The function.
        runs: How often; at least 1.

    Raises:
        UsageError: The module cannot be imported, or the function cannot run here.
        CdkLayersError: As `Runner.prepare`.
    """
    prepared = runner.prepare(function)
    code, *layered = prepared.folders.import_paths(function.python)
    owners = ModuleOwners([
        (Owner("own code"), code), *((Owner("own files of layers"), folder) for folder in layered),
        (Owner("runtime", is_deployed=False), prepared.folders.runtime),
    ])  # fmt: skip
    measured = [_import_once(prepared) for _ in range(runs)]
    summary = _summary([modules for modules, _ in measured], owners, measured[-1][1])
    now = _deployed([modules for modules, _ in measured], owners)
    compiled = _deployed([_import_once(prepared, is_compiled=True)[0] for _ in range(runs)], owners)
    summary = replace(summary, compiling_seconds=max(0.0, now - compiled))
    if not runner.has_bytecode(function):
        return summary
    without = _deployed([_import_once(prepared, _IGNORE_BYTECODE)[0] for _ in range(runs)], owners)
    return replace(summary, bytecode_saves_seconds=without - now)


def _import_once(
    prepared: Prepared, options: Sequence[str] = (), *, is_compiled: bool = False
) -> tuple[tuple[ImportedModule, ...], tuple[str, ...]]:
    """Return the imported modules, and in which ways the process saw another world than in Lambda."""
    program = Program(imports_only=True, is_compiled=is_compiled, python_options=(*_OPTIONS, *options))
    status, output, differences = run_to_end(prepared, program)
    modules = read_import_times(output)
    if modules is None:
        reason = last_own_line(output) or exit_reason(status)
        message = f"The module of function {prepared.function.path!r} cannot be imported: {reason}"
        raise UsageError(message)
    return modules, differences


def _deployed(measurements: Sequence[Sequence[ImportedModule]], owners: ModuleOwners) -> float:
    """Return the seconds of the modules that are in the function's code and layers."""
    return sum(seconds for name, seconds in _medians(measurements).items() if owners.owner(name).is_deployed)


def _medians(measurements: Sequence[Sequence[ImportedModule]]) -> dict[str, float]:
    """Return the median seconds of each module. All other times are their sums, so that shares add up."""
    times: dict[str, list[float]] = defaultdict(list)
    for modules in measurements:
        for module in modules:
            times[module.name].append(module.seconds)
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def _summary(
    measurements: Sequence[Sequence[ImportedModule]], owners: ModuleOwners, differences: tuple[str, ...]
) -> StartTime:
    medians = _medians(measurements)
    by_owner: dict[Owner, list[ModuleTime]] = defaultdict(list)
    for name, seconds in medians.items():
        by_owner[owners.owner(name)].append(ModuleTime(name, seconds))
    distributions = [
        DistributionTime(owner, sum(module.seconds for module in modules), _slowest_first(modules))
        for owner, modules in by_owner.items()
    ]
    importers = {module.name: module.importers for modules in measurements for module in modules}
    return StartTime(
        seconds=sum(medians.values()),
        runs=len(measurements),
        distributions=tuple(sorted(distributions, key=lambda distribution: -distribution.seconds)),
        imports=_imports(medians, importers, owners),
        differences=differences,
    )


def _imports(
    seconds: Mapping[str, float], importers: Mapping[str, tuple[str, ...]], owners: ModuleOwners
) -> tuple[ImportedDistribution, ...]:
    """Return the distributions that code which belongs to none imports, the slowest first."""
    found: dict[Owner, float] = defaultdict(float)
    first: dict[Owner, str] = {}
    for name in seconds:
        outward = (name, *importers[name])
        in_distributions = [number for number, module in enumerate(outward) if owners.owner(module).version]
        if in_distributions and in_distributions[-1] + 1 < len(outward):
            owner = owners.owner(outward[in_distributions[-1]])
            found[owner] += seconds[name]
            first.setdefault(owner, outward[in_distributions[-1] + 1])
    imports = [ImportedDistribution(owner, total, first[owner]) for owner, total in found.items()]
    return tuple(sorted(imports, key=lambda imported: (-imported.seconds, imported.owner)))


def _slowest_first(modules: Sequence[ModuleTime]) -> tuple[ModuleTime, ...]:
    return tuple(sorted(modules, key=lambda module: (-module.seconds, module.name)))
