"""Templates without the parts that change while the infrastructure stays: asset hashes, and additions of the CDK."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from cdk_layers.app.metadata import GENERATED, LAYER_DIGESTS, generated_properties
from cdk_layers.errors import UsageError
from cdk_layers.system.document_values import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

_ASSET_HASH: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
"""A SHA-256, the CDK's name of an asset."""

_VERSION: Final = re.compile(r"(?P<function>\w+?)(?P<hash>[0-9a-f]{32})")
"""The logical id of a function's current version, which ends with a hash of the function's configuration and code."""

_BY_THE_CDK: Final = (
    ("Conditions", "CDKMetadataAvailable"),
    ("Parameters", "BootstrapVersion"),
    ("Resources", "CDKMetadata"),
    ("Rules", "CheckBootstrapVersion"),
)
"""Members of templates that the CDK adds about itself: its version, and the bootstrap stack that it requires."""

_FROM_DISTRIBUTIONS: Final = "made from the distributions"


class Renderable(Protocol):
    """An object that returns a template, such as `aws_cdk.assertions.Template`."""

    def to_json(self) -> Mapping[str, Any]:
        """Return the template."""
        ...


def stable_template(template: Renderable | Mapping[str, Any]) -> dict[str, Any]:
    """Return a template such that templates of the same infrastructure are equal.

    Asset hashes are replaced by names after the resource that refers to the asset, such as "asset-of-Base2D47A8D8":
    whether two resources have the same asset depends on its content. The digests of layers in the Metadata of functions
    are left out, since there are none if nothing is built. Logical ids of function versions lose their hash. A
    description and a license that the layer made from its distributions become "made from the distributions"; those of
    the user stay. Additions of the CDK about itself are left out.

    Args:
        template: A `Template` of `aws_cdk.assertions`, or a template as a mapping. It is not changed.

    Returns:
        The new template, of plain dictionaries and lists.

    Raises:
        UsageError: `template` is neither.
    """
    whole = _rendered(template)
    sections = {section: _without_the_cdk(section, body) for section, body in _without_generated(whole).items()}
    versions = _version_names(sections)
    return {section: _stable_section(section, body, versions) for section, body in sections.items() if body != {}}


def _rendered(template: Renderable | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(template, Mapping):
        return template
    if hasattr(template, "to_json"):
        return template.to_json()
    message = (
        f"A {type(template).__name__} is not a template. Pass a mapping, or a Template of aws_cdk.assertions, such as "
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
    """Return a resource without digests, and with one fixed string for what its layer made from its distributions."""
    metadata = resource.get("Metadata") if isinstance(resource, dict) else None
    if not isinstance(metadata, dict) or not metadata.keys() & {GENERATED, LAYER_DIGESTS}:
        return resource
    others = {name: value for name, value in metadata.items() if name not in {GENERATED, LAYER_DIGESTS}}
    fixed = dict.fromkeys(generated_properties(metadata), _FROM_DISTRIBUTIONS)
    rest = {name: value for name, value in resource.items() if name != "Metadata"}
    return {
        **rest,
        **({"Properties": {**resource.get("Properties", {}), **fixed}} if fixed else {}),
        **({"Metadata": others} if others else {}),
    }


def _version_names(template: Mapping[str, Any]) -> dict[str, str]:
    resources = mapping(template, "Resources")
    versions = [name for name in resources if mapping(resources, name).get("Type") == "AWS::Lambda::Version"]
    matches = {name: _VERSION.fullmatch(name) for name in versions}
    return {name: f"{match['function']}Hash" for name, match in matches.items() if match}


def _stable_section(section: str, body: Any, versions: Mapping[str, str]) -> Any:
    """Return a section with new names of function versions, and of assets, which are named after its members."""
    if not isinstance(body, dict):
        return _renamed(body, {**versions, **_asset_names(section, body)})
    return {
        _renamed(name, versions): _renamed(member, {**versions, **_asset_names(name, member)})
        for name, member in body.items()
    }


def _asset_names(owner: str, value: Any) -> dict[str, str]:
    """Return a name for each hash in a value, after what contains it."""
    hashes = dict.fromkeys(_hashes(value))
    return {
        asset_hash: f"asset-of-{owner}" + (f"-{number}" if number > 1 else "")
        for number, asset_hash in enumerate(hashes, start=1)
    }


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
            return {renamed(key): renamed(item) for key, item in inner.items()}
        return [renamed(item) for item in inner] if isinstance(inner, list) else inner

    return renamed(value)
