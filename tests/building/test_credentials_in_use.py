"""Credentials in builds: they work, and they are in no file, argument, cache or message."""

from __future__ import annotations

import base64
import os
import sys
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.uv import process
from cdk_layers.errors import DependencyError, EntryError
from cdk_layers.lambda_service.target import Target
from cdk_layers.system import host
from cdk_layers.system.credentials import git_headers, hide
from tests.building.distributions import write_wheel
from tests.building.requirements.locks import PROJECT, make

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping, Sequence

    from cdk_layers.store.local_store import LocalStore

_PASSWORD = "S3cr3tValue"  # noqa: S105 - of a server that lasts as long as the tests
_EXPECTED = f"Basic {base64.b64encode(f'user:{_PASSWORD}'.encode()).decode()}"


class _Handler(SimpleHTTPRequestHandler):
    """Serves files to who sends the password, as user info or as a token."""

    def do_GET(self) -> None:
        if self.headers.get("Authorization") != _EXPECTED and f"token={_PASSWORD}" not in self.path:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="index"')
            self.end_headers()
            return
        self.path = self.path.partition("?")[0]
        super().do_GET()

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine to who has the password; the value is its host."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the host of an index with one wheel."""
    folder = tmp_path_factory.mktemp("index")
    made = write_wheel(folder / "simple" / "thing", "thing", {"thing.py": "VERSION = 1\n"})
    (folder / "simple" / "thing" / "index.html").write_text(f'<a href="{made.name}">x</a>', encoding="utf-8")
    with served(folder) as name:
        yield name


_FORMS = {
    "url": "thing @ http://user:{password}@{host}/simple/thing/thing-1.0-py3-none-any.whl",
    "token": "thing @ http://{host}/simple/thing/thing-1.0-py3-none-any.whl?token={password}",
    "index": "--index-url http://user:{password}@{host}/simple\nthing==1.0",
    "loose": "--index-url http://user:{password}@{host}/simple\nthing",
    "links": "--no-index\n--find-links http://user:{password}@{host}/simple/thing/index.html\nthing==1.0",
    "settings": "thing==1.0",
    "variable": "thing==1.0",
}


@pytest.mark.parametrize("form", _FORMS)
def test_credentials_reach_the_index_alone(
    form: str, index: str, tmp_path: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build with credentials works for one target and for the next; no argument, temporary file or cache has them."""
    entry, temporary = tmp_path / "entry", tmp_path / "temporary"
    entry.mkdir()
    temporary.mkdir()
    text = _FORMS[form].format(password=_PASSWORD, host=index)
    (entry / "requirements.txt").write_text(f"{text}\n", encoding="utf-8")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    if form == "settings":
        settings = f'[[index]]\nurl = "http://user:{_PASSWORD}@{index}/simple"\ndefault = true\n'
        (tmp_path / "uv.toml").write_text(settings, encoding="utf-8")
    if form == "variable":
        monkeypatch.setenv("PIP_INDEX_URL", f"http://user:{_PASSWORD}@{index}/simple")
    run, seen = host.run, []

    def watched(command: Sequence[str | Path], **options: object) -> subprocess.CompletedProcess[str]:
        seen.extend([*map(str, command), *_texts(temporary)])
        done = run(command, **options)  # type: ignore[arg-type]
        seen.extend(_texts(temporary))
        return done

    monkeypatch.setattr(host, "run", watched)
    for python in ("3.13", "3.12"):
        assert build(entry, Target(python, "x86_64"), store=store).pins == ("thing==1.0",)
    assert seen
    assert not [text for text in [*seen, *_texts(store.folder)] if _PASSWORD in text]


def _texts(folder: Path) -> list[str]:
    texts = []
    # A thread of the cache may be removing what is no longer needed.
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                texts.append(Path(parent, name).read_bytes().decode("utf-8", "replace"))
    return texts


def test_refused_credentials(index: str, tmp_path: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of credentials that an index refuses does not have them, whether in the URL or in its query."""
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    for line in (
        f"--index-url http://user:WrongSecret@{index}/simple\nthing",
        f"thing @ http://{index}/simple/thing/thing-1.0-py3-none-any.whl?private_token=WrongSecret",
    ):
        (tmp_path / "requirements.txt").write_text(f"{line}\n", encoding="utf-8")
        with pytest.raises(DependencyError) as caught:
            build(tmp_path, Target("3.13", "x86_64"), store=store)
        chain: BaseException | None = caught.value
        while chain is not None:
            assert "WrongSecret" not in str(chain)
            chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)


