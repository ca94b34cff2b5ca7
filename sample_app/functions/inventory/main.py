"""An inventory: which buckets an account holds."""

from __future__ import annotations

from typing import Any

from aws_helpers import create_spoke_account_session


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """List the buckets of the account that the event names."""
    session = create_spoke_account_session(event["account"])
    buckets = session.client("s3").list_buckets()["Buckets"]
    return {"buckets": [bucket["Name"] for bucket in buckets]}
