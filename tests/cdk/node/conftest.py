"""An app, a stack and a folder for tests of the CDK alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, Stack

from tests.cdk.apps import HUB

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def app(tmp_path: Path) -> App:
    """Return an app with an output folder of its own."""
    return App(outdir=str(tmp_path / "out"))


@pytest.fixture
def stack(app: App) -> Stack:
    """Return a stack of a known account and Region."""
    return Stack(app, "Hub", env=HUB)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one file."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "main.py").write_text("def handler(event, context): pass\n")
    return tmp_path / "code"
