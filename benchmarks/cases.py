"""For each rule one case that fails and one that passes, written out for any tool to read."""

from __future__ import annotations

import contextlib
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import aws_cdk
from aws_cdk import aws_lambda

import cdk_layers
from benchmarks.case_archives import HANDLER, Pieces, Text, Wheel, archive_of_zeros, distribution, write_archive
from cdk_layers.assembly.deployed import with_deployed
from cdk_layers.assembly.reader import read
from cdk_layers.rules.examples import sam_template
from cdk_layers.rules.registry import all_rules
from tools.documents.rules import language

if TYPE_CHECKING:
    from cdk_layers.app.model import App
    from cdk_layers.rules.registry import Rule

Which = Literal["failing", "passing"]
BOTH: Final[tuple[Which, Which]] = ("failing", "passing")

_DEPLOYED: Final = "deployed"
_NAMED_FILE: Final = re.compile(r"(?:ContentUri|CodeUri): ([\w./-]+)")


@dataclass(frozen=True)
class Layered:
    """A function and the archives of its code and layers."""

    layers: tuple[Pieces, ...]
    code: Pieces = (Text("main.py", HANDLER),)
    runtime: str = "python3.13"
    architecture: str = "x86_64"
    claims: str = ""
    """Properties of every layer."""

    options: str = ""
    """More properties of the function."""

    resources: tuple[str, ...] = ()
    """More resources of the template."""

    def write(self, folder: Path) -> Path:
        """Write a SAM template and its archives; return the template's path."""
        names = [f"Layer{number}" for number in range(len(self.layers))]
        for name, pieces in zip(("Code", *names), (self.code, *self.layers), strict=True):
            write_archive(folder / f"{name}.zip", pieces)
        template = folder / "template.yaml"
        template.write_text(
            sam_template(self._function(names), *map(self._layer, names), *self.resources), encoding="utf-8"
        )
        return template

    def _function(self, names: list[str]) -> str:
        references = ", ".join(f"!Ref {name}" for name in names)
        properties = (
            f"Runtime: {self.runtime}, Architectures: [{self.architecture}], Handler: main.handler{self.options}"
        )
        return (
            "Report:\n  Type: AWS::Serverless::Function\n"
            f"  Properties: {{{properties}, CodeUri: Code.zip, Layers: [{references}]}}"
        )

    def _layer(self, name: str) -> str:
        properties = ", ".join(filter(None, [f"ContentUri: {name}.zip", self.claims]))
        return f"{name}:\n  Type: AWS::Serverless::LayerVersion\n  Properties: {{{properties}}}"


@dataclass(frozen=True)
class CutOff(Layered):
    """The same with an archive of the first layer that is not whole."""

    def write(self, folder: Path) -> Path:
        """Write as above, and cut off the end of that archive."""
        template = super().write(folder)
        archive = folder / "Layer0.zip"
        archive.write_bytes(archive.read_bytes()[:-30])
        return template


@dataclass(frozen=True)
class Updated:
    """A function and its layer, beside what is deployed of the function; sizes in MiB."""

    deployed_code: int
    code: int = 1
    layer: int = 120

    def write(self, folder: Path) -> Path:
        """Write both templates; return the path of the one that is to be deployed."""
        start = "Report: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.13, Handler: main.handler, "
        (folder / _DEPLOYED).mkdir()
        code = f"CodeUri: functions/{self.deployed_code}-MiB.zip"
        _write_template(sam_template(f"{start}{code}}}}}"), folder / _DEPLOYED)
        code = f"CodeUri: functions/{self.code}-MiB.zip, Layers: [!Ref Data]"
        content = f"{{ContentUri: layers/{self.layer}-MiB.zip}}"
        data = f"Data: {{Type: AWS::Serverless::LayerVersion, Properties: {content}}}"
        return _write_template(sam_template(f"{start}{code}}}}}", data), folder)


def read_case(path: Path) -> App:
    """Return the app of a case, and what is deployed of it where the case has that too."""
    app, deployed = read(path), path.parent / _DEPLOYED
    return with_deployed(app, read(deployed)) if deployed.is_dir() else app


