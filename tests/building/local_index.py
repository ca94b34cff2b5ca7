"""Package indexes of distributions that tests make, served on loopback."""

from __future__ import annotations

import base64
import hashlib
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def write_index(root: Path, name: str, files: Sequence[Path]) -> None:
    """Write an index of distributions that are in its folder, as `root/name/simple`."""
    for file in files:
        page = root / name / "simple" / file.name.partition("-")[0].lower().replace("_", "-") / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        with page.open("a", encoding="utf-8") as opened:
            opened.write(f'<a href="/{file.relative_to(root).as_posix()}#sha256={digest}">{file.name}</a><br>\n')


class _Quiet(SimpleHTTPRequestHandler):
    credentials: str | None = None
    """What a request has to be authorized with, as "user:password"."""

    def do_GET(self) -> None:
        """Answer who is authorized."""
        wanted = self.credentials and f"Basic {base64.b64encode(self.credentials.encode()).decode()}"
        if not wanted or self.headers.get("Authorization") == wanted:
            super().do_GET()
            return
        self.send_response(401)
        self.send_header("WWW-Authenticate", "Basic")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815 - the base class's name

    def log_message(self, *_: object) -> None:
        """Write no line for a request."""


@contextmanager
def served(root: Path, credentials: str | None = None) -> Iterator[str]:
    """Serve a folder on loopback, for who has the credentials where there are any, and yield its address."""
    handler = type("_Handler", (_Quiet,), {"credentials": credentials})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(root)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
