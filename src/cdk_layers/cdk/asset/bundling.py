"""Options of `bundling=`, and an image that writes a finished archive where the CDK expects the output of Docker."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from aws_cdk import AssetHashType, DockerImage, DockerVolume
from aws_cdk.aws_lambda_python_alpha import BundlingOptions

from cdk_layers.cdk.arguments.keywords import cdk_arguments, checked_keywords
from cdk_layers.cdk.arguments.readers import Arguments
from cdk_layers.cdk.model.runtimes import name_of
from cdk_layers.cdk.model.targets import DEFAULT_ARCHITECTURE
from cdk_layers.cdk.node.contract import output_folder
from cdk_layers.errors import BuildError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk.aws_lambda import Architecture

    from cdk_layers.building.builds import LayerBuild

_OPTIONS: Final = tuple(inspect.signature(BundlingOptions).parameters)

_LOCAL: Final = frozenset({
    "asset_excludes",
    "asset_hash",
    "asset_hash_type",
    "build_args",
    "environment",
    "output_path_suffix",
    "poetry_include_hashes",
    "poetry_without_urls",
})  # fmt: skip
"""Options that a build without a container honors. All others, those of a newer CDK included, need a container."""

_DEFAULT_IS_TRUE: Final = "poetry_include_hashes"
"""The option for which False is another choice than none: hashes of a poetry.lock are verified by default."""

_HERE: Final = "local"
"""The option of a newer CDK to build without a container, as this library does. Source: aws-cdk, unreleased."""

_TOOL_VERSIONS: Final = frozenset({"PIPENV_VERSION", "POETRY_VERSION", "UV_VERSION"})
"""Arguments of PythonLayerVersion's image that choose the tools which read locks there. Source: its Dockerfile.

A local build reads the same locks with the installed tools, so these arguments have no effect on it.
"""

_LOCAL_BUILD_ARGS: Final = _TOOL_VERSIONS | {"HTTPS_PROXY", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"}
"""Arguments of PythonLayerVersion's image that a local build honors. Source: its Dockerfile."""

_PLATFORMS: Final = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}
"""Docker's platforms. Source: aws-cdk-lib 2.275, aws-lambda/lib/architecture.js."""

_OWN_HASHES: Final = (AssetHashType.SOURCE, AssetHashType.CUSTOM)

_DEFAULT_FOLDER: Final = "python"

COMMAND: Final = ("place the archive",)
"""The command of `ArchiveImage`. The CDK hashes it, and its default depends on which manifest the entry has."""


