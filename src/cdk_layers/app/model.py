"""What the rules judge: functions, layers and grants, wherever they were read from.

Every value that may be a token, a condition or simply unknown is None when it is not known. None never means zero,
empty or absent; absent is an empty tuple or mapping.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol

from cdk_layers.lambda_service.limits import MAX_UNZIPPED_BYTES
from cdk_layers.system import host

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from cdk_layers.building.notes import Note
    from cdk_layers.contents.model import Contents
    from cdk_layers.findings import Where
    from cdk_layers.lambda_service.arn import LayerArn

LOOKED_UP_LATER: Final = "dummy-value-for-"
"""How the value of a parameter begins until the CDK CLI has looked it up.

Source: aws-cdk-lib 2.275, `StringParameter.valueFromLookup` in aws-ssm/lib/parameter.js.
"""


def is_literal(text: str) -> bool:
    """Say whether a text stands for itself.

    That is no CDK token, no `Fn::Sub` variable, no dynamic reference, and no value that the CDK CLI has yet to look up.
    """
    return "${" not in text and "{{resolve:" not in text and LOOKED_UP_LATER not in text


class Sources(Protocol):
    """The files of a function's code or of a layer, to be read one by one."""

    def read(self, path: str) -> bytes | None:
        """Return the bytes of one file, or None when there is none by that path."""
        ...


@dataclass(frozen=True, slots=True)
class Storage:
    """An S3 object that Lambda reads in place (`S3ObjectStorageMode: REFERENCE`) instead of copying it."""

    place: str
    """The object, such as "s3://artifacts/base.zip"."""

    has_version: bool
    """Whether the template names the object's version."""

    is_versioned: bool | None = None
    """Whether its bucket keeps versions; None for a bucket that the app does not define."""

    expiring: tuple[str, ...] = ()
    """Names of the bucket's lifecycle rules that may delete it."""


@dataclass(frozen=True, eq=False, slots=True)
class Layer:
    """One layer version as a function sees it. Compared by identity: one object stands for one resource or ARN."""

    where: Where
    """Its own place when it is a resource of the app; else the place that names it."""

    name: str | None = None
    arn: LayerArn | None = None
    """Its parts, when it is known by a literal ARN."""

    raw_arn: str | None = None
    """The literal text that stands where an ARN belongs."""

    is_resource: bool = False
    """Whether the app itself defines this layer version."""

    partition: str | None = None
    region: str | None = None
    account: str | None = None
    runtimes: tuple[str, ...] | None = None
    """Compatible runtimes; () where the layer declares none, None where that is not known."""

    architectures: tuple[str, ...] | None = None
    description: str | None = None
    license: str | None = None
    contents: Contents | None = None
    sources: Sources | None = None
    archive_bytes: int | None = None
    """Zipped bytes; None also where a folder is yet to be zipped."""

    location: Path | None = None
    """The archive or folder with its content on this machine."""

    asset: str | None = None
    """The asset hash or the digest of the content: what changes when, and only when, the content does."""

    retained: bool | None = None
    """Whether the old version outlives a replacement (UpdateReplacePolicy and DeletionPolicy)."""

    budget_bytes: int | None = None
    """The user's own limit on unzipped bytes."""

    notes: tuple[Note, ...] = ()
    storage: Storage | None = None
    is_signed: bool | None = None
    """Whether AWS Signer signed its archive; None where that is not known."""

    @property
    def unzipped_bytes(self) -> int | None:
        """Unzipped bytes, when known."""
        return None if self.contents is None else self.contents.unzipped_bytes

    @property
    def label(self) -> str:
        """What a message calls this layer: its ARN when that is all there is, else its construct path."""
        return self.where.path if self.is_resource else self.raw_arn or str(self.arn or self.name or self.where.path)


