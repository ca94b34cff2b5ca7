"""The door to uv."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.uv import process
from cdk_layers.building.uv.settings import tool_variables
from cdk_layers.errors import BuildError, CdkLayersError
from cdk_layers.lambda_service.target import Target
from cdk_layers.store.local_store import LocalStore
from cdk_layers.system import host
from tests.building.distributions import write_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def surroundings(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    """Replace this process's environment."""
    monkeypatch.setattr(host, "environ", lambda: dict(variables))


def test_pip_settings_become_uvs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index settings of pip reach uv, from the process as from the bundling options."""
    surroundings(monkeypatch, PIP_INDEX_URL="https://a.example/simple")
    variables = tool_variables({"PIP_EXTRA_INDEX_URL": "https://b.example/simple"})
    assert variables["UV_DEFAULT_INDEX"] == "https://a.example/simple"
    assert variables["UV_INDEX"] == "https://b.example/simple"


def test_uvs_own_settings_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where uv's own variable is set, pip's is not looked at."""
    surroundings(monkeypatch, UV_DEFAULT_INDEX="https://uv.example", PIP_INDEX_URL="https://pip.example")
    assert tool_variables({})["UV_DEFAULT_INDEX"] == "https://uv.example"


def test_surrounding_environments_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """An active virtual environment or uv's choice of an interpreter says nothing about the target."""
    surroundings(monkeypatch, VIRTUAL_ENV="/x", CONDA_PREFIX="/y", UV_PYTHON="3.8", UV_LINK_MODE="symlink", HOME="/h")
    variables = tool_variables({})
    assert {"VIRTUAL_ENV", "CONDA_PREFIX", "UV_PYTHON", "UV_LINK_MODE"}.isdisjoint(variables)
    assert variables["HOME"] == "/h"


def test_settings_digest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The digest follows the index and uv's configuration, not credentials or the virtual environment."""

    def digest(**variables: str) -> str:
        surroundings(monkeypatch, **variables)
        return process.settings_digest(tmp_path, {})

    plain = digest(UV_DEFAULT_INDEX="https://a.example/simple", HOME="/h")
    assert digest(UV_DEFAULT_INDEX="https://me:pw@a.example/simple", HOME="/h", VIRTUAL_ENV="/v") == plain
    assert digest(UV_DEFAULT_INDEX="https://b.example/simple", HOME="/h") != plain
    (tmp_path / "uv.toml").write_text("exclude-newer = '2026-01-01'\n", encoding="utf-8")
    assert digest(UV_DEFAULT_INDEX="https://a.example/simple", HOME="/h") != plain


def test_errors_come_without_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What uv writes is freed of the credentials in its settings, wherever they turn up in it."""
    settings = {"UV_INDEX": "https://me:s3cret@a.example", "UV_INDEX_CORP_PASSWORD": "hush-hush"}
    surroundings(monkeypatch, **settings)

    def run(
        command: Sequence[str | Path], *, cwd: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, "", "sent s3cret and hush-hush to https://x:y@a.example")

    monkeypatch.setattr(host, "run", run)
    assert process.run(["pip"], cwd=tmp_path, extra={}).stderr == "sent **** and **** to https://a.example"


def test_second_try_without_the_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """When the index cannot be reached, uv is asked again for what its cache has."""
    surroundings(monkeypatch)

    def run(
        command: Sequence[str | Path], *, cwd: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        if "UV_OFFLINE" in (environment or {}):
            return subprocess.CompletedProcess([], 0, "from the cache", "")
        return subprocess.CompletedProcess([], 2, "", "error sending request for url (https://a.example)")

    monkeypatch.setattr(host, "run", run)
    assert process.run(["pip"], cwd=tmp_path, extra={}).stdout == "from the cache"


def test_no_uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A uv that cannot be started is reported as that."""

    def run(command: object, **_: object) -> subprocess.CompletedProcess[str]:
        message = "no such file"
        raise FileNotFoundError(message)

    monkeypatch.setattr(host, "run", run)
    with pytest.raises(BuildError, match="uv, which builds layers, cannot be started"):
        process.run(["pip"], cwd=tmp_path, extra={})


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EAGAIN, errno.ENOMEM])
def test_limits_of_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int) -> None:
    """A uv that cannot be started because of a limit of the system need not be installed again."""

    def run(command: object, **_: object) -> subprocess.CompletedProcess[str]:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(host, "run", run)
    with pytest.raises(BuildError, match=r"cannot be started: .*has reached a limit of the system") as caught:
        process.run(["pip"], cwd=tmp_path, extra={})
    assert "Reinstall" not in str(caught.value)


