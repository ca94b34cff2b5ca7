"""One real app with every way that stacks of the CDK refer to each other's layers, synthesized once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.assembly.reader import read

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.app import model


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a synthesized app."""
    # Node starts with this import and keeps its error output, which pytest does not capture while it loads this file.
    from aws_cdk import App  # noqa: PLC0415

    from tests.assembly.cdk_app import define  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("app")
    for name, file in {"code": "main.py", "layer": "python/shared.py"}.items():
        path = folder / name / file
        path.parent.mkdir(parents=True)
        path.write_text("def handler(event, context): return event\n")
    (folder / "Dockerfile").write_text("FROM scratch\n")
    define(App(outdir=str(folder / "cdk.out")), folder).synth()
    return folder / "cdk.out"


@pytest.fixture(scope="session")
def app(assembly: Path) -> model.App:
    """Return what is read from that app."""
    return read(assembly)


@pytest.fixture(scope="session")
def functions(app: model.App) -> dict[str, list[model.Function]]:
    """Return its functions by their construct paths: one for each branch."""
    found: dict[str, list[model.Function]] = {}
    for function in app.functions:
        found.setdefault(function.where.path, []).append(function)
    return found
