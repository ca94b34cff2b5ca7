"""What of an entry folder stays out of an archive: by default, as a place that installs something, or by patterns.

Three kinds stay out by default, and `default_excludes=False` lets all of them in:

- anywhere: environments, version control, bytecode, caches of tools (`DEFAULT_EXCLUDES`);
- at the top of the entry only, since a package may contain the same names as data: what describes a project or
  configures tools (`TOP_EXCLUDES`);
- at the top, if that is all they are: `tests/` and `test/` that no code of the entry outside of them names, `dist/`
  with nothing but finished distributions, `build/` with nothing but what setuptools leaves there, a virtual environment
  of any name, and a `setup.py` that runs setuptools.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from cdk_layers.building.options import DEFAULT_EXCLUDES, TOP_EXCLUDES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_TEST_FOLDERS: Final = ("tests", "test")
_LEFT_IN: Final = {
    "dist": re.compile(r".*\.(?:whl|tar\.gz|zip|egg)|\.gitignore"),
    "build": re.compile(r"lib(?:\..*)?|bdist\..*|temp\..*|scripts-.*|__editable__\..*|\.gitignore"),
}
"""What tools leave in a folder of this name. Source: the documentation of setuptools' and uv's build commands."""

_SETUPTOOLS: Final = re.compile(rb"^\s*(?:from|import)\s+(?:setuptools|distutils)\b", re.MULTILINE)
_PLAIN: Final = re.compile(r"[\w .-]*[\w.-]")
"""Names that mean themselves as patterns."""

_MAX_FILES: Final = 20_000


def exclusion(
    root: Path, places: Sequence[str], patterns: Sequence[str], *, defaults: bool = True
) -> Callable[[str], bool]:
    """Return what tells whether a path of an entry stays out: a POSIX path, with a trailing "/" for folders.

    Args:
        root: The entry.
        places: Paths that stay out in any case.
        patterns: The user's, as in a .gitignore, which come last, so that "!x" lets x in.
        defaults: Whether the defaults count.
    """
    anywhere, top = (DEFAULT_EXCLUDES, (*TOP_EXCLUDES, *_leftovers(root))) if defaults else ((), ())
    if patterns:
        # It takes as long to load as a recalled build takes, and few entries have patterns of their own.
        from pathspec import GitIgnoreSpec  # noqa: PLC0415

        spec = GitIgnoreSpec.from_lines([*anywhere, *(f"/{one}" for one in top), *map(_pattern, places), *patterns])
        return spec.match_file
    has_name, left_out = by_name(anywhere), frozenset(places)
    return lambda path: path.removesuffix("/") in left_out or has_name(path) or _is_top(path, top)


def by_name(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return what tells whether the last part of a path matches a pattern: "name", "name/" for folders, or "*.ext"."""
    names = frozenset(pattern for pattern in patterns if not pattern.startswith("*"))
    endings = tuple(pattern[1:] for pattern in patterns if pattern.startswith("*"))

    def matches(path: str) -> bool:
        last = path.removesuffix("/").rpartition("/")[2]
        forms = (last, f"{last}/") if path.endswith("/") else (last,)
        return any(form in names or form.endswith(endings) for form in forms)

    return matches


def _is_top(path: str, patterns: Sequence[str]) -> bool:
    name = path.removesuffix("/")
    if "/" in name:
        return False
    forms = (name, path)
    return any(fnmatchcase(form, pattern) for form in forms for pattern in patterns)


def _pattern(place: str) -> str:
    for special in "\\*?[]! ":
        place = place.replace(special, "\\" + special)
    return f"/{place}"


def _leftovers(root: Path) -> Iterator[str]:
    """Yield what at the top of an entry is there for its development alone."""
    for name in _TEST_FOLDERS:
        if (root / name).is_dir() and not _is_named(root, name):
            yield f"{name}/"
    for name, known in _LEFT_IN.items():
        folder = root / name
        if folder.is_dir() and all(known.fullmatch(path.name) for path in folder.iterdir()):
            yield f"{name}/"
    for sign in root.glob("*/pyvenv.cfg"):
        if sign.is_file() and _PLAIN.fullmatch(sign.parent.name):
            yield f"{sign.parent.name}/"
    script = root / "setup.py"
    if script.is_file() and _SETUPTOOLS.search(script.read_bytes()):
        yield "setup.py"


def _is_named(root: Path, folder: str) -> bool:
    """Tell whether code outside of a folder imports it or names it in a string; when in doubt, it does."""
    named = re.compile(rb"(?:\b(?:from|import)[ \t]+|,[ \t]*|['\"/])%b(?![\w-])" % folder.encode())
    skipped = by_name(DEFAULT_EXCLUDES)
    waiting, count = [root], 0
    while waiting:
        for path in waiting.pop().iterdir():
            count += 1
            name = path.relative_to(root).as_posix()
            if name == folder or skipped(f"{name}/") or _is_top(name, TOP_EXCLUDES) or path.is_symlink():
                continue
            if count > _MAX_FILES or (path.suffix == ".py" and path.is_file() and named.search(path.read_bytes())):
                return True
            if path.is_dir():
                waiting.append(path)
    return False
