"""The README works as pasted."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """Return the README's only block of code in a language."""
    (code,) = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return str(code)


@pytest.mark.skipif(shutil.which("sh") is None, reason="no sh on this machine")
def test_the_example_synthesizes_as_pasted(tmp_path: Path) -> None:
    """The folders and the app of the README give a function in one account on a layer of another."""
    subprocess.run(["sh", "-c", block("sh")], cwd=tmp_path, check=True)
    code = block("python").replace("app = App()", 'app = App(outdir="cdk.out")')
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    resources = json.loads((tmp_path / "cdk.out" / "Reports.template.json").read_text())["Resources"]
    (function,) = (one for one in resources.values() if one["Type"] == "AWS::Lambda::Function")
    assert "Fn::GetStackOutput" in function["Properties"]["Layers"][0]


def test_the_example_is_twenty_lines() -> None:
    """What one has to write for a layer, a function and a grant between accounts stays short."""
    assert len([line for line in block("python").splitlines() if line]) <= 20
