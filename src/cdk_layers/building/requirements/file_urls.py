"""URLs of files on this machine."""

from __future__ import annotations


def paths_in(url: str) -> list[str]:
    """Return the paths that a file URL may mean, which may be relative: file:lib, file:./lib, file://./lib."""
    from urllib.request import url2pathname  # noqa: PLC0415 - it loads an HTTP client

    path = url[len("file:") :]
    if path.startswith("//"):
        host, slash, rest = path[2:].partition("/")
        path = f"{host}{slash}{rest}" if host in {".", ".."} else f"{slash}{rest}"
        path = path if host in {"", ".", "..", "localhost"} else f"//{host}{slash}{rest}"
    return [url2pathname(path), path]
