"""The code of a function or the content of a layer, and where it is."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.assembly import sam
from cdk_layers.assembly.assets import UNMEASURED, Measured
from cdk_layers.assembly.constructs import DEFAULT_CHILDREN
from cdk_layers.assembly.evaluate.values import NO_VALUE, as_text, describe
from cdk_layers.assembly.signing import has_signature
from cdk_layers.assembly.storage import referenced
from cdk_layers.contents.model import Contents, File
from cdk_layers.system.project_paths import real_path

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.app.model import Storage
    from cdk_layers.assembly.assets import Assets
    from cdk_layers.assembly.evaluate.intrinsics import Evaluation
    from cdk_layers.assembly.stacks import Resource, Stack
    from cdk_layers.findings import Subject

_ASSET_PATH: Final = "aws:asset:path"
_IS_BUNDLED: Final = "aws:asset:is-bundled"
_ARCHIVES: Final = ("", ".zip", ".jar", ".whl")
"""The suffixes of archives; asset files may have none."""

_INLINE_FILES: Final = {"python": "index.py", "nodejs": "index.js"}


@dataclass(frozen=True, slots=True)
class Code:
    """What is known about the code of a function or the content of a layer."""

    measured: Measured = UNMEASURED
    asset: str | None = None
    """The asset hash."""

    image: bool = False
    storage: Storage | None = None
    is_signed: bool | None = None
    is_unbuilt: bool = False
    """Whether the assembly was written without building it."""


@dataclass(frozen=True, slots=True)
class InlineSources:
    """The one file of a function whose code is in its template."""

    name: str
    content: bytes

    def read(self, path: str) -> bytes | None:
        """Return the file's bytes if that is its path."""
        return self.content if path == self.name else None


@dataclass(frozen=True, slots=True)
class CodeReader:
    """Reads the code of functions and the content of layers."""

    assets: Assets
    unbundled: frozenset[Stack] = frozenset()
    """Stacks whose assets the CDK did not build."""

    def read(
        self,
        expression: Any,
        resource: Resource,
        subject: Subject,
        evaluation: Evaluation,
        *,
        runtime: str | None = None,
    ) -> Code:
        """Return what is known about code, and report why its content is unknown.

        Args:
            expression: The property Code, Content, CodeUri or ContentUri.
            resource: The resource that has it.
            subject: The function or layer.
            evaluation: Evaluates the expressions of the template.
            runtime: The function's runtime, which decides on the file name of inline code; None for layers.
        """
        if self._is_unbuilt(resource, subject):
            return Code(is_unbuilt=True)
        value = sam.location(evaluation.value(expression, resource.stack))
        if isinstance(value, str):
            return _local(resource.stack.path.parent / value, subject, self.assets)
        if isinstance(value, dict):
            return self._described(value, resource, subject, evaluation, runtime)
        return Code() if value is None or value is NO_VALUE else self._deploy_only(describe(value), subject)

    def _described(
        self, value: dict[str, Any], resource: Resource, subject: Subject, evaluation: Evaluation, runtime: str | None
    ) -> Code:
        """Return what is known about code in the template, in an image, or in S3."""
        if "ImageUri" in value:
            return Code(image=True)
        if "ZipFile" in value:
            text = as_text(value["ZipFile"])
            return self._deploy_only(describe(value["ZipFile"]), subject) if text is None else _inline(text, runtime)
        found = _uploaded(value, resource, subject, self.assets)
        if found is None:
            bucket, key = (describe(value.get(name)) for name in ("S3Bucket", "S3Key"))
            found = self._deploy_only(f"s3://{bucket}/{key}", subject)
        return replace(found, storage=referenced(value, evaluation))

    def _deploy_only(self, place: str, subject: Subject) -> Code:
        """Return unknown code, and report that an expression decides what or where it is."""
        self.assets.report(f": its content, {place}, is known only at deploy.", subject)
        return Code()

    def _is_unbuilt(self, resource: Resource, subject: Subject) -> bool:
        """Return whether the assembly was written without building the asset of a resource, and report it."""
        if resource.stack in self.unbundled:
            return True
        is_unbuilt = resource.stack.constructs.metadata_of(resource.where.path).is_unbuilt
        if is_unbuilt or _is_unbundled(resource, self.assets):
            self.assets.report(
                " is not built in this assembly, since the CDK did not bundle its stack, so its content is unknown. "
                "Run `cdk synth`.",
                subject,
            )
            return True
        if sam.is_unbuilt(resource):
            self.assets.report(" has to be built first, by `sam build`, so its content is unknown.", subject)
            return True
        return False


def _is_unbundled(resource: Resource, assets: Assets) -> bool:
    """Return whether the CDK left out bundling the asset of a resource, so that it is the source, as after `cdk list`.

    An asset with bundling that is not bundled stays outside of the assembly. PythonFunction and PythonLayerVersion then
    make an asset without bundling.

    Source: `stageByBundling` in core/lib/asset-staging.ts; lib/bundling.ts of aws-lambda-python-alpha.
    """
    staged, is_bundled = resource.metadata.get(_ASSET_PATH), resource.metadata.get(_IS_BUNDLED)
    if is_bundled is True and isinstance(staged, str):
        return not real_path(resource.stack.path.parent / staged).is_relative_to(assets.roots[0])
    places = (resource.where.path, *(f"{resource.where.path}/{child}" for child in DEFAULT_CHILDREN))
    return is_bundled is False and not resource.stack.constructs.bundling.isdisjoint(places)


def _local(path: Path, subject: Subject, assets: Assets) -> Code:
    """Return what is known about a folder or an archive. A single source file is packed later, so nothing is known."""
    if path.suffix not in _ARCHIVES and path.is_file():
        assets.report(f": {path} is a single file and not an archive, so the deployed content is unknown.", subject)
        return Code()
    measured = assets.measure(path, subject)
    return Code(measured, is_signed=True if has_signature(measured.contents) else None)


def _uploaded(value: dict[str, Any], resource: Resource, subject: Subject, assets: Assets) -> Code | None:
    """Return what is known about an object in S3; None if its key is known only at deploy."""
    key = value.get("S3Key")
    asset = assets.by_key(key) if isinstance(key, str) else None
    if asset is not None:
        measured = assets.measure(asset.path, subject)
        # The CDK uploads assets unchanged, without signing them.
        return Code(measured, asset.id, is_signed=has_signature(measured.contents) if measured.contents else None)
    staged = resource.metadata.get(_ASSET_PATH)
    if isinstance(staged, str):
        path = resource.stack.path.parent / staged
        return Code(assets.measure(path, subject), path.name.removeprefix("asset.").partition(".")[0])
    if not isinstance(key, str):
        return None
    place = f"s3://{describe(value.get('S3Bucket'))}/{key}"
    assets.report(f": {place} is not an asset of this assembly, so its content is unknown.", subject)
    return Code()


def _inline(text: str, runtime: str | None) -> Code:
    name = next((file for start, file in _INLINE_FILES.items() if (runtime or "").startswith(start)), None)
    if name is None:
        return Code()
    content = text.encode()
    files = {name: File(len(content), zlib.crc32(content), 0o644)}
    return Code(Measured(Contents(unzipped_bytes=len(content), files=files), InlineSources(name, content)))
