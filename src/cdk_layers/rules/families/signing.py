"""Functions that accept only signed code, with layers that are not signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.app.model import Function
from cdk_layers.rules.registry import Problem, register_family, rule
from cdk_layers.system.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.app.model import Settings

register_family(__name__, order=170)


@rule(
    "unsigned-layer",
    Function,
    severity="error",
    meaning="A function's code signing configuration rejects what is not signed (`UntrustedArtifactOnDeployment: "
    "Enforce`), its layers included, and a layer of the app is an asset, which is not signed during deployment. A "
    "warning for layers of which it is not known whether they are signed: those of other apps, objects in S3, and "
    "local archives, which `sam deploy --signing-profiles` signs.",
    remedy="Sign the layer's archive with AWS Signer and use the signed zip as the layer's content: as an asset, or "
    "from S3 (`Code.from_bucket_v2`), of which a warning remains to be acknowledged. Or change the configuration to a "
    "warning: `UntrustedArtifactOnDeployment: Warn`.",
    source="Lambda's developer guide, code signing: the signatures of layers are checked too; CloudFormation's schema "
    "of AWS::Lambda::CodeSigningConfig.",
    failing="# Report's CodeSigningConfigArn: a configuration with UntrustedArtifactOnDeployment: Enforce\n"
    "Base.zip: python/six.py\n",
    passing="# The same, signed by AWS Signer\n"
    "Base.zip: python/six.py\nBase.zip: META-INF/aws_signer_signature_v1.0.SF\n",
)
def unsigned_layer(subject: Function, _: Settings) -> Iterator[Problem]:
    """Search for layers without a signature, and for layers with unknown content."""
    if not subject.enforces_signing:
        return
    used = dict.fromkeys(subject.used_layers)
    start = f"Function {subject.where.path!r} accepts only signed code, and"
    unsigned = [layer.label for layer in used if layer.is_signed is False]
    unknown = [layer.label for layer in used if layer.is_signed is None]
    if unsigned:
        yield Problem(f"{start} {quoted(unsigned)} {_are(unsigned)} not signed: assets are uploaded unchanged.")
    if unknown:
        yield Problem(
            f"{start} it is not known whether {quoted(unknown)} {_are(unknown)} signed.",
            remedy="Make sure that they are, by a signing profile of this configuration, and acknowledge this.",
            severity="warning",
        )


def _are(labels: list[str]) -> str:
    return "is" if len(labels) == 1 else "are"
