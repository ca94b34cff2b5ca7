"""Work that one thread of this process does for all of them."""

from __future__ import annotations

from threading import Event, Lock


class Turns:
    """Names of what threads are making at this moment."""

    def __init__(self) -> None:
        """Begin with no thread at work."""
        self._lock = Lock()
        self._making: dict[str, Event] = {}

    def take(self, name: str) -> bool:
        """Return whether the caller has to make what has this name, since no other thread is making it."""
        with self._lock:
            if name in self._making:
                return False
            self._making[name] = Event()
            return True

    def give_back(self, name: str) -> None:
        """Let the threads go on that wait for what has this name. It may have failed."""
        with self._lock:
            self._making.pop(name).set()

    def wait(self, name: str) -> None:
        """Wait while another thread is making what has this name."""
        with self._lock:
            making = self._making.get(name)
        if making is not None:
            making.wait()
