"""What shapes a build besides its entry folder and its target."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cdk_layers.building.content_options import ContentOptions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEFAULT_EXCLUDES: Final = (
    ".venv/",
    "venv/",
    ".git/",
    ".hg/",
    ".svn/",
    "__pycache__/",
    "*.pyc",
    "*.pyo",
    ".mypy_cache/",
    ".pytest_cache/",
    ".ruff_cache/",
    ".hypothesis/",
    ".tox/",
    ".nox/",
    "*.egg-info/",
    "cdk.out/",
    ".eggs/",
    ".ipynb_checkpoints/",
    ".pyre/",
    ".pytype/",
    ".DS_Store",
    ".python-version",
)
"""Patterns (as in a .gitignore) of what stays out of an archive wherever it is in the entry."""

TOP_EXCLUDES: Final = (
    ".aws-sam/",
    ".coverage",
    ".coveragerc",
    ".direnv/",
    ".dockerignore",
    ".editorconfig",
    ".flake8",
    ".git",
    ".gitattributes",
    ".github/",
    ".gitignore",
    ".gitlab-ci.yml",
    ".gitmodules",
    ".idea/",
    ".pre-commit-config.yaml",
    ".pylintrc",
    ".ruff.toml",
    ".serverless/",
    ".terraform/",
    ".vscode/",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Dockerfile",
    "Makefile",
    "README",
    "README.md",
    "README.rst",
    "README.txt",
    "conftest.py",
    "constraints*.txt",
    "htmlcov/",
    "mypy.ini",
    "node_modules/",
    "noxfile.py",
    "pyrightconfig.json",
    "pytest.ini",
    "requirements*.in",
    "requirements*.txt",
    "ruff.toml",
    "setup.cfg",
    "tox.ini",
)
"""What stays out at the top of the entry only: inside of packages the same names may be data."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """The options of a build. Equal options, entries and targets make equal archives."""

    prefix: str = "python"
    """Folder of the archive that code and distributions land in: "python" for a layer, "" for a function."""

    opt_entry: Path | None = None
    """A folder that lands in the root of the archive as it is, such as one with bin/ and lib/."""

    excludes: tuple[str, ...] = ()
    """Patterns (as in a .gitignore) of the entry's files that stay out, after the defaults; "!x" lets x in."""

    default_excludes: bool = True
    """Whether what only development needs stays out, as the module `excludes` describes."""

    follow_links: bool = False
    """Whether symlinks that leave their folder are followed; otherwise they are an error."""

    allow_source_builds: tuple[str, ...] = ()
    """Distributions that may be built from source here when there is no wheel: their build code runs at synth."""

    groups: tuple[str, ...] = ()
    """Dependency groups of a lock file that are installed too; categories of a Pipfile.lock."""

    extras: tuple[str, ...] = ()
    """Extras of a lock file's project that are installed too."""

    content: ContentOptions = field(default_factory=ContentOptions)
    """What the archive contains of its distributions: bytecode, and what is trimmed."""

    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Environment variables for uv and the exporting tools, over this process's own."""

    poetry_include_hashes: bool = True
    """Whether the hashes in a poetry.lock are verified. Unlike PythonLayerVersion's option it defaults to True."""

    poetry_without_urls: bool = False
    """Whether poetry leaves the addresses of its sources out of the export."""

    provided: Mapping[str, str] = field(default_factory=dict)
    """Distributions, name to version, that the function's layers bring and that are left out where they fit."""
