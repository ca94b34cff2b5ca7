"""Reader of an app from a cloud assembly or a template."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.app.model import App
from cdk_layers.assembly.acknowledgements import REPORT, from_report
from cdk_layers.assembly.assets import Assets, Unremembered
from cdk_layers.assembly.code import CodeReader
from cdk_layers.assembly.constructs import Constructs
from cdk_layers.assembly.documents import MAX_TEMPLATE_BYTES, READABLE, read_document, strings_in
from cdk_layers.assembly.evaluate.links import NESTED_STACKS, Links
from cdk_layers.assembly.evaluate.values import as_text
from cdk_layers.assembly.layer_versions import LayerVersions
from cdk_layers.assembly.resources import Resources
from cdk_layers.assembly.serverless import TEMPLATE as SERVERLESS_TEMPLATE
from cdk_layers.assembly.serverless import read_package
from cdk_layers.assembly.stacks import UNKNOWN, Stack
from cdk_layers.assembly.template_files import ELSEWHERE, FUNCTIONS_AND_LAYERS, nested_construct, template_files
from cdk_layers.errors import AssemblyError
from cdk_layers.system.document_values import mapping
from cdk_layers.system.project_paths import real_path
from cdk_layers.system.wording import A_FILE, ABSENT, folder_fault

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from cdk_layers.assembly.assets import Records
    from cdk_layers.assembly.stacks import Resource

MANIFEST: Final = "manifest.json"
TEMPLATES: Final = ("template.yaml", "template.yml", "template.json", SERVERLESS_TEMPLATE)
_TEMPLATE: Final = ".template.json"
_MAX_TEMPLATES: Final = 2_000
"""Stacks that an account may have. Source: the CloudFormation user guide, quotas."""


def read(path: Path, *, store: Records | None = None, unbundled: Collection[str] = ()) -> App:
    """Return the app that a cloud assembly or a template describes.

    Args:
        path: A cloud assembly (cdk.out, or one nested in it), a folder with a template.yaml such as .aws-sam/build,
            .serverless, or one template in JSON or YAML.
        store: Recalls or measures the contents of archives and folders: a store. Defaults to measuring each.
        unbundled: Construct paths of the stacks whose assets the CDK did not build. Their contents are unknown, since
            their assets are sources.

    Raises:
        AssemblyError: It does not exist, is not an assembly or template, is damaged, or exceeds a bound.
    """
    try:
        return _Reading(path, store).app(frozenset(unbundled))
    except RecursionError:
        message = f"{path} is nested too deeply to be an assembly or a template."
        raise AssemblyError(message) from None


class _Reading:
    """The state of reading one assembly or template."""

    def __init__(self, path: Path, store: Records | None) -> None:
        self._path = path
        self._start = _start(path)
        # The assets of stages are in the folder of the whole app; those of `cdk synth --no-staging` are in the project.
        root = real_path(_outermost(self._start.parent))
        project = real_path(Path.cwd())
        self._root = root
        package = read_package(self._start)
        roots = (root, *((project,) if root.is_relative_to(project) else ()), *(package.folders if package else ()))
        self._assets = Assets(roots, store or Unremembered(), package)
        self._stacks: list[Stack] = []
        self._folders: set[Path] = set()
        self._nesting: list[Path] = []
        """The template that is being read, after those that it is nested in."""

        self._elsewhere: set[Path] = set()
        """The templates of stack sets and products that were read."""

    def app(self, unbundled: frozenset[str]) -> App:
        if self._start.name == MANIFEST:
            self._read_assembly(self._start)
        else:
            self._read_template(self._start)
        stacks = frozenset(stack for stack in self._stacks if _top(stack).construct in unbundled)
        links, code = Links(tuple(self._stacks)), CodeReader(self._assets, stacks)
        versions = LayerVersions(links, code)
        resources = Resources(links, code, versions)
        layers, grants = tuple(versions.all()), tuple(resources.grants())
        acknowledged = self._acknowledged()
        app = App(tuple(resources.functions()), layers, grants, tuple(self._assets.unread), acknowledged)
        is_one_of_many = self._start.name == MANIFEST and self._path.name.endswith(_TEMPLATE)
        return _only(app, self._path) if is_one_of_many else app

    def _acknowledged(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        sources: list[Iterable[tuple[str, Mapping[str, str]]]] = [
            stack.constructs.acknowledged.items() for stack in self._stacks
        ]
        report = self._root / REPORT
        if self._start.name == MANIFEST and report.is_file():
            try:
                sources.append(from_report(read_document(report)))
            except AssemblyError as error:
                self._assets.report(f"The acknowledgements for the whole app are unknown: {error}")
        for path, rules in chain.from_iterable(sources):
            found.setdefault(path, {}).update(rules)
        return found

    def _read_assembly(self, manifest: Path) -> None:
        folder = manifest.parent
        if real_path(folder) in self._folders:
            return
        self._folders.add(real_path(folder))
        document = read_document(manifest)
        if not isinstance(document.get("artifacts"), dict):
            message = f"{manifest} is not the manifest of a cloud assembly: it has no artifacts. {READABLE}"
            raise AssemblyError(message)
        artifacts = mapping(document, "artifacts")
        for artifact in artifacts.values():
            if mapping(artifact).get("type") == "cdk:asset-manifest":
                file = self._inside(folder, mapping(artifact, "properties").get("file"))
                self._assets.add(read_document(file), folder)
        for name, artifact in artifacts.items():
            self._read_artifact(str(name), mapping(artifact), folder)

    def _read_template(self, path: Path) -> None:
        package = self._assets.package
        service, region = (package.service, package.region) if package else (None, None)
        self._add(Stack(path, _template(path), label=service, region=region))

    def _read_artifact(self, name: str, artifact: Mapping[str, Any], folder: Path) -> None:
        properties = mapping(artifact, "properties")
        if artifact.get("type") == "cdk:cloud-assembly":
            self._read_assembly(self._inside(folder, properties.get("directoryName")) / MANIFEST)
        elif artifact.get("type") == "aws:cloudformation:stack":
            path = self._inside(folder, properties.get("templateFile"))
            account, region = _environment(artifact.get("environment"))
            constructs = self._constructs(artifact, folder)
            self._add(
                Stack(
                    path,
                    read_document(path, MAX_TEMPLATE_BYTES),
                    name=as_text(properties.get("stackName")) or name,
                    construct=as_text(artifact.get("displayName")) or name,
                    account=account,
                    region=region,
                    constructs=constructs,
                    arguments=mapping(properties, "parameters"),
                )
            )

    def _constructs(self, artifact: Mapping[str, Any], folder: Path) -> Constructs:
        metadata = dict(mapping(artifact, "metadata"))
        extra = artifact.get("additionalMetadataFile")
        if extra is not None:
            metadata |= read_document(self._inside(folder, extra))
        return Constructs.from_metadata(metadata)

    def _inside(self, folder: Path, name: object) -> Path:
        """Return the path of a part of an assembly."""
        path = folder / name if isinstance(name, str) and name else None
        if path is None or not real_path(path).is_relative_to(self._root):
            message = f"{folder / MANIFEST} names {name!r} as a part of the assembly, but it is not in it."
            raise AssemblyError(message)
        return path

    def _add(self, stack: Stack) -> None:
        if len(self._stacks) == _MAX_TEMPLATES:
            message = f"{self._path} has more than {_MAX_TEMPLATES} templates, nested ones included."
            raise AssemblyError(message)
        self._stacks.append(stack)
        self._nesting.append(real_path(stack.path))
        for resource in stack.of_type(*NESTED_STACKS, *ELSEWHERE):
            for path in template_files(resource, self._assets):
                if path is not None:
                    self._nest(path, resource)
                else:
                    place = resource.where.path
                    self._assets.report(f"{place}: its template is not a file of this assembly, so it is not checked.")
        self._nesting.pop()
        for name, body in mapping(stack.document, "Resources").items():
            if str(name).startswith("Fn::") and _may_define_functions(str(name), body):
                unchecked = "are not read, so functions and layers among them are not checked"
                self._assets.report(f"{stack.path}: the resources of {name} {unchecked}.")

    def _nest(self, path: Path, resource: Resource) -> None:
        stack = resource.stack
        if not real_path(path).is_relative_to(self._root) or not path.is_file():
            place = resource.where.path
            self._assets.report(f"{place}: its template {path} does not exist, or is not in the assembly.")
            return
        if resource.type in ELSEWHERE:
            self._add_elsewhere(path, stack)
            return
        if real_path(path) in self._nesting:
            message = f"{path} nests itself as {resource.where.path!r}, which cannot be deployed."
            raise AssemblyError(message)
        nested = Stack(
            path,
            read_document(path, MAX_TEMPLATE_BYTES),
            construct=nested_construct(resource),
            account=stack.account,
            region=stack.region,
            constructs=stack.constructs,
            parent=resource,
        )
        stack.nested[resource.logical_id] = nested
        self._add(nested)

    def _add_elsewhere(self, path: Path, stack: Stack) -> None:
        """Add a template that is deployed in accounts and Regions that are not known here."""
        if real_path(path) not in self._elsewhere:
            self._elsewhere.add(real_path(path))
            construct = stack.constructs.templates.get(path.name)
            document = read_document(path, MAX_TEMPLATE_BYTES)
            self._add(Stack(path, document, construct=construct, constructs=stack.constructs))


def _may_define_functions(name: str, body: object) -> bool:
    """Return whether a loop over resources makes functions or layers. What is included is in another file."""
    is_loop = name.startswith("Fn::ForEach::")
    return not is_loop or any(text.startswith((*FUNCTIONS_AND_LAYERS, *NESTED_STACKS)) for text in strings_in(body))


def _template(path: Path) -> dict[str, Any]:
    """Read a template that is not a part of an assembly."""
    document = read_document(path, MAX_TEMPLATE_BYTES)
    if "Resources" not in document:
        message = f"{path} is not a CloudFormation template: it has no Resources. {READABLE}"
        raise AssemblyError(message)
    return document


def _start(path: Path) -> Path:
    """Return the manifest or template to read for a path."""
    fault = folder_fault(path)
    if not fault:
        for name in (MANIFEST, *TEMPLATES):
            if (path / name).is_file():
                return path / name
        message = f"{path} is not a cloud assembly: it has neither a {MANIFEST} nor a {TEMPLATES[0]}. {READABLE}"
        raise AssemblyError(message)
    if fault == ABSENT:
        message = (
            f"There is no file or folder {str(path)!r}. Run `cdk synth`, `sam build` or `serverless package` first, "
            f"and give the folder that it writes."
        )
        raise AssemblyError(message)
    if fault != A_FILE:
        message = f"{str(path)!r} {fault}."
        raise AssemblyError(message)
    manifest = path.parent / MANIFEST
    if path.name != MANIFEST and path.name.endswith(_TEMPLATE) and manifest.is_file():
        return manifest
    return path


def _outermost(folder: Path) -> Path:
    """Return the folder of the whole app, for a folder of the app or of one of its stages."""
    while folder.name.startswith("assembly-") and (folder.parent / MANIFEST).is_file():
        folder = folder.parent
    return folder


def _only(app: App, template: Path) -> App:
    """Return only the resources of one template."""
    name = str(template)
    return App(
        tuple(function for function in app.functions if function.where.template == name),
        tuple(layer for layer in app.layers if layer.where.template == name),
        tuple(grant for grant in app.grants if grant.where.template == name),
        app.unread,
        app.acknowledged,
    )


def _environment(value: object) -> tuple[str | None, str | None]:
    """Return account and Region of an environment such as "aws://111111111111/eu-west-1"."""
    account, _, region = str(value or "").removeprefix("aws://").partition("/")
    return (
        None if account in ("", UNKNOWN[0]) else account,
        None if region in ("", UNKNOWN[1]) else region,
    )


def _top(stack: Stack) -> Stack:
    return stack if stack.parent is None else _top(stack.parent.stack)