def test_refused_credentials_of_a_lock(
    index: str, tmp_path: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To export a lock, uv downloads what has no hash there: an index that refuses is not a damaged lock."""
    (tmp_path / "pyproject.toml").write_text(
        PROJECT.replace("DEPENDENCIES", '"thing==1.0"')
        + f'[[tool.uv.index]]\nname = "company"\nurl = "http://{index}/simple"\ndefault = true\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    with monkeypatch.context() as patch:
        patch.setenv("UV_INDEX_COMPANY_USERNAME", "user")
        patch.setenv("UV_INDEX_COMPANY_PASSWORD", _PASSWORD)
        make(["lock", "--python", sys.executable], tmp_path)
        exported = process.run(["export", "--quiet", "--format", "pylock.toml"], cwd=tmp_path, extra={}).stdout
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "another"))
    expected = f"{index}/simple rejects the credentials, or requires some"
    if "sha256" not in exported:  # the oldest uv exports a lock without hashes as it is, without a query
        expected = "install the newest, with 'pip install -U uv'"
    with pytest.raises((DependencyError, EntryError), match=expected):
        build(tmp_path, Target("3.13", "x86_64"), store=store)


def test_hidden_and_shown() -> None:
    """What is moved into variables comes back into what uv writes, and nothing else of the text changes."""
    text = "--index-url https://u:pass%40word@h/simple\na @ https://h/a.whl?sig=abcdef&x=1#sha256=00\nb==1\n"
    hidden = hide(text)
    assert hidden.text == (
        "--index-url https://${CDK_LAYERS_SECRET_0}@h/simple\n"
        "a @ https://h/a.whl?sig=${CDK_LAYERS_SECRET_1}&x=1#sha256=00\nb==1\n"
    )
    assert hidden.reveal(hidden.text) == text
    assert hide("b==1\n").variables == {}


@pytest.mark.parametrize(
    "url", ["git+http://u:p%40ss@h:8/group/r.git@main#egg=x", "git+HTTPS://t0ken@h/r", "git+https://u:a@b@h/r.git@v1"]
)
def test_git_gets_no_credentials_as_arguments(url: str) -> None:
    """Credentials of git repositories are headers in git's environment, beside what is configured there already."""
    given: Mapping[str, str] = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b", "GIT_CONFIG_VALUE_0": "c"}
    hidden, headers = hide(f"x @ {url}"), git_headers([f"x @ {url}"], given)
    assert hidden.variables == {}
    for secret in ("p%40ss", "p@ss", "t0ken", "u:a"):
        assert secret not in hidden.text
    assert headers["GIT_CONFIG_COUNT"] == "2"
    assert headers["GIT_CONFIG_KEY_1"].startswith("http.http")
    assert "@" not in headers["GIT_CONFIG_KEY_1"]
    assert headers["GIT_CONFIG_VALUE_1"].startswith("Authorization: Basic ")
    assert git_headers(["x @ git+https://h/r.git", "six==1.0"], {}) == {}


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell script as git")
def test_private_repository(tmp_path: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wish for a private git repository reaches it with its credentials, and git's arguments never have them."""
    programs = tmp_path / "bin"
    programs.mkdir()
    log, script = tmp_path / "log", programs / "git"
    script.write_text(
        f'#!/bin/sh\necho "arguments: $*" >> {log}\n'
        f'echo "header: $GIT_CONFIG_KEY_0 $GIT_CONFIG_VALUE_0" >> {log}\nexit 1\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{host.environ()['PATH']}")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    entry = tmp_path / "entry"
    entry.mkdir()
    line = f"thing @ git+http://user:{_PASSWORD}@127.0.0.1:9/group/thing.git@main\n"
    (entry / "requirements.txt").write_text(line, encoding="utf-8")
    with pytest.raises(DependencyError) as caught:
        build(entry, Target("3.13", "x86_64"), BuildOptions(allow_source_builds=("thing",)), store=store)
    logged = log.read_text(encoding="utf-8")
    assert _PASSWORD not in logged
    assert _PASSWORD not in str(caught.value)
    assert f"header: http.http://127.0.0.1:9/group/thing.git.extraHeader Authorization: {_EXPECTED}" in logged
