"""Builds of all layers of a declaration, before the first of them is defined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.building.batch import BuildRequest, build_several
from cdk_layers.cdk.asset.build_errors import build_errors
from cdk_layers.errors import CdkLayersError
from cdk_layers.system.outgoing import printable, report_error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_layers.building.batch import Outcome
    from cdk_layers.building.builds import LayerBuild
    from cdk_layers.cdk.asset.layer_source import LayerSource
    from cdk_layers.store.protocol import Store


class PrebuiltLayers:
    """The outcomes of builds that constructs have yet to use."""

    def __init__(self) -> None:
        """Begin without any."""
        self._outcomes: dict[str, tuple[BuildRequest, Outcome]] = {}

    def build(self, sources: Iterable[LayerSource], store: Store) -> None:
        """Build layers at the same time. Errors are raised where each layer is defined, in the order of definition.

        Only the first of them would be seen: the error output has the others.

        Args:
            sources: The sources of the layers.
            store: Where artifacts are kept.
        """
        readable = [(source, request) for source in sources if (request := _readable_request(source, store))]
        if len(readable) < 2:  # noqa: PLR2004 - one is built where it is defined
            return
        outcomes = build_several([request for _, request in readable])
        errors: list[str] = []
        for (source, request), outcome in zip(readable, outcomes, strict=True):
            self._outcomes[request.label] = request, outcome
            if isinstance(outcome, CdkLayersError):
                errors.append(build_errors("Layer", source.path, source.entry_or_opt).located(str(outcome)))
        for message in errors[1:]:
            report_error(printable(message))

    def take(self, source: LayerSource, store: Store) -> LayerBuild | None:
        """Return the build of a layer; None if it was not built ahead.

        Raises:
            CdkLayersError: The build failed.
        """
        request, outcome = self._outcomes.pop(source.path, (None, None))
        if request is None or request != _request(source, store):
            return None
        if isinstance(outcome, CdkLayersError):
            raise outcome
        return outcome


def _request(source: LayerSource, store: Store) -> BuildRequest:
    return BuildRequest(source.folder, source.targets, source.options, store, source.path)


def _readable_request(source: LayerSource, store: Store) -> BuildRequest | None:
    """Return the request for a layer; None if a container builds it, or if its definition raises an error."""
    try:
        return None if source.container_reasons else _request(source, store)
    except CdkLayersError:
        return None
