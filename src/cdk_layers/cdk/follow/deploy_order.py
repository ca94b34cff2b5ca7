"""Order of the deploys of stacks with layers and stacks with their functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.cdk.node.contract import is_edge_stack
from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from aws_cdk import Stack

    from cdk_layers.cdk.follow.shared_layer import SharedLayer


def unknown_digest_text(layer: SharedLayer) -> str:
    """Return the warning for a layer whose digest is unknown, so that functions do not follow it."""
    return (
        f"The content of layer {layer.path!r} is unknown: its stack is not being bundled, and the layer cannot be "
        f"built here without Docker. So functions of this stack do not follow it in this deploy. "
        f"Deploy {layer.stack.node.path!r} together with this stack; `cdk synth` reports why a build fails."
    )


def deploy_after(stack: Stack, layer: SharedLayer) -> None:
    """Make a stack of functions depend on the stack of a layer.

    Raises:
        UsageError: The layer's stack depends on this stack, or this is a stack of Lambda@Edge functions.
    """
    try:
        stack.add_stack_dependency(layer.stack, reason=f"its functions use the layer {layer.path}")
    except RuntimeError as error:
        if is_edge_stack(stack):
            raise UsageError(_at_the_edge(stack, layer)) from None
        message = (
            f"Stack {stack.node.path!r} has functions that use the layer {layer.path!r}, so {layer.stack.node.path!r} "
            f"has to be deployed first, but it depends on {stack.node.path!r} itself. "
            f"Move the layer to another stack. The CDK reports: {error}"
        )
        raise UsageError(message) from error


def _at_the_edge(stack: Stack, layer: SharedLayer) -> str:
    return (
        f"The layer {layer.path!r} is used by a Lambda@Edge function, which the CDK puts into the stack "
        f"{stack.node.path!r}. Lambda@Edge functions cannot have layers: put the content of the layer into the "
        "function's code. [layers-not-supported]"
    )
