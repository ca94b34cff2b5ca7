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

MAX_TEMPLATE_BYTES: Final = 8 * _MIB
"""The service takes templates of 1 MB. Source: the CloudFormation user guide, quotas."""

MAX_JSON_BYTES: Final = 16 * _MIB
"""For the other parts of an assembly; what the CDK writes for a stack of 500 resources stays far below this."""

MAX_YAML_BYTES: Final = 1 * _MIB
"""YAML is read a hundred times slower than JSON, and only templates are written in it."""


def read_document(path: Path, limit: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """Return the mapping that a JSON or YAML file holds.

    Args:
        path: A regular file; what does not end in .yaml or .yml is JSON if it begins with a brace.
        limit: Bytes that it may have; YAML may have `MAX_YAML_BYTES`.

    Raises:
        AssemblyError: It is missing, no regular file, too large, cut off, nested too deeply, or no mapping.
    """
    content = _read_bytes(path, MAX_YAML_BYTES if _is_yaml(path) else limit)
    try:
        text = content.decode("utf-8-sig")
        document = json.loads(text) if text.lstrip()[:1] == "{" and not _is_yaml(path) else _from_yaml(text, path)
    except RecursionError:
        message = f"{path} is nested too deeply to be a template. Write it anew, with `cdk synth` or `sam build`."
        raise AssemblyError(message) from None
    except ValueError as error:
        message = f"{path} cannot be read: {error}. Write it anew, with `cdk synth` or `sam build`."
        raise AssemblyError(message) from error
    if (_is_yaml(path) or "\\u" in text) and any(map(_UNWRITABLE.search, _texts(document))):
        message = (
            f"{path} has a text with a NUL character or with half of a surrogate pair, which no template that can be "
            f"deployed has. Write it anew, with `cdk synth` or `sam build`."
        )
        raise AssemblyError(message)
    if not isinstance(document, dict):
        message = f"{path} holds no mapping, so it is neither a template nor a part of a cloud assembly."
        raise AssemblyError(message)
    return document


def _texts(document: object) -> Iterator[str]:
    """Yield every key and text of a document; what it holds in several places only once."""
    waiting, seen = [document], set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, (dict, list)) and id(one) not in seen:
            seen.add(id(one))
            waiting.extend(one if isinstance(one, list) else (*one.keys(), *one.values()))


def _is_yaml(path: Path) -> bool:
    return path.suffix.lower() in {".yaml", ".yml"}


def _read_bytes(path: Path, limit: int) -> bytes:
    try:
        # A pipe by that name would block here for ever otherwise.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}."
        raise AssemblyError(message) from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            message = f"{path} is no regular file."
            raise AssemblyError(message)
        content = file.read(limit + 1)
    if len(content) > limit:
        message = (
            f"{path} is larger than {limit // _MIB} MiB, which no template or part of a cloud assembly is "
            f"(CloudFormation takes 1 MB). Split the stack, or look into what wrote it."
        )
        raise AssemblyError(message)
    return content


def _from_yaml(text: str, path: Path) -> object:
    if len(text) > MAX_YAML_BYTES:
        message = f"it is YAML of more than {MAX_YAML_BYTES // _MIB} MiB"
        raise ValueError(message)
    # Loading the YAML reader takes longer than reading a whole assembly, which is JSON.
    from cdk_layers.assembly.yaml_templates import load  # noqa: PLC0415

    return load(text, path)
