"""Dependency groups and extras that a build selects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.contents.names import canonical
from cdk_layers.errors import EntryError
from cdk_layers.system.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_layers.building.options import BuildOptions


def refuse_unknown(manifest: str, kind: str, selected: Iterable[str], known: Iterable[str]) -> None:
    """Refuse groups or extras that a project does not define.

    Args:
        manifest: The file that has to define them, for the message.
        kind: "group", "extra" or "category".
        selected: The names that the user selects.
        known: The names that the project defines.

    Raises:
        EntryError: One of the names is unknown.
    """
    names = sorted(set(known))
    missing = [name for name in selected if canonical(name) not in {canonical(known_name) for known_name in names}]
    if missing:
        has = f"It has {quoted(names)}." if names else "It has none."
        message = f"{manifest} has no {kind} {missing[0]!r}. {has} Correct {kind}s=[...], or define it and lock again."
        raise EntryError(message.replace("categorys=", "groups="))


def refuse_without_lock(manifest: str | None, options: BuildOptions) -> None:
    """Refuse groups and extras where there is no lock file that could define them.

    Raises:
        EntryError: The user selects some.
    """
    selected = [
        f"{kind}={list(names)}" for kind, names in (("groups", options.groups), ("extras", options.extras)) if names
    ]
    if selected:
        message = (
            f"{' and '.join(selected)} needs a lock file that has groups or extras (uv.lock, poetry.lock, "
            f"Pipfile.lock, pylock.toml), and {manifest or 'this entry, which has no manifest,'} has none. "
            "Leave it out, or lock the project."
        )
        raise EntryError(message)


def category(group: str) -> str:
    """Return the category of a Pipfile that a group means."""
    return "dev-packages" if group in {"dev", "develop"} else group
