"""Caches that a build uses, and the folder that the CDK writes to. They are left out of archives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.building.uv.settings import read_uv_settings
from cdk_layers.system import host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cdk_layers.building.job import Job

_VARIABLES: Final = ("PIP_CACHE_DIR", "PIPENV_CACHE_DIR", "POETRY_CACHE_DIR", "UV_TOOL_DIR", "XDG_CACHE_HOME")
"""Variables with the cache folders of the tools, in addition to uv's settings."""

_OUTPUT: Final = "CDK_OUTDIR"
"""The variable by which the CDK CLI names the output folder of an app, whatever `--output` or cdk.json call it.

Source: `OUTDIR_ENV` in aws-cdk-lib 2.275, cx-api/lib/cxapi.js.
"""


def without_caches(job: Job, root: Path, excluded: Callable[[str], bool]) -> Callable[[str], bool]:
    """Return a function that decides whether a path is left out: a cache in use, the CDK's output, or by `excluded`.

    Args:
        job: The build.
        root: The folder, absolute.
        excluded: Decides for other reasons whether a path is left out: a POSIX path relative to the folder.
    """
    caches = frozenset(_inside(job, root))
    return lambda path: path.removesuffix("/") in caches or excluded(path) if caches else excluded(path)


def _inside(job: Job, root: Path) -> Iterator[str]:
    """Yield these folders in a folder, by their real paths and by the symlinks that lead to them."""
    for cache in _caches(job):
        for path in {cache, cache.resolve()}:
            for top in {root, root.resolve()}:
                if path != top and path.is_relative_to(top):
                    yield path.relative_to(top).as_posix()


def _caches(job: Job) -> Iterator[Path]:
    yield job.store.folder.absolute()
    settings = read_uv_settings(job.entry, job.options.environment)
    environment = {**host.environ(), **job.options.environment}
    named = [settings.variables.get("UV_CACHE_DIR"), settings.configuration.get("cache-dir")]
    named.append(host.environ().get(_OUTPUT))
    yield from (
        Path.cwd() / path for path in (*named, *map(environment.get, _VARIABLES)) if isinstance(path, str) and path
    )
