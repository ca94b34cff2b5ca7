"""What a source distribution has for those who run its tests."""

from __future__ import annotations

import ast
from pathlib import Path

from cdk_layers.system.toml import parse_toml

_PROJECT = Path(__file__).parents[1]


def test_what_tests_import_is_in_the_sdist() -> None:
    """Each folder of the project that a test imports a module from; `make smoke` collects and runs them there."""
    project = parse_toml((_PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    imported = {
        ((node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name).partition(".")[0]
        for path in (_PROJECT / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }
    own = {name for name in imported if name and (_PROJECT / name).is_dir()}

    assert own >= {"tests", "benchmarks", "sample_app"}
    assert {f"/{name}" for name in own} <= set(included)
