"""Archives, layers and functions for the tests of rules, said in one line each."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_layers.app.model import App, Function, Layer, LayerUse, Settings
from cdk_layers.contents.model import Contents, Distribution, File, FileTrait, Native
from cdk_layers.findings import Finding, Where
from cdk_layers.rules.engine import judge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, eq=False)
class Files:
    """The files of an archive that is not on disk."""

    texts: Mapping[str, bytes]

    def read(self, path: str) -> bytes | None:
        """Return one file."""
        return self.texts.get(path)


def texts(tree: Mapping[str, bytes | str] | Sequence[str]) -> dict[str, bytes]:
    """Return the bytes of each file; a bare path is a file with its own name in it."""
    held = tree.items() if hasattr(tree, "items") else ((path, path) for path in tree)
    return {path: text.encode() if isinstance(text, str) else text for path, text in held}


def archive(
    tree: Mapping[str, bytes | str] | Sequence[str] = (),
    *,
    dists: Sequence[Distribution] = (),
    natives: Sequence[Native] = (),
    links: Mapping[str, str] | None = None,
    traits: Sequence[FileTrait] = (),
    modes: Mapping[str, int] | None = None,
    folder_modes: Mapping[str, int] | None = None,
) -> Contents:
    """Return the contents of an archive that holds these files; native ones are files by themselves."""
    held = {native.path: native.path.encode() for native in natives} | texts(tree)
    files = {
        path: File(len(held[path]), zlib.crc32(held[path]), (modes or {}).get(path, 0o644)) for path in sorted(held)
    }
    return Contents(
        unzipped_bytes=sum(file.size for file in files.values()),
        files=files,
        distributions=tuple(sorted(dists, key=lambda one: one.name)),
        natives=tuple(natives),
        links=links or {},
        traits=tuple(traits),
        folder_modes=folder_modes or {},
    )


def dist(
    name: str,
    version: str = "1.0",
    *requires: str,
    folder: str = "python",
    requires_python: str | None = None,
    tags: Sequence[str] = ("py3-none-any",),
    top_level: Sequence[str] = (),
) -> Distribution:
    """Return a distribution of a layer."""
    return Distribution(name, version, folder, 1000, requires, requires_python, None, tuple(tags), tuple(top_level))


def elf(path: str, machine: str = "x86_64", glibc: tuple[int, int] | None = (2, 17), *needed: str) -> Native:
    """Return the facts about an ELF file."""
    return Native(path, machine, glibc, needed or ("libc.so.6",))


def layer(contents: Contents | None, name: str = "Base", **facts: object) -> Layer:
    """Return a layer version of the app; without contents, one that is known by its ARN alone."""
    known: dict[str, object] = {"runtimes": (), "architectures": (), **facts}
    arn = None if contents is not None else f"arn:aws:lambda:eu-west-1:111111111111:layer:{name}:1"
    return Layer(Where(f"Hub/{name}"), name, raw_arn=arn, is_resource=contents is not None, contents=contents, **known)  # type: ignore[arg-type]


def function(
    *layers: Layer,
    code: Contents | Mapping[str, bytes | str] | None = None,
    runtime: str | None = "python3.13",
    architecture: str | None = "x86_64",
    handler: str | None = None,
    unknown_code: bool = False,
) -> Function:
    """Return a function with these layers, lowest first; code may be given as its files."""
    held = code if isinstance(code, Contents) else archive(code or {"main.py": "def handler(event, context): ..."})
    sources = Files(texts(code)) if code is not None and not isinstance(code, Contents) else None
    return Function(
        Where("Spoke/Report"),
        runtime=runtime,
        architecture=architecture,
        handler=handler,
        layers=tuple(LayerUse(one) for one in layers),
        code=None if unknown_code else held,
        sources=sources,
        environment={},
    )


def found(subject: Function | Layer, rule: str) -> list[Finding]:
    """Return what one rule finds about an app with this subject alone, a function's layers being part of the app."""
    app = (
        App(functions=(subject,), layers=tuple(one for one in subject.used_layers if one.is_resource))
        if isinstance(subject, Function)
        else App(layers=(subject,))
    )
    return [finding for finding in judge(app, Settings()) if finding.rule == rule]


def severities(subject: Function | Layer, rule: str) -> list[str]:
    """Return the severities of what one rule finds."""
    return [finding.severity for finding in found(subject, rule)]
