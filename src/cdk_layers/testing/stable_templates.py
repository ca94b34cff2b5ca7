"""Templates without what changes although the infrastructure stays: asset hashes, and what the CDK adds of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from cdk_layers.app.marks import GENERATED, generated_properties
from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_ASSET_HASH: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
"""How the CDK names assets, and this package the content of layers: a SHA-256."""

_VERSION: Final = re.compile(r"(?P<function>\w+?)(?P<hash>[0-9a-f]{32})")
"""The logical id of a function's current version, which ends with a hash of the function's configuration and code."""

_BY_THE_CDK: Final = (
    ("Conditions", "CDKMetadataAvailable"),
    ("Parameters", "BootstrapVersion"),
    ("Resources", "CDKMetadata"),
    ("Rules", "CheckBootstrapVersion"),
)
"""What the CDK puts into templates about itself: its version, and which bootstrap stack it wants."""


_FROM_DISTRIBUTIONS: Final = "made from the distributions"


class Renderable(Protocol):
    """What renders itself as a template, as `aws_cdk.assertions.Template` does."""

    def to_json(self) -> Mapping[str, Any]:
        """Return the template."""
        ...


def stable_template(template: Renderable | Mapping[str, Any]) -> dict[str, Any]:
    """Return a template that is equal to another one when both describe the same infrastructure.

    Asset hashes, and the digests of layers in the Metadata of functions, are replaced by names that tell where each is
    seen first, such as "asset-of-Base2D47A8D8"; so two resources with one asset are still seen to share it. Logical ids
    of function versions lose their hash. A description and a licence that a layer made itself become "made from
    the distributions", whatever these are; those that the user wrote stay. What the CDK adds about itself is left out.

    Args:
        template: A `Template` of `aws_cdk.assertions`, or a template as a mapping; it is left as it is.

    Returns:
        The new template, of plain dictionaries and lists.

    Raises:
        UsageError: It is neither.
    """
    whole = _rendered(template)
    kept = {section: _without_the_cdk(section, body) for section, body in _without_generated(whole).items()}
    names = {**_version_names(kept), **_asset_names(kept)}
    return {section: _renamed(body, names) for section, body in kept.items() if body != {}}


def _rendered(template: Renderable | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(template, Mapping):
        return template
    if hasattr(template, "to_json"):
        return template.to_json()
    message = (
        f"A {type(template).__name__} is no template. Give a mapping, or a Template of aws_cdk.assertions, such as "
        "Template.from_stack(stack)."
    )
    raise UsageError(message)


def _without_the_cdk(section: str, body: Any) -> Any:
    if not isinstance(body, dict):
        return body
    return {name: value for name, value in body.items() if (section, name) not in _BY_THE_CDK}


def _without_generated(template: Mapping[str, Any]) -> dict[str, Any]:
    resources = template.get("Resources")
    if not isinstance(resources, dict):
        return dict(template)
    return {**template, "Resources": {name: _without_versions(resource) for name, resource in resources.items()}}


def _without_versions(resource: Any) -> Any:
    """Return a resource with one text for all that its layer made from its distributions."""
    metadata = resource.get("Metadata") if isinstance(resource, dict) else None
    if not isinstance(metadata, dict) or not (generated := generated_properties(metadata)):
        return resource
    others = {name: value for name, value in metadata.items() if name != GENERATED}
    made = dict.fromkeys(generated, _FROM_DISTRIBUTIONS)
    kept = {name: value for name, value in resource.items() if name != "Metadata"}
    return {
        **kept,
        "Properties": {**resource.get("Properties", {}), **made},
        **({"Metadata": others} if others else {}),
    }


def _version_names(template: Mapping[str, Any]) -> dict[str, str]:
    resources = template.get("Resources", {})
    versions = [name for name, body in resources.items() if body.get("Type") == "AWS::Lambda::Version"]
    matches = {name: _VERSION.fullmatch(name) for name in versions}
    return {name: f"{match['function']}Hash" for name, match in matches.items() if match}


def _asset_names(template: Mapping[str, Any]) -> dict[str, str]:
    """Name each hash after the resource, or the member of another section, in which it is seen first."""
    names: dict[str, str] = {}
    taken: dict[str, int] = {}
    for owner, value in _members(template):
        for found in _hashes(value):
            if found not in names:
                taken[owner] = taken.get(owner, 0) + 1
                names[found] = f"asset-of-{owner}" + (f"-{taken[owner]}" if taken[owner] > 1 else "")
    return names


def _members(template: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the resources before the rest, since an asset is best named after the resource that has it."""
    for section in sorted(template, key=lambda name: name != "Resources"):
        body = template[section]
        if isinstance(body, dict):
            yield from sorted(body.items())
        else:
            yield section, body


def _hashes(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _ASSET_HASH.findall(value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _ASSET_HASH.findall(key)
            yield from _hashes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _hashes(inner)


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if not names:
        return value
    pattern = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))

    def renamed(inner: Any) -> Any:
        if isinstance(inner, str):
            return pattern.sub(lambda match: names[match.group()], inner)
        if isinstance(inner, dict):
            return {renamed(key): renamed(one) for key, one in inner.items()}
        return [renamed(one) for one in inner] if isinstance(inner, list) else inner

    return renamed(value)
