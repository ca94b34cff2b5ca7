"""Judging a synthesized app once: while nothing of its assembly changes, what was found is told again."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass
from functools import cache as once
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cdk_layers
from cdk_layers.findings import Finding, Where
from cdk_layers.store.measured import stamp

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from cdk_layers.app.model import Settings
    from cdk_layers.store.build_cache import BuildCache

_NOT_READ: Final = frozenset(("tree.json", "validation-report.json"))
"""What the CDK writes beside the assembly, and no judgement depends on."""

_TRACE: Final = re.compile(rb'"trace":\s*\[\s*(?:"(?:[^"\\]|\\.)*"\s*(?:,\s*)?)*\]')
"""Where in Node a message of the CDK's came from: through a temporary folder, another one each time."""

_ASSETS: Final = ".assets.json"
_INSIDE: Final = re.compile(r"(?:\.\./)*[\w.-]+")
"""What an asset manifest says of an asset that lies in the assembly, and not somewhere in the project."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found in one assembly."""

    findings: tuple[Finding, ...]
    unread: tuple[str, ...]
    """What could not be read or resolved, each in a sentence."""


def judged(folder: Path, settings: Settings, cache: BuildCache, *, unbundled: Collection[str] = ()) -> Judgement:
    """Return what the rules find in an assembly, from the cache where just this was judged before.

    Args:
        folder: The folder of the whole assembly.
        settings: What the user set.
        cache: Remembers what was found.
        unbundled: As for `reader.read`.

    Raises:
        AssemblyError: It cannot be read.
    """
    key = _key(folder, [repr(settings), sorted(unbundled)])
    known = cache.recall(key) if key else None
    if known is not None:
        findings = (Finding(**{**one, "where": Where(**one["where"])}) for one in known["findings"])
        return Judgement(tuple(findings), tuple(known["unread"]))
    # All rules, and the reader, take longer to load than to tell again what they found.
    from cdk_layers.assembly.reader import read  # noqa: PLC0415
    from cdk_layers.rules.engine import judge  # noqa: PLC0415

    app = read(folder, cache=cache, unbundled=unbundled)
    made = Judgement(tuple(judge(app, settings)), app.unread)
    if key:
        cache.remember(key, asdict(made))
    return made


def rule_names(cache: BuildCache) -> list[str]:
    """Return the names of all rules, without loading them where they are known."""
    key = f"rules-{_library()}"
    names = cache.recall(key)
    if names is None:
        from cdk_layers.rules.registry import all_rules  # noqa: PLC0415

        names = [rule.name for rule in all_rules()]
        cache.remember(key, names)
    return list(names)


def _key(folder: Path, facts: list[Any]) -> str | None:
    """Return what stands for an assembly and for who judges it; None while that cannot be told for sure."""
    root = folder.resolve()
    seen = hashlib.sha256(json.dumps([_library(), os.fspath(root), *facts]).encode())
    try:
        for path in _documents(root):
            content = path.read_bytes()
            read = _TRACE.sub(b"", content)
            seen.update(f"{path.relative_to(root).as_posix()}:{len(read)}:".encode())
            seen.update(read)
            for asset in _assets(path, content) if path.name.endswith(_ASSETS) else ():
                facts_of_asset, is_settled = stamp(asset)
                if not is_settled or not asset.is_relative_to(root):
                    return None
                seen.update(facts_of_asset.encode())
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        # Whoever reads it will say what is wrong.
        return None
    return f"judgement-{seen.hexdigest()}"


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
            if not _INSIDE.fullmatch(source):
                message = f"{source} lies outside of the assembly"
                raise ValueError(message)
            path = (manifest.parent / source).resolve()
            # Templates are assets too, written anew by each synthesis.
            if path.suffix != ".json":
                yield path


@once
def _library() -> str:
    """Return what stands for this library as it is on disk, so that nothing is told that other rules found."""
    folder = Path(cdk_layers.__file__).parent
    facts = []
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".py"):
                status = Path(parent, name).stat()
                facts.append([name, status.st_size, status.st_mtime_ns])
    return hashlib.sha256(json.dumps(sorted(facts)).encode()).hexdigest()
