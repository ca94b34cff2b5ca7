"""Code of a function: as the user passed it, or built from an entry folder."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aws_cdk import AssetHashType, BundlingOptions
from aws_cdk.aws_lambda import Architecture, AssetCode, Code

from cdk_layers.building.builds import build, recall
from cdk_layers.building.notes import NO_REPORT
from cdk_layers.building.options import KnownLayer
from cdk_layers.cdk.asset.bundling import COMMAND, ArchiveImage
from cdk_layers.cdk.asset.entry_options import EntryOptions
from cdk_layers.cdk.asset.layer_asset import build_of
from cdk_layers.cdk.asset.output import placing, restore
from cdk_layers.cdk.model.layers import contents_of, model_of
from cdk_layers.cdk.model.runtimes import name_of
from cdk_layers.cdk.model.targets import target_of
from cdk_layers.cdk.node.contract import asset_staging
from cdk_layers.cdk.state import state_of
from cdk_layers.errors import AssemblyError, UsageError
from cdk_layers.lambda_service.search_path import layer_folders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from aws_cdk.aws_lambda import Function, ILayerVersion, Runtime

    from cdk_layers.building.builds import LayerBuild
    from cdk_layers.building.notes import BuildReport
    from cdk_layers.cdk.model.known_scope import KnownScope
    from cdk_layers.cdk.state import AppState
    from cdk_layers.contents.model import Contents
    from cdk_layers.store.protocol import Store


class _Measured(dict["Code", "Contents | None"]):
    """Contents of staged code; None where they cannot be read."""


@dataclass(frozen=True, slots=True)
class FunctionCode:
    """Code as `Function` accepts it, with its build."""

    code: Code
    contents: Contents | None = None
    build: LayerBuild | None = None
    image: ArchiveImage | None = None
    """The image that writes the build to the CDK's output folder."""

    @property
    def report(self) -> BuildReport:
        """What the build reports about the code."""
        return NO_REPORT if self.build is None else self.build.report

    @property
    def has_manifest(self) -> bool:
        """Whether it was built with a manifest, whose distributions may be others for another Python."""
        return self.build is not None and self.build.manifest is not None

    def placing(self, path: str) -> AbstractContextManager[None]:
        """Return the context in which the CDK stages the code."""
        return nullcontext() if self.build is None else placing(f"Function {path!r}", self.build)

    def restore(self, function: Function) -> None:
        """Write the archive in the output folder again if an earlier synthesis left an incomplete one."""
        if self.build is None or self.image is None or self.image.has_run:
            return
        stage = asset_staging(function.node)
        if stage is not None:
            restore(Path(stage.absolute_staged_path), self.build)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSource(EntryOptions):
    """The source of a function's code, and the options of its build."""

    code: Code | None
    index: str | None

    def build_or_recall(
        self,
        runtime: Runtime,
        architecture: Architecture | None,
        layers: Iterable[ILayerVersion | str],
        *,
        bundled: bool,
        store: Store,
    ) -> FunctionCode:
        """Return the code. That of an entry folder is built, or recalled from the store if the CDK does not bundle.

        Args:
            runtime: What the function runs on.
            architecture: The instruction set it runs on; x86_64 by default.
            layers: The function's layers; what they include is left out of the code.
            bundled: Whether the CDK bundles the stack. Otherwise nothing is built.
            store: The store of artifacts.

        Raises:
            UsageError: There is neither code nor an entry, or both, or options that only an entry has.
            EntryError, TargetError, DependencyError, BuildError: The entry cannot be built.
        """
        if self.code is not None and self.entry is None and not self.for_entry:
            return FunctionCode(self.code)
        if self.entry is None or self.code is not None:
            raise UsageError(self._contradiction())
        self._refuse_container()
        target = target_of(f"Function {self.path!r}", runtime, architecture)
        prefix = self.bundling.folder(f"Function {self.path!r}", "")
        layers, python = tuple(layers), name_of(runtime)
        options = self.build_options(prefix, provided=_provided(layers, python), layers=tuple(_known(layers)))
        entry = self.entry
        done = (
            build(entry, target, options, store=store, label=self.path)
            if bundled
            else recall(entry, target, options, store=store)
        )
        return (
            FunctionCode(Code.from_asset(str(entry.absolute())))
            if done is None
            else _built(done, entry.absolute(), self.bundling.given.get("asset_hash"))
        )

    def try_imports(
        self, code: FunctionCode, layers: Sequence[ILayerVersion | str], state: AppState, *, bundled: bool
    ) -> None:
        """Import the packages of the code on this machine if the user asked for it.

        Args:
            code: The code of the function.
            layers: The layers of the function.
            state: The state of the app.
            bundled: Whether the CDK bundles the stack.

        Raises:
            BrokenImportError: One of them cannot be imported.
        """
        if bundled and code.build is not None and code.build.job.options.content.try_imports:
            from cdk_layers.cdk.asset.tried_imports import try_code  # noqa: PLC0415 - few functions ask for it

            try_code(self.path, code.build, layers, state)

    @property
    def for_entry(self) -> tuple[str, ...]:
        """The arguments that need an entry."""
        given = {
            "index": self.index,
            "bundling": self.bundling.given,
            "asset_excludes": self.excludes,
            "default_excludes": not self.default_excludes,
            "follow_links": self.follow_links,
            "allow_source_builds": self.allow_source_builds,
            "groups": self.groups,
            "extras": self.extras,
            **dict.fromkeys(self.content.given, True),
        }
        return tuple(name for name, value in given.items() if value)

    def _refuse_container(self) -> None:
        reasons = self.bundling.container_only
        if reasons:
            needs, them = ("needs", "it") if len(reasons) == 1 else ("need", "them")
            message = (
                f"Function {self.path!r}: {', '.join(reasons)} {needs} a container, and the code is built without one. "
                f"Leave {them} out, or pass code= or use PythonFunction, which build in Docker. What command hooks "
                'become is in "Move from PythonFunction" of the documentation.'
            )
            raise UsageError(message)

    def _contradiction(self) -> str:
        place = f"Function {self.path!r}"
        if self.code is not None and self.entry is not None:
            return f"{place} has both code= and entry=. Pass one of them."
        if self.code is not None:
            are = "is" if len(self.for_entry) == 1 else "are"
            return f"{place}: {' and '.join(self.for_entry)} {are} for entry=, and code= is given."
        return f"{place} has no code. Pass entry=, a folder to build it from, or code=, as for lambda_.Function."


