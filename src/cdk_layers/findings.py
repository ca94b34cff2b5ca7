"""Findings of rules: what is wrong, where, and what to do about it; and what could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cdk_layers.system.outgoing import outgoing

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Origin:
    """The files of a project in which the user wrote a construct, relative to the working folder of the synthesis."""

    file: str = ""
    """The file that creates the construct, such as "stacks/hub.py"; "" if it is not known or not in that folder.

    Absolute if the CDK recorded it so.
    """

    line: int = 0
    """The line that creates it, from 1 on; 0 without a file."""

    manifest: str = ""
    """The manifest of its entry, such as "layers/base/requirements.txt"; "" likewise."""

    checksum: int | None = None
    """A checksum of the line's text, which tells the file from others of its name; None if it is not known."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A distribution that a manifest of the project installs."""

    manifest: str
    """As `Origin.manifest`."""

    distribution: str


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a resource: its construct, and its template."""

    path: str
    """The construct path, such as "Hub/base"; "template.json#LogicalId" where no construct is known."""

    template: str = ""
    """The template's path; empty for a construct that is not synthesized yet."""

    logical_id: str = ""
    origin: Origin | None = None
    """Where the user wrote the construct; None if the assembly does not contain it."""

    def pin(self, distribution: str | None) -> Pin | None:
        """Return the pin of a distribution in the construct's manifest; None if either is not known."""
        manifest = self.origin.manifest if self.origin else ""
        return Pin(manifest, distribution) if manifest and distribution else None


@dataclass(frozen=True, slots=True)
class Subject:
    """A function or a layer, as sentences name it."""

    kind: Literal["Function", "Layer"]
    path: str
    """Its construct path."""

    def __str__(self) -> str:
        """Return its name at the start of a sentence, such as "Layer 'Hub/base'"."""
        return f"{self.kind} {self.path!r}"


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that could not be read or resolved."""

    text: str
    """The sentence, after its subject."""

    subject: Subject | None = None
    """The function or layer at the start of the sentence, if the same can be true of others."""

    def __str__(self) -> str:
        """Return the sentence."""
        return f"{self.subject or ''}{self.text}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or may be."""

    rule: str
    severity: Severity
    where: Where
    message: str
    """What is wrong, measured against which limit."""

    remedy: str
    """What to do about it."""

    aws_error: str | None = None
    """The AWS error that this prevents."""

    topic: str = ""
    """What it is about, if findings on one topic are reported together although their messages differ; else ""."""

    pin: Pin | None = None
    """The pin that it is about."""

    def __post_init__(self) -> None:
        """Remove credentials and control characters from the texts."""
        object.__setattr__(self, "message", outgoing(self.message))
        object.__setattr__(self, "remedy", outgoing(self.remedy))

    @property
    def place(self) -> str:
        """The construct path before the message, such as "Hub/base:"; "" if the message has it."""
        return "" if repr(self.where.path) in self.message else f"{self.where.path}:"

    @property
    def aws_sentence(self) -> str:
        """The AWS error as a sentence; "" if there is none."""
        return f"AWS error: {self.aws_error!r}." if self.aws_error else ""

    def __str__(self) -> str:
        """Return the finding as one paragraph for a person."""
        parts = (self.place, self.message, self.aws_sentence, self.remedy, f"[{self.rule}]")
        return " ".join(filter(None, parts))
