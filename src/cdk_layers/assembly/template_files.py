"""Files of the templates that the resources of a template deploy: nested stacks, stack sets and products."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.assembly.documents import strings_in
from cdk_layers.system.document_values import items, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cdk_layers.assembly.assets import Assets
    from cdk_layers.assembly.stacks import Resource

_STACK_SET: Final = "AWS::CloudFormation::StackSet"
_PRODUCT: Final = "AWS::ServiceCatalog::CloudFormationProduct"
ELSEWHERE: Final = (_STACK_SET, _PRODUCT)
"""Resources whose templates are deployed in other accounts and Regions. Source: the CloudFormation user guide."""

FUNCTIONS_AND_LAYERS: Final = ("AWS::Lambda::", "AWS::Serverless::")
"""The starts of the types of functions and layers."""

_MAX_SEGMENTS: Final = 32
"""Segments of a URL that may belong to an S3 key."""


def template_files(resource: Resource, assets: Assets) -> Iterator[Path | None]:
    """Yield the files of the templates that a resource deploys; None for a template that is not a file of the assembly.

    Args:
        resource: A nested stack, or one of the types `ELSEWHERE`. A product has a template for each version.
        assets: The assets of the assembly.
    """
    staged = resource.metadata.get("aws:asset:path")
    if isinstance(staged, str):
        yield resource.stack.path.parent / staged
    else:
        yield from (_file(url, resource, assets) for url in _urls(resource))


def _urls(resource: Resource) -> Iterator[object]:
    """Yield the URLs of templates, which may be expressions; None for a template without one."""
    properties = resource.properties
    if resource.type == _PRODUCT:
        for version in items(properties.get("ProvisioningArtifactParameters")):
            yield mapping(version, "Info").get("LoadTemplateFromURL")
    elif "TemplateBody" not in properties or _defines_functions(properties["TemplateBody"]):
        yield properties.get("TemplateURL", properties.get("Location"))


def _defines_functions(template: object) -> bool:
    """Return whether a template in a property, which is not read, may define functions or layers."""
    return any(name in text for text in strings_in(template) for name in FUNCTIONS_AND_LAYERS)


def _file(url: object, resource: Resource, assets: Assets) -> Path | None:
    found = (asset for key in _possible_keys(url) if (asset := assets.by_key(key)) is not None)
    asset = next(found, None)
    if asset is not None:
        return asset.path
    is_local = isinstance(url, str) and "://" not in url
    return resource.stack.path.parent / str(url) if is_local else None


def _possible_keys(url: object) -> Iterator[str]:
    """Yield what may be the S3 key at the end of a template's URL, which may be an expression: longest first."""
    while isinstance(url, (dict, list)) and url:
        url = _last_part(url)
    segments = url.split("/") if isinstance(url, str) else []
    # A synthesizer may put a prefix with slashes before the names of its files.
    yield from ("/".join(segments[start:]) for start in range(max(0, len(segments) - _MAX_SEGMENTS), len(segments)))


def _last_part(expression: dict[str, Any] | list[Any]) -> object:
    """Return the last part of an expression or a list: of a join, all literals at its end."""
    if isinstance(expression, list):
        return expression[-1]
    joined = items(expression.get("Fn::Join"))
    if len(joined) == 2 and isinstance(joined[0], str):  # noqa: PLR2004
        literals = list(takewhile(lambda part: isinstance(part, str), reversed(items(joined[1]))))
        return joined[0].join(reversed(literals)) if literals else joined[1]
    return list(expression.values())[-1]


def nested_construct(resource: Resource) -> str | None:
    """Return the construct path of a nested stack. The CDK creates its resource next to it.

    The resource of "Hub/Data" is "Hub/Data.NestedStack/Data.NestedStackResource".
    """
    head, _, last = resource.where.path.rpartition("/")
    name = last.removesuffix(".NestedStackResource")
    return head.removesuffix(".NestedStack") if name != last else None
