"""The model of an app that the rules judge: functions, layers and grants.

A value that may be a token, a condition or unknown is None if it is not known. None never means zero, empty or absent:
what is absent is an empty tuple or mapping.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol

from cdk_layers.building.notes import NO_REPORT, BuildReport
from cdk_layers.lambda_service.limits import MAX_UNZIPPED_BYTES
from cdk_layers.lambda_service.log_settings import LogSettings
from cdk_layers.system import host

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from cdk_layers.contents.model import Contents
    from cdk_layers.findings import Unread, Where
    from cdk_layers.lambda_service.arn import LayerArn

LOOKED_UP_LATER: Final = "dummy-value-for-"
"""The start of the value of a parameter that the CDK CLI has not looked up yet.

Source: aws-cdk-lib 2.275, `StringParameter.valueFromLookup` in aws-ssm/lib/parameter.js.
"""


ReferenceKind = Literal[
    "same-stack", "literal", "import-value", "stack-output", "missing-output", "parameter", "ssm-reference", "unknown"
]
"""How one place of an app refers to another: "missing-output" is an output that the named stack does not have,
"parameter" a template parameter that CloudFormation reads from SSM at each update of the stack, "ssm-reference" a
dynamic reference (`{{resolve:ssm:...}}`) in the template itself."""


def is_literal(text: str) -> bool:
    """Return whether a text is a literal.

    It is not if it contains a CDK token, a variable of `Fn::Sub`, a dynamic reference, or a value that the CDK CLI has
    not looked up yet.
    """
    return "${" not in text and "{{resolve:" not in text and LOOKED_UP_LATER not in text


class Sources(Protocol):
    """Reader of the files of a function's code or of a layer."""

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file; None if it does not exist."""
        ...


@dataclass(frozen=True, slots=True)
class Storage:
    """An S3 object that Lambda reads in place (`S3ObjectStorageMode: REFERENCE`) instead of copying it."""

    place: str
    """The object, such as "s3://artifacts/base.zip"."""

    has_version: bool
    """Whether the template names the object's version."""

    is_versioned: bool | None = None
    """Whether its bucket has versioning; None if the app does not define the bucket."""

    expiring: tuple[str, ...] = ()
    """The names of lifecycle rules of the bucket that may delete it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why the archive or the folder of a layer or of code cannot be read."""

    text: str
    """Sentences that begin with its path."""

    is_certain: bool = False
    """Whether Lambda cannot unpack it either."""


@dataclass(frozen=True, eq=False, slots=True)
class Layer:
    """A layer version, compared by identity: each object is one resource or one ARN."""

    where: Where
    """Its own place if it is a resource of the app; else the place that refers to it."""

    name: str | None = None
    generated_name: str | None = None
    """The name that CloudFormation generates if the template has none."""

    arn: LayerArn | None = None
    """The parts of its ARN, if that is a literal."""

    raw_arn: str | None = None
    """The literal text in the place of the ARN."""

    is_resource: bool = False
    """Whether the app defines this layer version."""

    partition: str | None = None
    region: str | None = None
    account: str | None = None
    runtimes: tuple[str, ...] | None = None
    """Compatible runtimes; () if the layer declares none."""

    architectures: tuple[str, ...] | None = None
    description: str | None = None
    license: str | None = None
    contents: Contents | None = None
    sources: Sources | None = None
    archive_bytes: int | None = None
    """Zipped bytes; None also for a folder, which is zipped later."""

    location: Path | None = None
    """The local archive or folder with its content."""

    fault: Fault | None = None
    """Why its content cannot be read, and so is not known."""

    asset: str | None = None
    """The asset hash or the digest of the content: it changes if, and only if, the content changes."""

    retained: bool | None = None
    """Whether the old version is retained on replacement (UpdateReplacePolicy and DeletionPolicy)."""

    budget_bytes: int | None = None
    """The user's own limit on unzipped bytes."""

    report: BuildReport = NO_REPORT
    storage: Storage | None = None
    is_signed: bool | None = None
    """Whether AWS Signer signed its archive."""

    is_unbuilt: bool = False
    """Whether its content is unknown because the assembly was written without building it."""

    stale_uses: tuple[str, ...] = ()
    """Resources and outputs that refer to it weakly, and whose stacks' templates do not change with its content."""

    @property
    def unzipped_bytes(self) -> int | None:
        """Unzipped bytes; None if they are not known."""
        return None if self.contents is None else self.contents.unzipped_bytes

    @property
    def label(self) -> str:
        """The name of this layer in messages: its construct path, or its ARN if the app does not define it."""
        return self.where.path if self.is_resource else self.raw_arn or str(self.arn or self.name or self.where.path)


