"""Functions and grants of an app, made from the resources of its templates."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.app.model import Function, Grant, LayerUse
from cdk_layers.assembly import edge, layer_digests, sam, signing
from cdk_layers.assembly.evaluate.intrinsics import Evaluation
from cdk_layers.assembly.evaluate.scenarios import scenarios
from cdk_layers.assembly.evaluate.values import NO_VALUE, Reference, Unknown, as_text, describe
from cdk_layers.assembly.properties import (
    architecture_of,
    environment_of,
    exists,
    is_retained,
    literals,
    reference_kind,
    unless_empty_default,
    whole_number,
)
from cdk_layers.findings import Subject
from cdk_layers.lambda_service.log_settings import LogSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.app.metadata import ImportedLayer
    from cdk_layers.app.model import Layer
    from cdk_layers.assembly.code import CodeReader
    from cdk_layers.assembly.evaluate.links import Links
    from cdk_layers.assembly.evaluate.scenarios import Scenario
    from cdk_layers.assembly.evaluate.values import Value
    from cdk_layers.assembly.layer_versions import LayerVersions
    from cdk_layers.assembly.stacks import Resource, Stack

_GRANT: Final = "AWS::Lambda::LayerVersionPermission"
_CUSTOM_RUNTIME: Final = re.compile(r"custom|provided(?:\.\w+)?")
"""Runtimes that a layer or the code provides; they use layers like others. Source: the developer guide and the API."""


@dataclass(slots=True)
class Resources:
    """Reads functions and grants."""

    links: Links
    code: CodeReader
    layers: LayerVersions
    _follows: dict[Stack, frozenset[str]] = field(default_factory=dict)

    def functions(self) -> Iterator[Function]:
        """Yield every function, once for each scenario."""
        edges = edge.edge_functions(self.links)
        for stack in self.links.stacks:
            self._follows[stack] = layer_digests.digests_in(stack)
            for resource in stack.of_type(*sam.FUNCTIONS):
                at_edge = resource in edges
                on_more = partial(self._report_more_scenarios, resource)
                for _, function in scenarios(partial(self._function, resource, at_edge), on_more):
                    if function is not None:
                        yield function

    def _report_more_scenarios(self, resource: Resource, judged: int) -> None:
        self._report(f" has more variants than the {judged} that were checked.", resource)

    def _report(self, text: str, resource: Resource) -> None:
        """Report that something about a function could not be read or resolved."""
        self.code.assets.report(text, Subject("Function", resource.where.path))

    def grants(self) -> Iterator[Grant]:
        """Yield every layer version permission, once for each scenario."""
        for stack in self.links.stacks:
            for resource in stack.of_type(_GRANT):
                for _, grant in scenarios(partial(self._grant, resource)):
                    if grant is not None:
                        yield grant

    def _function(self, resource: Resource, at_edge: bool, scenario: Scenario) -> Function | None:
        evaluation = Evaluation(self.links, scenario)
        stack = resource.stack
        if not exists(resource, evaluation):
            return None
        properties = sam.function_properties(resource)
        runtime, handler, package = (
            evaluation.text(properties.get(name), stack) for name in ("Runtime", "Handler", "PackageType")
        )
        where = resource.where
        metadata = stack.constructs.metadata_of(where.path)
        found = self.code.read(
            properties.get("Code"), resource, Subject("Function", where.path), evaluation, runtime=runtime
        )
        location = found.measured.location
        layers = self._uses(properties.get("Layers", []), resource, evaluation)
        if layers and runtime is not None and _CUSTOM_RUNTIME.fullmatch(runtime):
            self._report(
                f" runs on the custom runtime {runtime!r}: what it needs from its layers is not known, so only sizes, "
                "identities and grants were checked.",
                resource,
            )
        logging = literals(evaluation.value(properties.get("LoggingConfig"), stack))
        return Function(
            where=where,
            image=package == "Image" or found.image,
            edge=at_edge,
            runtime=runtime,
            architecture=architecture_of(evaluation.value(properties.get("Architectures"), stack)),
            handler=handler,
            layers=layers,
            declared_layers=self._declared(metadata.declared_layers, resource, evaluation),
            code=found.measured.contents,
            sources=found.measured.sources,
            environment=environment_of(evaluation.value(properties.get("Environment"), stack)),
            follows=self._follows[stack],
            report=metadata.report,
            built_for=metadata.runtime,
            is_unbuilt=found.is_unbuilt,
            is_source=sam.is_source(resource) and location is not None and location.is_dir(),
            partition=stack.partition,
            region=stack.region,
            account=stack.account,
            budget_bytes=metadata.budget_bytes,
            storage=found.storage,
            macros=self._macros(resource),
            enforces_signing=signing.is_enforced(properties.get("CodeSigningConfigArn"), stack, evaluation),
            location=location,
            fault=found.measured.fault,
            name=evaluation.text(properties.get("FunctionName"), stack),
            timeout_seconds=whole_number(evaluation.text(properties.get("Timeout"), stack)),
            memory_mib=whole_number(evaluation.text(properties.get("MemorySize"), stack)),
            logs=LogSettings(
                logging.get("LogFormat"), logging.get("ApplicationLogLevel"), logging.get("SystemLogLevel")
            ),
            # Last, since the expressions above decide on which conditions the function depends.
            scenario=scenario.label,
        )

    def _macros(self, resource: Resource) -> tuple[str, ...]:
        macros = (*resource.stack.macros, *resource.transforms)
        for macro in macros:
            self._report(f": what the macro {macro!r} changes is known only at deploy.", resource)
        return macros

    def _uses(self, expression: Any, resource: Resource, evaluation: Evaluation) -> tuple[LayerUse, ...] | None:
        """Return the layers of a function; None if the list itself is unknown."""
        listed = expression if isinstance(expression, list) else evaluation.value(expression, resource.stack)
        if isinstance(listed, list) and listed is not expression:
            listed = [unless_empty_default(each, expression) for each in listed]
        if listed is NO_VALUE:
            return ()
        if not isinstance(listed, list):
            self._report(f": its list of layers is unknown: {describe(listed)}.", resource)
            return None
        values = [(part, evaluation.value(part, resource.stack)) for part in listed]
        return tuple(self._use(part, value, resource, evaluation) for part, value in values if value is not NO_VALUE)

    def _declared(
        self, declared: tuple[str | ImportedLayer, ...] | None, resource: Resource, evaluation: Evaluation
    ) -> tuple[str, ...] | None:
        """Return the labels of declared layers; for an import, that of the layer that its expression refers to."""
        if declared is None:
            return None
        labels = []
        for declared_layer in declared:
            if isinstance(declared_layer, str):
                labels.append(declared_layer)
            elif (value := evaluation.value(declared_layer.arn, resource.stack)) is not NO_VALUE:
                labels.append(self._use(declared_layer.arn, value, resource, evaluation).layer.label)
        return tuple(labels)

    def _use(self, expression: Any, value: Value, resource: Resource, evaluation: Evaluation) -> LayerUse:
        if isinstance(value, Reference) and value.resource.type in sam.LAYERS:
            return LayerUse(self.layers.layer(value.resource, evaluation.scenario), value.kind)
        value = unless_empty_default(value, expression)
        text = as_text(value)
        if text is not None:
            return LayerUse(self.layers.named(text, resource), reference_kind(expression, resource.stack))
        kind = value.kind if isinstance(value, (Reference, Unknown)) else "unknown"
        return LayerUse(self.layers.unknown(expression, value, resource), kind)

    def _grant(self, resource: Resource, scenario: Scenario) -> Grant | None:
        evaluation = Evaluation(self.links, scenario)
        if not exists(resource, evaluation):
            return None
        properties, stack, where = resource.properties, resource.stack, resource.where
        target = evaluation.value(properties.get("LayerVersionArn"), stack)
        principal = evaluation.text(properties.get("Principal"), stack)
        organization = evaluation.value(properties.get("OrganizationId"), stack)
        is_named = organization is not None and organization is not NO_VALUE
        return Grant(
            where=where,
            layer=self._granted(target, resource, scenario),
            principal=as_text(unless_empty_default(principal, properties.get("Principal"))),
            organization=(as_text(organization) or "") if is_named else None,
            retained=is_retained(resource),
            public_on_purpose=stack.constructs.metadata_of(where.path).public_on_purpose,
            scenario=scenario.label,
        )

    def _granted(self, target: Value, resource: Resource, scenario: Scenario) -> Layer | None:
        if isinstance(target, Reference) and target.resource.type in sam.LAYERS:
            return self.layers.layer(target.resource, scenario)
        return self.layers.named(target, resource) if isinstance(target, str) else None
