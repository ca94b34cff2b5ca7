"""Facts of the CDK that it does not document, one function or constant each.

Everything in cdk/ that would break by a change that the CDK need not announce is here, with its source and with a test
of its own in tests/cdk/node/test_contract.py, so that one test names what a new CDK release changed. Sources name files
of aws-cdk-lib 2.275. The texts of errors are in error_texts.py, with tests in test_error_texts.py. Facts that templates
and assemblies show, in whatever way they were made, are in assembly/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import jsii
from aws_cdk import (
    Annotations,
    Aspects,
    AssetStaging,
    CrossStackReferences,
    FeatureFlags,
    PropertyInjectors,
    Validations,
)
from aws_cdk.aws_lambda import Function, Runtime
from constructs import IValidation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from aws_cdk import DockerVolume, IAspect, IPolicyValidationPlugin, NestedStack, ReferenceStrength, Stack
    from aws_cdk.aws_lambda import CfnVersion, ILayerVersion
    from constructs import Construct, IConstruct, Node


IMAGE_RUNTIME: Final = "FROM_IMAGE"
"""The name of the runtime of a function from a container image. Source: aws-lambda/lib/runtime.js."""

_ACKNOWLEDGED: Final = "aws:cdk:acknowledged-rules"
_AFTER_USERS: Final = 900
_APP_REPORTS: Final = "@aws-cdk/core:failSynthOnValidationErrors"
_BUNDLING_STACKS: Final = "aws:cdk:bundling-stacks"
_CURRENT_VERSION: Final = "CurrentVersion"
_EDGE_STACK: Final = "edge-lambda-stack-"
_ENCODED_LIST: Final = "#{Token["
_ENCODED_TEXT: Final = "${Token["
_EXTENDING: Final = frozenset({"adot_instrumentation", "insights_version", "params_and_secrets"})
_RECOGNIZES_LAYERS: Final = "@aws-cdk/aws-lambda:recognizeLayerVersion"
_STRENGTH_RECOMMENDATION: Final = "@aws-cdk/core:crossStackReferencesDefaultStrong"


def identity(construct: object) -> str:
    """Return what is equal for all Python objects that represent one object in Node.

    An object that was created in Node, such as `Runtime.PYTHON_3_13` or a function's resource, gets another Python
    object each time it is returned. jsii never reuses the value, since it never frees an object.

    Source: jsii 1.142, `_reference_map.py`.
    """
    return str(construct.__jsii_ref__.ref)  # type: ignore[attr-defined]


def asset_staging(node: Node) -> AssetStaging | None:
    """Return the staged asset of a layer or function, whose ids are "Code" and "Stage"; None if it has no asset.

    Code that several functions share is staged below the first of them.

    Source: `bind` in aws-lambda/lib/code.js, aws-s3-assets/lib/asset.js.
    """
    asset = node.try_find_child("Code")
    stage = asset.node.try_find_child("Stage") if asset else None
    return stage if isinstance(stage, AssetStaging) else None


def is_encoded_list(values: Iterable[str]) -> bool:
    """Return whether a list of strings represents a token.

    Source: `BEGIN_LIST_TOKEN_MARKER` in core/lib/private/encoding.js.
    """
    return any(_ENCODED_LIST in value for value in values)


def is_encoded_text(value: str) -> bool:
    """Return whether a string contains a token, such as the value of a template's parameter.

    Source: `BEGIN_STRING_TOKEN_MARKER` in core/lib/private/encoding.js.
    """
    return _ENCODED_TEXT in value


def function_of_current_version(version: CfnVersion) -> Function | None:
    """Return the function whose `current_version` has this resource; None for a version that the user defined.

    Source: `get currentVersion` in aws-lambda/lib/function.js.
    """
    parent = version.node.scope
    function = parent.node.scope if parent is not None and parent.node.id == _CURRENT_VERSION else None
    return function if isinstance(function, Function) else None


def logical_id(resolved_arn: Any) -> str:
    """Return the logical id of the layer version whose ARN was resolved before references are prepared.

    Until then, a resource of any stack resolves to a plain `Ref`, in whatever stack it is resolved.

    Source: `prepareApp` in core/lib/private/prepare-app.js, which follows the aspects in core/lib/private/synthesis.js.
    """
    return str(resolved_arn["Ref"])


def leaves_out_bundling(root: IConstruct) -> bool:
    """Return whether the CDK may leave assets of some stacks as sources, as `cdk list` does with all.

    Source: `get bundlingRequired` in core/lib/stack.js, `BUNDLING_STACKS` in cx-api.
    """
    return root.node.try_get_context(_BUNDLING_STACKS) is not None


def bundles_nothing(root: IConstruct) -> bool:
    """Return whether the CDK bundles no stack of the app, as for `cdk list` and `cdk destroy`.

    With `--exclusively`, it bundles the selected stacks.

    Source: as for `leaves_out_bundling`; aws-cdk 2.1148, which sets the context.
    """
    return bool(root.node.try_get_context(_BUNDLING_STACKS) == [])


def recognizes_layers(scope: Construct) -> bool:
    """Return whether the CDK sorts a function's layers by construct path, and adds them to the hash of its version.

    Source: `renderLayers` in aws-lambda/lib/function.js, and aws-lambda/lib/function-hash.js.
    """
    return FeatureFlags.of(scope).is_enabled(_RECOGNIZES_LAYERS) or False


def adds_layers(arguments: Mapping[str, Any]) -> bool:
    """Return whether `Function` adds layers of its own for its arguments, by their Python names.

    Source: the constructor in aws-lambda/lib/function.js.
    """
    return not _EXTENDING.isdisjoint(arguments)


def injects_into_functions(scope: IConstruct) -> bool:
    """Return whether a property injector of this very scope changes the arguments of functions.

    Injectors of outer scopes count for a function, too.

    Source: `findInjectorFromConstruct` in core/lib/prop-injectors-helpers.js.
    """
    if not PropertyInjectors.has_property_injectors(scope):
        return False
    return Function.PROPERTY_INJECTION_ID in PropertyInjectors.of(scope).supported_classes()


def visit_after_users(construct: IConstruct, aspect: IAspect) -> None:
    """Add an aspect that runs after the aspects of users, so that it sees layers that these add.

    Its priority is above `AspectPriority.DEFAULT` (500) and below `READONLY` (1000). An aspect that visits a construct
    may add another one to a construct that comes later, which the CDK then visits, too.

    Source: core/lib/aspect.js, `invokeAspects` in core/lib/private/synthesis.js.
    """
    Aspects.of(construct).add(aspect, priority=_AFTER_USERS)


def add_last_plugin(root: IConstruct, plugin: IPolicyValidationPlugin, on_added: Callable[[], object]) -> None:
    """Add a validation plugin to an app after all plugins that the user adds, so that it can leave apps to those.

    The CDK validates constructs after it has visited them with aspects, and before it writes templates and collects the
    plugins.

    Args:
        root: The app.
        plugin: The plugin.
        on_added: Called after it was added, once.

    Source: `synthesize` in core/lib/private/synthesis.js.
    """
    root.node.add_validation(cast("IValidation", _AddsPlugin(root, plugin, on_added)))


@jsii.implements(IValidation)
class _AddsPlugin:
    """Validation of the root, which adds a plugin once."""

    def __init__(self, root: IConstruct, plugin: IPolicyValidationPlugin, on_added: Callable[[], object]) -> None:
        self._root: IConstruct | None = root
        self._plugin = plugin
        self._on_added = on_added

    def validate(self) -> list[str]:
        """Add the plugin at the first synthesis. Returns no errors."""
        if self._root is not None:
            Validations.of(self._root).add_plugins(self._plugin)
            self._root = None
            self._on_added()
        return []


def is_reported_by_cli(root: IConstruct) -> bool:
    """Return whether the CDK CLI reports violations instead of the app.

    Source: core/lib/private/synthesis-validation.js.
    """
    return root.node.try_get_context(_APP_REPORTS) in (False, "false")


def is_acknowledged(scope: IConstruct, name: str) -> bool:
    """Return whether the user acknowledged a rule at this construct itself.

    Args:
        scope: The construct.
        name: The rule with its plugin, such as "cdk-layers::too-many-layers".
    """
    return name in acknowledgements(scope)


def acknowledgements(scope: IConstruct) -> dict[str, str]:
    """Return what the user acknowledged at this construct itself: rules with their plugin, to reasons.

    Source: `Validations.acknowledge` in core/lib/validation/validations.js.
    """
    entries = [entry.data for entry in scope.node.metadata if entry.type == _ACKNOWLEDGED]
    return {name: str(reason) for data in entries if isinstance(data, dict) for name, reason in data.items()}


def output_folder(volumes: Sequence[DockerVolume | dict[str, Any]] | None) -> str | None:
    """Return the folder on this machine that the output of a container is expected in; None if none is mounted.

    The CDK runs an image by its `run`, which an image that is implemented in Python overrides.

    Source: `bundle` in core/lib/asset-staging.js.
    """
    mounted = [cast("DockerVolume", volume) for volume in volumes or ()]
    outputs = [volume.host_path for volume in mounted if volume.container_path == AssetStaging.BUNDLING_OUTPUT_DIR]
    return outputs[0] if outputs else None


def refer_to_nested_stack(nested: NestedStack, strength: ReferenceStrength) -> None:
    """Set how other stacks refer to what an outermost nested stack contains.

    They refer to an output of its `AWS::CloudFormation::Stack` resource, so the strength of that resource counts.

    Source: `createNestedStackOutput` and `resolveValue` in core/lib/private/refs.js.
    """
    resource = nested.nested_stack_resource
    if resource is not None:
        CrossStackReferences.of(resource).produce(strength)


def publishing_role_facts(stack: Stack) -> tuple[str, str]:
    """Return the account of the IAM role by which other accounts read a stack's outputs, and what names the role.

    The CDK names the role after the stack's name and not its Region, and role names are unique in an account.

    Source: core/lib/private/refs.js, `PublishGetStackOutputRole`.
    """
    return stack.account, stack.stack_name


def given_runtimes(layer: ILayerVersion) -> tuple[Runtime, ...]:
    """Return the runtimes that the user gave for an imported layer; () if the user gave none.

    `LayerVersion.from_layer_version_arn` takes it for one of `Runtime.ALL`.

    Source: aws-lambda/lib/layers.js.
    """
    runtimes = tuple(layer.compatible_runtimes or ())
    everything = {runtime.name for runtime in Runtime.ALL}
    return () if everything <= {runtime.name for runtime in runtimes} else runtimes


def is_edge_stack(stack: Stack) -> bool:
    """Return whether the CDK made a stack in us-east-1 for an `EdgeFunction` of another Region.

    Source: aws-cloudfront/lib/experimental/edge-function.js.
    """
    return stack.node.id.startswith(_EDGE_STACK)


def is_template_of_others(stack: Stack) -> bool:
    """Return whether others deploy the template of a stack: it is a product of the Service Catalog, or a stack set.

    Source: aws-servicecatalog/lib/product-stack.js; cdk-stacksets 0.0.157, lib/stackset-stack.js.
    """
    return stack.template_file.endswith((".product.template.json", ".stackset.template.json"))


def acknowledge_reference_strength(stack: Stack) -> None:
    """Silence the recommendation to configure a reference strength: the CDK emits it for configured references, too.

    Source: core/lib/private/refs.js.
    """
    reason = "References to shared layers have a strength of their own."
    Annotations.of(stack).acknowledge_warning(_STRENGTH_RECOMMENDATION, reason)
