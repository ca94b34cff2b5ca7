"""Execution environments of several functions, kept warm up to a limit."""

from __future__ import annotations

from threading import Condition
from typing import TYPE_CHECKING

from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_layers.local.execution import ExecutionEnvironment, Outcome
    from cdk_layers.local.function import LocalFunction


class Pool:
    """A limited number of execution environments; invocations beyond that wait for one."""

    def __init__(self, workers: int, start: Callable[[LocalFunction], ExecutionEnvironment]) -> None:
        """Start with none.

        Args:
            workers: The limit.
            start: Starts an environment for a function.
        """
        self._workers = workers
        self._start = start
        self._idle: list[ExecutionEnvironment] = []
        """Warm environments, the least recently used one first."""

        self._busy: list[ExecutionEnvironment] = []
        self._starting = 0
        self._outdated: set[int] = set()
        """The ids of busy environments that end after their invocation."""

        self._renewals = 0
        self._is_closed = False
        self._changed = Condition()

    def invoke(
        self, function: LocalFunction, event: bytes, *, client_context: str | None = None, qualifier: str | None = None
    ) -> Outcome:
        """Run a function in an environment that no other invocation uses; wait for a free one.

        Raises:
            CdkLayersError: As `Runner.start`.
        """
        environment = self._take_warm(function) or self._start_new(function)
        try:
            return environment.invoke(event, client_context=client_context, qualifier=qualifier)
        finally:
            self._give_back(environment)

    def renew(self) -> None:
        """End all environments, those in use after their invocation: their functions have changed."""
        with self._changed:
            idle, self._idle = self._idle, []
            self._outdated.update(map(id, self._busy))
            self._renewals += 1
            self._changed.notify_all()
        for environment in idle:
            environment.close()

    def close(self) -> None:
        """End all environments now, and start no others."""
        with self._changed:
            self._is_closed = True
            environments = [*self._idle, *self._busy]
            self._idle = []
            self._changed.notify_all()
        for environment in environments:
            environment.close()

    def _take_warm(self, function: LocalFunction) -> ExecutionEnvironment | None:
        """Return a warm environment; otherwise reserve a place for a new one and return None."""
        evicted: list[ExecutionEnvironment] = []
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._idle or self._has_place())
            self._refuse_closed()
            evicted += (idle for idle in self._idle if not idle.is_usable)
            self._idle = [idle for idle in self._idle if idle not in evicted]
            warm = next((idle for idle in reversed(self._idle) if idle.function == function), None)
            if warm is not None:
                self._idle.remove(warm)
                self._busy.append(warm)
            else:
                if not self._has_place():
                    evicted.append(self._idle.pop(0))
                self._starting += 1
        for environment in evicted:
            environment.close()
        return warm

    def _has_place(self) -> bool:
        return len(self._busy) + len(self._idle) + self._starting < self._workers

    def _refuse_closed(self) -> None:
        if self._is_closed:
            message = "The function cannot be run anymore: its service or its test has ended."
            raise UsageError(message)

    def _start_new(self, function: LocalFunction) -> ExecutionEnvironment:
        started, renewals = None, self._renewals
        try:
            started = self._start(function)
        finally:
            with self._changed:
                self._starting -= 1
                if started is not None:
                    self._busy.append(started)
                    if renewals != self._renewals:
                        self._outdated.add(id(started))
                self._changed.notify()
        if self._is_closed:
            started.close()
        return started

    def _give_back(self, environment: ExecutionEnvironment) -> None:
        with self._changed:
            self._busy.remove(environment)
            is_reusable = environment.is_usable and id(environment) not in self._outdated
            self._outdated.discard(id(environment))
            if is_reusable:
                self._idle.append(environment)
            self._changed.notify()
        if not is_reusable:
            environment.close()
