"""Types of the keyword arguments that constructs pass on, for editors and type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from aws_cdk import (
        Duration,
        Environment,
        IPropertyInjector,
        IStackSynthesizer,
        PermissionsBoundary,
        ReferenceStrength,
        RemovalPolicy,
        Size,
    )
    from aws_cdk.aws_codeguruprofiler import IProfilingGroup
    from aws_cdk.aws_ec2 import ISecurityGroup, IVpc, SubnetSelection
    from aws_cdk.aws_iam import IRole, PolicyStatement
    from aws_cdk.aws_lambda import (
        AdotInstrumentationConfig,
        ApplicationLogLevel,
        Architecture,
        DurableConfig,
        FileSystem,
        IDestination,
        IEventSource,
        ILayerVersion,
        LambdaInsightsVersion,
        LoggingFormat,
        LogRetentionRetryOptions,
        ParamsAndSecretsLayerVersion,
        RecursiveLoop,
        Runtime,
        RuntimeManagementMode,
        SnapStartConf,
        SystemLogLevel,
        TenancyConfig,
        Tracing,
        VersionOptions,
    )
    from aws_cdk.aws_lambda_python_alpha import BundlingOptions
    from aws_cdk.aws_logs import RetentionDays
    from aws_cdk.aws_sns import ITopic
    from aws_cdk.aws_sqs import IQueue
    from aws_cdk.interfaces.aws_kms import IKeyRef
    from aws_cdk.interfaces.aws_lambda import ICodeSigningConfigRef
    from aws_cdk.interfaces.aws_logs import ILogGroupRef

    from cdk_layers.building.content_options import TrimKind
    from cdk_layers.cdk.grants import LayerGrant

    Architectures: TypeAlias = Sequence[Architecture | str] | Architecture | str
    Folder: TypeAlias = str | os.PathLike[str]
    Grants: TypeAlias = Sequence[LayerGrant | str] | LayerGrant | str
    Layers: TypeAlias = Sequence[ILayerVersion | str] | ILayerVersion | str
    Runtimes: TypeAlias = Sequence[Runtime | str] | Runtime | str
    Texts: TypeAlias = Sequence[str] | str
    Trim: TypeAlias = bool | Sequence[TrimKind] | TrimKind


class FunctionArguments(TypedDict, total=False):
    """Arguments of `LayeredFunction` that it passes on to `Function`; each is described there."""

    adot_instrumentation: AdotInstrumentationConfig | dict[str, Any] | None
    allow_all_ipv6_outbound: bool | None
    allow_all_outbound: bool | None
    allow_public_subnet: bool | None
    application_log_level: str | None
    application_log_level_v2: ApplicationLogLevel | None
    code_signing_config: ICodeSigningConfigRef | None
    current_version_options: VersionOptions | dict[str, Any] | None
    dead_letter_queue: IQueue | None
    dead_letter_queue_enabled: bool | None
    dead_letter_topic: ITopic | None
    description: str | None
    durable_config: DurableConfig | dict[str, Any] | None
    environment: Mapping[str, str] | None
    environment_encryption: IKeyRef | None
    ephemeral_storage_size: Size | None
    events: Sequence[IEventSource] | None
    filesystem: FileSystem | None
    function_name: str | None
    initial_policy: Sequence[PolicyStatement] | None
    insights_version: LambdaInsightsVersion | None
    ipv6_allowed_for_dual_stack: bool | None
    log_format: str | None
    logging_format: LoggingFormat | None
    log_group: ILogGroupRef | None
    log_removal_policy: RemovalPolicy | None
    log_retention: RetentionDays | None
    log_retention_retry_options: LogRetentionRetryOptions | dict[str, Any] | None
    log_retention_role: IRole | None
    memory_size: float | None
    params_and_secrets: ParamsAndSecretsLayerVersion | None
    profiling: bool | None
    profiling_group: IProfilingGroup | None
    recursive_loop: RecursiveLoop | None
    reserved_concurrent_executions: float | None
    role: IRole | None
    runtime_management_mode: RuntimeManagementMode | None
    security_groups: Sequence[ISecurityGroup] | None
    snap_start: SnapStartConf | None
    system_log_level: str | None
    system_log_level_v2: SystemLogLevel | None
    tenancy_config: TenancyConfig | None
    timeout: Duration | None
    tracing: Tracing | None
    vpc: IVpc | None
    vpc_subnets: SubnetSelection | dict[str, Any] | None
    max_event_age: Duration | None
    on_failure: IDestination | None
    on_success: IDestination | None
    retry_attempts: float | None


class StackArguments(TypedDict, total=False):
    """Arguments of `MultiLayerStack` that it passes on to `Stack`; each is described there."""

    analytics_reporting: bool | None
    cross_region_references: bool | None
    description: str | None
    env: Environment | dict[str, Any] | None
    notification_arns: Sequence[str] | None
    permissions_boundary: PermissionsBoundary | None
    property_injectors: Sequence[IPropertyInjector] | None
    stack_name: str | None
    suppress_template_indentation: bool | None
    synthesizer: IStackSynthesizer | None
    tags: Mapping[str, str] | None
    termination_protection: bool | None


class LayerArguments(TypedDict, total=False):
    """Arguments of `SharedPythonLayer` for a layer of a stack; each is described there."""

    entry: Folder | None
    opt_entry: Folder | None
    compatible_runtimes: Runtimes | None
    compatible_architectures: Architectures | None
    bundling: BundlingOptions | Mapping[str, Any] | None
    description: str | None
    layer_version_name: str | None
    license: str | None
    removal_policy: RemovalPolicy | str | None
    grants: Grants | None
    asset_excludes: Texts | None
    default_excludes: bool | None
    follow_links: bool | None
    allow_source_builds: Texts | None
    groups: Texts | None
    extras: Texts | None
    bytecode: bool | None
    trim: Trim | None
    dependency_excludes: Texts | None
    aws_services: Texts | None
    try_imports: bool | None
    docker: bool | None
    max_unzipped: Size | str | None
    reference_strength: ReferenceStrength | str | None


class StackDefaults(StackArguments, total=False):
    """Arguments of `MultiLayerStack` for a stack that is read from a folder; each is described there."""

    layers: Mapping[str, LayerArguments] | None
    compatible_runtimes: Runtimes | None
    compatible_architectures: Architectures | None
    grants: Grants | None
    removal_policy: RemovalPolicy | str | None
    parameter_prefix: str | None
    reference_strength: ReferenceStrength | str | None
    default_excludes: bool | None
    bytecode: bool | None
    trim: Trim | None
    dependency_excludes: Texts | None
    aws_services: Texts | None
    try_imports: bool | None
