"""Folders of layers that Python functions import modules from."""

from __future__ import annotations


def layer_folders(python: str) -> tuple[str, str]:
    """Return the folders of a layer that are on `sys.path`, in its order, relative to /opt.

    Source: the developer guide, "Packaging your layer content", and a Python function that printed its `sys.path`.

    Args:
        python: The language version, such as "3.13".
    """
    return (f"python/lib/python{python}/site-packages", "python")
