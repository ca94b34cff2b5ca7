"""The folder of the store that a user has: where it is, and whether it can be used."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from cdk_layers.errors import BuildError
from cdk_layers.store import trust
from cdk_layers.store.inventory import DEFAULT_MAX_BYTES, SCHEMA
from cdk_layers.store.local_store import LocalStore
from cdk_layers.store.write_errors import FOLDER_VARIABLE
from cdk_layers.system import host
from cdk_layers.system.outgoing import report_error
from cdk_layers.system.temporary_folders import lasting_folder


def open_store(max_bytes: int | None = DEFAULT_MAX_BYTES) -> LocalStore:
    """Return the store in the folder that CDK_LAYERS_CACHE_DIR names, or in the user's cache folder.

    If the folder cannot be written, or if other users can write it and CDK_LAYERS_CACHE_SHARED is not set, the store is
    a temporary folder that exists as long as this process. A line in the error output says so, once.

    Args:
        max_bytes: The size of the store; None for no limit.

    Raises:
        BuildError: CDK_LAYERS_CACHE_DIR names the home folder of a user that does not exist, or no folder can be
            written.
    """
    return _usable(store_folder(), max_bytes, is_shared=trust.is_shared())


def store_folder() -> Path:
    """Return the folder that CDK_LAYERS_CACHE_DIR names, or the user's cache folder. It need not exist.

    Raises:
        BuildError: As `open_store`.
    """
    chosen = host.environ().get(FOLDER_VARIABLE)
    return (_chosen_place(chosen) if chosen else _usual_place()).absolute()


@cache
def _usual_place() -> Path:
    import platformdirs  # noqa: PLC0415 - not needed where the user chose a folder

    return platformdirs.user_cache_path("cdk-layers", appauthor=False)


def _chosen_place(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError:
        message = (
            f"{FOLDER_VARIABLE} is {name!r}, and this user has no home folder here. Name a folder that can be written."
        )
        raise BuildError(message) from None


@cache
def _usable(folder: Path, max_bytes: int | None, *, is_shared: bool = False) -> LocalStore:
    root = folder / SCHEMA
    try:
        if is_shared:
            root.mkdir(parents=True, exist_ok=True)
            closed = trust.inaccessible(root)
            why = None if closed is None else f"contains {closed.name!r}, which this user cannot read and write"
        else:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            root.mkdir(mode=0o700, exist_ok=True)
            why = trust.distrust(folder, root)
        with tempfile.TemporaryFile(dir=root):
            _mark(folder)
    except OSError as error:
        why = f"cannot be written ({error.strerror or error})"
    return LocalStore(folder, max_bytes=max_bytes) if why is None else _temporary(folder, why)


def _temporary(folder: Path, why: str) -> LocalStore:
    """Return a store that exists as long as this process, and report why."""
    try:
        temporary = lasting_folder("store")
    except OSError as error:
        message = (
            f"The build cache {str(folder)!r} {why}, and builds cannot be kept in a temporary folder either: "
            f"{error.strerror}. Let {FOLDER_VARIABLE} name a folder that this user can write."
        )
        raise BuildError(message) from None
    remedy = f"Let {FOLDER_VARIABLE} name a folder that only this user can write"
    report_error(
        f"cdk-layers: the build cache {str(folder)!r} {why}, so builds are kept in {str(temporary)!r} while this "
        f"process runs. {remedy}, or set {trust.SHARED_VARIABLE}=1 if all who can write it are trusted."
    )
    return LocalStore(temporary, max_bytes=None)


def _mark(folder: Path) -> None:
    """Mark a folder as a cache, so that backups and source builds leave it out. Source: bford.info/cachedir."""
    tag = folder / "CACHEDIR.TAG"
    if not tag.exists():
        tag.write_text("Signature: 8a477f597d28d172789f06886806bc55\n# Made by cdk-layers.\n", encoding="utf-8")
