"""Assets of an assembly: archives and folders with a function's code or a layer's content."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from cdk_layers.app.model import Fault
from cdk_layers.contents.measure import measure
from cdk_layers.contents.readers import open_sources, unreadable
from cdk_layers.errors import AssemblyError, DamagedArchiveError
from cdk_layers.findings import Unread
from cdk_layers.system.document_values import mapping
from cdk_layers.system.project_paths import real_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_layers.app.model import Sources
    from cdk_layers.assembly.serverless import Package
    from cdk_layers.contents.model import Contents
    from cdk_layers.findings import Subject


class Records(Protocol):
    """Recalls or measures the contents of archives and folders: a store."""

    def contents_of(self, path: Path) -> Contents:
        """Return the contents of an archive or a folder."""
        ...


class Unremembered:
    """Measures the contents of archives and folders each time."""

    def contents_of(self, path: Path) -> Contents:
        """Return the contents of an archive or a folder."""
        return measure(path)


class Asset(NamedTuple):
    """A file or folder that is deployed with a template."""

    id: str | None
    """The asset hash; None if it has none."""

    path: Path


class Measured(NamedTuple):
    """What is known about an asset's content."""

    contents: Contents | None = None
    sources: Sources | None = None
    archive_bytes: int | None = None
    """Zipped bytes; None for a folder."""

    location: Path | None = None
    """The archive or folder on this machine."""

    fault: Fault | None = None
    """Why the content cannot be read; None if it can be, or is not on this machine."""


UNMEASURED: Final = Measured()
"""The content is not known."""


@dataclass(slots=True)
class Assets:
    """All assets of an assembly, each measured at most once."""

    roots: tuple[Path, ...]
    """Resolved folders; files outside of them are not read."""

    records: Records
    package: Package | None = None
    """The package of the Serverless Framework that the assembly is; None for others."""

    unread: dict[Unread, None] = field(default_factory=dict)
    """What could not be read or resolved, each once."""

    _by_key: dict[str, Asset] = field(default_factory=dict)
    _measured: dict[Path, Measured] = field(default_factory=dict)

    def add(self, manifest: Mapping[str, Any], folder: Path) -> None:
        """Add the assets in an asset manifest (`*.assets.json`) of a folder."""
        for name, entry in mapping(manifest, "files").items():
            source = mapping(entry, "source").get("path")
            if not isinstance(source, str):
                continue
            asset = Asset(str(name), folder / source)
            for destination in mapping(entry, "destinations").values():
                key = mapping(destination).get("objectKey")
                if isinstance(key, str):
                    self._by_key[key] = asset

    def report(self, text: str, subject: Subject | None = None) -> None:
        """Report that something could not be read or resolved, as for `Unread`."""
        self.unread[Unread(text, subject)] = None

    def by_key(self, key: str) -> Asset | None:
        """Return the asset that is uploaded under an S3 key."""
        file = None if self.package is None else self.package.file(key)
        return self._by_key.get(key) if file is None else Asset(None, file)

    def measure(self, path: Path, subject: Subject) -> Measured:
        """Return the content of an archive or a folder, or why it cannot be read.

        Args:
            path: The archive or folder.
            subject: The function or layer that it belongs to.
        """
        if path not in self._measured:
            self._measured[path] = self._measure(path, subject)
        return self._measured[path]

    def _measure(self, path: Path, subject: Subject) -> Measured:
        resolved = real_path(path)
        if not any(resolved.is_relative_to(root) for root in self.roots):
            self.report(
                f": its asset {path} is outside of the assembly and the working folder, and is not read.", subject
            )
            return UNMEASURED
        if not (resolved.is_file() or resolved.is_dir()):
            self.report(f": its asset {path} does not exist, so its content is unknown.", subject)
            return UNMEASURED
        try:
            contents, sources = self.records.contents_of(resolved), open_sources(resolved)
            archive_bytes = resolved.stat().st_size if resolved.is_file() else None
            return Measured(contents, sources, archive_bytes, resolved)
        except AssemblyError as error:
            fault = Fault(str(error), is_certain=isinstance(error, DamagedArchiveError))
        except OSError as error:
            fault = Fault(str(unreadable(path, error)))
        return Measured(location=resolved, fault=fault)
