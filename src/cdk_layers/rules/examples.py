"""What the examples of many rules have in common."""

from __future__ import annotations

from textwrap import dedent, indent


def template(*resources: str) -> str:
    """Return a template of these resources, each written from its logical id on."""
    return "Resources:\n" + "".join(indent(dedent(resource).strip("\n"), "  ") + "\n" for resource in resources)


def sam_template(*resources: str) -> str:
    """Return a template of these resources that AWS SAM transforms, so that it can name local archives and folders."""
    return "Transform: AWS::Serverless-2016-10-31\n" + template(*resources)


def function(*properties: str, runtime: str = "python3.13", extra: str = "") -> str:
    """Return a Python function as a template has it, with these properties beside those that it needs."""
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


def layer(*properties: str, name: str = "Base", retained: bool = True) -> str:
    """Return a layer version as a template has it, with these properties beside those that it needs."""
    policy = "Retain" if retained else "Delete"
    lines = [
        f"{name}:",
        "  Type: AWS::Lambda::LayerVersion",
        f"  UpdateReplacePolicy: {policy}",
        f"  DeletionPolicy: {policy}",
        "  Properties:",
        "    Content: {S3Bucket: artifacts, S3Key: base.zip}",
        *(indent(dedent(text).strip("\n"), "    ") for text in properties),
    ]
    return "\n".join(lines)
