"""Runs of uv: processes, attempts, settings, and explanations of its errors."""
