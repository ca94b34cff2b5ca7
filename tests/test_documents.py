"""The documents: what they show runs as pasted, and what they link to is there."""

from __future__ import annotations

import json
import os
import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import yaml
from aws_cdk import Acknowledgment, App, Stack, Validations

from cdk_layers.cli.arguments import parser
from cdk_layers.project.layer_directory import read_layer_directory
from cdk_layers.project.settings import ProjectSettings, read_settings
from cdk_layers.rules.addresses import HOME
from cdk_layers.system.toml import parse_toml
from tests.pythons import require_python
from tools.release import problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.store.local_store import LocalStore

PROJECT: Final = Path(__file__).parents[1]
DOCS: Final = PROJECT / "docs"
DOCUMENTS: Final = tuple(sorted([*PROJECT.glob("*.md"), *DOCS.rglob("*.md")]))
CONTRIBUTING: Final = PROJECT / "CONTRIBUTING.md"
RULES: Final = tuple(path for path in DOCUMENTS if path.parent == DOCS / "rules")
FILES: Final = {
    "functions/report/main.py": "def handler(event, context): return 1\n",
    "functions/requirements.txt": "six==1.17.0\n",
    "requirements.txt": "six==1.17.0\n",
    "layers/base/company.py": "NAME = 'company'\n",
    "layers/company/company.py": "NAME = 'company'\n",
    "layers/data/data.py": "NAME = 'data'\n",
    "src/orders.py": "def create(event, context): return 1\n",
}
"""Files that the documents assume."""


_COMPILED: Final = "bytecode=True"
"""Code with this is built by a CPython of the functions' version, which is 3.13 in all documents."""


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
    except Exception as error:
        kind = "refused" if "ValidationFailed" in str(error) else "failed"
        Path(f"{number}.{kind}").write_text(traceback.format_exc())
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


def _name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], str]:
    """The result of every block, by document and number: "" if it ran, else the error.

    The examples of the rules are run without bundling: tests/rules/test_examples.py builds them. What they show may be
    rejected by an error of this library.
    """
    results: dict[tuple[str, int], str] = {}
    others = [path for path in DOCUMENTS if path not in {*RULES, CONTRIBUTING}]
    for paths, context in ((RULES, '{"aws:cdk:bundling-stacks": []}'), (others, "{}")):
        folder = tmp_path_factory.mktemp("documents")
        named = [
            (_name(path), number, code) for path in paths for number, code in enumerate(blocks(path, "python", "py"))
        ]
        _run(folder, [code for _, _, code in named], CDK_CONTEXT_JSON=context, TOKEN="none")  # noqa: S106 - an example's
        for index, (name, number, _) in enumerate(named):
            wrong = [folder / f"{index}.failed", *([folder / f"{index}.refused"] if paths is others else [])]
            results[name, number] = "".join(file.read_text(encoding="utf-8") for file in wrong if file.exists())
    return results


@pytest.mark.parametrize(
    ("name", "number"),
    [
        (_name(path), number)
        for path in DOCUMENTS
        if path != CONTRIBUTING
        for number, _ in enumerate(blocks(path, "python", "py"))
    ],
)
def test_python_runs_as_pasted(name: str, number: int, ran: dict[tuple[str, int], str], store: LocalStore) -> None:
    """Every block imports what it uses, and makes what it needs but the folders that the documents name."""
    if _COMPILED in [*blocks(PROJECT / name, "python", "py")][number]:
        require_python("3.13", store)
    assert ran[name, number] == ""


def test_examples_of_rules_are_whole_apps() -> None:
    """Pasted into app.py and run by the CDK CLI, each writes an assembly and reports what it finds."""
    codes = [code for path in RULES for code in blocks(path, "python")]

    assert len(codes) > len(RULES) // 2
    assert [
        code for code in codes if not code.endswith("\napp.synth()\n") or "from cdk_layers import" not in code
    ] == []


def test_examples_for_contributors_are_lines_of_the_code() -> None:
    """They show code that is there, such as how a family registers itself; running it twice would fail."""
    modules = [path.read_text(encoding="utf-8").splitlines() for path in (PROJECT / "src").rglob("*.py")]
    for code in blocks(CONTRIBUTING, "python", "py"):
        assert any(set(code.splitlines()) <= set(lines) for lines in modules), code


