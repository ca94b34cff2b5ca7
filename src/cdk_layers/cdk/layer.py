"""A layer version that is built, checked and shared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from aws_cdk.aws_lambda import Architecture
from aws_cdk.aws_lambda_python_alpha import PythonLayerVersion

from cdk_layers.app import metadata
from cdk_layers.cdk.arguments.keywords import cdk_arguments, checked_arguments, checked_names
from cdk_layers.cdk.arguments.readers import Arguments
from cdk_layers.cdk.arguments.types import LayerArguments
from cdk_layers.cdk.asset.layer_asset import asset_of, build_of
from cdk_layers.cdk.asset.layer_request import LayerRequest
from cdk_layers.cdk.asset.staged import refuse_changed_targets
from cdk_layers.cdk.follow.references import share, top_of
from cdk_layers.cdk.follow.shared_layer import SharedLayer
from cdk_layers.cdk.grants import grant_model
from cdk_layers.cdk.model.known_scope import known_scope
from cdk_layers.cdk.model.origins import origin_of
from cdk_layers.cdk.node.contract import asset_staging
from cdk_layers.cdk.validation import register_validation
from cdk_layers.findings import Where
from cdk_layers.project.settings import app_settings
from cdk_layers.rules.engine import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import AssetStaging, CfnResource, ReferenceStrength, RemovalPolicy, Size
    from aws_cdk.aws_lambda import CfnLayerVersion
    from aws_cdk.aws_lambda_python_alpha import BundlingOptions
    from constructs import Construct

    from cdk_layers.cdk.arguments.types import Architectures, Folder, Grants, Runtimes, Texts, Trim
    from cdk_layers.cdk.grants import LayerGrant
    from cdk_layers.cdk.model.known_scope import KnownScope
    from cdk_layers.contents.model import Contents


class SharedPythonLayer(PythonLayerVersion):
    """A Python layer that is built without Docker, checked at construction, and retained for the functions that use it.

    A drop-in replacement for `PythonLayerVersion` with the same arguments. Differences: the runtimes have no default;
    the layer version is retained unless `removal_policy` is set; description and license default to those of the
    distributions; the asset is one deterministic archive, and its hash is the digest of the content.

    Examples:
        >>> layer = SharedPythonLayer(
        ...     stack, "Base", entry="layers/base", compatible_runtimes=[Runtime.PYTHON_3_13],
        ...     grants=[LayerGrant.account("222222222222")],
        ... )
        >>> layer.distributions
        {'six': '1.17.0'}
    """

    @checked_arguments("Layer")
    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        entry: Folder | None = None,
        compatible_runtimes: Runtimes,
        compatible_architectures: Architectures | None = None,
        bundling: BundlingOptions | Mapping[str, Any] | None = None,
        description: str | None = None,
        layer_version_name: str | None = None,
        license: str | None = None,
        removal_policy: RemovalPolicy | str | None = None,
        grants: Grants | None = (),
        opt_entry: Folder | None = None,
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
        docker: bool | None = False,
        max_unzipped: Size | str | None = None,
        reference_strength: ReferenceStrength | str | None = None,
    ) -> None:
        """Build the layer, check it, and define the layer version with its grants.

        Args:
            scope: The construct to define the layer in.
            id: Its id in the scope.
            entry: Folder with a manifest (requirements.txt, a lock file), code, or both. Everything goes into
                `python/`. Optional if `opt_entry` is given.
            compatible_runtimes: Python runtimes that the layer is for, or their names such as "python3.13". The content
                has to fit all of them. A single value is accepted for each list.
            compatible_architectures: Instruction sets that the layer is for, or their names. Defaults to
                `[Architecture.X86_64]`.
            bundling: Options of PythonLayerVersion. With an option that needs a container, PythonLayerVersion builds
                the layer in Docker.
            description: Description of the layer version. Defaults to its distributions and their versions; "" for
                none.
            layer_version_name: The layer's name. Defaults to one that CloudFormation generates.
            license: License of the layer version. Defaults to the one that all of its distributions name; "" for none.
            removal_policy: What happens to a version that is replaced, and to its grants, also "retain" or "destroy".
                Defaults to `RETAIN`. Retained versions count as code storage, whose quota of 300 GB unzipped per Region
                cannot be raised.
            grants: Who else may use the layer: a `LayerGrant`, an account id, an organization id or "public".
            opt_entry: Folder whose content goes into /opt unchanged, such as one with bin/ and lib/.
            asset_excludes: Patterns, as in a .gitignore, of files of the entry to leave out of the archive.
            default_excludes: Whether to leave out files that only development needs, too: README.md, tests that no code
                imports, caches and so on. Defaults to True.
            follow_links: Whether to follow symlinks to targets outside of the folder. Defaults to False: they are an
                error.
            allow_source_builds: Distributions that may be built from source on this machine if they have no wheel.
            groups: Dependency groups of the entry's lock file to install, too; categories of a Pipfile.lock.
            extras: Extras of the entry's project to install, too, as its lock file has them.
            bytecode: Whether to compile the modules at build time, so that functions start faster. Requires a CPython
                of the runtime's version on this machine. Defaults to the project's settings, else False.
            trim: Whether to leave out files of distributions that no import needs: True for all safe kinds, or a list
                of kinds. Defaults to the project's settings, else False.
            dependency_excludes: Patterns, as in a .gitignore, of files of distributions to leave out. Defaults to the
                project's settings, else none.
            aws_services: The only services whose data of botocore is included, such as ["s3", "dynamodb"]; boto3 raises
                UnknownServiceError for others. Defaults to the project's settings, else all.
            try_imports: Whether to import every top-level package of the layer's distributions on this machine, once
                for each content. This runs the code of the distributions. Defaults to the project's settings, else
                False.
            docker: Whether PythonLayerVersion builds the layer in Docker. Defaults to False.
            max_unzipped: The user's own limit on its unzipped bytes, such as "120 MiB". Defaults to none.
            reference_strength: How other stacks refer to the layer. Defaults to `WEAK`: no export, so that a new
                version never locks two stacks together.

        Raises:
            EntryError: The entry folder or its manifest cannot be used.
            TargetError: No runtime is given, or a layer cannot be built for one of them.
            DependencyError: The requirements cannot be met.
            BuildError: The build failed, or Docker is needed and no engine answers.
            BrokenImportError: `try_imports` is set, and a package cannot be imported.
            RuleError: A rule rejects the layer or a grant: a `LimitError` if it exceeds Lambda's limits or
                `max_unzipped`, a `CompatibilityError` if it does not fit all that it declares, and so on.
            UsageError: An argument is misspelt or has a wrong type, or arguments exclude each other.
        """
        known = known_scope(scope)
        self._where = Where(known.path_of(id))
        self._permissions: dict[str, CfnResource] = {}
        self._request = request = LayerRequest.read(self._where.path, LayerArguments(
            entry=entry, opt_entry=opt_entry, compatible_runtimes=compatible_runtimes,
            compatible_architectures=compatible_architectures, bundling=bundling, description=description,
            layer_version_name=layer_version_name, license=license, removal_policy=removal_policy, grants=grants,
            asset_excludes=asset_excludes, default_excludes=default_excludes, follow_links=follow_links,
            allow_source_builds=allow_source_builds, groups=groups, extras=extras, bytecode=bytecode, trim=trim,
            dependency_excludes=dependency_excludes, aws_services=aws_services, try_imports=try_imports, docker=docker,
            max_unzipped=max_unzipped, reference_strength=reference_strength,
        ))  # fmt: skip
        self._asset = asset_of(request.source, known)
        properties = request.properties(self._asset)
        with self._asset.staging(), cdk_arguments(f"Layer {self._where.path!r}", {}):
            super().__init__(scope, id, **properties)
        self._resource = cast("CfnLayerVersion", self.node.default_child)
        self._staging = cast("AssetStaging", asset_staging(self.node))
        refuse_changed_targets(self._resource, request.source)
        self._contents = self._asset.staged_contents(self._staging)
        self._model = request.model(
            known, properties, contents=self._contents, asset=self._followed_digest, report=self._asset.report
        )
        refuse(self._model, app_settings())
        self._register(known)

    def _register(self, scope: KnownScope) -> None:
        """Write the layer's metadata, share it with functions of other stacks, and grant its use."""
        if not scope.bundled:
            self.node.add_metadata(metadata.UNBUILT, True)
        if self._request.generated:
            self._resource.add_metadata(metadata.GENERATED, metadata.generated_text(self._request.generated))
        if self._contents is not None:
            origin, budget = origin_of(self._request.source.entry, build_of(self)), self._request.budget_bytes
            build = metadata.build_data(budget, self._asset.report, digest=self._followed_digest, origin=origin)
            self.node.add_metadata(metadata.BUILD, build)
        shared = SharedLayer(self, self._where.path, top_of(scope.stack), self._followed_digest)
        share(shared, self._resource, scope.stack, strength=self._request.reference_strength)
        register_validation(scope.construct)
        for grant in self._request.grants:
            self.grant(grant)

    @checked_names
    def grant(self, grant: LayerGrant | str) -> CfnResource:
        """Let another account or organization use the layer; the permission is retained with the layer version.

        Args:
            grant: A `LayerGrant`, an account id, an organization id or "public".

        Returns:
            The permission, the same one for equal grants, for resources that depend on it.

        Raises:
            UsageError: `grant` is not a grant.
            SharingError: Its account or organization is malformed.
        """
        checked = Arguments(f"Layer {self._where.path!r}").grant("grant", grant)
        name = checked.construct_id(self)
        if name not in self._permissions:
            self.add_permission(name, account_id=checked.principal, organization_id=checked.organization_id)
            if checked.is_public:
                self._permissions[name].node.add_metadata(metadata.PUBLIC, data=True)
        return self._permissions[name]

    @checked_names
    def add_permission(self, id: str, *, account_id: str, organization_id: str | None = None) -> None:
        """Let another account use the layer, as `LayerVersion.add_permission` does, and retain it with the version.

        Args:
            id: The id of the permission below the layer.
            account_id: An account id of 12 digits, or "*".
            organization_id: The organization that "*" is limited to. Defaults to no limit.

        Raises:
            SharingError: The account or the organization is malformed.
            UsageError: The id is not a string, or the layer has a construct with this id already.
        """
        arguments = Arguments(f"Layer {self._where.path!r}")
        if not arguments.text("the permission's id", id):
            raise arguments.wrong(id, "the permission's id", "a string with at least one character")
        refuse(grant_model(Where(f"{self._where.path}/{id}"), account_id, organization_id), app_settings())
        with cdk_arguments(arguments.place, {}):
            super().add_permission(id, account_id=account_id, organization_id=organization_id)
        permission = cast("CfnResource", self.node.find_child(id))
        self._permissions[id] = permission
        self._keep_with_version(permission)

    def apply_removal_policy(self, policy: RemovalPolicy | str) -> None:
        """Set what happens to a version that is replaced or no longer defined, and to its grants.

        Raises:
            UsageError: `policy` is neither a removal policy nor "retain" or "destroy".
        """
        arguments = Arguments(f"Layer {self._where.path!r}")
        chosen = arguments.removal_policy(policy)
        if chosen is None:
            raise arguments.wrong(policy, "the removal policy", "RemovalPolicy.RETAIN or RemovalPolicy.DESTROY")
        super().apply_removal_policy(chosen)
        for permission in self._permissions.values():
            self._keep_with_version(permission)

    def _keep_with_version(self, permission: CfnResource) -> None:
        version = self._resource.cfn_options
        permission.cfn_options.deletion_policy = version.deletion_policy
        permission.cfn_options.update_replace_policy = version.update_replace_policy

    @property
    def entry(self) -> Path:
        """The entry folder as the user passed it; `opt_entry` if there is no other."""
        return self._request.source.entry_or_opt

    @property
    def compatible_architectures(self) -> tuple[Architecture, ...]:
        """The instruction sets that the layer is for."""
        return self._request.architectures or (Architecture.X86_64,)

    @property
    def contents(self) -> Contents | None:
        """The contents of the layer; None if it is not built."""
        return self._contents

    @property
    def unzipped_bytes(self) -> int | None:
        """Its unzipped bytes; None if it is not built."""
        return None if self._contents is None else self._contents.unzipped_bytes

    @property
    def archive_bytes(self) -> int | None:
        """Bytes of its archive; None if it is not in the assembly, or the CDK zips it later."""
        if self._contents is None:
            return None
        staged = Path(self._staging.absolute_staged_path)
        return staged.stat().st_size if staged.is_file() else None

    @property
    def distributions(self) -> dict[str, str] | None:
        """Its distributions, name to version; None if it is not built."""
        return None if self._contents is None else dict(self._contents.versions)

    @property
    def digest(self) -> str | None:
        """A string that changes exactly when the content does; None if it is not built.

        The digest of the content, or the asset hash of a layer that a container built.
        """
        return self._asset.digest(self._staging)

    @property
    def _followed_digest(self) -> str | None:
        """The digest that functions of other stacks follow, which an earlier build can have where `digest` is None."""
        return self.digest or self._asset.earlier_digest

    @property
    def asset_hash(self) -> str:
        """The CDK's hash of its asset, which is in the name of the asset's file."""
        return self._staging.asset_hash
