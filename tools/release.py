"""Check that a tag, the version in pyproject.toml and CHANGELOG.md agree: `python tools/release.py v0.2.0`.

The version is in pyproject.toml and not derived from the tag, so that sdists, editable installations and checkouts
without tags have the right one. It needs nothing but Python 3.11 or newer.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT: Final = Path(__file__).resolve().parents[1]
_NOTES: Final = re.compile(r"^## \[(?P<version>[^]]+)\] - \d{4}-\d{2}-\d{2}$", re.MULTILINE)


def problems(tag: str, project: Path = PROJECT) -> list[str]:
    """Return what keeps a tag from being released; nothing if all agree."""
    version = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changelog = (project / "CHANGELOG.md").read_text(encoding="utf-8")
    found = []
    if tag != f"v{version}":
        found.append(f"the tag is {tag!r}, but pyproject.toml has version {version}: expected tag 'v{version}'")
    newest = next((match["version"] for match in _NOTES.finditer(changelog)), None)
    if newest != version:
        found.append(
            f"the newest release in CHANGELOG.md is {newest}, but pyproject.toml has version {version}: "
            f"add '## [{version}] - YYYY-MM-DD' under '## [Unreleased]'"
        )
    return found


def main() -> None:
    """Check the tag that is given."""
    if found := problems(sys.argv[1]):
        sys.exit("release: " + "\nrelease: ".join(found))


if __name__ == "__main__":
    main()
