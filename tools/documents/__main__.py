"""Write the pages of docs/ that are made from the code, and the rules' places in the site, or check both.

`python -m tools.documents [--check] [FOLDER]`; `make docs` and `make lint` run it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tools.documents import reference, rules, start_times

if TYPE_CHECKING:
    from collections.abc import Sequence

_DOCS: Final = Path("docs")
_SITE: Final = "zensical.toml"


def pages(folder: Path) -> dict[Path, str]:
    """Return all generated pages by their paths, and the configuration of the site if it is next to the folder.

    Args:
        folder: The folder of the documents, which may contain a `field.json` and a `start.json`.
    """
    measured = start_times.read_data(folder)
    site = folder.parent / _SITE
    return {
        folder / "rules.md": rules.index(rules.read_field(folder)),
        **{folder / "rules" / f"{name}.md": text for name, text in rules.pages().items()},
        folder / "reference" / "cli.md": reference.command_line(),
        folder / "reference" / "settings.md": reference.settings(),
        **({folder / "start-times.md": start_times.page(measured)} if measured else {}),
        **({site: rules.with_navigation(site.read_text(encoding="utf-8"))} if site.exists() else {}),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or with `--check` report those that are not up to date; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.documents", description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=_DOCS)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page is not up to date")
    options = parser.parse_args(arguments)
    folder: Path = options.folder
    wanted = pages(folder)
    left = [page for page in sorted((folder / "rules").glob("*.md")) if page not in wanted]
    stale = [page for page, text in wanted.items() if not page.exists() or page.read_text(encoding="utf-8") != text]
    if options.check:
        if stale or left:
            names = ", ".join(page.as_posix() for page in [*stale, *left])
            sys.stderr.write(f"Not what the code says: {names}. Write these files again: make docs\n")
        return int(bool(stale or left))
    for page in stale:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(wanted[page], encoding="utf-8", newline="\n")
    for page in left:
        page.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
