"""What happens before a layer's construct exists."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from aws_cdk.aws_lambda_python_alpha import BundlingOptions

from cdk_layers.building.content_options import ContentOptions
from cdk_layers.building.options import BuildOptions
from cdk_layers.cdk.arguments.content import ContentChoices
from cdk_layers.cdk.arguments.readers import Arguments
from cdk_layers.cdk.asset import docker
from cdk_layers.cdk.asset.bundling import Bundling
from cdk_layers.cdk.asset.layer_asset import asset_of
from cdk_layers.cdk.asset.layer_source import LayerSource
from cdk_layers.cdk.asset.prebuilt_layers import PrebuiltLayers
from cdk_layers.errors import BuildError, UsageError
from cdk_layers.lambda_service.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_layers.cdk.model.known_scope import KnownScope
    from cdk_layers.store.local_store import LocalStore

LAYER: Final = Arguments("Layer 'Hub/Base'")
SOURCE: Final = LayerSource(
    path="Hub/Base",
    entry=Path("entry"),
    opt_entry=None,
    targets=(Target("3.13", "x86_64"),),
    bundling=Bundling({}),
    excludes=(),
    allow_source_builds=(),
    groups=(),
    extras=(),
    docker=False,
)


@pytest.mark.parametrize("kind", [dict, BundlingOptions])
def test_every_option_reaches_the_build(kind: Callable[..., Any]) -> None:
    """Nothing that a local build can honor is lost on the way, False included where the default is True."""
    given = {
        "asset_excludes": ["*.md"],
        "environment": {"UV_INDEX": "file:///more"},
        "output_path_suffix": "lib",
        "poetry_include_hashes": False,
        "poetry_without_urls": True,
    }
    source = replace(
        SOURCE,
        opt_entry=Path("opt"),
        bundling=Bundling.read(kind(**given), LAYER),
        excludes=("tests/",),
        allow_source_builds=("company-lib",),
        groups=("docs",),
        extras=("s3",),
        default_excludes=False,
        follow_links=True,
        content=ContentChoices(bytecode=True),
    )
    assert source.options == BuildOptions(
        prefix="lib",
        opt_entry=Path("opt"),
        excludes=("*.md", "tests/"),
        allow_source_builds=("company-lib",),
        groups=("docs",),
        extras=("s3",),
        default_excludes=False,
        follow_links=True,
        content=ContentOptions(bytecode=True),
        environment={"UV_INDEX": "file:///more"},
        poetry_include_hashes=False,
        poetry_without_urls=True,
    )


def test_a_container_is_chosen_for_reasons() -> None:
    """The reasons are the arguments, as a user wrote them; without any there is no container."""
    source = replace(SOURCE, docker=True, bundling=Bundling.read({"network": "host"}, LAYER))
    assert source.container_reasons == ("docker=True", "bundling.network")
    assert SOURCE.container_reasons == ()


def test_an_engine_is_asked_for_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an engine there are no options for PythonLayerVersion to start with."""

    def refuse(path: str, reasons: tuple[str, ...]) -> None:
        message = f"{path}: {reasons}"
        raise BuildError(message)

    monkeypatch.setattr(docker, "require_engine", refuse)
    with pytest.raises(BuildError, match=r"Hub/Base.*: \('docker=True',\)"):
        asset_of(replace(SOURCE, docker=True), cast("KnownScope", SimpleNamespace(bundled=True)))


def test_there_has_to_be_something_to_build_from() -> None:
    """One of the two folders has to be given, and the entry goes first."""
    assert SOURCE.entry_or_opt == Path("entry")
    assert replace(SOURCE, entry=None, opt_entry=Path("opt")).entry_or_opt == Path("opt")
    with pytest.raises(UsageError, match=r"'Hub/Base'.*entry=, opt_entry=, or both"):
        _ = replace(SOURCE, entry=None).entry_or_opt


def test_a_build_ahead_is_for_the_options_that_it_had(tmp_path: Path, store: LocalStore) -> None:
    """A layer that is defined with other options in the end, such as by a subclass of the stack, is built again."""
    sources = [replace(SOURCE, path=f"Hub/{name}", entry=tmp_path / name) for name in ("base", "data")]
    for source in sources:
        source.entry_or_opt.mkdir()
        (source.entry_or_opt / "code.py").write_text("")
    ahead = PrebuiltLayers()
    ahead.build(sources, store)
    assert ahead.take(replace(sources[0], excludes=("*.py",)), store) is None
    built = ahead.take(sources[1], store)
    assert built is not None
    assert "python/code.py" in built.contents.files
    assert ahead.take(sources[1], store) is None
