"""Imports of the packages of built layers and functions at synthesis, for users who set `try_imports`.

No other option lets a synthesis run the code of distributions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.cdk.model.layers import model_of
from cdk_layers.cdk.node.contract import asset_staging
from cdk_layers.errors import BrokenImportError, BuildError, UsageError
from cdk_layers.store.keys import key_of
from cdk_layers.system.outgoing import printable, report_error
from cdk_layers.system.temporary_folders import temporary_folder
from cdk_layers.system.wording import count, listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from aws_cdk.aws_lambda import ILayerVersion

    from cdk_layers.building.builds import LayerBuild
    from cdk_layers.cdk.state import AppState
    from cdk_layers.contents.model import Contents
    from cdk_layers.lambda_service.target import Target
    from cdk_layers.local.function import LocalFunction, LocalLayer
    from cdk_layers.local.runner import Runner
    from cdk_layers.local.try_imports import FailedImport, TriedImports
    from cdk_layers.store.protocol import Store

_SCHEMA: Final = 2
"""Counts up when the same content is imported in another way."""

_NAMED: Final = 3
_QUOTED: Final = re.compile(r"['\"]([^'\"]+)['\"]")


class _Reported(set[str]):
    """The reasons for which imports were not tried that the error output of the app has."""


def try_layer(path: str, targets: Sequence[Target], build: LayerBuild, state: AppState) -> None:
    """Import all top-level packages of a layer in each Python that it is for, unless they were imported before.

    Args:
        path: The construct path of the layer.
        targets: What it is for.
        build: Its build.
        state: The state of the app.

    Raises:
        BrokenImportError: An import fails that does not fail in the untrimmed content as well.
    """
    for python in dict.fromkeys(target.python for target in targets):
        _Trial(f"Layer {path!r}", path, build, [target for target in targets if target.python == python]).run(state)


def try_code(path: str, build: LayerBuild, layers: Sequence[ILayerVersion | str], state: AppState) -> None:
    """Import all top-level packages of a function's code next to its layers, unless they were imported before.

    Args:
        path: The construct path of the function.
        build: Its build.
        layers: The layers of the function, in merge order.
        state: The state of the app.

    Raises:
        BrokenImportError: An import fails that does not fail in the untrimmed content as well.
    """
    _Trial(f"Function {path!r}", path, build, [build.target], tuple(layers), is_code=True).run(state)


class _NotHereError(Exception):
    """This machine cannot import the packages."""

    def __init__(self, kind: str, reason: str) -> None:
        """Store the kind of the reason, which is reported once, and the reason with what to do."""
        super().__init__(reason)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class _Trial:
    """The imports of one archive in one Python."""

    place: str
    """The construct's name in messages."""

    path: str
    build: LayerBuild
    targets: Sequence[Target]
    """The targets with this Python."""

    layers: tuple[ILayerVersion | str, ...] = ()
    """The layers of a function."""

    is_code: bool = False

    def run(self, state: AppState) -> None:
        """Import the packages, unless all imports are known to succeed."""
        key, reported = self._key(), state.part(_Reported)
        if self._python in reported or state.store.recall(key):
            return
        try:
            self._import(state.store)
        except _NotHereError as obstacle:
            if obstacle.kind not in reported:
                reported.add(obstacle.kind)
                _warn(
                    f"{self.place}: try_imports is set, and nothing was imported: {obstacle} Other layers and "
                    "functions with the same obstacle are not listed."
                )
        else:
            state.store.remember(key, True)

    @property
    def _python(self) -> str:
        return self.targets[0].python

    def _key(self) -> str:
        layers = [layer if isinstance(layer, str) else model_of(layer).asset for layer in self.layers]
        return key_of("tried-imports", [_SCHEMA, self.build.digest, self._python, layers])

    def _import(self, store: Store) -> None:
        # What runs functions is loaded only where something is imported.
        from cdk_layers.building.trim.untrimmed import write_untrimmed  # noqa: PLC0415
        from cdk_layers.local.try_imports import package_names, try_imports  # noqa: PLC0415

        if not package_names(self.build.contents, self._python, is_code=self.is_code):
            return
        target = self._target()
        self._refuse_foreign(target)
        runner, layers = self._runner(store), tuple(self._local_layers())
        with temporary_folder("imports") as folder:
            archive, whole = folder / "archive.zip", folder / "untrimmed.zip"
            self.build.write_to(archive)
            function = self._function(target, archive, layers)
            is_known = bool(self.build.report.savings) and write_untrimmed(store, self.build.digest, whole)
            result = try_imports(runner, function, untrimmed=whole if is_known else None, of_code=self.is_code)
            before = store.contents_of(whole) if result.broken and is_known else None
        self._report(result, target, before)

    def _runner(self, store: Store) -> Runner:
        """Return what runs the imports, with a Python and a runtime client."""
        from cdk_layers.local.runner import Runner  # noqa: PLC0415

        runner = Runner(store)
        try:
            runner.find_runtime(self._python)
        except (UsageError, BuildError) as error:
            raise _NotHereError(self._python, str(error)) from None
        return runner

    def _target(self) -> Target:
        """Return the target that this machine can run, if there is one."""
        from cdk_layers.local.runner import this_architecture  # noqa: PLC0415

        here = this_architecture()
        return next((target for target in self.targets if target.architecture == here), self.targets[0])

    def _refuse_foreign(self, target: Target) -> None:
        from cdk_layers.local.runner import foreign_files, this_architecture  # noqa: PLC0415

        here, prefix = this_architecture(), self.build.job.options.prefix
        foreign = foreign_files(self.build.contents, f"{prefix}/" if prefix else "", here)
        if target.architecture != here and foreign:
            message = (
                f"it is for {target.architecture}, and this machine is {here}: it cannot load "
                f"{count(len(foreign), 'native file')}, such as {foreign[0]}. Synthesize on a machine with "
                f"{target.architecture}, such as a runner of CI, or leave out try_imports."
            )
            raise _NotHereError(target.architecture, message)

    def _local_layers(self) -> Iterator[LocalLayer]:
        from cdk_layers.local.function import LocalLayer  # noqa: PLC0415

        for layer in self.layers:
            stage = None if isinstance(layer, str) else asset_staging(layer.node)
            label = layer if isinstance(layer, str) else model_of(layer).label
            if stage is None or isinstance(layer, str) or model_of(layer).contents is None:
                message = (
                    f"its layer {label} is not on this machine. After `cdk synth`, run "
                    f"`cdk-layers try-imports {self.path} --layer {label}=PATH` with its archive."
                )
                raise _NotHereError(label, message)
            yield LocalLayer(label, Path(stage.absolute_staged_path))

    def _function(self, target: Target, archive: Path, layers: tuple[LocalLayer, ...]) -> LocalFunction:
        from cdk_layers.local.function import InlineCode, LocalFunction, LocalLayer  # noqa: PLC0415

        return LocalFunction(
            path=self.path,
            name=self.path.rpartition("/")[2],
            runtime=f"python{target.python}",
            architecture=target.architecture,
            handler="none.handler",
            code=archive if self.is_code else InlineCode({}),
            layers=layers if self.is_code else (LocalLayer(self.path, archive),),
        )

    def _report(self, result: TriedImports, target: Target, before: Contents | None) -> None:
        """Raise an error for what is broken, and write a warning for what is not the fault of trimming."""
        for failure in result.failed:
            if not failure.is_fault:
                _warn(f"{self.place}: {failure.name} cannot be imported, untrimmed neither: {failure.error}")
        if not result.broken:
            return
        lost = () if before is None else tuple(sorted(before.files.keys() - self.build.contents.files.keys()))
        lines = [f"{failure.name}: {failure.error}{_lost_by(failure, lost)}" for failure in result.broken]
        total = f"{len(lines)} of {count(len(result.names), 'package')}"
        message = (
            f"{self.place}: {total} cannot be imported in python{target.python} on {target.architecture}:\n  "
            + "\n  ".join(lines)
            + f"\n{self._remedy()} To build it as it is, pass try_imports=False."
        )
        raise BrokenImportError(message)

    def _remedy(self) -> str:
        from cdk_layers.building.trim.savings import savings_text  # noqa: PLC0415

        if not self.build.report.savings:
            return "Nothing was trimmed. Add what is missing to the requirements, or drop the distribution."
        content = self.build.job.options.content
        ways = {
            "trim": 'choose the kinds that trim leaves out, such as trim=["stubs", "sources"]',
            "dependency_excludes": "change the patterns in dependency_excludes",
            "aws_services": "add the service to aws_services",
        }
        chosen = [way for name, way in ways.items() if getattr(content, name)]
        text = ", or ".join(chosen)
        return f"Left out: {savings_text(self.build.report.savings)}. {text[:1].upper()}{text[1:]}."


def _lost_by(failure: FailedImport, lost: Collection[str]) -> str:
    """Return which of the files that were left out an import may miss, in words."""
    folder = f"/{failure.name.replace('.', '/')}/"
    named = [path for path in lost if _is_named(path, failure.error)]
    found = named or [path for path in lost if folder in f"/{path}"]
    return f" (left out: {listed(found, _NAMED)})" if found else ""


def _is_named(path: str, error: str) -> bool:
    """Return whether an error names a file, its folder, or the module in it."""
    stem = path.removesuffix(".py").removesuffix("/__init__")
    module, names = stem.replace("/", "."), (path.rpartition("/")[2], stem.rpartition("/")[2])
    words = [word.rpartition("/")[2] for word in _QUOTED.findall(error)]
    return any(word in names or ("." in word and f".{module}".endswith(f".{word}")) for word in words)


def _warn(message: str) -> None:
    report_error(f"cdk-layers: {printable(message)}")