def contents_of_code(function: Function, code: Code, scope: KnownScope) -> Contents | None:
    """Return the contents of a function's code if it is an asset, else None.

    Code that several functions of a stack share is staged below the first of them, and measured once.
    """
    if not isinstance(code, AssetCode) or not scope.bundled:
        return None
    measured = state_of(scope.construct).part(_Measured)
    if code not in measured:
        measured[code] = _staged_contents(function, state_of(scope.construct).store)
    return measured[code]


def measured_contents(code: Code, scope: KnownScope) -> Contents | None:
    """Return the contents of code that another function of the app has staged; None if they are not known."""
    return state_of(scope.construct).part(_Measured).get(code) if scope.bundled else None


def contents_of_archive(code: Code, scope: KnownScope) -> Contents | None:
    """Return the contents of an archive that the user gives as code, which the CDK has not staged yet.

    A folder is None, since the CDK may leave out some of its files.
    """
    path = Path(code.path) if isinstance(code, AssetCode) and scope.bundled else None
    try:
        return state_of(scope.construct).store.contents_of(path) if path is not None and path.is_file() else None
    except (AssemblyError, OSError):
        return None


def _built(done: LayerBuild, entry: Path, asset_hash: str | None) -> FunctionCode:
    """Return a finished build as code. Its archive is joined in the output folder, and not stored as well."""
    image = ArchiveImage(done)
    code = Code.from_asset(
        str(entry),
        asset_hash=asset_hash or done.digest,
        asset_hash_type=AssetHashType.CUSTOM,
        bundling=BundlingOptions(image=image, command=[*COMMAND]),
    )
    return FunctionCode(code, done.contents, done, image)


def _provided(layers: Iterable[ILayerVersion | str], runtime: str) -> dict[str, str]:
    """Return the distributions, name to version, that layers include in folders that the runtime imports from."""
    searched = layer_folders(runtime.removeprefix("python"))
    contents = (None if isinstance(layer, str) else model_of(layer).contents for layer in layers)
    return {
        distribution.name: distribution.version
        for layer_contents in contents
        if layer_contents is not None
        for distribution in layer_contents.distributions
        if distribution.folder in searched
    }


def _known(layers: Iterable[ILayerVersion | str]) -> Iterator[KnownLayer]:
    """Yield the layers whose contents are known, which may be those of an earlier build if the user names its hash."""
    for layer in layers:
        if isinstance(layer, str) or (contents := model_of(layer).contents) is None:
            continue
        label, done = model_of(layer).label, build_of(layer)
        if done is None:
            yield KnownLayer(label, contents)
        else:
            yield KnownLayer(label, contents, done.job.entry, done.job.options.prefix)


def _staged_contents(function: Function, store: Store) -> Contents | None:
    stage = asset_staging(function.node)
    try:
        return None if stage is None else contents_of(stage, store)
    except (AssemblyError, OSError):
        return None
