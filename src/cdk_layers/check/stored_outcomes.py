"""Outcomes of checks, remembered so that an unchanged assembly is judged once.

A wrong key would hide findings, so it contains everything that an outcome depends on: the documents of the assembly,
the identity of each asset (path, size, time), the settings with the day, acknowledgements, and the code that judges.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from dataclasses import asdict
from functools import cache as once
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cdk_layers
from cdk_layers.assembly.acknowledgements import REPORT
from cdk_layers.check.outcome import Outcome, Result
from cdk_layers.findings import Finding, Origin, Pin, Subject, Unread, Where
from cdk_layers.store.measurements import stamp
from cdk_layers.system.project_paths import real_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.store.protocol import Store

_NOT_READ: Final = frozenset(("tree.json", REPORT))
"""Files that the CDK writes with the assembly and that no outcome depends on, except for acknowledgements."""

_TRACE: Final = re.compile(rb'"trace":\s*\[\s*(?:"(?:[^"\\]|\\.)*"\s*(?:,\s*)?)*\]')
"""Stack traces of Node in the metadata. They contain the path of a temporary folder that differs in each synthesis."""

_ASSETS: Final = ".assets.json"
_JUDGES: Final = ("packaging", "PyYAML")
"""Distributions whose code affects findings."""


def outcome_key(folder: Path, facts: list[Any]) -> str | None:
    """Return the key of an outcome: the content of an assembly, and everything that judges it.

    Args:
        folder: The folder of the whole assembly.
        facts: Further values that an outcome depends on, such as the settings.

    Returns:
        The key. None if it is not certain that the content has not changed, or if the assembly cannot be read.
    """
    root = real_path(folder)
    digest = hashlib.sha256(json.dumps([_judges(), os.fspath(root), *facts]).encode())
    try:
        digest.update(json.dumps(_acknowledgements(root / REPORT)).encode())
        for path in _documents(root):
            content = path.read_bytes()
            stable = _TRACE.sub(b"", content)
            digest.update(f"{path.relative_to(root).as_posix()}:{len(stable)}:".encode())
            digest.update(stable)
            for asset in _assets(path, content) if path.name.endswith(_ASSETS) else ():
                if not asset.is_relative_to(root):
                    # It may change without the assembly, and it may be a whole project.
                    return None
                identity, is_settled = stamp(asset)
                if not is_settled:
                    return None
                digest.update(identity.encode())
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        # The reader reports what is wrong.
        return None
    return f"outcome-{digest.hexdigest()}"


def recall(store: Store, key: str | None) -> Outcome | None:
    """Return the outcome that is stored under a key; None if there is none."""
    stored = store.recall(key) if key else None
    if stored is None:
        return None
    results = (Result(_finding(result["finding"]), result["reason"]) for result in stored["results"])
    unread = (
        Unread(each["text"], Subject(**each["subject"]) if each["subject"] else None) for each in stored["unread"]
    )
    savings = {kind: (files, size) for kind, (files, size) in stored["savings"].items()}
    return Outcome(**{**stored, "results": tuple(results), "unread": tuple(unread), "savings": savings})


def _finding(stored: dict[str, Any]) -> Finding:
    where, pin = stored["where"], stored["pin"]
    origin = where["origin"] and Origin(**where["origin"])
    return Finding(**{**stored, "where": Where(**{**where, "origin": origin}), "pin": pin and Pin(**pin)})


def remember(store: Store, key: str | None, outcome: Outcome) -> None:
    """Store an outcome under a key, if there is one."""
    if key:
        store.remember(key, asdict(outcome))


def rule_names(store: Store) -> list[str]:
    """Return the names of all rules, from the store if they are there."""
    key = f"rules-{_judges()}"
    names = store.recall(key)
    if names is None:
        from cdk_layers.rules.registry import all_rules  # noqa: PLC0415

        names = [rule.name for rule in all_rules()]
        store.remember(key, names)
    return list(names)


def _acknowledgements(report: Path) -> list[list[str]]:
    """Return the acknowledgements in the CDK's report of the last synthesis, and nothing else of it."""
    if not report.exists():
        return []
    return [
        [str(violation.get(key)) for key in ("acknowledgedId", "acknowledgedAt", "reason")]
        for plugin in json.loads(report.read_bytes()).get("pluginReports") or ()
        for violation in plugin.get("suppressedViolations") or ()
    ]


def _documents(folder: Path) -> Iterator[Path]:
    """Yield the JSON files of an assembly, and of those nested in it."""
    for path in sorted(folder.iterdir()):
        if path.suffix == ".json" and path.name not in _NOT_READ and path.is_file():
            yield path
        elif path.name.startswith("assembly-") and path.is_dir():
            yield from _documents(path)


def _assets(manifest: Path, content: bytes) -> Iterator[Path]:
    for entry in json.loads(content).get("files", {}).values():
        source = entry["source"].get("path")
        if source is not None:
            path = real_path(manifest.parent / source)
            # Templates are assets too, and each synthesis writes them again.
            if path.suffix != ".json":
                yield path


@once
def _judges() -> str:
    """Return a digest of the code that judges: this library's files, the distributions that it uses, and Python."""
    folder = Path(cdk_layers.__file__).parent
    facts = [*(f"{name} {version(name)}" for name in _JUDGES), sys.version]
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".py"):
                path = Path(parent, name)
                status = path.stat()
                facts.append(f"{path.relative_to(folder).as_posix()} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256(json.dumps(sorted(facts)).encode()).hexdigest()
