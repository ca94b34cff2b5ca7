"""What `bundling=` asks for, read before anything is built."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest
from aws_cdk import AssetHashType, BundlingFileAccess, DockerImage, DockerVolume
from aws_cdk.aws_lambda import Architecture
from aws_cdk.aws_lambda_python_alpha import BundlingOptions

from cdk_layers.building.builds import build
from cdk_layers.cdk.arguments.readers import Arguments
from cdk_layers.cdk.asset import bundling
from cdk_layers.cdk.asset.bundling import ArchiveImage, Bundling
from cdk_layers.errors import BuildError, UsageError
from cdk_layers.lambda_service.target import Target
from cdk_layers.store.local_store import LocalStore
from tests.building.archives_of_builds import written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.building.builds import LayerBuild

LAYER: Final = Arguments("Layer 'Hub/Base'")


@pytest.fixture
def made(tmp_path: Path) -> LayerBuild:
    """A finished build."""
    (tmp_path / "company").mkdir()
    (tmp_path / "company" / "company.py").write_text("NAME = 'company'\n")
    return build(tmp_path / "company", Target("3.13", "x86_64"), store=LocalStore(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("command", ["true"]),
        ("entrypoint", ["/bin/sh"]),
        ("image", DockerImage.from_registry("builder")),
        ("network", "host"),
        ("platform", "linux/arm64"),
        ("security_opt", "no-new-privileges"),
        ("user", "1000"),
        ("volumes", [DockerVolume(host_path="/a", container_path="/b")]),
        ("volumes_from", ["other"]),
        ("working_directory", "/work"),
        ("bundling_file_access", BundlingFileAccess.VOLUME_COPY),
        ("build_args", {"APT_MIRROR": "mirror"}),
    ],
)
def test_what_only_a_container_can_honour_chooses_it(name: str, value: object) -> None:
    """Each such option is named as the reason, whether it comes as options or as a mapping."""
    for options in (BundlingOptions(**{name: value}), {name: value}):  # type: ignore[arg-type]
        [reason] = Bundling.read(options, LAYER).container_only
        assert reason.startswith(f"bundling.{name}")


@pytest.mark.parametrize(
    "options",
    [
        None,
        {},
        BundlingOptions(),
        BundlingOptions(volumes=[], user=None),
        BundlingOptions(
            asset_excludes=["*.md"],
            asset_hash="1",
            asset_hash_type=AssetHashType.CUSTOM,
            build_args={"POETRY_VERSION": "2.1", "UV_VERSION": "0.9", "PIP_INDEX_URL": "file:///wheels"},
            environment={"PIP_EXTRA_INDEX_URL": "file:///more"},
            output_path_suffix="lib",
            poetry_include_hashes=True,
            poetry_without_urls=True,
        ),
    ],
)
def test_the_rest_is_honoured_without_a_container(options: BundlingOptions | None) -> None:
    """What means something outside of a container, and what is empty, needs none."""
    assert Bundling.read(options, LAYER).container_only == ()


def test_the_environment_is_the_arguments_with_the_variables_over_them() -> None:
    """Arguments of the image that mean something here reach the build as variables."""
    options = BundlingOptions(
        build_args={"PIPENV_VERSION": "1", "PIP_INDEX_URL": "one", "HTTPS_PROXY": "two"},
        environment={"PIP_INDEX_URL": "three"},
    )
    assert Bundling.read(options, LAYER).environment == {"PIP_INDEX_URL": "three", "HTTPS_PROXY": "two"}


@pytest.mark.parametrize(
    ("suffix", "folder"),
    [(None, "python"), ("python", "python"), ("", ""), ("/", ""), ("python/lib/", "python/lib"), ("./a//b", "a/b")],
)
def test_the_folder_follows_the_suffix(suffix: str | None, folder: str) -> None:
    """The archive's folder is "python" unless `output_path_suffix` names another, or none."""
    assert Bundling.read(BundlingOptions(output_path_suffix=suffix), LAYER).folder("Layer 'Hub/Base'") == folder


