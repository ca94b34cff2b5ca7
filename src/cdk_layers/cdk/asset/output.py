"""Archives in the CDK's output folder, where other processes may write at the same time or have stopped early."""

from __future__ import annotations

import uuid
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from cdk_layers.errors import AssemblyError, BuildError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cdk_layers.building.builds import LayerBuild


@contextmanager
def placing(place: str, build: LayerBuild) -> Iterator[None]:
    """Lock an archive while the CDK writes it to its output folder, so that only one process at a time does so.

    Without the lock, the CDK removes what another process is writing for the same asset.

    Args:
        place: The construct's name in messages, such as "Layer 'Hub/Base'".
        build: The build whose archive the CDK writes.

    Raises:
        BuildError: The archive cannot be written. The CDK tries again at the next synthesis.
    """
    try:
        with _locked(build):
            yield
    except RuntimeError as error:
        from cdk_layers.cdk.node.error_texts import is_disk_full, output_failure  # noqa: PLC0415 - few writes fail

        reason = output_failure(error)
        if reason is None:
            raise
        raise BuildError(_message(place, reason, build, is_full=is_disk_full(reason))) from None


@contextmanager
def _locked(build: LayerBuild) -> Iterator[None]:
    """Wait for other processes of this user that write the same archive. Does nothing without file locks."""
    with ExitStack() as opened:
        # The locks of the build cache work on every system, but their import takes longer than all of this.
        with suppress(ImportError, OSError):
            import fcntl  # noqa: PLC0415 - does not exist on Windows

            folder = build.job.store.folder / "output-locks"
            folder.mkdir(exist_ok=True)
            fcntl.flock(opened.enter_context((folder / build.digest[:2]).open("wb")), fcntl.LOCK_EX)
        yield


def _message(place: str, text: str, build: LayerBuild, *, is_full: bool) -> str:
    where = f"{place}: its archive of {build.archive_bytes} bytes cannot be written to the CDK's output folder"
    if is_full:
        return f"{where}: there is no space left there. Free some space, or choose another folder (cdk synth --output)."
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    reason = lines[0].rstrip(".") if lines else "unknown reason"
    return f"{where}: {reason}. Synthesize again; if it fails again, remove the folder."


def restore(staged: Path, build: LayerBuild) -> None:
    """Write an archive in the output folder again if an earlier synthesis left an incomplete one.

    Raises:
        BuildError: The archive cannot be written, or an earlier synthesis left an empty folder, which is now removed.
    """
    if staged.is_dir() and not any(staged.iterdir()):
        staged.rmdir()
        message = (
            f"{str(staged)!r} was empty, because an earlier synthesis was stopped. "
            "The folder is now removed: synthesize again."
        )
        raise BuildError(message)
    if staged.suffix != ".zip" or (staged.is_file() and staged.stat().st_size == build.archive_bytes):
        return
    try:
        build.job.store.contents_of(staged)
    except AssemblyError:
        scratch = staged.with_name(f".{uuid.uuid4().hex}.zip")
        try:
            build.write_to(scratch)
            scratch.replace(staged)
        except OSError as error:
            scratch.unlink(missing_ok=True)
            message = f"{str(staged)!r} is damaged and cannot be written again: {error.strerror}. Remove it."
            raise BuildError(message) from None
