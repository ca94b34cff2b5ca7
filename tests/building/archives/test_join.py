"""Contents of joined archives, which are put together from those of the parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.archives.join import Join, Placed
from cdk_layers.building.archives.members import Member
from cdk_layers.building.archives.writer import write_archive
from cdk_layers.contents.measure import measure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def _distribution(name: str, version: str = "1.0") -> dict[str, bytes]:
    info = f"{name}-1.0.dist-info"
    return {
        f"{name}.py": b"x = 1\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/RECORD": f"{name}.py,,\n{info}/METADATA,,\n{info}/RECORD,,\n".encode(),
    }


SIX, BOTH = _distribution("six"), _distribution("six") | _distribution("thing")
KEY = b"-----BEGIN PRIVATE KEY-----\n" + b"A" * 64
PROGRAM = {"bin/tool": b"#!/bin/sh\r\n"}


def _part(folder: Path, files: Mapping[str, bytes]) -> Path:
    folder.mkdir()
    members = []
    for number, (name, data) in enumerate(files.items()):
        (folder / f"{number}").write_bytes(data)
        members.append(Member(name, folder / f"{number}", executable=name.startswith("bin/")))
    write_archive(folder / "archive.zip", members)
    return folder / "archive.zip"


@pytest.mark.parametrize(
    ("files", "left_out", "later", "distributions"),
    [
        (SIX, (), {}, ["six 1.0"]),
        (SIX, ("six.py",), {}, ["six 1.0"]),
        (SIX, ("six-1.0.dist-info/METADATA",), {}, []),
        (SIX, (), {"six.py": b"x = 'longer'\n"}, ["six 1.0"]),
        (SIX, (), _distribution("six", "2.0"), ["six 2.0"]),
        (BOTH, (), {"own.py": b""}, ["six 1.0", "thing 1.0"]),
        (BOTH, ("six.py",), {"own.py": b""}, ["six 1.0", "thing 1.0"]),
        (SIX | {"six.py": KEY}, (), {"six.py": b"no key"}, ["six 1.0"]),
        (SIX, (), {"key.pem": KEY}, ["six 1.0"]),
        (SIX | PROGRAM, (), {}, ["six 1.0"]),
    ],
)
@pytest.mark.parametrize("prefix", ["", "python"])
def test_contents_are_those_of_the_archive(
    tmp_path: Path,
    *,
    files: dict[str, bytes],
    left_out: tuple[str, ...],
    later: dict[str, bytes],
    distributions: list[str],
    prefix: str,
) -> None:
    """Whatever is left out or replaced, a layer is described as if its archive had been measured."""
    parts = [Placed(_part(tmp_path / "first", files), prefix, frozenset(left_out))]
    parts.append(Placed(_part(tmp_path / "later", later), prefix))
    join = Join.of(parts)
    join.write(tmp_path / "joined.zip")
    contents = join.contents()
    assert contents == measure(tmp_path / "joined.zip")
    assert [f"{each.name} {each.version}" for each in contents.distributions] == distributions
    names = ({*files} - {*left_out}) | {*later}
    assert {*contents.files} == {f"{prefix}/{name}" if prefix else name for name in names}
