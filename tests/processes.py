"""Processes of this machine, and where they listen."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def is_running(process: int) -> bool:
    """Return whether a process exists, and is not just one that has ended and that its parent does not know of."""
    try:
        os.kill(process, 0)
        # It may end at any moment, so nothing is looked for before it is read.
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return not Path("/proc/self/stat").exists()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def connect(port: int, timeout: float) -> socket.socket:
    """Connect to a port of this machine.

    Raises:
        OSError: Nothing listens there. The system may use the very port for this end, and connect it with itself.
    """
    connection = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    if connection.getsockname() == connection.getpeername():
        connection.close()
        raise ConnectionRefusedError
    return connection


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