@dataclass(frozen=True, slots=True)
class LayerUse:
    """One entry of a function's `Layers`."""

    layer: Layer
    reference: ReferenceKind = "unknown"
    """How the template refers to it."""


@dataclass(frozen=True, eq=False, slots=True)
class Function:
    """A function, in one combination of outcomes of the conditions that it depends on."""

    where: Where
    scenario: str = ""
    """The outcomes of the conditions, such as "UseArm=true"; "" if the function does not depend on any."""

    image: bool = False
    """Whether its package type is Image."""

    edge: bool = False
    """Whether it is used as a Lambda@Edge function."""

    runtime: str | None = None
    architecture: str | None = None
    handler: str | None = None
    layers: tuple[LayerUse, ...] | None = None
    """In the order of the template; None if the whole list is not known."""

    declared_layers: tuple[str, ...] | None = None
    """The labels of the layers in the order that the user declared, if the assembly contains it."""

    code: Contents | None = None
    sources: Sources | None = None
    environment: Mapping[str, str | None] | None = None
    """Environment variables; a value is None if it is not a literal."""

    follows: frozenset[str] = frozenset()
    """Asset hashes and digests in its template, outside of `Layers` and `Code`."""

    report: BuildReport = NO_REPORT
    """The report about the build of its code."""

    built_for: str | None = None
    """The runtime that its code was built for."""

    is_unbuilt: bool = False
    """Whether its code is unknown because the assembly was written without building it."""

    is_source: bool = False
    """Whether its code is a folder to which `sam build` adds what the manifest in it requires."""

    partition: str | None = None
    region: str | None = None
    account: str | None = None
    budget_bytes: int | None = None
    storage: Storage | None = None
    enforces_signing: bool = False
    """Whether its code signing configuration rejects what is not signed."""

    macros: tuple[str, ...] = ()
    """CloudFormation macros that may change it, such as by adding layers."""

    deployed: Function | None = None
    """The same function as it is deployed now, if the user gave that assembly too."""

    location: Path | None = None
    """The local archive or folder with its code."""

    fault: Fault | None = None
    """Why its code cannot be read, and so is not known."""

    name: str | None = None
    """Its name in the template; None if CloudFormation generates it, or it is known only at deploy."""

    timeout_seconds: int | None = None
    memory_mib: int | None = None
    logs: LogSettings = field(default_factory=LogSettings)

    @property
    def used_layers(self) -> tuple[Layer, ...]:
        """The layers in merge order, lowest first; () if they are not known."""
        return tuple(use.layer for use in self.layers or ())


@dataclass(frozen=True, eq=False, slots=True)
class Grant:
    """One layer version permission."""

    where: Where
    layer: Layer | None
    principal: str | None
    organization: str | None = None
    """The organization id; None if the permission has none, "" if it is not a literal."""

    retained: bool | None = None
    public_on_purpose: bool = False
    """Whether the user wrote `LayerGrant.public()`."""

    scenario: str = ""
    """The outcomes of the conditions that its properties depend on, as for a function."""


@dataclass(frozen=True, slots=True)
class App:
    """The functions, layers and grants of a cloud assembly or a template."""

    functions: tuple[Function, ...] = ()
    layers: tuple[Layer, ...] = ()
    grants: tuple[Grant, ...] = ()
    unread: tuple[Unread, ...] = ()
    """What could not be read or resolved."""

    acknowledged: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Acknowledgements in the CDK: construct paths ("" for the whole app) to rule names to reasons."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user can set about the judgement."""

    today: date = field(default_factory=host.today)
    """The day that runtime dates are compared with."""

    budget_bytes: int | None = None
    """The user's own limit on every function with its layers and on every layer."""

    strict_budget: bool = True
    """Whether exceeding a budget is an error, not a warning."""

    limit_bytes: int = MAX_UNZIPPED_BYTES
    """Unzipped bytes of code and layers together."""

    select: tuple[str, ...] = ()
    """The only rules that count; () for all."""

    ignore: tuple[str, ...] = ()
    """Rules that do not count."""

    strict: bool = False
    """Whether warnings fail a synthesis or a check too."""

    def counts(self, rule: str) -> bool:
        """Return whether a rule counts."""
        return rule not in self.ignore and (not self.select or rule in self.select)
