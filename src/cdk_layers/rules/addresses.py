"""Addresses of pages of the documentation: what findings, reports, messages and `cdk-layers rule` link to."""

from __future__ import annotations

from typing import Final

HOME: Final = ""
"""Address of the published documentation, with a slash at its end; "" until it is published.

This is the one place to set it; tests/test_documents.py names the other files that then have to agree.
"""


def rule_page(name: str) -> str:
    """Return the address of a rule's documentation; a path in the project's repository while that is not published."""
    return page(f"rules/{name}")


def page(name: str) -> str:
    """Return the address of a page, such as "howto/docker", likewise."""
    return f"{HOME}{name}/" if HOME else f"docs/{name}.md"
