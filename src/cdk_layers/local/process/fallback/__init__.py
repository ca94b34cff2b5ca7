"""Modules that a function's Python imports where Lambda's runtime client has none for its system."""
