"""Code signing: functions that accept only signed archives, and signatures of archives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_layers.assembly.evaluate.values import Reference, as_text
from cdk_layers.system.document_values import mapping

if TYPE_CHECKING:
    from cdk_layers.assembly.evaluate.intrinsics import Evaluation
    from cdk_layers.assembly.stacks import Stack
    from cdk_layers.contents.model import Contents

_CONFIG: Final = "AWS::Lambda::CodeSigningConfig"
_POLICY: Final = "UntrustedArtifactOnDeployment"


def is_enforced(expression: Any, stack: Stack, evaluation: Evaluation) -> bool:
    """Return whether a code signing configuration of the app rejects unsigned archives. Its default is a warning."""
    value = None if expression is None else evaluation.value(expression, stack)
    if not isinstance(value, Reference) or value.resource.type != _CONFIG:
        return False
    policies = evaluation.value(value.resource.properties.get("CodeSigningPolicies", {}), value.resource.stack)
    return as_text(mapping(policies).get(_POLICY)) == "Enforce"


def has_signature(contents: Contents | None) -> bool:
    """Return whether an archive has a signature file, as AWS Signer adds."""
    return contents is not None and any(
        path.startswith("META-INF/") and path.upper().endswith(".SF") for path in contents.files
    )
