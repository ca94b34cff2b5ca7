"""Remedies for files with modes that Lambda's user cannot read or run.

Source: aws-cdk-lib 2.275 (run): the name of a copied and uploaded folder depends on the names and bytes of its files.
"""

from __future__ import annotations

from typing import Final

_UNNOTICED: Final = (
    "The CDK does not notice changed modes of a folder: remove cdk.out too and, if the folder was deployed already, "
    "change a file in it."
)

READABLE: Final = (
    f"Give files mode 644 and folders 755 before the archive is made: `chmod -R a+rX <folder>`. {_UNNOTICED}"
)
EXECUTABLE: Final = (
    f"Make it executable before the archive is made: `chmod +x <file>`. {_UNNOTICED} On Windows, where files have no "
    "such mode, record it in Git, `git update-index --chmod=+x <file>`, and make the archive from a checkout on Linux "
    "or macOS."
)
