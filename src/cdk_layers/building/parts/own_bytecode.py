"""Compilation of an entry's own files while its distributions are verified."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cdk_layers.system.parallel import Pool
from cdk_layers.system.temporary_folders import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cdk_layers.building.job import Job
    from cdk_layers.building.plan import Plan


@contextmanager
def compiled_ahead(plan: Plan, job: Job, pack: Callable[[Plan, str], object]) -> Iterator[None]:
    """Compile the entry's own files in another thread, if its distributions are installed already.

    During an installation the files may change, so what is compiled before it may be in vain.

    Args:
        plan: The plan of the build.
        job: The build.
        pack: Packs the entry's own files under a key.

    Raises:
        BuildError: No interpreter can compile for the target.
        EntryChangedError: A file changed while it was packed.
    """
    own, installed = plan.own_key, plan.distributions_key
    if not (own and installed and job.options.content.bytecode and job.store.find(installed)):
        yield
        return
    pack(plan, own)
    with temporary_folder("compile") as folder, Pool(1) as pool:
        compiling = pool.submit(_compile, own, job, folder)
        yield
        compiling.result()


def _compile(key: str, job: Job, folder: Path) -> None:
    # Only builds with bytecode need it.
    from cdk_layers.building.parts.derived import Derivation  # noqa: PLC0415

    Derivation(job, folder).parts([(key, "")])
