"""Code of the company."""


def answer() -> int:
    """Return it."""
    return 42
