"""The code in the documents runs as pasted."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from aws_cdk import Acknowledgment, App, Stack, Validations

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT: Final = Path(__file__).parents[1]
DOCUMENTS: Final = (
    PROJECT / "README.md",
    PROJECT / "docs" / "rules.md",
    *sorted((PROJECT / "docs/howto").glob("*.md")),
)
FILES: Final = {
    "functions/report/main.py": "def handler(event, context): return 1\n",
    "functions/report/index.py": "def handler(event, context): return 1\n",
    "layers/base/company.py": "NAME = 'company'\n",
    "layers/company/company.py": "NAME = 'company'\n",
    "layers/data/data.py": "NAME = 'data'\n",
}
"""What the documents take to be there."""


def blocks(path: Path, *languages: str) -> Iterator[str]:
    """Yield the blocks of code of a document in some languages."""
    for language, code in re.findall(
        r"^```(\w*)\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    ):
        if language in languages:
            yield code


_RUNNER: Final = """
import json, shutil, sys, traceback
from pathlib import Path
from cdk_layers import CdkLayersError

for number, code in enumerate(json.load(sys.stdin)):
    shutil.rmtree("layers/example", ignore_errors=True)
    try:
        exec(compile(code, f"block {number}", "exec"), {"__name__": "pasted", "__file__": "app.py"})
    except CdkLayersError as error:
        Path(f"{number}.refused").write_text(str(error))
    except Exception:
        Path(f"{number}.failed").write_text(traceback.format_exc())
    else:
        Path(f"{number}.done").touch()
"""
"""Runs blocks one after the other in one process, since each start of Node takes a second."""


def _run(folder: Path, codes: list[str], **environment: str) -> None:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    subprocess.run(
        [sys.executable, "-c", _RUNNER], input=json.dumps(codes), cwd=folder, env=os.environ | environment,
        capture_output=True, text=True, check=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], str]:
    """What became of every block, by document and number: "" if it ran, else the error.

    The examples of the rules are run without bundling: tests/rules/test_examples.py builds them. What they find may be
    refused by an error of this package.
    """
    results: dict[tuple[str, int], str] = {}
    rules = [path for path in DOCUMENTS if path.name == "rules.md"]
    others = [path for path in DOCUMENTS if path.name != "rules.md"]
    for paths, context in ((rules, '{"aws:cdk:bundling-stacks": []}'), (others, "{}")):
        folder = tmp_path_factory.mktemp("documents")
        named = [
            (path.name, number, code) for path in paths for number, code in enumerate(blocks(path, "python", "py"))
        ]
        _run(folder, [code for _, _, code in named], CDK_CONTEXT_JSON=context, TOKEN="none")  # noqa: S106 - an example's
        for index, (name, number, _) in enumerate(named):
            wrong = [folder / f"{index}.failed", *([folder / f"{index}.refused"] if paths is others else [])]
            results[name, number] = "".join(file.read_text(encoding="utf-8") for file in wrong if file.exists())
    return results


@pytest.mark.parametrize(
    ("name", "number"),
    [(path.name, number) for path in DOCUMENTS for number, _ in enumerate(blocks(path, "python", "py"))],
)
def test_python_runs_as_pasted(name: str, number: int, ran: dict[tuple[str, int], str]) -> None:
    """Every block imports what it uses, and makes what it needs but the folders that the documents name."""
    assert ran[name, number] == ""


def test_every_acknowledgement_works() -> None:
    """Each rule's line is code that the CDK accepts."""
    page = (PROJECT / "docs" / "rules.md").read_text(encoding="utf-8")
    lines = re.findall(r"^Acknowledge it: `(.+)`$", page, re.MULTILINE)
    namespace = {"Acknowledgment": Acknowledgment, "Validations": Validations, "scope": Stack(App(), "Stack")}
    assert len(lines) == page.count("\n## ") - 1
    for line in lines:
        exec(line, dict(namespace))  # noqa: S102 - the project's own documents


def test_no_document_passes_an_acknowledgement_by_keywords() -> None:
    """`acknowledge(id=...)` is a TypeError in Python."""
    texts = [*DOCUMENTS, PROJECT / "docs" / "design.md", *(PROJECT / "src").rglob("*.py")]
    assert [path.name for path in texts if "acknowledge(id" in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_can_be_pasted(path: Path) -> None:
    """A prompt before a command would be pasted with it."""
    assert [
        line for code in blocks(path, "sh", "bash", "console") for line in code.splitlines() if line.startswith("$ ")
    ] == []


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell's quick start")
def test_the_quick_start_runs_as_pasted(tmp_path: Path) -> None:
    """The files of the README, its app under the name that it gives, and `cdk synth` itself."""
    readme = PROJECT / "README.md"
    [files], [app] = blocks(readme, "sh"), blocks(readme, "python")
    subprocess.run(["sh", "-e", "-c", files], cwd=tmp_path, check=True)
    (tmp_path / "app.py").write_text(app, encoding="utf-8")
    path = os.pathsep.join(
        [str(Path(sys.executable).parent), str(PROJECT / "node_modules" / ".bin"), os.environ["PATH"]]
    )
    done = subprocess.run(
        ["cdk", "synth", "--quiet"],
        cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "cdk.out" / "Reports.template.json").is_file()


def test_the_error_in_the_readme_is_a_real_one(tmp_path: Path) -> None:
    """The message that the README shows is what a user reads."""
    code = """
from aws_cdk import App, Stack
from cdk_layers import LayeredFunction, SharedPythonLayer

stack = Stack(App(), "Reports")
base = SharedPythonLayer(stack, "Base", entry="layers/base", compatible_runtimes="python3.12")
LayeredFunction(stack, "Report", entry="functions/report", handler="main.handler", runtime="python3.13", layers=base)
"""
    _run(tmp_path, [code])
    [shown] = blocks(PROJECT / "README.md", "text")
    kind, _, message = shown.partition(": ")
    assert kind == "cdk_layers.errors.CompatibilityError"
    assert message.split() == (tmp_path / "0.refused").read_text(encoding="utf-8").split()
