"""Constructs as the model that the rules judge."""
