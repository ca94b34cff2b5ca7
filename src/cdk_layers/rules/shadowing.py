"""Modules that hide others."""
