"""Deterministic zip archives: members, hashing, compression, writing, joining."""