@pytest.mark.parametrize(("number", "remedy"), [(signal.SIGKILL, "memory runs out"), (signal.SIGXFSZ, "ulimit -a")])
def test_uv_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, remedy: str) -> None:
    """A uv that a signal ends, as where memory runs out, says nothing about the requirements."""
    monkeypatch.setattr(
        host, "run", lambda *_, **__: subprocess.CompletedProcess([], -number, "", "Resolved 5 packages")
    )
    with pytest.raises(BuildError, match=rf"^uv, which builds layers, was ended by signal {number} \(.*{remedy}"):
        process.run(["pip"], cwd=tmp_path, extra={})


def test_uv_without_its_program(monkeypatch: pytest.MonkeyPatch, store: LocalStore, tmp_path: Path) -> None:
    """An installation of uv without its program, as in a copied site-packages, has nothing to do with the cache."""

    def find() -> str:
        message = "Could not find the uv binary in any of:\n - /a\n - /b"
        raise FileNotFoundError(message)

    monkeypatch.setattr(process, "_program", find)
    (tmp_path / "requirements.txt").write_text("six==1.17.0\n", encoding="utf-8")
    with pytest.raises(BuildError, match=r"cannot be started: .* - /a - /b\. Reinstall it"):
        build(tmp_path, Target("3.13", "x86_64"), store=store)


@pytest.mark.parametrize("old", ["0.9.0", "0.9", "0.11.14", "0.11.14rc1"])
def test_unsafe_versions_are_refused(old: str) -> None:
    """A uv that lets wheels write outside of their folder does not build; the error names the version that does."""
    with pytest.raises(BuildError, match=rf"uv {old} is installed, and layers need 0\.11\.15 or newer"):
        process.refuse_unsafe(old)
    process.refuse_unsafe("0.11.15")
    process.refuse_unsafe("1.0")


@pytest.mark.parametrize(
    ("files", "scripts", "record"),
    [
        ({"thing.py": "\n"}, "", "../../victim,,\n"),
        ({"thing.py": "\n"}, "[console_scripts]\n../../escaped = thing:main\n", None),
        ({"thing.py": "\n", "../../slipped.py": "\n"}, "", None),
        ({"thing.py": "\n", "thing-1.0.data/scripts/../../../slipped": "#!python\n"}, "", None),
    ],
)
def test_hostile_wheels(
    tmp_path: Path, store: LocalStore, files: dict[str, str], scripts: str, record: str | None
) -> None:
    """A wheel whose RECORD, scripts or members leave their folder changes nothing outside of it."""
    entry = tmp_path / "a" / "b" / "entry"
    made = write_wheel(entry / "w", "thing", files, entry_points=scripts, record=record)
    (entry / "requirements.txt").write_text(f"--no-index\n--find-links {made.parent}\nthing\n", encoding="utf-8")
    victim = store.folder / "victim"
    victim.parent.mkdir(parents=True)
    victim.touch()
    before = _outside(tmp_path, store)
    with suppress(CdkLayersError):
        build(entry, Target("3.13", "x86_64"), store=store)
    assert _outside(tmp_path, store) == before


def _outside(folder: Path, store: LocalStore) -> set[Path]:
    """Return what is in a folder, but for what the cache keeps on purpose."""
    files = [Path(parent, name) for parent, _, names in os.walk(folder) for name in names]
    own = store.folder / "2"
    return {file for file in files if not (file.is_relative_to(own) and len(file.relative_to(own).parts) > 1)}


@pytest.mark.skipif(not hasattr(signal, "SIGCHLD"), reason="children do not send signals here")
def test_a_process_that_ignores_how_children_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python reports success of all children then: a failed resolution would be an archive without distributions."""
    (tmp_path / "module.py").touch()
    (tmp_path / "requirements.txt").write_text("six>=99\n")
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_IGN)
    with pytest.raises(BuildError, match=r"^uv, .* cannot be run: .*SIGCHLD.*SIG_DFL\) first\."):
        build(tmp_path, Target("3.13", "x86_64"), store=LocalStore(tmp_path / "store"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["export", "--frozen", "--format", "pylock.toml"],
        ["tool", "run", "--from", "six", "six"],
        ["pip", "install", "--target", "t", "six"],
    ],
)
def test_exports_and_tools_without_a_cache(tmp_path: Path, arguments: list[str]) -> None:
    """A cache of uv that cannot be written, as without a home folder, is no trouble with a lock file or the network."""
    (tmp_path / "file").touch()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "app"\nversion = "1"\n', encoding="utf-8")
    with pytest.raises(BuildError, match=r"cannot use its cache: Failed to initialize cache .*UV_CACHE_DIR"):
        process.run(arguments, cwd=tmp_path, extra={"UV_CACHE_DIR": str(tmp_path / "file" / "uv")})
