"""Addresses of pages of the documentation: what findings, reports and `cdk-layers rule` link to."""

from __future__ import annotations

from typing import Final

HOME: Final = ""
"""Address of the published documentation, with a slash at its end; "" until it is published.

This is the one place to set it; tests/test_documents.py names the other files that then have to agree.
"""


def rule_page(name: str) -> str | None:
    """Return the address of a rule's documentation; None until that is published."""
    return f"{HOME}rules/{name}/" if HOME else None