_SIX: Final = Text("python/six.py", "moves = 1\n")
_ORJSON: Final = "orjson==3.11.4"
_LIGHTGBM: Final = Wheel("lightgbm==4.6.0", only="lightgbm/lib/*.so")
_KEY_LINE: Final = "MIIEowIBAAKCAQEAx1y2z3a4b5c6d7e8f9g0h1i2j3k4l5m6n7o8p9q0r1s2t3u4\n"
_KEY: Final = f"-----BEGIN RSA PRIVATE KEY-----\n{_KEY_LINE * 7}-----END RSA PRIVATE KEY-----\n"
_STALE: Final = b"\xf3\r\r\n" + bytes(4) + b"the time" + b"\xe3" + bytes(256 * 1024)

_SIGNING: Final = """
Signing:
  Type: AWS::Lambda::CodeSigningConfig
  Properties:
    AllowedPublishers: {SigningProfileVersionArns: ['arn:aws:signer:eu-west-1:111111111111:/signing-profiles/a/b']}
    CodeSigningPolicies: {UntrustedArtifactOnDeployment: Enforce}
"""
_SIGNED: Final[dict[str, Any]] = {"options": ", CodeSigningConfigArn: !Ref Signing", "resources": (_SIGNING,)}

ARCHIVES: Final[dict[str, tuple[Layered, Layered] | tuple[Updated, Updated]]] = {
    "wrong-machine": (
        Layered(((Wheel(_ORJSON),),), architecture="arm64"),
        Layered(((Wheel(_ORJSON, "aarch64-manylinux_2_28"),),), architecture="arm64"),
    ),
    "wrong-platform": (Layered(((Wheel(_ORJSON, "aarch64-apple-darwin"),),)), Layered(((Wheel(_ORJSON),),))),
    "wrong-python-abi": (Layered(((Wheel(_ORJSON, python="3.12"),),)), Layered(((Wheel(_ORJSON),),))),
    "glibc-too-new": (
        Layered(((Wheel("numpy==2.3.4", python="3.11"),),), runtime="python3.11"),
        Layered(((Wheel("numpy==2.2.6", "x86_64-manylinux2014", "3.11"),),), runtime="python3.11"),
    ),
    "musl-linked": (Layered(((Wheel(_ORJSON, "x86_64-unknown-linux-musl"),),)), Layered(((Wheel(_ORJSON),),))),
    "missing-library": (
        Layered(((_LIGHTGBM,),)), Layered(((_LIGHTGBM, Text("lib/libgomp.so.1", b"\x7fELF")),)),
    ),
    "requires-python": (
        Layered((distribution("example", "1.0", "Requires-Python: >=3.14"),)),
        Layered((distribution("example", "1.0", "Requires-Python: >=3.13"),)),
    ),
    "overclaimed-target": (
        Layered(((Wheel(_ORJSON),),), claims="CompatibleArchitectures: [x86_64, arm64]"),
        Layered(((Wheel(_ORJSON),),), claims="CompatibleArchitectures: [x86_64]"),
    ),
    "wrong-folder": (Layered(((Text("six.py", "moves = 1\n"),),)), Layered(((_SIX,),))),
    "file-overwritten": (
        Layered(((_SIX,), (Text("python/six.py", "moves = 2\n"),))), Layered(((_SIX,), (_SIX,))),
    ),
    "unreadable-content": (CutOff(((_SIX,),)), Layered(((_SIX,),))),
    "unreadable-file": (
        Layered(((Text("python/six.py", "moves = 1\n", stat.S_IFREG | 0o600),),)), Layered(((_SIX,),)),
    ),
    "escaping-link": (
        Layered(((_SIX, Text("lib/libexample.so", "/usr/lib64/libexample.so", stat.S_IFLNK | 0o777)),)),
        Layered(((_SIX, Text("python/seven.py", "six.py", stat.S_IFLNK | 0o777)),)),
    ),
    "stale-bytecode": (
        Layered(((_SIX, Text("python/__pycache__/six.cpython-313.pyc", _STALE)),)), Layered(((_SIX,),)),
    ),
    "missing-dependency": (
        Layered((distribution("example", "1.0", "Requires-Dist: other>=2"),)),
        Layered((distribution("example", "1.0", "Requires-Dist: other>=2"), distribution("other", "2.0"))),
    ),
    "version-conflict": (
        Layered((distribution("example", "1.0"), distribution("example", "2.0"))),
        Layered((distribution("example", "1.0"), distribution("example", "1.0"))),
    ),
    "shadowed-sdk": (
        Layered((distribution("botocore", "1.40.0"),), code=(Text("main.py", f"import boto3\n{HANDLER}"),)),
        Layered((
            distribution("botocore", "1.40.0"), distribution("boto3", "1.40.0"), distribution("s3transfer", "0.13.0"),
        )),
    ),
    "shadowed-stdlib": (
        Layered(((Text("python/random.py", "seed = 1\n"),),)),
        Layered(((Text("python/randomness.py", "seed = 1\n"),),)),
    ),
    "namespace-hidden": (
        Layered(((Text("python/google/__init__.py"),), (Text("python/lib/python3.13/site-packages/google/proto.py"),))),
        Layered(((Text("python/google/api.py"),), (Text("python/lib/python3.13/site-packages/google/proto.py"),))),
    ),
    "async-handler": (
        Layered((), code=(Text("main.py", f"async {HANDLER}"),)),
        Layered((), code=(Text("main.py", HANDLER),)),
    ),
    "handler-not-found": (
        Layered(((_SIX,),), code=(Text("app.py", HANDLER),)), Layered(((_SIX,),)),
    ),
    "missing-import": (
        Layered(((_SIX,),), code=(Text("main.py", f"import requests\n{HANDLER}"),)),
        Layered((distribution("requests", "2.32.5"),), code=(Text("main.py", f"import requests\n{HANDLER}"),)),
    ),
    "secret-in-layer": (
        Layered(((_SIX, Text("python/settings/key.pem", _KEY)),)),
        Layered(((_SIX, Text("python/settings/key.pem.md", "Put your key here.\n")),)),
    ),
    "unsigned-layer": (
        Layered(((_SIX,),), **_SIGNED),
        Layered(((_SIX, Text("META-INF/aws_signer_signature_v1.0.SF", "signature")),), **_SIGNED),
    ),
    "update-too-large": (Updated(160), Updated(60)),
}  # fmt: skip
"""The cases of rules that look into archives, which their examples only describe."""


