"""Files of an installation that are not as their wheel has them.

uv links the files of its cache into environments. A program that writes into such a file, such as one that appends a
company's certificate to certifi/cacert.pem, changes the cache, and so what is installed from it later.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

from cdk_layers.building.tidying import SCRIPT_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from cdk_layers.building.tidying import Installed


def changed_files(tree: Path, distributions: Collection[Installed]) -> dict[str, list[str]]:
    """Return the files that have another size than their RECORD says, by distribution.

    Reading all files to compare their digests would take a tenth of a build. Files that the installer writes are left
    out, and so are paths that several distributions record.

    Args:
        tree: An installation, not tidied yet.
        distributions: Its distributions.
    """
    owners = Counter(chain.from_iterable(distribution.record for distribution in distributions))
    found: dict[str, list[str]] = defaultdict(list)
    for distribution in distributions:
        written = (f"{distribution.folder.name}/", *(f"{folder}/" for folder in SCRIPT_FOLDERS))
        for path, (_, size) in distribution.record.items():
            if size.isdecimal() and owners[path] == 1 and not path.startswith(written):
                with suppress(OSError):
                    if os.stat(tree / path).st_size != int(size):  # noqa: PTH116 - thousands of files
                        found[distribution.name].append(path)
    return dict(found)
