"""A function whose layers are checked at construction, merged in the declared order, and followed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aws_cdk.aws_lambda import Code, Function, ILayerVersion, Runtime

from cdk_layers.app.metadata import UNBUILT
from cdk_layers.cdk.arguments.keywords import cdk_arguments, checked_arguments
from cdk_layers.cdk.asset.build_errors import build_errors
from cdk_layers.cdk.asset.function_code import measured_contents
from cdk_layers.cdk.asset.function_request import FunctionRequest
from cdk_layers.cdk.declaration import Declaration
from cdk_layers.cdk.model.known_scope import known_scope
from cdk_layers.cdk.model.origins import origin_of
from cdk_layers.cdk.model.runtimes import name_of
from cdk_layers.cdk.state import state_of
from cdk_layers.findings import Where

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import Size
    from aws_cdk.aws_lambda import Architecture
    from aws_cdk.aws_lambda_python_alpha import BundlingOptions
    from constructs import Construct
    from typing_extensions import Unpack

    from cdk_layers.cdk.arguments.types import Folder, FunctionArguments, Layers, Texts, Trim
    from cdk_layers.cdk.asset.function_code import FunctionCode
    from cdk_layers.cdk.model.known_scope import KnownScope
    from cdk_layers.contents.model import Contents


class LayeredFunction(Function):
    """A Lambda function whose layers are checked at construction, keep their order, and are followed when they change.

    It accepts all arguments of `Function`. Differences: `entry` can replace `code`; layers can be given by their ARNs;
    and layers that Lambda would reject, or that would fail at run time, are an error at construction.

    Examples:
        >>> function = LayeredFunction(
        ...     stack, "Report", entry="functions/report", handler="main.handler",
        ...     runtime=Runtime.PYTHON_3_13, layers=[base],
        ... )
        >>> function.unzipped_bytes
        76
    """

    @checked_arguments("Function", Function.__init__)
    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        runtime: Runtime | str,
        handler: str | None = None,
        code: Code | None = None,
        entry: Folder | None = None,
        index: str | None = None,
        bundling: BundlingOptions | Mapping[str, Any] | None = None,
        layers: Layers | None = None,
        architecture: Architecture | str | None = None,
        max_unzipped: Size | str | None = None,
        asset_excludes: Texts | None = (),
        default_excludes: bool | None = True,
        follow_links: bool | None = False,
        allow_source_builds: Texts | None = (),
        groups: Texts | None = (),
        extras: Texts | None = (),
        bytecode: bool | None = None,
        trim: Trim | None = None,
        dependency_excludes: Texts | None = None,
        aws_services: Texts | None = None,
        try_imports: bool | None = None,
        **kwargs: Unpack[FunctionArguments],
    ) -> None:
        """Build the code of an entry, check code and layers, and define the function.

        Args:
            scope: The construct to define the function in.
            id: Its id in the scope.
            runtime: The runtime, or its name such as "python3.13".
            handler: The function in the code that Lambda calls, such as "main.handler". With `entry`, it may name
                a function in `index`, and defaults to "handler", as for PythonFunction.
            code: The code, as for `Function`. Pass this or `entry`.
            entry: Folder with the code and its own manifest (requirements.txt, a lock file). Pass this or `code`. It is
                built like a layer, without the distributions that the layers include in a version that fits.
            index: The file of the entry with the handler, as for PythonFunction. Defaults to "index.py" if `handler`
                names no module.
            bundling: Options of PythonFunction for `entry`. Options that need a container are rejected.
            layers: Layer versions, or their ARNs, in merge order: later ones override earlier ones. Defaults to none.
            architecture: The instruction set, or its name. Defaults to `Architecture.X86_64`.
            max_unzipped: The user's own limit on the unzipped bytes of code and layers together, such as "200 MiB".
                Defaults to none.
            asset_excludes: Patterns, as in a .gitignore, of files of the entry to leave out of the code.
            default_excludes: Whether to leave out files that only development needs, too: README.md, tests that no code
                imports, caches and so on. Defaults to True.
            follow_links: Whether to follow symlinks to targets outside of the folder. Defaults to False: they are an
                error.
            allow_source_builds: Distributions of the entry that may be built from source on this machine if they have
                no wheel.
            groups: Dependency groups of the entry's lock file to install, too; categories of a Pipfile.lock.
            extras: Extras of the entry's project to install, too, as its lock file has them.
            bytecode: Whether to compile the modules of `entry` at build time, so that the function starts faster.
                Requires a CPython of the runtime's version on this machine. Defaults to the project's settings, else
                False.
            trim: Whether to leave out files of distributions that no import needs: True for all safe kinds, or a list
                of kinds. Defaults to the project's settings, else False.
            dependency_excludes: Patterns, as in a .gitignore, of files of distributions to leave out. Defaults to the
                project's settings, else none.
            aws_services: The only services whose data of botocore is included, such as ["s3", "dynamodb"]; boto3 raises
                UnknownServiceError for others. Defaults to the project's settings, else all.
            try_imports: Whether to import every top-level package of the distributions in the code of `entry` on this
                machine, with the function's layers, once for each content. This runs the code of the distributions.
                Defaults to the project's settings, else False.
            **kwargs: Every other argument of `Function`.

        Raises:
            EntryError: The entry folder or its manifest cannot be used.
            TargetError: The runtime of a function with an entry is not a Python runtime that Lambda supports.
            DependencyError: The requirements of the entry cannot be met.
            BuildError: The build of the entry failed.
            BrokenImportError: `try_imports` is set, and a package cannot be imported.
            LimitError: There are more than five layers, or code and layers exceed Lambda's 262144000 unzipped bytes or
                `max_unzipped`.
            IdentityError: The ARN of a layer is malformed, a layer is in another Region or partition, or occurs twice.
                Under the CDK CLI, the texts of ARNs are checked at the end of the synthesis.
            CompatibilityError: A layer does not support the runtime or the architecture.
            UsageError: An argument is misspelt or has a wrong type, arguments exclude each other, or one of the layers
                is not a layer version.
        """
        known = known_scope(scope)
        request = FunctionRequest.read(known.path_of(id), {
            "runtime": runtime, "handler": handler, "code": code, "entry": entry, "index": index, "bundling": bundling,
            "architecture": architecture, "max_unzipped": max_unzipped, "environment": kwargs.get("environment"),
            "asset_excludes": asset_excludes, "default_excludes": default_excludes, "follow_links": follow_links,
            "allow_source_builds": allow_source_builds, "groups": groups, "extras": extras, "bytecode": bytecode,
            "trim": trim, "dependency_excludes": dependency_excludes, "aws_services": aws_services,
            "try_imports": try_imports,
        })  # fmt: skip
        self._declaration = declaration = Declaration(known, request.model(known))
        given = declaration.checked(layers)
        built = _build(request, declaration, given, known)
        declaration.check_code(given, built.code)
        with built.placing(declaration.path), cdk_arguments(f"Function {declaration.path!r}", kwargs):
            super().__init__(
                scope, id, code=built.code, handler=request.handler, runtime=request.runtime_with(given),
                architecture=request.architecture, layers=declaration.passed(given, kwargs) or None, **kwargs,
            )  # fmt: skip
        built.restore(self)
        if request.source.entry is not None and not known.bundled:
            self.node.add_metadata(UNBUILT, True)
        declaration.add_first(self, given, kwargs, built.code)

    def add_layers(self, *layers: ILayerVersion | str) -> None:
        """Add layers after those that the function has.

        Args:
            *layers: Layer versions, or their ARNs, in merge order.

        Raises:
            LimitError, IdentityError, CompatibilityError: As for the constructor, for all layers of the function.
            UsageError: One of `layers` is not a layer version.
        """
        checked = self._declaration.checked(layers)
        self._declaration.check(checked)
        self._declaration.add(self, checked)

    @property
    def unzipped_bytes(self) -> int | None:
        """The unzipped bytes of its code, without layers; None if not known."""
        return None if self.contents is None else self.contents.unzipped_bytes

    @property
    def contents(self) -> Contents | None:
        """The contents of its code; None if not known, as for inline code and images."""
        return self._declaration.model.code

    @property
    def declared_layers(self) -> tuple[ILayerVersion, ...]:
        """Its layers in the order of their declaration, which is the merge order."""
        return self._declaration.layers


def _build(
    request: FunctionRequest, declaration: Declaration, layers: Sequence[ILayerVersion | str], scope: KnownScope
) -> FunctionCode:
    """Return the code of a function, built from its entry if it has one, and add it to the function's model."""
    source, state = request.source, state_of(scope.construct)
    with build_errors("Function", declaration.path, source.entry):
        found = layers if source.entry is None else declaration.with_imports_found(layers)
        built = source.build_or_recall(
            request.runtime, request.architecture, found, bundled=scope.bundled, store=state.store
        )
        source.try_imports(built, found, state, bundled=scope.bundled)
    declaration.model = replace(
        declaration.model,
        where=Where(declaration.path, origin=origin_of(source.entry, built.build)),
        code=built.contents or measured_contents(built.code, scope),
        report=built.report,
        built_for=name_of(request.runtime) if built.has_manifest else None,
    )
    return built
