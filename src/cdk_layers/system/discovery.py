"""Modules of a package that is extended by adding a file to it."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


def module_names(package: ModuleType) -> list[str]:
    """Return the names of the modules in a package, in alphabetical order, without importing them."""
    return sorted(found.name for found in pkgutil.iter_modules(package.__path__) if not found.ispkg)


def load_module(package: ModuleType, name: str) -> ModuleType:
    """Import one module of a package and return it."""
    return import_module(f"{package.__name__}.{name}")


def load_modules(package: ModuleType) -> list[ModuleType]:
    """Import all modules of a package and return them, in alphabetical order."""
    return [load_module(package, name) for name in module_names(package)]