@dataclass(frozen=True, slots=True)
class Bundling:
    """The options that the user passed as `bundling=`."""

    given: Mapping[str, Any]
    """Their values by their Python names, without those that are equal to none: None, empty, or False by default."""

    @classmethod
    def read(
        cls,
        options: BundlingOptions | Mapping[str, Any] | None,
        arguments: Arguments,
        architectures: Sequence[Architecture] | None = None,
    ) -> Bundling:
        """Read `BundlingOptions`, or the mapping that the CDK accepts in their place.

        Args:
            options: What the user passed as `bundling`.
            arguments: Readers that name the construct.
            architectures: The architectures of the construct. A `platform` of the first one is left out, since a build
                without a container builds for it anyway.

        Raises:
            UsageError: `options` is neither, or an option is misspelt or has a wrong type.
        """
        if options is None:
            return cls({})
        if isinstance(options, Mapping):
            place = f"{arguments.place}: bundling"
            # A CDK without this option would reject it, and a local build is the default here.
            options = {name: value for name, value in options.items() if (name, value) != (_HERE, True)}
            checked_keywords(place, BundlingOptions.__init__, options)
            plain = {**options, **_lists_and_variables(Arguments(place), options)}
            with cdk_arguments(place, plain):
                options = BundlingOptions(**plain)
        if not isinstance(options, BundlingOptions):
            expected = "aws_cdk.aws_lambda_python_alpha.BundlingOptions, or a mapping of its options"
            raise arguments.wrong(options, "bundling", expected)
        values = {name: getattr(options, name) for name in _OPTIONS}
        given = {
            name: value
            for name, value in values.items()
            if value not in (None, [], {}, False) or (name == _DEFAULT_IS_TRUE and value is False)
        }
        if given.get(_HERE) is True:
            del given[_HERE]
        if given.get("platform") == _platform(architectures):
            del given["platform"]
        return cls(given)

    @property
    def container_only(self) -> tuple[str, ...]:
        """The options that need a container, by the names that the user wrote."""
        arguments = sorted(self._build_args.keys() - _LOCAL_BUILD_ARGS)
        names = sorted(self.given.keys() - _LOCAL)
        return (*(f"bundling.{name}" for name in names), *(f"bundling.build_args[{name!r}]" for name in arguments))

    @property
    def _build_args(self) -> Mapping[str, str]:
        return cast("Mapping[str, str]", self.given.get("build_args", {}))

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables for the build, in addition to those of this process."""
        arguments = {name: value for name, value in self._build_args.items() if name not in _TOOL_VERSIONS}
        return {**arguments, **self.given.get("environment", {})}

    @property
    def excludes(self) -> tuple[str, ...]:
        """Patterns of files to leave out of the archive."""
        return tuple(self.given.get("asset_excludes", ()))

    def folder(self, place: str, default: str = _DEFAULT_FOLDER) -> str:
        """Return the folder in the archive that files are put into, which `output_path_suffix` can change.

        Args:
            place: The construct's name in messages.
            default: The folder without a suffix.

        Raises:
            UsageError: The suffix is a path outside of the archive.
        """
        suffix = str(self.given.get("output_path_suffix", default))
        parts = [part for part in suffix.split("/") if part not in ("", ".")]
        if ".." in parts:
            message = f"{place}: output_path_suffix {suffix!r} is outside of the archive. Name a folder inside of it."
            raise UsageError(message)
        return "/".join(parts)

    @property
    def has_own_hash(self) -> bool:
        """Whether the user chose an asset hash that does not depend on the content of the build."""
        return "asset_hash" in self.given or self.given.get("asset_hash_type") in _OWN_HASHES

    @property
    def _hashes(self) -> dict[str, Any]:
        return {name: self.given.get(name) for name in ("asset_hash", "asset_hash_type")}

    def placing(self, build: LayerBuild) -> BundlingOptions:
        """Return options by which PythonLayerVersion stages a finished archive instead of running a container.

        The asset hash is the digest of the content, unless the user chose another one.
        """
        chosen = self._hashes if self.has_own_hash else {
            "asset_hash": build.digest, "asset_hash_type": AssetHashType.CUSTOM,
        }  # fmt: skip
        return BundlingOptions(image=ArchiveImage(build), command=[*COMMAND], **chosen)

    def unbundled(self) -> BundlingOptions:
        """Return the options for a stack that the CDK does not bundle: without an output, there is no output hash."""
        return BundlingOptions(**(self._hashes if self.has_own_hash else {}))

    def for_container(self, excludes: Sequence[str]) -> BundlingOptions:
        """Return the user's options with more excludes."""
        return BundlingOptions(**{**self.given, "asset_excludes": [*self.excludes, *excludes]})


def _lists_and_variables(arguments: Arguments, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a mapping whose wrong types the CDK would accept, checked here."""
    read: dict[str, Any] = {}
    if options.get("asset_excludes") is not None:
        read["asset_excludes"] = list(arguments.texts("asset_excludes", options["asset_excludes"], "patterns"))
    for name in ("environment", "build_args"):
        if options.get(name) is not None:
            read[name] = arguments.variables(options[name], name)
    return read


def _platform(architectures: Sequence[Architecture] | None) -> str | None:
    name = name_of(architectures[0]) if architectures else DEFAULT_ARCHITECTURE
    return _PLATFORMS.get(name)


class ArchiveImage(DockerImage):
    """An image whose `run` writes a finished archive to the output folder of the container.

    PythonLayerVersion has no option for a local build, but it accepts an image and calls its `run`.
    """

    def __init__(self, build: LayerBuild) -> None:
        """Remember the build. No container engine is needed."""
        super().__init__("cdk-layers")
        self._build = build
        self.has_run = False
        """Whether the CDK called `run`, which it does not if the output folder contains the asset already."""

    def run(self, *, volumes: Sequence[DockerVolume | dict[str, Any]] | None = None, **_: object) -> None:
        """Write the archive to the folder on this machine that is mounted as the output folder.

        The archive is a copy: through a link, an edit in cdk.out would damage the build cache.
        """
        folder = output_folder(volumes)
        if folder is None:
            message = (
                "This version of the CDK mounts no output folder, so the archive cannot be written. "
                "Use a version of aws-cdk-lib that this library supports."
            )
            raise BuildError(message)
        self._build.write_to(Path(folder) / "layer.zip")
        self.has_run = True
