"""A layer version that is built, checked and shared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from aws_cdk import CfnResource, RemovalPolicy
from aws_cdk.aws_lambda import Architecture
from aws_cdk.aws_lambda_python_alpha import PythonLayerVersion

from cdk_layers.app import marks
from cdk_layers.app.model import Layer
from cdk_layers.cdk.arguments.content import ContentChoices
from cdk_layers.cdk.arguments.keywords import cdk_arguments, checked_arguments, checked_names
from cdk_layers.cdk.arguments.readers import Arguments
from cdk_layers.cdk.asset.build_errors import build_errors
from cdk_layers.cdk.asset.bundling import Bundling
from cdk_layers.cdk.asset.description import common_license, describe
from cdk_layers.cdk.asset.docker import container_errors
from cdk_layers.cdk.asset.output import placing
from cdk_layers.cdk.asset.preparation import Wishes, prepare
from cdk_layers.cdk.asset.staged import staged_contents
from cdk_layers.cdk.follow.references import share, top_of
from cdk_layers.cdk.follow.shared import Shared
from cdk_layers.cdk.grants import grant_model
from cdk_layers.cdk.model.constructs import LayerFacts, known
from cdk_layers.cdk.model.place import place_of
from cdk_layers.cdk.model.runtimes import name_of
from cdk_layers.cdk.model.targets import targets_of
from cdk_layers.cdk.node.contract import asset_staging
from cdk_layers.cdk.state import state_of
from cdk_layers.cdk.validation import LayerValidation
from cdk_layers.findings import Where
from cdk_layers.project.settings import app_settings
from cdk_layers.rules.engine import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_cdk import AssetStaging, ReferenceStrength, Size
    from aws_cdk.aws_lambda import CfnLayerVersion
    from aws_cdk.aws_lambda_python_alpha import BundlingOptions
    from constructs import Construct

    from cdk_layers.cdk.arguments.types import Architectures, Folder, Grants, Runtimes, Texts, Trim
    from cdk_layers.cdk.grants import LayerGrant
    from cdk_layers.contents.model import Contents


class SharedPythonLayer(PythonLayerVersion):
    """A Python layer, built here without Docker, checked at once, and kept for those who use it.

    It takes the place of `PythonLayerVersion`, whose arguments it takes with their meaning. Different are: the runtimes
    have no default; the layer version is retained unless `removal_policy` says otherwise; the description and the
    licence are made from what is in the layer when none are given; the asset is one deterministic archive, and its hash
    is that of its content.

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
        docker: bool | None = False,
        max_unzipped: Size | str | None = None,
        reference_strength: ReferenceStrength | str | None = None,
    ) -> None:
        """Build the layer, refuse what cannot work, and define the layer version with its grants.

        Args:
            scope: The construct that it belongs to.
            id: Its id there.
            entry: Folder with a manifest (requirements.txt, a lock file), code, or both; all of it lands in `python/`.
                It may be left out where `opt_entry` is given.
            compatible_runtimes: Python runtimes that the layer is for, or their names such as "python3.13". The content
                has to be right for all of them. Here, as for every list, one value stands for a list of one.
            compatible_architectures: Instruction sets that the layer is for, or their names. Defaults to
                `[Architecture.X86_64]`.
            bundling: Options of PythonLayerVersion. Those that only a container can honour choose its own way of
                building in Docker.
            description: What the layer version says of itself; its distributions and their versions by default.
                None when "".
            layer_version_name: The layer's name; made by CloudFormation by default.
            license: Its licence; the one that all of its distributions name, by default. None when "".
            removal_policy: What happens to a version that is replaced, and to its grants; `RETAIN` by default. Retained
                versions count as code storage: 300 GB unzipped per Region, which cannot be raised. "retain"
                and "destroy" are accepted too.
            grants: Who else may use it: a `LayerGrant`, an account id, an organization id or "public".
            opt_entry: Folder that lands in /opt as it is, such as one with bin/ and lib/.
            asset_excludes: Patterns, as in a .gitignore, of the entry's files that stay out of the archive.
            default_excludes: Whether what only development needs stays out too: README.md, tests that no code imports,
                caches and so on. Defaults to True.
            follow_links: Whether symlinks that leave the folder are followed. Defaults to False: they are an error.
            allow_source_builds: Distributions that may be built from source here when they have no wheel.
            groups: Dependency groups of the entry's lock file that are installed too; categories of a Pipfile.lock.
            extras: Extras of the entry's project that are installed too, as its lock file has them.
            bytecode: Whether its modules are compiled when it is built, so that functions start faster. Defaults to the
                project's settings, else False. It takes a CPython of the runtime's version on this machine.
            trim: Whether files that no import needs stay out of distributions: True for all kinds that are safe, or a
                list of kinds. Defaults to the project's settings, else False.
            dependency_excludes: Patterns, as in a .gitignore, of files of distributions that stay out. Defaults to the
                project's settings, else none.
            aws_services: The only services whose data of botocore stay in, such as ["s3", "dynamodb"]; boto3 then
                raises UnknownServiceError for another. Defaults to the project's settings, else all.
            docker: Whether PythonLayerVersion builds it in Docker.
            max_unzipped: The user's own limit on its unzipped bytes, such as "120 MiB"; none by default.
            reference_strength: How other stacks refer to it. `WEAK` by default: no export, so that a new version never
                locks two stacks together.

        Raises:
            EntryError: The entry folder or its manifest cannot be used.
            TargetError: No runtime is given, or one that no layer can be built for.
            DependencyError: The requirements cannot be met.
            BuildError: The build could not be finished, or Docker was asked for and no engine answers.
            RuleError: Rules refuse the layer or a grant: a `LimitError` when it is over the service's limits or over
                `max_unzipped`, a `CompatibilityError` when it is not right for all that it declares, and so on.
            UsageError: An argument is misspelt or not of its type, or arguments exclude each other.
        """
        place = place_of(scope)
        self._where = Where(place.path_of(id))
        arguments = Arguments(f"Layer {self._where.path!r}")
        runtimes = arguments.runtimes("compatible_runtimes", compatible_runtimes)
        self._architectures = arguments.architectures("compatible_architectures", compatible_architectures)
        self._budget_bytes = arguments.size("max_unzipped", max_unzipped)
        self._permissions: dict[str, CfnResource] = {}
        allowed = arguments.grants("grants", grants)
        strength = arguments.reference_strength(reference_strength)
        policy = arguments.removal_policy(removal_policy)
        texts = {"description": description, "license": license, "layer_version_name": layer_version_name}
        for name, text in texts.items():
            arguments.text(name, text)
        wishes = Wishes(
            path=self._where.path,
            entry=arguments.folder("entry", entry),
            opt_entry=arguments.folder("opt_entry", opt_entry),
            targets=targets_of(self._where.path, runtimes, self._architectures),
            bundling=Bundling.read(bundling, arguments, self._architectures),
            excludes=arguments.texts("asset_excludes", asset_excludes, "patterns"),
            allow_source_builds=arguments.texts("allow_source_builds", allow_source_builds, "distributions"),
            groups=arguments.texts("groups", groups, "names"),
            extras=arguments.texts("extras", extras, "names"),
            docker=arguments.flag("docker", docker),
            default_excludes=default_excludes is None or arguments.flag("default_excludes", default_excludes),
            follow_links=arguments.flag("follow_links", follow_links),
            content=ContentChoices.read(
                arguments,
                bytecode=bytecode,
                trim=trim,
                dependency_excludes=dependency_excludes,
                aws_services=aws_services,
            ),
        )
        self._entry = wishes.source
        with build_errors("Layer", self._where.path, wishes.source):
            prepared = prepare(wishes, bundled=place.bundled, store=state_of(place.scope).store)
        self._build = prepared.build
        self._remembered = prepared.remembered
        contents = prepared.build.contents if prepared.build else None
        described = _chosen(description, contents, describe)
        licensed = _chosen(license, contents, common_license)
        with (
            placing(arguments.place, prepared.build)
            if prepared.build
            else container_errors(self._where.path, wishes.bundling.environment),
            cdk_arguments(arguments.place, {}),
        ):
            super().__init__(
                scope,
                id,
                entry=str(wishes.source.absolute()),
                bundling=prepared.bundling,
                compatible_runtimes=list(runtimes),
                compatible_architectures=None if self._architectures is None else list(self._architectures),
                description=described,
                layer_version_name=layer_version_name,
                license=licensed,
                removal_policy=policy or RemovalPolicy.RETAIN,
            )
        node = self.node
        self._resource = cast("CfnLayerVersion", node.default_child)
        self._staging = cast("AssetStaging", asset_staging(node))
        generated = [name for name, text in (("Description", description), ("LicenseInfo", license)) if text is None]
        if generated:
            self._resource.add_metadata(marks.GENERATED, marks.generated_text(generated))
        self._contents = staged_contents(self._resource, self._staging, wishes, prepared, bundled=place.bundled)
        facts = self._facts
        # Every question to a construct is a round trip to Node, and this is what it was made of.
        self._model = Layer(
            where=self._where,
            name=known(layer_version_name),
            is_resource=True,
            partition=place.partition,
            region=place.region,
            account=place.account,
            runtimes=tuple(map(name_of, runtimes)),
            architectures=tuple(map(name_of, self._architectures or ())),
            description=known(described),
            license=known(licensed),
            contents=facts.contents,
            asset=facts.digest,
            budget_bytes=facts.budget_bytes,
            notes=facts.notes,
        )
        refuse(self._model, app_settings())
        if self._contents is not None:
            node.add_metadata(marks.BUILD, marks.build_data(facts.digest, facts.budget_bytes, facts.notes))
        shared = Shared(self, self._where.path, top_of(place.stack), facts.digest)
        share(shared, self._resource, place.stack, strength=strength)
        LayerValidation.watch(scope)
        for grant in allowed:
            self.grant(grant)

    @checked_names
    def grant(self, grant: LayerGrant | str) -> CfnResource:
        """Let someone else use the layer; the permission is retained with the layer version.

        Args:
            grant: Who: a LayerGrant, an account id, an organization id or "public".

        Returns:
            The permission, which is the same for equal grants. What needs it can depend on it.

        Raises:
            UsageError: It is not a grant.
        """
        checked = Arguments(f"Layer {self._where.path!r}").grant("grant", grant)
        name = checked.construct_id(self)
        if name not in self._permissions:
            self.add_permission(name, account_id=checked.principal, organization_id=checked.organization_id)
            if checked.is_public:
                self._permissions[name].node.add_metadata(marks.PUBLIC, data=True)
        return self._permissions[name]

    @checked_names
    def add_permission(self, id: str, *, account_id: str, organization_id: str | None = None) -> None:
        """Let someone else use the layer, as `LayerVersion.add_permission` does, and retain that with the version.

        Args:
            id: The permission's id below the layer.
            account_id: An account of 12 digits, or "*".
            organization_id: The organization whose accounts "*" stands for; all accounts there are by default.

        Raises:
            SharingError: The account or the organization is malformed.
            UsageError: The id is not a string.
        """
        arguments = Arguments(f"Layer {self._where.path!r}")
        if not arguments.text("the permission's id", id):
            raise arguments.wrong(id, "the permission's id", "a string that is not empty")
        refuse(grant_model(Where(f"{self._where.path}/{id}"), account_id, organization_id), app_settings())
        super().add_permission(id, account_id=account_id, organization_id=organization_id)
        permission = cast("CfnResource", self.node.find_child(id))
        self._permissions[id] = permission
        self._keep_with_version(permission)

    def apply_removal_policy(self, policy: RemovalPolicy | str) -> None:
        """Decide what happens to a version that is replaced or no longer defined, and to its grants.

        Raises:
            UsageError: It is neither a removal policy nor "retain" or "destroy".
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
        """The entry folder as it was given, or `opt_entry` where that is all there is."""
        return self._entry

    @property
    def compatible_architectures(self) -> tuple[Architecture, ...]:
        """The instruction sets that the layer is for."""
        return (Architecture.X86_64,) if self._architectures is None else self._architectures

    @property
    def contents(self) -> Contents | None:
        """What is in the layer; None where the CDK asked for no bundling."""
        return self._contents

    @property
    def unzipped_bytes(self) -> int | None:
        """Its unzipped bytes; None where the CDK asked for no bundling."""
        return None if self._contents is None else self._contents.unzipped_bytes

    @property
    def archive_bytes(self) -> int | None:
        """Bytes of its archive; None where the CDK asked for no bundling, or has yet to zip what Docker made."""
        if self._contents is None:
            return None
        staged = Path(self._staging.absolute_staged_path)
        return staged.stat().st_size if staged.is_file() else None

    @property
    def distributions(self) -> dict[str, str] | None:
        """Its distributions, name to version; None where the CDK asked for no bundling."""
        return None if self._contents is None else dict(self._contents.versions)

    @property
    def digest(self) -> str | None:
        """What changes when, and only when, its content does; None where the CDK asked for no bundling.

        It is the digest of the content, or the asset's hash of a layer that Docker made.
        """
        if self._contents is None:
            return None
        return self._build.digest if self._build else self.asset_hash

    @property
    def _remembered_digest(self) -> str | None:
        """The digest, also where the CDK asked for no bundling but the build cache knows the layer; else None."""
        return self._remembered.digest if self._remembered and self.digest is None else self.digest

    @property
    def _facts(self) -> LayerFacts:
        """What its template does not say of it."""
        notes = self._build.notes if self._build else ()
        return LayerFacts(self._contents, self._remembered_digest, self._budget_bytes, notes)

    @property
    def asset_hash(self) -> str:
        """The hash that the CDK knows its asset by: the name of the asset's file."""
        return self._staging.asset_hash


def _chosen(given: str | None, contents: Contents | None, made: Callable[[Contents], str | None]) -> str | None:
    if given is not None:
        return given or None
    return None if contents is None else made(contents)
