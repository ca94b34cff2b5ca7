"""Lines that create constructs, as the CDK records them in an assembly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cdk_layers.assembly.reader import read
from cdk_layers.findings import Origin
from tests.assembly.templates import INLINE, assembly_of

if TYPE_CHECKING:
    from pathlib import Path


def _origin(folder: Path, *trace: str, **metadata: object) -> Origin | None:
    """Return the origin of a function that has a trace."""
    out = folder / "cdk.out"
    out.mkdir()
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {"Code": INLINE},
        "Metadata": {"aws:cdk:path": "S/F/Resource"},
    }
    assembly_of(out, S={"Resources": {"F": function}})
    entries = {"/S/F/Resource": [{"type": "aws:cdk:creationStack", "data": [*trace]}]}
    own = {"/S/F": [{"type": "cdk-layers:build", "data": metadata}]} if metadata else {}
    (out / "S.metadata.json").write_text(json.dumps({**entries, **own}))
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["artifacts"]["S"]["additionalMetadataFile"] = "S.metadata.json"
    (out / "manifest.json").write_text(json.dumps(manifest))
    (found,) = read(out).functions
    return found.where.origin


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (["...new Function2 in aws-cdk-lib...", "new Hub (HERE/lib/hub.ts:3:5)", "<anonymous> (HERE/app.ts:9:1)"],
         ("lib/hub.ts", 3)),
        (["__init__ (HERE/.venv/lib/python3.13/site-packages/x/y.py:1)", "<module> (HERE/app.py:7)"],
         ("app.py", 7)),
        (["new X (HERE/node_modules/x/y.js:1:1)", "new Y (/elsewhere/y.js:1:1)"], None),
        (["...aws-cdk-lib...", "(no user code in 10 frames)", "x (HERE/a.py:0)", "x (HERE/a.py:y)"], None),
    ],
)  # fmt: skip
def test_the_innermost_line_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frames: list[str], expected: tuple[str, int] | None
) -> None:
    """Of an app in TypeScript, and of one in Python with `cdk synth --debug`."""
    monkeypatch.chdir(tmp_path)
    origin = _origin(tmp_path, *(frame.replace("HERE", tmp_path.as_posix()) for frame in frames))
    assert origin == (expected and Origin((tmp_path / expected[0]).as_posix(), expected[1]))


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ({"file": "hub.py", "line": 4, "manifest": "base/uv.lock"}, Origin("hub.py", 4, "base/uv.lock")),
        ({"file": "hub.py", "line": 4, "checksum": 7}, Origin("hub.py", 4, checksum=7)),
        ({"file": "hub.py", "line": 4, "checksum": "7"}, Origin("hub.py", 4)),
        ({"file": "hub.py", "line": True}, None),
        ({"file": "../hub.py", "line": 4}, None),
        ({"file": "/etc/passwd", "line": 4, "manifest": "/etc/passwd"}, None),
        ({"file": "hub.py", "line": 0, "manifest": "uv.lock"}, Origin(manifest="uv.lock")),
        ({"file": 3, "line": "4"}, None),
        ("hub.py", None),
    ],
)
def test_what_this_library_wrote_is_not_trusted(tmp_path: Path, origin: object, expected: Origin | None) -> None:
    """A path that leads out of the project is no place, since its file would be searched."""
    assert _origin(tmp_path, origin=origin) == expected
