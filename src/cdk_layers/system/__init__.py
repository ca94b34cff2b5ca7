"""This machine: its processes, clock and environment; text and numbers as messages show them."""
