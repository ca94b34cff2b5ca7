"""Templates for the examples of rules."""

from __future__ import annotations

import re
from itertools import groupby
from textwrap import dedent, indent
from typing import Final

_SHOWN_ALIKE: Final = 4
"""How many resources that differ by numbers alone are shown."""


def template(*resources: str) -> str:
    """Return a template of some resources, each of them YAML that begins with its logical id."""
    return "Resources:\n" + "".join(indent(dedent(resource).strip("\n"), "  ") + "\n" for resource in resources)


def sam_template(*resources: str) -> str:
    """Return a template for AWS SAM, whose resources can name local archives and folders."""
    return "Transform: AWS::Serverless-2016-10-31\n" + template(*resources)


def function_yaml(*properties: str, runtime: str = "python3.13", extra: str = "") -> str:
    """Return a Python function as YAML, with its required and some more properties."""
    lines = [
        "Report:",
        "  Type: AWS::Lambda::Function",
        *([indent(dedent(extra).strip("\n"), "  ")] if extra else []),
        "  Properties:",
        f"    Runtime: {runtime}",
        "    Handler: index.handler",
        "    Role: arn:aws:iam::111111111111:role/report",
        "    Code: {ZipFile: 'def handler(event, context): return event'}",
        *(indent(dedent(text).strip("\n"), "    ") for text in properties),
    ]
    return "\n".join(lines)


def layer_yaml(*properties: str, retained: bool = True) -> str:
    """Return the layer version "Base" as YAML, with its required and some more properties."""
    policy = "Retain" if retained else "Delete"
    lines = [
        "Base:",
        "  Type: AWS::Lambda::LayerVersion",
        f"  UpdateReplacePolicy: {policy}",
        f"  DeletionPolicy: {policy}",
        "  Properties:",
        "    Content: {S3Bucket: artifacts, S3Key: base.zip}",
        *(indent(dedent(text).strip("\n"), "    ") for text in properties),
    ]
    return "\n".join(lines)


def shortened(example: str) -> str:
    """Return an example for readers: of many resources that differ by numbers alone, the first two and the last."""
    shown: list[str] = []
    for _, group in groupby(re.split(r"^(?=  \S)", example, flags=re.MULTILINE), _without_numbers):
        alike = list(group)
        if len(alike) > _SHOWN_ALIKE:
            alike[2:-1] = [f"  # ... {len(alike) - 3} more like these ...\n"]
        shown += alike
    return "".join(shown)


def _without_numbers(text: str) -> str:
    return re.sub(r"\d+", "0", text.rstrip())
