"""Single flight: only one thread of this process does the same work, and the others wait for it."""

from __future__ import annotations

from threading import Event, Lock


class SingleFlight:
    """Names of the work that threads are doing at this moment."""

    def __init__(self) -> None:
        """Begin without any."""
        self._lock = Lock()
        self._running: dict[str, Event] = {}

    def forget(self) -> None:
        """Forget all work in a fork of this process, which has no other threads."""
        self._lock, self._running = Lock(), {}

    def take(self, name: str) -> bool:
        """Return whether the caller has to do the work of this name, because no other thread is doing it."""
        with self._lock:
            if name in self._running:
                return False
            self._running[name] = Event()
            return True

    def give_back(self, name: str) -> None:
        """End the work of this name, also after an error, and let the waiting threads continue."""
        with self._lock:
            if running := self._running.pop(name, None):
                running.set()

    def wait(self, name: str) -> None:
        """Wait while another thread does the work of this name."""
        with self._lock:
            running = self._running.get(name)
        if running is not None:
            running.wait()
