"""Functions of an assembly that tests call."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cdk_layers.assembly.reader import read
from cdk_layers.errors import FunctionError, UsageError
from cdk_layers.local.event import event_of
from cdk_layers.local.pool import Pool
from cdk_layers.local.runner import Runner
from cdk_layers.local.selection import find_function, local_function, unset_variables_text
from cdk_layers.project.user_store import user_store
from cdk_layers.testing.tracebacks import raises_at_the_call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

    from cdk_layers.app.model import App as AppModel
    from cdk_layers.local.execution import ExecutionEnvironment, Outcome
    from cdk_layers.local.function import LocalFunction


class Synthesizable(Protocol):
    """An app or a stage of the CDK."""

    def synth(self) -> Any:
        """Return the cloud assembly, which has a `directory`."""
        ...


def check_lifetime(lifetime: str) -> None:
    """Check the setting of how long processes live.

    Raises:
        UsageError: It is neither "test" nor "session".
    """
    if lifetime not in {"test", "session"}:
        message = f"cdk_layers_processes = {lifetime!r}: valid values are 'test' and 'session'."
        raise UsageError(message)


class Assemblies:
    """The assemblies that tests use, each read once."""

    def __init__(self, default: Path) -> None:
        """Read nothing yet.

        Args:
            default: The assembly of functions for which a test names no app.
        """
        self._default = default
        self._apps: dict[object, AppModel] = {}
        self.runner = Runner(user_store())

    def function(
        self,
        name: str,
        *,
        app: Synthesizable | None = None,
        environment: Mapping[str, str] | None = None,
        layers: Mapping[str, Path | str] | None = None,
    ) -> LocalFunction:
        """Return a function of an app. Arguments and errors are those of the fixture: see `AppFunctions.__call__`."""
        _expect_strings(name, environment or {})
        archives = {arn: Path(path) for arn, path in (layers or {}).items()}
        for arn, path in archives.items():
            if not path.exists():
                message = f"layers[{arn!r}]: there is no archive or folder {str(path.absolute())!r}."
                raise UsageError(message)
        found = find_function(self._read(app), name)
        function, unset = local_function(found, archives=archives, environment=environment)
        if unset:
            example = f'environment={{"{unset[0]}": ...}}'
            _to_stderr(f"cdk-layers: {unset_variables_text(function, unset, example)}\n".encode())
        return function

    def _read(self, app: Synthesizable | None) -> AppModel:
        key: object = self._default if app is None else app
        if key not in self._apps:
            self._apps[key] = read(
                self._found() if app is None else Path(app.synth().directory), store=self.runner.store
            )
        return self._apps[key]

    def _found(self) -> Path:
        if not self._default.exists():
            message = (
                f"The assembly {str(self._default)!r} does not exist. Run `cdk synth` first, name another assembly by "
                f"the setting cdk_layers_assembly, or pass the app: lambda_function(name, app=app)."
            )
            raise UsageError(message)
        return self._default


def _expect_strings(name: object, environment: Mapping[str, object]) -> None:
    if not isinstance(name, str):
        message = f'The function is {name!r}; expected its construct path or its name, such as "Spoke/Report".'
        raise UsageError(message)
    for variable, value in environment.items():
        if not isinstance(value, str):
            message = f"environment[{variable!r}] is {value!r} ({type(value).__name__}); expected a string."
            raise UsageError(message)


class AppFunctions:
    """The fixture `lambda_function`: functions with a warm process each, and one more for each concurrent call."""

    def __init__(self, assemblies: Assemblies) -> None:
        """Start no process yet.

        Args:
            assemblies: The assemblies to find functions in.
        """
        self._assemblies = assemblies
        self._pool = Pool(sys.maxsize, self._start)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop all processes."""
        self._pool.close()

    @raises_at_the_call
    def __call__(
        self,
        name: str,
        *,
        app: Synthesizable | None = None,
        environment: Mapping[str, str] | None = None,
        layers: Mapping[str, Path | str] | None = None,
    ) -> CallableFunction:
        """Return a function of an app as a callable that accepts an event.

        Args:
            name: Its construct path, its logical id, or an end of the path that no other function has.
            app: The app that defines it. Defaults to the assembly that the setting `cdk_layers_assembly` names.
            environment: Variables that override those of the function, such as the names of tables.
            layers: Archives or folders of layers that the app does not contain, by their ARNs.

        Raises:
            UsageError: The app has no such function, the function cannot run on this machine, the name or a value
                of a variable is not a string, or there is no archive of a layer.
            AssemblyError: The assembly cannot be read.
        """
        return CallableFunction(self, self._assemblies.function(name, app=app, environment=environment, layers=layers))

    def invoke(self, function: LocalFunction, event: bytes, client_context: str | None = None) -> Outcome:
        """Run a function in a warm process of it that no other call uses. Starts one if there is none."""
        return self._pool.invoke(function, event, client_context=client_context)

    def _start(self, function: LocalFunction) -> ExecutionEnvironment:
        environment = self._assemblies.runner.start(function, _to_stderr)
        for difference in environment.differences:
            _to_stderr(f"cdk-layers: {function.path}: {difference}\n".encode())
        return environment


@dataclass(frozen=True, slots=True)
class CallableFunction:
    """One function of an app."""

    _functions: AppFunctions
    _function: LocalFunction

    @raises_at_the_call
    def __call__(self, event: object = None, *, client_context: object = None) -> Any:
        """Run the function and return its result as Python objects; a result that is not JSON as bytes.

        Args:
            event: A value that JSON can express. Defaults to {}.
            client_context: The client context. Defaults to none.

        Raises:
            FunctionError: The function failed; the error has its type, its stack trace and its log.
            UsageError: JSON cannot express the event, or it is larger than Lambda accepts.
        """
        outcome = self.invoke(event, client_context=client_context)
        result = _parsed(outcome.payload)
        if outcome.error is None:
            return result
        raise FunctionError(
            self._function.path, str(result.get("errorType", "")), str(result.get("errorMessage", "")),
            tuple(result.get("stackTrace") or ()), outcome.log_tail.decode(errors="replace"),
        )  # fmt: skip

    @raises_at_the_call
    def invoke(self, event: object = None, *, client_context: object = None) -> Outcome:
        """Run the function and return its outcome as Lambda reports it: payload, error, log and durations.

        Raises:
            UsageError: JSON cannot express the event, or it is larger than Lambda accepts.
        """
        context = None if client_context is None else json.dumps(client_context)
        payload = event_of({} if event is None else event)
        return self._functions.invoke(self._function, payload, context)


def _parsed(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload


def _to_stderr(data: bytes) -> None:
    # pytest shows the error output of failed tests.
    sys.stderr.write(data.decode(errors="replace"))
