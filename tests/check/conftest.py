"""The synthesized app that the reader's tests use as well."""

from __future__ import annotations

from tests.assembly.conftest import assembly

__all__ = ["assembly"]
