"""Layers of an app: the layer versions of its templates, and those that functions name."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.app.model import Layer
from cdk_layers.assembly import sam
from cdk_layers.assembly.evaluate.intrinsics import Evaluation
from cdk_layers.assembly.evaluate.scenarios import Dependence, scenarios
from cdk_layers.assembly.evaluate.values import NO_VALUE, describe
from cdk_layers.assembly.properties import exists, generated_name, is_retained, is_retained_by_sam, texts
from cdk_layers.assembly.weak_uses import weak_uses
from cdk_layers.findings import Subject
from cdk_layers.lambda_service.arn import LayerArn
from cdk_layers.system.document_values import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.assembly.code import CodeReader
    from cdk_layers.assembly.evaluate.links import Links
    from cdk_layers.assembly.evaluate.scenarios import Choice, Scenario
    from cdk_layers.assembly.evaluate.values import Value
    from cdk_layers.assembly.stacks import Resource
    from cdk_layers.assembly.weak_uses import WeakUse

_NAME_IN_ARN: Final = re.compile(r":layer:([a-zA-Z0-9\-_]+):\d+$")


@dataclass(frozen=True, slots=True)
class _LayerScenario:
    """A layer in some scenarios: in all that make the choices that it depends on."""

    layer: Layer
    choices: dict[Choice, Any]
    dependence: Dependence


@dataclass(slots=True)
class LayerVersions:
    """Reads each layer once for the choices that it depends on."""

    links: Links
    code: CodeReader
    _layers: dict[Resource, list[_LayerScenario]] = field(default_factory=lambda: defaultdict(list))
    _named: dict[object, Layer] = field(default_factory=dict)
    _weak_uses: dict[Resource, list[WeakUse]] | None = None

    def all(self) -> Iterator[Layer]:
        """Yield every layer version that the assembly defines, once for each scenario."""
        for stack in self.links.stacks:
            for resource in stack.of_type(*sam.LAYERS):
                for _ in scenarios(partial(self._layer_if_it_exists, resource)):
                    pass
                yield from (known.layer for known in self._layers[resource])

    def layer(self, resource: Resource, scenario: Scenario) -> Layer:
        """Return a layer version in a scenario."""
        for known in self._layers[resource]:
            if all(scenario.choices.get(choice, NO_VALUE) == value for choice, value in known.choices.items()):
                scenario.dependence.add(known.dependence)
                return known.layer
        with scenario.separate_dependence() as dependence:
            layer = self._new_layer(resource, Evaluation(self.links, scenario))
        choices = {choice: scenario.choices[choice] for choice in dependence.choices}
        self._layers[resource].append(_LayerScenario(layer, choices, dependence))
        return layer

    def named(self, text: str, resource: Resource) -> Layer:
        """Return the layer with an ARN, which may be malformed."""
        if text not in self._named:
            arn = LayerArn.parse(text)
            self._named[text] = Layer(
                where=resource.where, name=arn.name if arn else None, arn=arn, raw_arn=text,
                partition=arn.partition if arn else None, region=arn.region if arn else None,
                account=arn.account if arn else None,
            )  # fmt: skip
        return self._named[text]

    def unknown(self, expression: Any, value: Value, resource: Resource) -> Layer:
        """Return the layer of an expression whose value is known only at deploy, and report it."""
        key = (resource.stack, json.dumps(expression, sort_keys=True, default=str))
        if key not in self._named:
            name = _NAME_IN_ARN.search(describe(value))
            self._named[key] = Layer(where=resource.where, name=name[1] if name else describe(value))
            subject = Subject("Function", resource.where.path)
            reason = (
                "is neither a resource nor a parameter of its template"
                if resource.stack.is_undefined(mapping(expression).get("Ref"))
                else "is known only at deploy"
            )
            self.code.assets.report(f": its layer {describe(value)} {reason}.", subject)
        return self._named[key]

    def _layer_if_it_exists(self, resource: Resource, scenario: Scenario) -> Layer | None:
        return self.layer(resource, scenario) if exists(resource, Evaluation(self.links, scenario)) else None

    def _new_layer(self, resource: Resource, evaluation: Evaluation) -> Layer:
        stack, where = resource.stack, resource.where
        properties = sam.layer_properties(resource)
        metadata = stack.constructs.metadata_of(where.path)
        found = self.code.read(properties.get("Content"), resource, Subject("Layer", where.path), evaluation)
        name, description, license_info = (
            evaluation.text(properties.get(key), stack) for key in ("LayerName", "Description", "LicenseInfo")
        )
        runtimes, architectures = (
            texts(evaluation.value(properties.get(key, []), stack))
            for key in ("CompatibleRuntimes", "CompatibleArchitectures")
        )
        asset = metadata.digest or found.asset
        return Layer(
            where=where,
            name=name,
            generated_name=generated_name(resource, evaluation),
            is_resource=True,
            partition=stack.partition,
            region=stack.region,
            account=stack.account,
            runtimes=runtimes,
            architectures=architectures,
            description=description,
            license=license_info,
            contents=found.measured.contents,
            sources=found.measured.sources,
            archive_bytes=found.measured.archive_bytes,
            location=found.measured.location,
            fault=found.measured.fault,
            asset=asset,
            stale_uses=self._stale_uses(resource, asset),
            retained=is_retained_by_sam(resource, evaluation) if sam.is_sam(resource) else is_retained(resource),
            budget_bytes=metadata.budget_bytes,
            report=metadata.report,
            storage=found.storage,
            is_signed=found.is_signed,
            is_unbuilt=found.is_unbuilt,
        )

    def _stale_uses(self, resource: Resource, asset: str | None) -> tuple[str, ...]:
        if self._weak_uses is None:
            self._weak_uses = weak_uses(self.links)
        uses = self._weak_uses.get(resource, ())
        return tuple(path for path, digests in uses if not (digests if asset is None else asset in digests))
