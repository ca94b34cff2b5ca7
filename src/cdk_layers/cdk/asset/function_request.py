"""Arguments of a function, read and checked before anything is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_cdk.aws_lambda import Runtime

from cdk_layers.app.model import Function
from cdk_layers.cdk.arguments.readers import Arguments
from cdk_layers.cdk.asset.function_code import CodeSource
from cdk_layers.cdk.asset.handlers import resolved_handler
from cdk_layers.cdk.model.runtimes import name_of, runtime_for, runtime_name
from cdk_layers.cdk.model.targets import DEFAULT_ARCHITECTURE
from cdk_layers.cdk.model.tokens import known, known_values
from cdk_layers.findings import Where

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aws_cdk.aws_lambda import Architecture

    from cdk_layers.cdk.model.known_scope import KnownScope


@dataclass(frozen=True, slots=True)
class FunctionRequest:
    """What the user asked for."""

    source: CodeSource
    given_runtime: Runtime | str
    """The runtime as the user passed it."""

    runtime: Runtime
    """The CDK's constant for it."""

    architecture: Architecture | None
    """None for Lambda's default."""

    handler: str
    environment: dict[str, str | None]
    """Environment variables; a value is None if it is a token."""

    budget_bytes: int | None

    @classmethod
    def read(cls, path: str, given: Mapping[str, Any]) -> FunctionRequest:
        """Read the arguments of a function.

        Args:
            path: The construct path of the function.
            given: The arguments of `LayeredFunction`, except `layers` and most of those that `Function` has too.

        Raises:
            UsageError: An argument does not have its type.
        """
        arguments = Arguments(f"Function {path!r}")
        runtime = arguments.runtime("runtime", given["runtime"])
        architecture = given["architecture"]
        if architecture is not None:
            architecture = arguments.architecture("architecture", architecture)
        source = CodeSource.read(
            path, arguments, given, None if architecture is None else [architecture],
            code=arguments.code(given["code"]), index=given["index"],
        )  # fmt: skip
        return cls(
            source=source,
            given_runtime=given["runtime"],
            runtime=runtime,
            architecture=architecture,
            handler=resolved_handler(arguments, source.entry, given["index"], given["handler"]),
            environment=known_values(arguments.variables(given["environment"])),
            budget_bytes=arguments.size("max_unzipped", given["max_unzipped"]),
        )

    def runtime_with(self, layers: Iterable[object]) -> Runtime:
        """Return the runtime for the CDK's own comparison with those that layers declare."""
        return runtime_for(self.given_runtime, layers) if isinstance(self.given_runtime, Runtime) else self.runtime

    def model(self, scope: KnownScope) -> Function:
        """Return the model of the function, without code and layers."""
        return Function(
            where=Where(self.source.path),
            image=runtime_name(self.runtime) is None,
            runtime=runtime_name(self.runtime),
            architecture=name_of(self.architecture) if self.architecture else DEFAULT_ARCHITECTURE,
            handler=known(self.handler),
            environment=self.environment,
            partition=scope.partition,
            region=scope.region,
            account=scope.account,
            budget_bytes=self.budget_bytes,
        )
