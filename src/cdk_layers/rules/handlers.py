"""Handlers that are not where the function looks for them."""