def test_every_block_has_a_known_language() -> None:
    """A block in another language would be checked by no test of this module."""
    known = {"python", "py", "toml", "yaml", "json", "sh", "bash", "console", "text", "diff", ""}
    fences = {
        (_name(path), language)
        for path in DOCUMENTS
        for language in re.findall(r"^```(.*)\n(?:.*\n)*?```$", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {one for one in fences if one[1] not in known} == set()


def test_toml_is_what_the_readers_accept(tmp_path: Path) -> None:
    """Settings of a project, or a `layers.toml` for the folders that it names. Those of other tools are parsed only."""
    for number, code in enumerate(code for path in DOCUMENTS for code in blocks(path, "toml")):
        folder = tmp_path / str(number)
        for layer in ("base", "data", "tools"):
            (folder / layer).mkdir(parents=True)
        table = parse_toml(code)
        if "cdk-layers" in table.get("tool", {}):
            (folder / "pyproject.toml").write_text(code, encoding="utf-8")
            assert read_settings(folder) != ProjectSettings()
        elif "tool" not in table:
            for layer in {"base", "data", "tools"} - set(table["order"]):
                (folder / layer).rmdir()
            (folder / "layers.toml").write_text(code, encoding="utf-8")
            assert list(read_layer_directory(folder).layers) == table["order"]


def test_yaml_can_be_read() -> None:
    """Templates, workflows and hooks; CloudFormation's short forms are tags."""
    codes = [code for path in DOCUMENTS for code in blocks(path, "yaml")]
    assert [code for code in codes if not isinstance(yaml.compose(code), yaml.MappingNode)] == []


def test_json_can_be_read() -> None:
    """Settings of editors."""
    for code in (code for path in DOCUMENTS for code in blocks(path, "json")):
        json.loads(code)


def test_commands_are_what_the_parser_accepts() -> None:
    """Every `cdk-layers` of a block has a command and options that exist."""
    commands = [
        line.partition(" > ")[0].removeprefix("- run: ")
        for path in DOCUMENTS
        for code in blocks(path, "sh", "bash", "console", "yaml")
        for line in map(str.strip, code.splitlines())
        if re.match(r"(?:- run: |entry: )?cdk-layers ", line)
    ]
    assert len(commands) > 5
    for command in commands:
        arguments = shlex.split(command.removeprefix("entry: "))[1:]
        if arguments != ["--version"]:
            parser().parse_args(arguments)


def test_every_acknowledgement_works() -> None:
    """Each rule's line is code that the CDK accepts."""
    texts = [page.read_text(encoding="utf-8") for page in RULES]
    lines = [line for text in texts for line in re.findall(r"^`(Validations.+)`$", text, re.MULTILINE)]
    namespace = {"Acknowledgment": Acknowledgment, "Validations": Validations, "scope": Stack(App(), "Stack")}
    without = {path.stem for path, text in zip(RULES, texts, strict=True) if "It cannot be acknowledged" in text}
    assert (len(lines) + len(without), without) == (len(RULES), {"no-wheel", "stale-lock"})
    for line in lines:
        exec(line, dict(namespace))  # noqa: S102 - the project's own documents


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if path not in RULES], ids=_name)
def test_links_lead_to_files(path: Path) -> None:
    """Links between the documents; the strict build of the site checks their anchors too."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", [CONTRIBUTING, DOCS / "design.md"], ids=lambda path: path.name)
def test_modules_that_documents_name_exist(path: Path) -> None:
    """Paths of modules are relative to the project or to the package; dotted names are relative to the package."""
    text, package = path.read_text(encoding="utf-8"), PROJECT / "src" / "cdk_layers"
    modules = re.findall(r"`([\w./-]+(?:\.py|/))`", text)
    assert modules
    assert [name for name in modules if not any((root / name).exists() for root in (PROJECT, package))] == []
    names = [
        name for name in re.findall(r"`([a-z_]+(?:\.\w+)+)[`(]", text) if (package / name.partition(".")[0]).is_dir()
    ]
    for name in names:
        pkgutil.resolve_name(f"cdk_layers.{name}")


def test_the_site_shows_every_page() -> None:
    """A page that the navigation leaves out cannot be found. No page is listed twice."""
    navigation = (PROJECT / "zensical.toml").read_text(encoding="utf-8")
    pages = [path.relative_to(DOCS).as_posix() for path in DOCUMENTS if DOCS in path.parents]
    assert sorted(re.findall(r'"([\w/-]+\.md)"', navigation)) == sorted(pages)


def test_the_address_of_the_documentation_is_one() -> None:
    """Once `HOME` is set, the site and the package's metadata have to name the same address."""
    site = parse_toml((PROJECT / "zensical.toml").read_text(encoding="utf-8"))["project"]
    project = parse_toml((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert site.get("site_url", "") == HOME
    assert project.get("urls", {}).get("Documentation", "") == HOME


def test_a_tag_is_released_only_if_version_and_changelog_agree(tmp_path: Path) -> None:
    """The release workflow's check names what is wrong and what is expected."""
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text("## [Unreleased]\n\n## [0.1.0] - 2026-01-01\n")
    assert [part in " ".join(problems("v0.3.0", tmp_path)) for part in ("'v0.2.0'", "is 0.1.0")] == [True, True]
    (tmp_path / "CHANGELOG.md").write_text("## [Unreleased]\n\n## [0.2.0] - 2026-02-01\n\n## [0.1.0] - 2026-01-01\n")
    assert problems("v0.2.0", tmp_path) == []


def test_the_changelog_says_everything_once() -> None:
    """Two branches that add lines at different places leave the lines of both."""
    entries = re.findall(
        r"^- (?:.+\n)(?:  .+\n)*", (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    texts = [" ".join(entry.split()) for entry in entries]
    assert len(texts) > 50
    assert sorted({text for text in texts if texts.count(text) > 1}) == []


def test_no_document_passes_an_acknowledgement_by_keywords() -> None:
    """`acknowledge(id=...)` is a TypeError in Python."""
    texts = [*(PROJECT / "README.md", *DOCS.rglob("*.md")), *(PROJECT / "src").rglob("*.py")]
    assert [path.name for path in texts if "acknowledge(id" in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_can_be_pasted(path: Path) -> None:
    """A prompt before a command would be pasted with it."""
    assert [
        line for code in blocks(path, "sh", "bash", "console") for line in code.splitlines() if line.startswith("$ ")
    ] == []


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell's quick start")
@pytest.mark.parametrize("name", ["README.md", "docs/quick-start.md"])
def test_the_quick_start_runs_as_pasted(name: str, tmp_path: Path, store: LocalStore) -> None:
    """Its files, its app under the name that it gives, `cdk synth`, and then the error that it shows."""
    require_python("3.13", store)
    [files], [app] = blocks(PROJECT / name, "sh"), list(blocks(PROJECT / name, "python"))[:1]
    subprocess.run(["sh", "-e", "-c", files], cwd=tmp_path, check=True)
    done = _synthesized(app, tmp_path)
    assert done.returncode == 0, done.stderr
    resources = json.loads((tmp_path / "cdk.out" / "Reports.template.json").read_text())["Resources"]
    (function,) = (one for one in resources.values() if one["Type"] == "AWS::Lambda::Function")
    assert "Fn::GetStackOutput" in function["Properties"]["Layers"][0]

    broken = app.replace("architecture=Architecture.ARM_64, ", "")
    assert broken != app
    [shown] = [code for code in blocks(PROJECT / name, "text") if code.startswith("cdk_layers.errors.")]
    assert " ".join(shown.split()) in " ".join(_synthesized(broken, tmp_path).stderr.split())


def _synthesized(app: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "app.py").write_text(app, encoding="utf-8")
    programs = [str(Path(sys.executable).parent), str(PROJECT / "node_modules" / ".bin"), os.environ["PATH"]]
    return subprocess.run(
        ["cdk", "synth", "--quiet"],
        cwd=folder, env=os.environ | {"PATH": os.pathsep.join(programs)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_quick_start_is_twenty_lines() -> None:
    """What has to be written for a layer, a function and a grant between accounts stays short."""
    [app] = list(blocks(PROJECT / "README.md", "python"))[:1]
    assert len([line for line in app.splitlines() if line]) <= 20


def test_the_error_on_the_home_page_is_the_one_of_the_quick_start() -> None:
    """That one is tested above."""
    shown = [next(iter(blocks(DOCS / name, "text"))) for name in ("index.md", "quick-start.md")]
    assert shown[0] == shown[1]
