"""Reports as SARIF 2.1.0, the format of code scanning services."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from cdk_layers.rules.addresses import rule_page
from cdk_layers.rules.registry import all_rules
from cdk_layers.rules.repeats import Repeated, group_repeats
from cdk_layers.system.outgoing import json_in_logs, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_layers.findings import Finding
    from cdk_layers.report.verdict import Verdict
    from cdk_layers.rules.registry import Rule

_VERSION: Final = "2.1.0"


def show(verdict: Verdict) -> None:
    """Print a verdict."""
    print(as_sarif(verdict))  # noqa: T201


def as_sarif(verdict: Verdict) -> str:
    """Return a verdict as a SARIF log of one run."""
    rules = all_rules()
    indexes = {rule.name: index for index, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "cdk-layers",
                "semanticVersion": version("cdk-layers"),
                "rules": [_descriptor(rule) for rule in rules],
            }
        },
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": printable(str(each))}} for each in verdict.outcome.unread
                ],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [
            *(_result(verdict, repeated, indexes) for repeated in group_repeats(verdict.findings)),
            *(
                {**_result(verdict, Repeated(finding), indexes), "suppressions": [_suppression(reason)]}
                for finding, reason in verdict.acknowledged
            ),
        ],
    }
    return json_in_logs(json.dumps({"version": _VERSION, "runs": [run]}, indent=2))


def _descriptor(rule: Rule) -> dict[str, Any]:
    page = rule_page(rule.name)
    texts = (rule.remedy, f"Documentation: {page}" if page else "", f"Source: {rule.source}")
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.meaning.split(". ")[0].rstrip(".") + "."},
        "fullDescription": {"text": rule.meaning},
        **({"helpUri": page} if page else {}),
        "help": {"text": "\n".join(filter(None, texts))},
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(verdict: Verdict, repeated: Repeated, indexes: Mapping[str, int]) -> dict[str, Any]:
    finding = repeated.first
    sentences = (finding.message, printable(finding.aws_sentence), finding.remedy, printable(repeated.elsewhere))
    return {
        "ruleId": finding.rule,
        "ruleIndex": indexes[finding.rule],
        "level": finding.severity,
        "message": {"text": " ".join(filter(None, sentences))},
        "locations": [_location(verdict, repeated)],
        "partialFingerprints": {"placeAndRule/v1": _fingerprint(finding)},
    }


def _suppression(reason: str) -> dict[str, str]:
    return {"kind": "inSource", "justification": reason}


def _location(verdict: Verdict, repeated: Repeated) -> dict[str, Any]:
    """Return the place of the first finding, with all constructs: code scanning shows one place of a result."""
    paths = dict.fromkeys(finding.where.path for finding in repeated.findings)
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": printable(path), "kind": "resource"} for path in paths]
    }
    if place := verdict.places.best(repeated.first):
        location["physicalLocation"] = {
            "artifactLocation": {"uri": quote(place.in_repository, errors="surrogateescape")},
            "region": {"startLine": place.line},
        }
    return location


def _fingerprint(finding: Finding) -> str:
    """Return an identity of a finding that stays when lines and sizes change."""
    return hashlib.sha256(f"{finding.rule}\n{finding.where.path}".encode()).hexdigest()
