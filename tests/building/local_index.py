"""Distributions made by tests, and package indexes that serve them on loopback."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import zipfile
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def write_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    body: str = "",
    tag: str = "py3-none-any",
    requires: Sequence[str] = (),
    python: str = "",
) -> Path:
    """Write a wheel with one module of the distribution's name, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{name}-{version}-{tag}.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(wheel, "w") as opened:
        opened.writestr(f"{name}.py", body)
        opened.writestr(f"{info}/METADATA", _metadata(name, version, requires, python))
        opened.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        opened.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return wheel


def write_sdist(folder: Path, name: str, version: str = "1.0") -> Path:
    """Write a source archive whose metadata is known without building it, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{name}-{version}.tar.gz"
    project = f'[project]\nname = "{name}"\nversion = "{version}"\n'
    with tarfile.open(archive, "w:gz") as opened:
        for path, text in (("PKG-INFO", _metadata(name, version, (), "")), ("pyproject.toml", project)):
            member = tarfile.TarInfo(f"{name}-{version}/{path}")
            member.size = len(text.encode())
            opened.addfile(member, io.BytesIO(text.encode()))
    return archive


def _metadata(name: str, version: str, requires: Sequence[str], python: str) -> str:
    lines = ["Metadata-Version: 2.2", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Python: {python}"] if python else []
    return "\n".join([*lines, *(f"Requires-Dist: {line}" for line in requires), ""])


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
