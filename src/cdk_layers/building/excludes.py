"""Files of an entry folder that are left out of the archive: by default, because they are installed, or by patterns.

Three kinds are left out by default, and `default_excludes=False` includes them all:

- anywhere: environments, version control, bytecode, caches of tools (`DEFAULT_EXCLUDES`);
- only at the top of the entry, since a package may contain the same names as data: files that describe a project or
  configure tools (`TOP_EXCLUDES`);
- at the top, after a look at their content: `tests/` and `test/` if no code of the entry outside of them names them,
  `dist/` if it contains only finished distributions, `build/` if it contains only build output of setuptools, virtual
  environments and cloud assemblies of any name, a `setup.py` that runs setuptools, and Dockerfiles and compose files if
  no code of the entry names one.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

DEFAULT_EXCLUDES: Final = (
    ".venv/",
    "venv/",
    ".git",
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
"""Patterns (as in a .gitignore) of files and folders that are left out anywhere in the entry."""

TOP_EXCLUDES: Final = (
    ".aws-sam/",
    ".coverage",
    ".coveragerc",
    ".direnv/",
    "*.dockerignore",
    ".containerignore",
    ".dockerignore",
    ".editorconfig",
    ".flake8",
    ".gitattributes",
    ".github/",
    ".gitignore",
    ".gitlab-ci.yml",
    ".gitmodules",
    ".idea/",
    ".nx/",
    ".pdm-build/",
    ".pdm-python",
    ".pre-commit-config.yaml",
    ".pylintrc",
    ".ruff.toml",
    ".serverless/",
    ".terraform/",
    ".turbo/",
    ".vscode/",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Containerfile",
    "Dockerfile",
    "Makefile",
    "README",
    "README.md",
    "README.rst",
    "README.txt",
    "__pypackages__/",
    "cdk.context.json",
    "cdk.json",
    "conftest.py",
    "constraints*.txt",
    "htmlcov/",
    "mypy.ini",
    "node_modules/",
    "noxfile.py",
    "pdm.lock",
    "pdm.toml",
    "pyrightconfig.json",
    "pytest.ini",
    "requirements*.in",
    "requirements*.txt",
    "ruff.toml",
    "setup.cfg",
    "tox.ini",
)
"""Files and folders that are left out only at the top of the entry: in packages the same names may be data."""

_TEST_FOLDERS: Final = ("tests", "test")
_TOOL_OUTPUT: Final = {
    "dist": re.compile(r".*\.(?:whl|tar\.gz|zip|egg)|\.gitignore"),
    "build": re.compile(r"lib(?:\..*)?|bdist\..*|temp\..*|scripts-.*|__editable__\..*|\.gitignore"),
}
"""Files that tools write into a folder of this name. Source: the build commands of setuptools and uv."""

_SETUPTOOLS: Final = re.compile(rb"^\s*(?:from|import)\s+(?:setuptools|distutils)\b", re.MULTILINE)
_CONTAINER_FILE: Final = re.compile(
    r"(?:Docker|Container)file[._-](?!(?:[\w.-]*\.)?(?:py|j2|jinja2?|tmpl|tpl)\Z)[\w.-]+"
    r"|[\w.-]+\.(?:[Dd]ocker|[Cc]ontainer)file|(?P<compose>(?:docker-)?compose(?:[._-][\w.-]+)?\.ya?ml)"
)
"""Files that describe images and containers, except modules and templates, which code reads.

Source: Docker's documentation, "Dockerfile overview", "Compose file".
"""

_SERVICES: Final = re.compile(rb"^services\s*:", re.MULTILINE)
_NAMES_CONTAINER_FILE: Final = re.compile(rb"(?i:(?:docker|container)file|compose\b)")
_EVERYTHING: Final = re.compile(r"(?:[^!].*/)?\*\*?/?|/\*\*?/?")
"""Patterns that leave out all of a folder, whatever its name."""

_PLAIN: Final = re.compile(r"[\w .-]*[\w.-]")
"""Names without special characters of patterns."""

_MAX_FILES: Final = 20_000


def exclusion(
    root: Path, places: Sequence[str], patterns: Sequence[str], *, defaults: bool = True
) -> Callable[[str], bool]:
    """Return a function that decides whether a path is left out: a POSIX path, with a trailing "/" for folders.

    Args:
        root: The entry.
        places: Paths that are always left out, unless a pattern includes them.
        patterns: The user's patterns, as in a .gitignore. They override the rest: "!x" includes x. Unlike in git,
            "!a/x" includes it although "*" leaves its folder out, since the pattern names the folder.
        defaults: Whether the defaults apply.
    """
    anywhere, top = (DEFAULT_EXCLUDES, (*TOP_EXCLUDES, *_development_files(root))) if defaults else ((), ())
    if patterns:
        # Loading it takes as long as finding a build in the store, and few entries have patterns.
        from pathspec import GitIgnoreSpec  # noqa: PLC0415

        lines = [*anywhere, *(f"/{pattern}" for pattern in top), *map(_escaped, places), *patterns]
        spec = GitIgnoreSpec.from_lines(lines)
        named = GitIgnoreSpec.from_lines(line for line in lines if not _EVERYTHING.fullmatch(line))
        included = [pattern[1:].strip("/").split("/")[:-1] for pattern in patterns if pattern.startswith("!")]
        return lambda path: spec.match_file(path) and not (_is_named(path, included) and not named.match_file(path))
    has_name, excluded = by_name(anywhere), frozenset(places)
    return lambda path: path.removesuffix("/") in excluded or has_name(path) or _is_top(path, top)


def by_name(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return a function that matches the last part of a path with patterns: "name", "name/" for folders, or "*.ext"."""
    names = frozenset(pattern for pattern in patterns if not pattern.startswith("*"))
    endings = tuple(pattern[1:] for pattern in patterns if pattern.startswith("*"))

    def matches(path: str) -> bool:
        last = path.removesuffix("/").rpartition("/")[2]
        forms = (last, f"{last}/") if path.endswith("/") else (last,)
        return any(form in names or form.endswith(endings) for form in forms)

    return matches


