"""Reports about the build cache: what is in it, what was removed, what is damaged."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from cdk_layers.store.inventory import KINDS
from cdk_layers.store.pruning import Amount
from cdk_layers.system.wording import count, size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.table import Table

    from cdk_layers.store.inventory import Item, Kind
    from cdk_layers.store.pruning import Pruned
    from cdk_layers.store.verification import Verified


def show_inventory(folder: Path, max_bytes: int | None, items: Sequence[Item], *, as_json: bool) -> None:
    """Print what is in the cache, by kind, and how much of its limit that is."""
    amounts: dict[Kind, Amount] = defaultdict(Amount)
    oldest: dict[Kind, float] = {}
    for item in items:
        amounts[item.kind].add(item)
        oldest[item.kind] = min(item.used, oldest.get(item.kind, item.used))
    total = sum(item.bytes for item in items)
    if as_json:
        kinds = {
            kind: {**_as_json(amount), "least_recently_used": _time(oldest[kind])} for kind, amount in amounts.items()
        }
        _print_json({"path": str(folder), "max_bytes": max_bytes, "bytes": total, "kinds": kinds})
        return
    table = _table("Least recently used", count_name="Number")
    for kind, name in KINDS.items():
        if kind in amounts:
            table.add_row(name, str(amounts[kind].count), size(amounts[kind].bytes), _time(oldest[kind])[:10])
    limit = "without a limit" if max_bytes is None else f"of {size(max_bytes)} ({total / max_bytes:.0%})"
    _print(str(folder), table if amounts else None, f"{size(total)} {limit}")


def show_pruned(pruned: Pruned, *, is_dry_run: bool, as_json: bool) -> None:
    """Print what was removed, or would be, and what had to stay."""
    removed = [amount for amount in pruned.removed.values() if amount.count]
    freed = sum(amount.bytes for amount in removed)
    if as_json:
        _print_json({
            "dry_run": is_dry_run,
            "freed_bytes": freed,
            "bytes_left": pruned.bytes_left,
            "removed": _by_kind(pruned.removed),
            "in_use": _as_json(pruned.in_use),
            "failed": _as_json(pruned.failed),
        })  # fmt: skip
        return
    table = _table(count_name="Would be removed" if is_dry_run else "Removed")
    for kind, name in KINDS.items():
        if pruned.removed[kind].count:
            table.add_row(name, str(pruned.removed[kind].count), size(pruned.removed[kind].bytes))
    would_be = "would be " if is_dry_run else ""
    lines = [f"{size(freed)} {would_be}freed, {size(pruned.bytes_left)} {would_be}left"]
    if pruned.in_use.count:
        lines.append(f"In use by running processes, and so not removed: {_sentence(pruned.in_use)}")
    if pruned.failed.count:
        lines.append(f"Could not be removed (another user's, or read-only): {_sentence(pruned.failed)}")
    _print(None, table if removed else None, *lines)


def show_verified(folder: Path, verified: Verified, *, is_dry_run: bool, as_json: bool) -> None:
    """Print how much is intact, and what is damaged."""
    names = [item.path.relative_to(folder).as_posix() for item in verified.damaged]
    if as_json:
        _print_json({"intact": verified.intact, "damaged": names, "removed": not is_dry_run})
        return
    lines = [f"{'Damaged' if is_dry_run else 'Damaged, and removed'}: {name}" for name in names]
    _print(None, None, *lines, f"{count(verified.intact, 'item')} intact, {len(names)} damaged")


def _by_kind(amounts: Mapping[Kind, Amount]) -> dict[str, dict[str, int]]:
    return {kind: _as_json(amount) for kind, amount in amounts.items() if amount.count}


def _as_json(amount: Amount) -> dict[str, int]:
    return {"count": amount.count, "bytes": amount.bytes}


def _sentence(amount: Amount) -> str:
    return f"{count(amount.count, 'item')}, {size(amount.bytes)}"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=timezone.utc).isoformat(timespec="seconds")


def _print_json(document: Mapping[str, object]) -> None:
    print(json.dumps(document, indent=2))  # noqa: T201


def _print(title: str | None, table: Table | None, *lines: str) -> None:
    from cdk_layers.report.console import console  # noqa: PLC0415

    out = console()
    if title is not None:
        out.print(title, markup=False, highlight=False, soft_wrap=True)
    if table is not None:
        out.print(table)
    for line in lines:
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def _table(*more: str, count_name: str) -> Table:
    from rich.table import Table  # noqa: PLC0415

    table = Table("Kind", header_style="bold")
    for name in (count_name, "Size", *more):
        table.add_column(name, justify="right", no_wrap=True)
    return table
