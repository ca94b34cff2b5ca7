"""What of an entry stays out of an archive by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.options import BuildOptions
from cdk_layers.lambda_service.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

TARGET = Target("3.13", "x86_64")
PROJECT = {
    "handler.py": "import os\n",
    "requirements.in": "six\n",
    "requirements-dev.txt": "pytest\n",
    "README.md": "x",
    "setup.cfg": "[flake8]\n",
    "setup.py": "from setuptools import setup\nsetup(name='x')\n",
    ".gitignore": "x",
    ".idea/x.xml": "x",
    ".vscode/settings.json": "{}",
    "node_modules/left-pad/index.js": "x",
    "dist/demo-1.0-py3-none-any.whl": "x",
    "dist/demo-1.0.tar.gz": "x",
    "build/lib/handler.py": "x",
    "build/bdist.linux-x86_64/x": "x",
    "tests/__init__.py": "",
    "tests/test_handler.py": "import handler\nfrom tests import x\n",
    "demo.egg-info/PKG-INFO": "x",
    ".ruff_cache/x": "x",
    "conftest.py": "import tests\n",
    "env/pyvenv.cfg": "home = /usr/bin\n",
    "env/lib/python3.13/site-packages/six.py": "",
    "my env 3.13/pyvenv.cfg": "home = /usr/bin\n",
    ".aws-sam/build/handler.py": "",
    ".serverless/package.zip": "",
    ".terraform/providers/x": "",
    ".direnv/python/x.py": "",
    ".nx/cache/run.json": "{}",
    ".turbo/turbo-build.log": "built in 1.2 s",
    ".pdm-python": "/usr/bin/python3.13",
    ".pdm-build/x": "",
    "__pypackages__/3.13/lib/six.py": "",
    "pdm.lock": "",
    "pdm.toml": "",
    "assembly/cdk.out": '{"version": "48.0.0"}',
    "assembly/asset.1/layer.zip": "x",
    "cdk.json": "{}",
    "cdk.context.json": "{}",
    "Dockerfile": "FROM python",
    "Dockerfile.dev": "FROM python",
    "dependencies-layer.Dockerfile": "FROM python",
    "test.dockerfile": "FROM python",
    "Containerfile": "FROM python",
    "Dockerfile.dockerignore": "x",
    "compose.yaml": "name: x\nservices: {}\n",
    "docker-compose.override.yml": "services:\n  a: {}\n",
}


def _names(entry: Path, store: LocalStore, **options: object) -> set[str]:
    built = build(entry, TARGET, BuildOptions(prefix="", **options), store=store)  # type: ignore[arg-type]
    return set(built.contents.files)


def test_what_development_needs_stays_out(make_entry: Callable[..., Path], store: LocalStore) -> None:
    """Project files, caches, build leftovers and tests that no code imports stay out, alone or with patterns."""
    entry = make_entry(PROJECT)
    assert _names(entry, store) == {"handler.py"}
    assert _names(entry, store, excludes=("nothing",)) == {"handler.py"}


def test_defaults_can_be_switched_off(make_entry: Callable[..., Path], store: LocalStore) -> None:
    """With default_excludes=False all of it is packed, and a pattern that begins with "!" lets one thing in."""
    entry = make_entry(PROJECT)
    assert _names(entry, store, default_excludes=False) == set(PROJECT)
    assert _names(entry, store, default_excludes=False, excludes=("*.md",)) == set(PROJECT) - {"README.md"}
    assert _names(entry, store, excludes=("!README.md",)) == {"handler.py", "README.md"}


@pytest.mark.parametrize(
    ("pattern", "included"),
    [
        ("!app/**", {"app/a.py", "app/b.txt", "app/sub/c.py", "app/sub/deep/d.py"}),
        ("!app/*.py", {"app/a.py"}),
        ("!/app/sub/c.py", {"app/sub/c.py"}),
        ("!app/**/*.py", {"app/a.py", "app/sub/c.py", "app/sub/deep/d.py"}),
        ("!app/*/c.py", {"app/sub/c.py"}),
        ("!*/a.py", {"app/a.py", "other/a.py"}),
        ("!*.py", {"top.py"}),
        ("!**/*.py", {"top.py"}),
    ],
)
def test_a_pattern_includes_what_it_names_inside_of_a_folder(
    make_entry: Callable[..., Path], store: LocalStore, pattern: str, included: set[str]
) -> None:
    """After "*", a pattern with a folder includes its files, as in the Serverless Framework; others do as in git."""
    names = ["top.py", "app/a.py", "app/b.txt", "app/sub/c.py", "app/sub/deep/d.py", "other/a.py", ".venv/a.py"]
    entry = make_entry(dict.fromkeys(names, ""))
    assert _names(entry, store, excludes=("*", pattern)) == included


def test_a_pattern_does_not_include_folders_that_are_left_out_by_name(
    make_entry: Callable[..., Path], store: LocalStore
) -> None:
    """A folder that "tests/" leaves out stays out as in git, whatever else a pattern includes."""
    entry = make_entry({"app/a.py": "", "app/tests/b.py": "", "app/.venv/c.py": ""})
    assert _names(entry, store, excludes=("tests/", "!app/**/*.py")) == {"app/a.py"}


@pytest.mark.parametrize(
    "files",
    [
        {"handler.py": "from tests.data import A\n", "tests/data.py": "A = 1\n"},
        {"handler.py": "import os, tests\n", "tests/__init__.py": ""},
        {"handler.py": "DATA = 'tests/data.json'\n", "tests/data.json": "{}"},
        {"acme/a.py": "    import test.case as case\n", "test/case.py": ""},
        {"handler.py": "", "build/__init__.py": ""},
        {"handler.py": "", "dist/index.html": "<html>"},
        {"handler.py": "", "setup.py": "def setup(): ...\n"},
        {"acme/README.md": "", "acme/.gitignore": "", "acme/tests/a.py": "", "acme/setup.cfg": ""},
        {"acme/node_modules/x.js": "", "acme/build/lib/a.py": "", "acme/requirements.in": ""},
        {"env/__init__.py": "", "acme/pyvenv.cfg/x": "", "acme/.terraform/x": ""},
        {"README.py": "", "testing/a.py": "", "requirements/base.json": ""},
        {"a.py": "TEMPLATE = 'base.Dockerfile'\n", "base.Dockerfile": "", "compose.yml": "services: {}\n"},
        {"a.py": "import Dockerfile\n", "Dockerfile.py": "", "dockerfile.json": "{}"},
        {"a.py": "", "compose.yml": "song: x\n", "Dockerfile.py": "", "compose/services.yml": "services: {}\n"},
        {"acme/x.Dockerfile": "", "acme/compose.yml": "services: {}\n", "Dockerfile.d/a": "", "compose.py": ""},
        {"a.py": "render('*.j2')\n", "Dockerfile.j2": "FROM {{ base }}", "Dockerfile.app.tmpl": "FROM {{ base }}"},
        {"out/manifest.json": "{}", "build-cdk/a.py": "", "acme/cdk.json": "{}", "acme/assembly/cdk.out": "{}"},
    ],
)  # fmt: skip
def test_what_code_may_need_stays_in(make_entry: Callable[..., Path], store: LocalStore, files: dict[str, str]) -> None:
    """What code imports or names, what is inside of packages, and what only looks like a leftover is packed."""
    entry = make_entry(files)
    assert _names(entry, store) == set(files)
    assert _names(entry, store, excludes=("nothing",)) == set(files)


@pytest.mark.parametrize("name", ["vendor/lib/.git", "pkg/.git", ".git"])
def test_submodules_and_worktrees(make_entry: Callable[..., Path], store: LocalStore, name: str) -> None:
    """Their .git is a file with a path of this machine, so it would make other archives in another checkout."""
    entry = make_entry({"main.py": "", "vendor/lib/a.py": "", "pkg/b.py": "", name: "gitdir: /home/me/.git/modules/x"})
    assert _names(entry, store) == {"main.py", "vendor/lib/a.py", "pkg/b.py"}


@pytest.mark.parametrize("name", ["out", "deploy/build-cdk", "./out"])
@pytest.mark.parametrize("options", [{}, {"excludes": ("nothing",)}, {"default_excludes": False}])
def test_the_output_of_the_running_app_stays_out(
    make_entry: Callable[..., Path],
    store: LocalStore,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    options: dict[str, object],
) -> None:
    """An entry that contains the app's output folder would contain its own archives, and more with each synthesis."""
    entry = make_entry({"main.py": "", f"{name}/synth.lock": "", f"{name}/asset.1/layer.zip": "x", "other/a.json": ""})
    monkeypatch.setenv("CDK_OUTDIR", f"{entry}/{name}")
    assert _names(entry, store, **options) == {"main.py", "other/a.json"}
    monkeypatch.setenv("CDK_OUTDIR", str(entry))
    assert "main.py" in _names(entry, store, **options)
