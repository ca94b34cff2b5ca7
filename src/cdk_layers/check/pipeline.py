"""The check of an app: read its assembly, judge it by the rules, apply the user's acknowledgements.

The CDK plugin, the command line and tests all use this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.building.trim.savings import add_savings
from cdk_layers.check.outcome import Outcome, Result
from cdk_layers.check.stored_outcomes import outcome_key, recall, remember

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from cdk_layers.app.model import App, Settings
    from cdk_layers.store.protocol import Store


def check(
    path: Path,
    settings: Settings,
    *,
    store: Store | None = None,
    unbundled: Collection[str] = (),
    deployed: Path | None = None,
) -> Outcome:
    """Return the findings in an assembly or a template.

    Args:
        path: The folder of the whole assembly, or a template.
        settings: The settings of the user.
        store: Stores contents. None to measure them each time.
        unbundled: As for `reader.read`.
        deployed: The assembly of the last deploy, to judge the update from it as well.

    Raises:
        AssemblyError: An assembly cannot be read.
    """
    return _checked(path, settings, store, unbundled, deployed)[0]


def check_or_recall(path: Path, settings: Settings, *, store: Store, unbundled: Collection[str] = ()) -> Outcome:
    """Return the same from the store if the assembly did not change since it was judged; else judge and store it.

    Raises:
        AssemblyError: The assembly cannot be read.
    """
    key = outcome_key(path, [repr(settings), sorted(unbundled)])
    outcome = recall(store, key)
    if outcome is None:
        outcome, is_lasting = _checked(path, settings, store, unbundled, None)
        remember(store, key if is_lasting else None, outcome)
    return outcome


def _checked(
    path: Path, settings: Settings, store: Store | None, unbundled: Collection[str], deployed: Path | None
) -> tuple[Outcome, bool]:
    """Return an outcome, and whether it is the same until a file changes.

    It may not be if something cannot be read, such as from a network drive.
    """
    # Loading the reader and all rules takes longer than recalling an outcome.
    from cdk_layers.assembly.acknowledgements import reason  # noqa: PLC0415
    from cdk_layers.assembly.deployed import with_deployed  # noqa: PLC0415
    from cdk_layers.assembly.reader import read  # noqa: PLC0415
    from cdk_layers.rules.engine import judge  # noqa: PLC0415

    app = read(path, store=store, unbundled=unbundled)
    if deployed is not None:
        app = with_deployed(app, read(deployed, store=store))
    results = tuple(Result(finding, reason(finding, app)) for finding in judge(app, settings))
    faults = (*(layer.fault for layer in app.layers), *(function.fault for function in app.functions))
    return outcome_of(app, results), not any(faults)


def outcome_of(app: App, results: tuple[Result, ...]) -> Outcome:
    """Return the outcome of results, with what was judged."""
    # A function with conditions is in the app once for each combination of their outcomes.
    return Outcome(
        results,
        app.unread,
        functions=len({function.where for function in app.functions}),
        layers=len({layer.where for layer in app.layers}),
        grants=len({grant.where for grant in app.grants}),
        savings=add_savings(_savings(app)),
    )


def _savings(app: App) -> Iterator[Mapping[str, tuple[int, int]]]:
    """Yield what trimming left out of each layer and each function, once."""
    yield from {layer.where: layer.report.savings for layer in app.layers}.values()
    yield from {function.where: function.report.savings for function in app.functions}.values()
