"""JSON and YAML files of unknown origin, read within bounds."""

from __future__ import annotations

import json
import os
import re
import stat
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.errors import AssemblyError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_UNWRITABLE: Final = re.compile("[\0\ud800-\udfff]")
_MIB: Final = 1024 * 1024

READABLE: Final = (
    "Give the folder that `cdk synth`, `sam build` or `serverless package` writes, or one CloudFormation template. "
    "Terraform, CDKTF, Pulumi and SST 3 write neither, so what they deploy cannot be checked."
)
"""What to do about a path that is something else."""

MAX_TEMPLATE_BYTES: Final = 8 * _MIB
"""CloudFormation accepts templates of 1 MB. Source: the CloudFormation user guide, quotas."""

MAX_JSON_BYTES: Final = 16 * _MIB
"""For the other files of an assembly; those for a stack of 500 resources are far smaller."""

MAX_YAML_BYTES: Final = 1 * _MIB
"""YAML is read a hundred times slower than JSON, and only templates are YAML."""


def read_document(path: Path, limit: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """Return the mapping in a JSON or YAML file.

    Args:
        path: A regular file. It is JSON if it begins with a brace and its name does not end in .yaml or .yml.
        limit: The most bytes of a JSON file; those of YAML are `MAX_YAML_BYTES`.

    Raises:
        AssemblyError: It is missing, not a regular file, too large, truncated, nested too deeply, or not a mapping.
    """
    content = _read_bytes(path, MAX_YAML_BYTES if _is_yaml(path) else limit)
    try:
        text = content.decode("utf-8-sig")
        document = json.loads(text) if text.lstrip()[:1] == "{" and not _is_yaml(path) else _from_yaml(text, path)
    except RecursionError:
        message = f"{path} is nested too deeply to be a template. Write it again, with `cdk synth` or `sam build`."
        raise AssemblyError(message) from None
    except UnicodeDecodeError:
        message = f"{path} is not text, so it is neither a template nor a part of a cloud assembly. {READABLE}"
        raise AssemblyError(message) from None
    except ValueError as error:
        message = f"{path} cannot be read: {error}. Write it again, with `cdk synth` or `sam build`."
        raise AssemblyError(message) from error
    if (_is_yaml(path) or "\\u" in text) and any(map(_UNWRITABLE.search, strings_in(document))):
        message = (
            f"{path} has a string with a NUL character or half of a surrogate pair, which no template that can be "
            f"deployed has. Write it again, with `cdk synth` or `sam build`."
        )
        raise AssemblyError(message)
    if not isinstance(document, dict):
        message = f"{path} is not a mapping, so it is neither a template nor a part of a cloud assembly. {READABLE}"
        raise AssemblyError(message)
    return document


def strings_in(document: object) -> Iterator[str]:
    """Yield every key and string of a document; those of a part that is in several places only once."""
    for node in nodes_in(document):
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            yield from (key for key in node if isinstance(key, str))


def nodes_in(document: object) -> Iterator[Any]:
    """Yield a document and every value in it; a mapping or list that is in several places only once."""
    waiting, seen = [document], set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, (dict, list)):
            if id(node) in seen:
                continue
            seen.add(id(node))
            waiting.extend(node if isinstance(node, list) else node.values())
        yield node


def _is_yaml(path: Path) -> bool:
    return path.suffix.lower() in {".yaml", ".yml"}


def _read_bytes(path: Path, limit: int) -> bytes:
    try:
        # Without O_NONBLOCK, opening a named pipe would block forever.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}."
        raise AssemblyError(message) from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            message = f"{path} is not a regular file."
            raise AssemblyError(message)
        content = file.read(limit + 1)
    if len(content) > limit:
        message = (
            f"{path} is larger than {limit // _MIB} MiB, which no template or part of a cloud assembly is "
            f"(CloudFormation accepts 1 MB). Split the stack, or check the program that wrote it."
        )
        raise AssemblyError(message)
    return content


def _from_yaml(text: str, path: Path) -> object:
    if len(text) > MAX_YAML_BYTES:
        message = f"it is YAML of more than {MAX_YAML_BYTES // _MIB} MiB"
        raise ValueError(message)
    # Loading the YAML reader takes longer than reading a whole assembly of the CDK, which is JSON.
    from cdk_layers.assembly.yaml_templates import load  # noqa: PLC0415

    return load(text, path)
