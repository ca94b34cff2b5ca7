"""Functions and layers of AWS SAM, converted to the properties of CloudFormation.

Source: the SAM specification of AWS::Serverless::Function, AWS::Serverless::LayerVersion and Globals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_layers.system.document_values import items, mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_layers.assembly.stacks import Resource

FUNCTIONS: Final = ("AWS::Lambda::Function", "AWS::Serverless::Function")
"""Types of functions, of CloudFormation and of SAM."""

LAYERS: Final = ("AWS::Lambda::LayerVersion", "AWS::Serverless::LayerVersion")
"""Types of layer versions, of CloudFormation and of SAM."""

_PREFIX: Final = "AWS::Serverless::"

_SAME: Final = (
    "Architectures", "CodeSigningConfigArn", "Environment", "FunctionName", "Handler", "Layers", "LoggingConfig",
    "MemorySize", "PackageType", "Runtime", "Timeout",
)  # fmt: skip
_BUILT: Final = "SamResourceId"
"""A key that `sam build` writes into a resource's Metadata."""


def is_sam(resource: Resource) -> bool:
    """Return whether a resource is of SAM."""
    return resource.type.startswith(_PREFIX)


def function_properties(resource: Resource) -> Mapping[str, Any]:
    """Return the properties of a function; for one of SAM, those of the function that SAM generates."""
    if not is_sam(resource):
        return resource.properties
    properties = _with_globals(resource, "Function")
    result: dict[str, Any] = {name: properties[name] for name in _SAME if name in properties}
    if "ImageUri" in properties:
        result["Code"] = {"ImageUri": properties["ImageUri"]}
    elif "InlineCode" in properties:
        result["Code"] = {"ZipFile": properties["InlineCode"]}
    elif "CodeUri" in properties:
        result["Code"] = location(properties["CodeUri"])
    return result


def layer_properties(resource: Resource) -> Mapping[str, Any]:
    """Return the properties of a layer version; for one of SAM, those of the layer version that SAM generates."""
    if not is_sam(resource):
        return resource.properties
    properties = _with_globals(resource, "LayerVersion")
    if "ContentUri" in properties:
        properties["Content"] = location(properties["ContentUri"])
    properties.setdefault("LayerName", resource.logical_id)
    return properties


def is_unbuilt(resource: Resource) -> bool:
    """Return whether the content of a layer or the code of a function is unknown until `sam build` builds it.

    For a function of Python, SAM copies the code as it is, and adds what its requirements name.
    """
    method = resource.metadata.get("BuildMethod")
    is_copied = resource.type in FUNCTIONS and str(method).startswith("python")
    return method is not None and not is_copied and _BUILT not in resource.metadata


def is_source(resource: Resource) -> bool:
    """Return whether `sam build` builds the folder with the code of a function, and has not done so.

    It builds plain functions of CloudFormation too, and leaves out those with `SkipBuild`.
    """
    is_template = is_sam(resource) or resource.stack.path.suffix.lower() in {".yaml", ".yml"}
    return is_template and _BUILT not in resource.metadata and resource.metadata.get("SkipBuild") is not True


def location(uri: Any) -> Any:
    """Return the location of code in the form of CloudFormation, from that of SAM."""
    if isinstance(uri, str) and uri.startswith("s3://"):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return {"S3Bucket": bucket, "S3Key": key}
    if isinstance(uri, dict) and "Bucket" in uri:
        more = {"StorageMode": "S3ObjectStorageMode", "Version": "S3ObjectVersion"}
        optional = {name: uri[key] for key, name in more.items() if key in uri}
        return {"S3Bucket": uri["Bucket"], "S3Key": uri.get("Key"), **optional}
    return uri


def _with_globals(resource: Resource, kind: str) -> dict[str, Any]:
    """Return a resource's properties merged with those of the section Globals that it does not ignore.

    Source: IgnoreGlobals in the SAM specification: "*", or a list of properties.
    """
    shared = mapping(resource.stack.document, "Globals", kind)
    ignored = resource.attributes.get("IgnoreGlobals", [])
    names = shared if ignored == "*" else items(ignored)
    return dict(_merged({name: value for name, value in shared.items() if name not in names}, resource.properties))


def _merged(base: Any, own: Any) -> Any:
    """Merge as SAM merges Globals: mappings key by key, lists one after the other, anything else replaced."""
    if isinstance(base, list) and isinstance(own, list):
        return [*base, *own]
    if isinstance(base, dict) and isinstance(own, dict) and not (_is_call(base) or _is_call(own)):
        return {**base, **{name: _merged(base.get(name), value) for name, value in own.items()}}
    return own


def _is_call(value: Mapping[str, Any]) -> bool:
    name = str(next(iter(value), ""))
    return len(value) == 1 and (name in ("Ref", "Condition") or name.startswith("Fn::"))
