"""A monthly report: rows of sales in, their sums by region out."""

from __future__ import annotations

from typing import Any

import pandas as pd


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Sum the amounts of the event's rows by region."""
    rows = pd.DataFrame(event["rows"], columns=["region", "amount"])
    totals = rows.groupby("region")["amount"].sum()
    return {"totals": {str(region): float(amount) for region, amount in totals.items()}}