def _is_named(path: str, patterns: Iterable[Sequence[str]]) -> bool:
    """Return whether a path is a folder that a pattern, which is split into its folders, leads through."""
    return path.endswith("/") and any(_leads(pattern, path.removesuffix("/").split("/")) for pattern in patterns)


def _leads(pattern: Sequence[str], folder: Sequence[str]) -> bool:
    """Return whether a pattern leads through a folder. One that begins with "**" is for no folder in particular."""
    for position, segment in enumerate(pattern[: len(folder)]):
        if segment == "**":
            return position > 0
        if not fnmatchcase(folder[position], segment):
            return False
    return len(folder) <= len(pattern)


def _is_top(path: str, patterns: Sequence[str]) -> bool:
    name = path.removesuffix("/")
    if "/" in name:
        return False
    forms = (name, path)
    return any(fnmatchcase(form, pattern) for form in forms for pattern in patterns)


def _escaped(place: str) -> str:
    for special in "\\*?[]! ":
        place = place.replace(special, "\\" + special)
    return f"/{place}"


def _development_files(root: Path) -> Iterator[str]:
    """Yield the files and folders at the top of an entry that only its development needs, by their content."""
    for name in _TEST_FOLDERS:
        if (root / name).is_dir() and not _is_used(root, name):
            yield f"{name}/"
    for name, output in _TOOL_OUTPUT.items():
        folder = root / name
        if folder.is_dir() and all(output.fullmatch(path.name) for path in folder.iterdir()):
            yield f"{name}/"
    for marker in (*root.glob("*/pyvenv.cfg"), *root.glob("*/cdk.out")):
        if marker.is_file() and _PLAIN.fullmatch(marker.parent.name):
            yield f"{marker.parent.name}/"
    script = root / "setup.py"
    if script.is_file() and _SETUPTOOLS.search(script.read_bytes()):
        yield "setup.py"
    for_containers = [path.name for path in root.glob("*") if _is_for_containers(path)]
    if for_containers and not matches_code(root, _NAMES_CONTAINER_FILE):
        yield from for_containers


def _is_for_containers(path: Path) -> bool:
    """Return whether a file is a Dockerfile or a compose file with another name than the usual one."""
    named = _CONTAINER_FILE.fullmatch(path.name)
    if named is None or not path.is_file():
        return False
    return named["compose"] is None or _SERVICES.search(path.read_bytes()) is not None


def _is_used(root: Path, folder: str) -> bool:
    """Return whether code outside of a folder imports it or names it in a string. True if in doubt."""
    named = re.compile(rb"(?:\b(?:from|import)[ \t]+|,[ \t]*|['\"/])%b(?![\w-])" % folder.encode())
    return matches_code(root, named, skipped=folder)


def matches_code(root: Path, pattern: re.Pattern[bytes], *, skipped: str = "") -> bool:
    """Return whether a pattern is in code of an entry, outside of a skipped folder. True if in doubt."""
    is_excluded = by_name(DEFAULT_EXCLUDES)
    waiting, count = [root], 0
    while waiting:
        for path in waiting.pop().iterdir():
            count += 1
            name = path.relative_to(root).as_posix()
            if name == skipped or is_excluded(f"{name}/") or _is_top(name, TOP_EXCLUDES) or path.is_symlink():
                continue
            if count > _MAX_FILES or (path.suffix == ".py" and path.is_file() and pattern.search(path.read_bytes())):
                return True
            if path.is_dir():
                waiting.append(path)
    return False
