"""Packages of the Serverless Framework: the folder that `serverless package` writes, usually .serverless.

Its template names archives by the keys that a deploy uploads them to: the folder of the deploy, then the file's name.

Source: deploy/lib/upload-artifacts.js and package/compile/ in lib/plugins/aws of serverless 3.40 and osls 4.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.assembly.documents import nodes_in, read_document
from cdk_layers.assembly.evaluate.values import as_text
from cdk_layers.system.document_values import mapping
from cdk_layers.system.project_paths import real_path
from cdk_layers.system.wording import A_FILE, folder_fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TEMPLATE: Final = "cloudformation-template-update-stack.json"
"""The template of a service."""

_STATE: Final = "serverless-state.json"
_FOLDER: Final = ".serverless"
_CONFIGURATIONS: Final = tuple(f"serverless.{suffix}" for suffix in ("yml", "yaml", "json", "js", "cjs", "mjs", "ts"))
_CACHE: Final = "serverless-python-requirements"
"""The user's cache of a plugin. The package has a link into it in place of the archive of a layer.

Source: lib/layer.js and lib/shared.js of serverless-python-requirements 6.1.
"""


@dataclass(frozen=True, slots=True)
class Package:
    """A packaged service."""

    service: str | None
    """Its name."""

    uploads: str
    """The S3 prefix of all deploys of the service; a deploy uploads to a folder below it."""

    files: Mapping[str, Path]
    """Archives and templates by the names that they are uploaded under."""

    folders: tuple[Path, ...]
    """Resolved folders that contain them, besides that of the template."""

    region: str | None
    """The Region of the deploy."""

    def file(self, key: str) -> Path | None:
        """Return the file that is uploaded under an S3 key; None if it is not in the package.

        A layer that did not change since the last deploy has the key of an earlier one.
        """
        folder, _, name = key.rpartition("/")
        return self.files.get(name) if self.uploads and folder.rpartition("/")[0] == self.uploads else None


def read_package(template: Path) -> Package | None:
    """Return the package that a template belongs to; None if it is not one of the Serverless Framework.

    Args:
        template: The template's path.

    Raises:
        AssemblyError: The state of the package cannot be read.
    """
    path = template.parent / _STATE
    if template.name != TEMPLATE or not path.is_file():
        return None
    state = read_document(path)
    service = _service_folder(template.parent)
    packed = {file.name: file for file in template.parent.iterdir()}
    named = {} if service is None else {file.name: file for file in _artifacts(state, service)}
    caches = {real_path(file).parent for file in packed.values() if file.is_symlink()}
    return Package(
        service=as_text(mapping(state, "service").get("service")),
        uploads=(as_text(mapping(state, "package").get("artifactDirectoryName")) or "").rpartition("/")[0],
        files=named | packed,
        folders=(*filter(None, [service]), *(folder for folder in caches if folder.name == _CACHE)),
        region=as_text(mapping(state, "service", "provider").get("region")),
    )


def _service_folder(folder: Path) -> Path | None:
    """Return the folder of a service, which its package is in; None if it is not on this machine."""
    above = real_path(folder).parents
    if real_path(folder).name == _FOLDER:
        # The file may have another name, by --config. That of a folder above belongs to another service.
        return above[0]
    return next((parent for parent in above if any((parent / name).is_file() for name in _CONFIGURATIONS)), None)


def _artifacts(state: dict[str, Any], service: Path) -> Iterator[Path]:
    """Yield the archives that a service names in place of those that the framework makes."""
    for node in nodes_in(state):
        artifact = node.get("artifact") if isinstance(node, dict) else None
        if isinstance(artifact, str) and folder_fault(service / artifact) == A_FILE:
            yield service / artifact