def test_a_suffix_that_leads_out_is_refused() -> None:
    """As PythonLayerVersion does, but with the layer's path."""
    with pytest.raises(UsageError, match=r"'Hub/Base'.*'a/\.\./\.\.'"):
        Bundling.read(BundlingOptions(output_path_suffix="a/../.."), LAYER).folder("Layer 'Hub/Base'")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("digest", AssetHashType.CUSTOM)),
        ({"asset_hash_type": AssetHashType.OUTPUT}, ("digest", AssetHashType.CUSTOM)),
        ({"asset_hash_type": AssetHashType.SOURCE}, (None, AssetHashType.SOURCE)),
        ({"asset_hash": "mine"}, ("mine", None)),
        ({"asset_hash": "mine", "asset_hash_type": AssetHashType.CUSTOM}, ("mine", AssetHashType.CUSTOM)),
    ],
)
def test_the_asset_hash_is_the_digest_or_the_users(
    made: LayerBuild, given: dict[str, Any], expected: tuple[object, object]
) -> None:
    """The digest says what the output is; a hash of the source or of the user's own stays what it is."""
    options = Bundling.read(given, LAYER).placing(replace(made, digest="digest"))
    assert (options.asset_hash, options.asset_hash_type) == expected


def test_without_bundling_there_is_no_hash_of_an_output() -> None:
    """The CDK would refuse the hash of an output that does not exist."""
    options = Bundling.read({"asset_hash_type": AssetHashType.OUTPUT}, LAYER).unbundled()
    assert (options.asset_hash, options.asset_hash_type, options.image) == (None, None, None)


def test_the_containers_options_are_the_users_with_more_excludes() -> None:
    """Nothing of what the user gave is lost on the way to PythonLayerVersion."""
    options = Bundling.read({"user": "1000", "asset_excludes": ["a"], "environment": {"A": "1"}}, LAYER).for_container(
        ["b"]
    )
    assert (options.user, options.environment, options.asset_excludes) == ("1000", {"A": "1"}, ["a", "b"])


def test_the_image_places_a_copy(made: LayerBuild, tmp_path: Path) -> None:
    """What happens to the placed archive does not reach the parts in the build cache."""
    before = written(made).read_bytes()
    (tmp_path / "out").mkdir()
    ArchiveImage(made).run(volumes=[DockerVolume(host_path=str(tmp_path / "out"), container_path="/asset-output")])
    [placed] = (tmp_path / "out").iterdir()
    assert placed.suffix == ".zip"
    assert placed.read_bytes() == before
    placed.write_bytes(b"damaged")
    assert written(made).read_bytes() == before


def test_an_image_without_an_output_folder_says_so(made: LayerBuild) -> None:
    """A CDK that mounts nothing is an error, not an empty layer."""
    runs: list[Callable[[], None]] = [
        lambda: ArchiveImage(made).run(),
        lambda: ArchiveImage(made).run(volumes=[DockerVolume(host_path="/a", container_path="/asset-input")]),
    ]
    for run in runs:
        with pytest.raises(BuildError, match="no output folder"):
            run()


@pytest.mark.parametrize(
    ("platform", "architecture", "is_local"),
    [
        ("linux/amd64", None, True),
        ("linux/amd64", Architecture.X86_64, True),
        ("linux/arm64", Architecture.ARM_64, True),
        ("linux/arm64", None, False),
        ("linux/amd64", Architecture.ARM_64, False),
        ("linux/riscv64", Architecture.ARM_64, False),
    ],
)
def test_a_platform_that_is_built_for_anyway_needs_no_container(
    platform: str, architecture: Architecture | None, is_local: bool
) -> None:
    """`platform` names the machine that the container runs on; only one that is not the target's needs it."""
    read = Bundling.read({"platform": platform}, LAYER, None if architecture is None else [architecture])
    assert (read.container_only == ()) == is_local


def test_the_versions_of_the_images_tools_do_not_reach_local_ones() -> None:
    """pipenv, for one, would take PIPENV_VERSION for its option --version."""
    arguments = {"POETRY_VERSION": "2.1", "PIPENV_VERSION": "2024.4", "UV_VERSION": "0.9", "HTTPS_PROXY": "proxy"}
    read = Bundling.read(BundlingOptions(build_args=arguments), LAYER)
    assert read.container_only == ()
    assert read.environment == {"HTTPS_PROXY": "proxy"}


@pytest.mark.parametrize("options", [{"local": True}, {"local": True, "asset_excludes": ["tests/"]}])
def test_to_build_without_a_container_chooses_none(options: dict[str, Any]) -> None:
    """An option of a newer CDK for what this package does anyway."""
    read = Bundling.read(options, LAYER)

    assert read.container_only == ()
    assert "local" not in read.given


def test_a_newer_cdk_passes_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an option of its own: True is what is done here; a bundler of the user's is left to the CDK."""

    class Newer(BundlingOptions):
        local: object = True

    monkeypatch.setattr(bundling, "_OPTIONS", (*bundling._OPTIONS, "local"))
    assert Bundling.read(Newer(), LAYER).container_only == ()

    monkeypatch.setattr(Newer, "local", object())
    assert Bundling.read(Newer(), LAYER).container_only == ("bundling.local",)