def rules_with_cases() -> list[Rule]:
    """Return every rule that a case can be written for."""
    return [rule for rule in all_rules() if rule.name in ARCHIVES or language(rule.failing) != "text"]


def write(rule: Rule, which: Which, folder: Path) -> Path:
    """Write one case into an empty folder; return the path of its template, or of its cloud assembly.

    Raises:
        CdkLayersError: The case is refused as soon as its constructs are made.
    """
    if rule.name in ARCHIVES:
        return ARCHIVES[rule.name][BOTH.index(which)].write(folder)
    example: str = getattr(rule, which)
    return _write_template(example, folder) if language(example) == "yaml" else _synthesize(example, folder)


def _write_template(example: str, folder: Path) -> Path:
    for name in _NAMED_FILE.findall(example):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        size = re.match(r"\d+(?=-MiB)", path.stem)
        if size:
            path.write_bytes(archive_of_zeros(int(size.group())))
        else:
            write_archive(path, (Text("bin/hello", "#!/bin/sh\n", stat.S_IFREG | 0o755),)
                           if path.stem == "tools" else (_SIX,))  # fmt: skip
    template = folder / "template.yaml"
    template.write_text(example, encoding="utf-8")
    return template


def _synthesize(example: str, folder: Path) -> Path:
    """Run an example as a CDK app, beside the entry folders that it names."""
    for name, files in {
        "layers/base": {"requirements.txt": "six==1.17.0\n"},
        "layers/company": {"company.py": "name = 'company'\n"},
        "functions/report": {"main.py": HANDLER},
    }.items():
        (folder / name).mkdir(parents=True)
        for file, text in files.items():
            (folder / name / file).write_text(text, encoding="utf-8")
    app = aws_cdk.App(outdir=str(folder / "cdk.out"))
    names = {**vars(aws_lambda), **vars(aws_cdk), "Path": Path, "app": app}
    names |= {name: getattr(cdk_layers, name) for name in cdk_layers.__all__ if name in example}
    # The CDK's own process keeps the folder that it was started in, so relative paths would not be the example's.
    exec(re.sub(r'"(?=(?:layers|functions)/)', f'"{folder.as_posix()}/', example), names)  # noqa: S102 - our own
    with contextlib.suppress(RuntimeError):
        app.synth()
    return folder / "cdk.out"