@dataclass(frozen=True, slots=True)
class LayerUse:
    """One entry of a function's `Layers`."""

    layer: Layer
    reference: Literal[
        "same-stack", "literal", "import-value", "stack-output", "missing-output", "parameter", "ssm-reference",
        "unknown",
    ] = "unknown"  # fmt: skip
    """How the template refers to it: "missing-output" is an output that the named stack lacks, "parameter" a template
    parameter that is read from SSM, "ssm-reference" a dynamic reference (`{{resolve:ssm:...}}`)."""


@dataclass(frozen=True, eq=False, slots=True)
class Function:
    """One function, in one branch of the template's conditions."""

    where: Where
    branch: str = ""
    """The conditions of this variant, as "UseArm=true"; empty when nothing is conditional."""

    image: bool = False
    """Whether its package type is Image."""

    edge: bool = False
    """Whether it is used as a Lambda@Edge function."""

    runtime: str | None = None
    architecture: str | None = None
    handler: str | None = None
    layers: tuple[LayerUse, ...] | None = None
    """In rendered order; None when the whole list is not known."""

    declared_layers: tuple[str, ...] | None = None
    """The labels of the layers in the order that the user gave, when the assembly says it."""

    code: Contents | None = None
    sources: Sources | None = None
    environment: Mapping[str, str | None] | None = None
    """Environment variables; a value is None when it is not a literal."""

    follows: frozenset[str] = frozenset()
    """Asset hashes and digests that its template mentions outside `Layers` and `Code`."""

    notes: tuple[Note, ...] = ()
    """What the build of its code noticed."""

    partition: str | None = None
    region: str | None = None
    account: str | None = None
    budget_bytes: int | None = None
    storage: Storage | None = None
    enforces_signing: bool = False
    """Whether its code signing configuration rejects what is not signed."""

    deployed: Function | None = None
    """The same function as it is deployed now, where the user gave that assembly too."""
    location: Path | None = None
    """The archive or folder with its code on this machine."""

    name: str | None = None
    """The name that the template gives it; None if CloudFormation makes one, or only a deploy knows it."""

    timeout_seconds: int | None = None
    memory_mib: int | None = None
    log_format: str | None = None
    """"JSON" or "Text", where its logging configuration says it."""

    log_level: str | None = None
    """The level of the application's logs, such as "WARN", where its logging configuration says it."""

    @property
    def used_layers(self) -> tuple[Layer, ...]:
        """The layers in merge order, lowest first; () when not known."""
        return tuple(use.layer for use in self.layers or ())


@dataclass(frozen=True, eq=False, slots=True)
class Grant:
    """One layer version permission."""

    where: Where
    layer: Layer | None
    principal: str | None
    organization: str | None = None
    """None where the permission names none; "" where it names one that is not a literal."""

    retained: bool | None = None
    public_on_purpose: bool = False
    """Whether the user wrote `LayerGrant.public()`."""


@dataclass(frozen=True, slots=True)
class App:
    """All that one cloud assembly, or one template, defines."""

    functions: tuple[Function, ...] = ()
    layers: tuple[Layer, ...] = ()
    grants: tuple[Grant, ...] = ()
    unread: tuple[str, ...] = ()
    """What could not be read or resolved, each in a sentence."""

    acknowledged: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What the user acknowledged in the CDK: construct paths ("" for the whole app), to rule names, to reasons."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user may set about the judging."""

    today: date = field(default_factory=host.today)
    """The day that runtime dates are compared with."""

    budget_bytes: int | None = None
    """A limit on every function's total and every layer, below the service's own."""

    strict_budget: bool = True
    """Whether going over a budget is an error."""

    limit_bytes: int = MAX_UNZIPPED_BYTES
    """Unzipped bytes of code and layers together."""

    select: tuple[str, ...] = ()
    """The only rules that count; all of them when empty."""

    ignore: tuple[str, ...] = ()
    """Rules that do not count."""

    strict: bool = False
    """Whether warnings fail a synthesis or a check as well."""

    def counts(self, rule: str) -> bool:
        """Tell whether a rule counts."""
        return rule not in self.ignore and (not self.select or rule in self.select)
