"""Templates by hand, and what is read from them."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.assembly.reader import read

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.app.model import App, Function

INLINE: Final = "{ZipFile: 'def handler(event, context): return event'}"


def write_zip(path: Path, **files: str) -> Path:
    """Write an archive of Python modules, by their names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.py", text)
    return path


def read_text(folder: Path, text: str, name: str = "template.yaml") -> App:
    """Return the app that a template's text describes."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read(path)


def read_function(folder: Path, properties: str, rest: str = "") -> Function:
    """Return the one function of a template, which has these properties, in one line of YAML."""
    text = (
        f"Resources:\n  Report: {{Type: AWS::Lambda::Function, Properties: {{Code: {INLINE}, {properties}}}}}\n{rest}"
    )
    (function,) = read_text(folder, text).functions
    return function


def labels(function: Function) -> list[str]:
    """Return what messages call a function's layers."""
    return [layer.label for layer in function.used_layers]


def assembly_of(folder: Path, **stacks: dict[str, Any]) -> Path:
    """Write a cloud assembly of templates without assets, and return its folder."""
    artifacts = {}
    for name, template in stacks.items():
        (folder / f"{name}.template.json").write_text(json.dumps(template))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": "aws://111111111111/eu-west-1",
            "properties": {"templateFile": f"{name}.template.json"},
        }
    (folder / "manifest.json").write_text(json.dumps({"version": "48.0.0", "artifacts": artifacts}))
    return folder
