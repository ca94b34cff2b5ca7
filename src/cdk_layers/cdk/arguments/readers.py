"""Readers of the arguments that users pass to constructs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from aws_cdk import ReferenceStrength, RemovalPolicy, Size, Token
from aws_cdk.aws_lambda import Architecture, Code, Runtime

from cdk_layers.app.model import LOOKED_UP_LATER
from cdk_layers.cdk.grants import LayerGrant
from cdk_layers.cdk.model.runtimes import architecture_named, own_runtime, runtime_named
from cdk_layers.cdk.node.contract import is_encoded_list, is_encoded_text
from cdk_layers.errors import UsageError
from cdk_layers.lambda_service.arn import GRANTEE
from cdk_layers.lambda_service.runtimes import PYTHON_RUNTIMES
from cdk_layers.system.wording import bytes_of, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from enum import Enum

    from cdk_layers.cdk.arguments.types import LayerArguments

_T = TypeVar("_T")
_E = TypeVar("_E", bound="Enum")

_LONGEST: Final = 80
_RUNTIME: Final = 'Runtime.PYTHON_3_13 or its name "python3.13"'
_ARCHITECTURE: Final = 'Architecture.ARM_64 or Architecture.X86_64, or a name, "arm64" or "x86_64"'
_GRANT: Final = (
    'a LayerGrant, an account id of 12 digits ("222222222222"), an organization id ("o-a1b2c3d4e5") or "public"'
)


@dataclass(frozen=True, slots=True)
class Arguments:
    """Readers of the arguments of one construct.

    Each accepts several forms of a value, returns one of them, and raises a UsageError for any other value.
    """

    place: str
    """The construct's name in messages, such as "Layer 'Hub/base'"."""

    def wrong(self, value: object, name: str, expected: str, remedy: str = "") -> UsageError:
        """Return the error of a value that an argument does not accept."""
        return UsageError(f"{self.place}: {name} is {describe(value)}; expected {expected}.{remedy and f' {remedy}'}")

    def all_of(self, name: str, value: object, read: Callable[[str, Any], _T], expected: str) -> tuple[_T, ...]:
        """Return the items of a list. A single value stands for a list of one; None for an empty list.

        Args:
            name: The argument.
            value: What the user passed.
            read: Reader of one item, which gets a name such as "grants[1]" and the item.
            expected: A description of the items in messages.
        """
        if value is None:
            return ()
        if isinstance(value, (str, os.PathLike)) or not isinstance(value, Iterable):
            return (read(name, value),)
        if isinstance(value, (Mapping, bytes, bytearray)):
            raise self.wrong(value, name, f"a list of {expected}")
        items = tuple(value)
        if is_encoded_list(item for item in items if isinstance(item, str)):
            message = (
                f"{self.place}: {name} is a list that is known only at deploy, such as a parameter of the template; "
                f"expected a list of {expected}. Pass its items one by one: Fn.select(0, ...)."
            )
            raise UsageError(message)
        return tuple(read(f"{name}[{number}]", item) for number, item in enumerate(items))

    def text(self, name: str, value: object, expected: str = "a string") -> str | None:
        """Return a string, or None."""
        if value is None or isinstance(value, str):
            return value
        raise self.wrong(value, name, expected)

    def texts(self, name: str, value: object, expected: str = "strings") -> tuple[str, ...]:
        """Return a list of strings; a path becomes one with forward slashes."""

        def read(place: str, item: object) -> str:
            if isinstance(item, os.PathLike) and isinstance(path := os.fspath(item), str):
                return Path(path).as_posix()
            if isinstance(item, str):
                return self._known_early(place, item)
            raise self.wrong(item, place, f"a string, in a list of {expected}")

        return self.all_of(name, value, read, expected)

    def flag(self, name: str, value: object) -> bool:
        """Return a boolean; None is False."""
        if value is None or isinstance(value, bool):
            return bool(value)
        raise self.wrong(value, name, "True or False")

    def folder(self, name: str, value: object) -> Path | None:
        """Return a path, or None. Whether there is such a folder is for the build to say."""
        if value is None:
            return None
        path = os.fspath(value) if isinstance(value, (str, os.PathLike)) else None
        if not isinstance(path, str) or not path or "\0" in path:
            raise self.wrong(value, name, "the path of a folder, as a string or a pathlib.Path")
        return Path(self._known_early(name, path))

    def _known_early(self, name: str, value: str) -> str:
        """Return a string that a build needs."""
        if is_encoded_text(value):
            message = (
                f"{self.place}: {name} is a string that is known only at deploy, such as a parameter of the template, "
                "and the build needs it. Pass the string itself, or one from the context of the app."
            )
            raise UsageError(message)
        return value

    def code(self, value: object) -> Code | None:
        """Return the code of a function, or None."""
        if value is None or isinstance(value, Code):
            return value
        raise self.wrong(value, "code", "a Code such as Code.from_asset(...); a folder to be built goes into entry=")

    def runtime(self, name: str, value: object) -> Runtime:
        """Return the CDK's runtime for one of its own, an equal one, or its name."""
        if isinstance(value, Runtime):
            return own_runtime(value)
        found = runtime_named(value) if isinstance(value, str) else None
        if found is None:
            raise self.wrong(value, name, _RUNTIME, _like_a_runtime(value))
        return found

    def runtimes(self, name: str, value: object) -> tuple[Runtime, ...]:
        """Return runtimes, in the user's order."""
        return self.all_of(name, value, self.runtime, _RUNTIME)

    def architecture(self, name: str, value: object) -> Architecture:
        """Return the CDK's architecture for one of its own or its name."""
        if isinstance(value, Architecture):
            return value
        found = architecture_named(value) if isinstance(value, str) else None
        if found is None:
            raise self.wrong(value, name, _ARCHITECTURE)
        return found

    def architectures(self, name: str, value: object) -> tuple[Architecture, ...] | None:
        """Return architectures; None, which is Lambda's default, where there are none."""
        return self.all_of(name, value, self.architecture, _ARCHITECTURE) or None

    def grant(self, name: str, value: object) -> LayerGrant:
        """Return a grant for itself, or for what layers.toml accepts in its place."""
        if isinstance(value, LayerGrant):
            return value
        if isinstance(value, str) and (LOOKED_UP_LATER in value or Token.is_unresolved(value)):
            return LayerGrant.account(value)
        if not isinstance(value, str) or not GRANTEE.fullmatch(value):
            is_number = isinstance(value, int) and not isinstance(value, bool)
            raise self.wrong(value, name, _GRANT, "Write account ids as strings." if is_number else "")
        if value.isdigit():
            return LayerGrant.account(value)
        return LayerGrant.organization(value) if value.startswith("o-") else LayerGrant.public()

    def grants(self, name: str, value: object) -> tuple[LayerGrant, ...]:
        """Return grants, in the user's order."""
        return self.all_of(name, value, self.grant, _GRANT)

    def size(self, name: str, value: object) -> int | None:
        """Return the bytes of a size, or None."""
        if value is None:
            return None
        unzipped_bytes = bytes_of(value) if isinstance(value, str) else None
        if isinstance(value, Size) and not value.is_unresolved():
            unzipped_bytes = int(value.to_bytes())
        if unzipped_bytes is None:
            raise self.wrong(value, name, 'a size with its unit, Size.mebibytes(120) or "120 MiB"')
        return unzipped_bytes

    def variables(self, value: object, name: str = "environment") -> Mapping[str, str]:
        """Return environment variables. Their values stay out of messages, since they can be secrets."""
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self.wrong(value, name, "a mapping of strings to strings")
        for key, variable in value.items():
            if not isinstance(key, str):
                raise self.wrong(key, f"a name in {name}", "a string")
            if not isinstance(variable, str):
                message = f"{self.place}: {name}[{key!r}] is of type {type(variable).__name__}; expected a string."
                raise UsageError(message)
        return value

    def layers(self, value: object) -> Mapping[str, LayerArguments]:
        """Return the options of layers by name."""
        expected = 'a mapping of names to options, such as {"base": {"entry": "layers/base"}}'
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self.wrong(value, "layers", expected)
        for name, options in value.items():
            if not isinstance(options, Mapping) or not all(isinstance(key, str) for key in options):
                raise self.wrong(options, f"layers[{name!r}]", expected)
        return value

    def removal_policy(self, value: object) -> RemovalPolicy | None:
        """Return a removal policy, or None."""
        # CloudFormation takes snapshots of databases and volumes only.
        return self._member("removal_policy", value, RemovalPolicy, ("retain", "destroy", "retain_on_update_or_delete"))

    def reference_strength(self, value: object) -> ReferenceStrength | None:
        """Return a reference strength, or None."""
        return self._member("reference_strength", value, ReferenceStrength, ("weak", "strong", "both"))

    def _member(self, name: str, value: object, kind: type[_E], names: Sequence[str]) -> _E | None:
        if value is None or (isinstance(value, kind) and value.name.lower() in names):
            return value
        if isinstance(value, str) and value.lower() in names:
            return kind[value.upper()]
        members = " or ".join(f"{kind.__name__}.{name.upper()}" for name in names)
        raise self.wrong(value, name, f"{members}, or its name such as {names[0]!r}")


def describe(value: object) -> str:
    """Return an argument as text for a message: short, and without the content of containers."""
    kind = type(value).__name__
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, (str, bytes, int, float, os.PathLike)):
        text = repr(value)
        return f"{text if len(text) <= _LONGEST else text[:_LONGEST] + '…'} ({kind})"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"an object of type {kind}"


def _like_a_runtime(value: object) -> str:
    if not isinstance(value, str):
        return ""
    version = value.lower().replace("_", ".").removeprefix("runtime.").removeprefix("python").lstrip(". ")
    return nearest(f"python{version}", PYTHON_RUNTIMES) if any(map(str.isdigit, version)) else ""
