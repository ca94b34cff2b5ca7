"""Families of rules. Each module is one, and registers itself."""
