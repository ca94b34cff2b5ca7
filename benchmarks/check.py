"""Checking a cloud assembly: 100 functions with 5 layers each, over 10 distinct layers of 100 MB."""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any, Final

import uv

from benchmarks.pairs import Pair, alternate, runnable, seconds_of, show

_CFN_LINT: Final = "cfn-lint==1.58.0"
_LAYERS: Final = 10
_LAYERS_OF_A_FUNCTION: Final = 5
_LAYER_BYTES: Final = 100_000_000
_FILE_BYTES: Final = 50_000
_ROUNDS: Final = 3
_LIMITS: Final = {"first time": 3.0, "contents on record": 0.5}
"""Seconds that a check of 100 functions may take."""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, many = (write_assembly(folder / str(functions), functions) for functions in (100, 500))
        others, not_run = runnable({"cfn-lint on the same template": lambda: _lint(few)})
        first, again, *theirs = alternate(
            _ROUNDS, lambda: _first(few, folder), lambda: _check(few, folder), *others.values()
        )
        pairs = [
            *(
                Pair(f"100 functions, {when}", taken, lint, name, 1)
                for name, lint in zip(others, theirs, strict=True)
                for when, taken in zip(_LIMITS, (first, again), strict=True)
            ),
            *(
                Pair(f"100 functions, {when}", taken, _LIMITS[when], "the time that it may take", 1)
                for when, taken in zip(_LIMITS, (first, again), strict=True)
            ),
        ]
        _check(many, folder)
        again, more = alternate(_ROUNDS, lambda: _check(few, folder), lambda: _check(many, folder))
        pairs.append(Pair("500 functions", more, again * 5, "five times 100 functions", 1))
        show("Checking an assembly over 10 layers of 100 MB", pairs, not_run=not_run)


def _first(assembly: Path, folder: Path) -> float:
    shutil.rmtree(folder / "cache", ignore_errors=True)
    return _check(assembly, folder)


def _check(assembly: Path, folder: Path) -> float:
    return seconds_of(
        # 500 MB of layers are too much for a function; what counts here is the time.
        [sys.executable, "-m", "cdk_layers.cli", "check", "--ignore", "layers-too-large", "--format", "json", assembly],
        environment={"CDK_LAYERS_CACHE_DIR": str(folder / "cache")},
    )


def _lint(assembly: Path) -> float:
    return seconds_of(
        [uv.find_uv_bin(), "tool", "run", "--from", _CFN_LINT, "cfn-lint", assembly / "Bench.template.json"]
    )


def write_assembly(folder: Path, functions: int) -> Path:
    """Write a cloud assembly as the CDK would, and return its folder."""
    folder.mkdir()
    files: dict[str, Any] = {}
    resources: dict[str, Any] = {"Role": _role()}
    first = folder / "asset.0.zip"
    for number in range(_LAYERS):
        archive = folder / f"asset.{number}.zip"
        if number == 0:
            _write_layer(archive)
        else:
            shutil.copyfile(first, archive)
            _mark(archive, number)
        files[f"{number:064x}"] = _asset(archive.name, number)
        resources[f"Layer{number}"] = _layer(number)
    code = folder / "asset.code"
    code.mkdir()
    (code / "main.py").write_text("def handler(event, context):\n    return event\n")
    files["c" * 64] = {
        "source": {"path": code.name, "packaging": "zip"},
        "destinations": {"here": {"bucketName": "assets", "objectKey": f"{'c' * 64}.zip"}},
    }
    for number in range(functions):
        resources[f"Function{number}"] = _function(number)
    _write(folder / "Bench.template.json", {"Resources": resources})
    _write(folder / "Bench.assets.json", {"version": "48.0.0", "files": files, "dockerImages": {}})
    _write(folder / "manifest.json", _manifest())
    return folder


def _write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, indent=1))


def _manifest() -> Any:
    return {
        "version": "48.0.0",
        "artifacts": {
            "Bench.assets": {"type": "cdk:asset-manifest", "properties": {"file": "Bench.assets.json"}},
            "Bench": {
                "type": "aws:cloudformation:stack",
                "environment": "aws://111111111111/eu-west-1",
                "properties": {"templateFile": "Bench.template.json"},
            },
        },
    }


def _asset(name: str, number: int) -> Any:
    return {
        "source": {"path": name, "packaging": "file"},
        "destinations": {"here": {"bucketName": "assets", "objectKey": f"{number:064x}.zip"}},
    }


def _role() -> Any:
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [allow]}},
    }


def _layer(number: int) -> Any:
    return {
        "Type": "AWS::Lambda::LayerVersion",
        "UpdateReplacePolicy": "Retain",
        "DeletionPolicy": "Retain",
        "Properties": {
            "Content": {"S3Bucket": "assets", "S3Key": f"{number:064x}.zip"},
            "CompatibleRuntimes": ["python3.13"],
        },
        "Metadata": {"aws:cdk:path": f"Bench/Layer{number}/Resource"},
    }


def _function(number: int) -> Any:
    used = [(number + step) % _LAYERS for step in range(_LAYERS_OF_A_FUNCTION)]
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"S3Bucket": "assets", "S3Key": f"{'c' * 64}.zip"},
            "Handler": "main.handler",
            "Runtime": "python3.13",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Layers": [{"Ref": f"Layer{index}"} for index in used],
        },
        "Metadata": {"aws:cdk:path": f"Bench/Function{number}/Resource"},
    }


def _write_layer(archive: Path) -> None:
    """Write 100 MB in files like those of real packages: half of the bytes are source text, half hardly shrink."""
    chance = random.Random(0)  # noqa: S311  # the same bytes in every run
    words = [f"name_{chance.randrange(10_000)}" for _ in range(2_000)]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for number in range(_LAYER_BYTES // _FILE_BYTES):
            text = " = ".join(chance.choices(words, k=_FILE_BYTES // 12)).encode()[:_FILE_BYTES]
            content = text if number % 2 else chance.randbytes(_FILE_BYTES)
            suffix = "py" if number % 2 else "dat"
            _add(file, f"python/package/part{number // 100}/module{number}.{suffix}", content)


def _mark(archive: Path, number: int) -> None:
    with zipfile.ZipFile(archive, "a") as file:
        _add(file, f"python/layer{number}.py", f"NUMBER = {number}\n".encode())


def _add(file: zipfile.ZipFile, path: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(path)
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    file.writestr(entry, content)


if __name__ == "__main__":
    main()
