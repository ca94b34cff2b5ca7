"""The archives of builds, as files that tests read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.building.builds import LayerBuild


def written(build: LayerBuild) -> Path:
    """Return the archive of a build, written next to its store."""
    store = build.record.folder.parents[2]
    path = store.with_name(f"{store.name}-archives") / f"{build.record.folder.name}.zip"
    path.parent.mkdir(exist_ok=True)
    build.write_to(path)
    return path
