"""The same entry makes the same bytes, a user who builds it, wherever and whenever."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uv

from cdk_layers.system import host
from tests.pythons import require_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.store.local_store import LocalStore

WORKER = Path(__file__).with_name("build_worker.py")
SOURCE = Path(__file__).parents[2] / "src"
NEEDED = ("filelock", "packaging", "pathspec", "platformdirs", "rich", "tomli", "uv")
FILES = {
    "requirements.txt": "six==1.17.0\nmarkupsafe==3.0.3\norjson==3.11.4\npip==25.3\n",
    "company/__init__.py": "",
    "company/größe.py": "import six\n" * 2000,
    "opt/bin/hello": '#!/bin/sh\necho "Hello from layer!"\n',
    "opt/share/data.txt": "data\n",
}
OTHER_PYTHONS = [f"3.{minor}" for minor in range(10, 15) if minor != sys.version_info.minor]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Return a folder that every user may read."""
    with tempfile.TemporaryDirectory(prefix="cdk-layers-determinism-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def entry(place: Path) -> Path:
    """Return an entry with distributions, code and a program."""
    for name, text in FILES.items():
        (place / "entry" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "entry" / name).write_text(text, encoding="utf-8")
    (place / "entry/opt/bin/hello").chmod(0o755)
    return place / "entry"


def built(entry: Path, *, python: Path | str = sys.executable, site: Path | None = None, **process: Any) -> list[str]:
    """Build in a process of its own and with an empty cache, and return both digests."""
    with tempfile.TemporaryDirectory(dir=entry.parent) as store:
        Path(store).chmod(0o777)
        path = os.pathsep.join(map(os.fspath, [SOURCE, site])) if site else ""
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **({"PYTHONPATH": path} if path else {})}
        environment |= process.pop("environment", {})
        command = [os.fspath(python), os.fspath(WORKER), os.fspath(entry), os.fspath(Path(store, "builds"))]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, **process)
        assert done.returncode == 0, done.stderr
        return str(done.stdout).split()


@pytest.fixture(scope="module")
def expected(entry: Path) -> list[str]:
    """Return the digests of the content and of the archive, as this process's like builds them."""
    return built(entry)


def site_for(python: str, place: Path) -> Path:
    """Return a folder with what a build needs, for another Python."""
    site = place / f"site-{python}"
    if not site.is_dir():
        # The archive's bytes, other than its digest, are those of one version of the compressor.
        compressor = f"isal=={version('isal')}"
        done = host.run(
            [uv.find_uv_bin(), "pip", "install", "--quiet", "--target", site, "--python-version", python,
             "--only-binary", ":all:", "--link-mode", "copy", *NEEDED, compressor]
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    return site


def test_from_another_folder_with_other_times(entry: Path, expected: list[str], tmp_path: Path) -> None:
    """The entry's own path, and the times of a fresh checkout, leave no trace."""
    other = Path(shutil.copytree(entry, tmp_path / "somewhere else" / "with another name"))
    for path in other.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    assert built(other) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
@pytest.mark.parametrize("umask", [0o077, 0o000])
def test_with_another_umask(entry: Path, expected: list[str], tmp_path: Path, umask: int) -> None:
    """What others may do with the entry's files, and with those that the build makes, does not count."""
    other = Path(shutil.copytree(entry, tmp_path / "entry"))
    for path in other.rglob("*"):
        is_program = path.is_dir() or path.name == "hello"
        path.chmod((0o777 if is_program else 0o666) & ~umask)
    assert built(other, umask=umask) == expected


@pytest.mark.parametrize("python", OTHER_PYTHONS)
def test_by_another_python(entry: Path, expected: list[str], place: Path, python: str, store: LocalStore) -> None:
    """The Python that synthesizes is not the one that the layer is for."""
    program = require_python(python, store)
    assert built(entry, python=program, site=site_for(python, place)) == expected


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only the superuser may act as another user")
def test_by_another_user(entry: Path, expected: list[str], place: Path) -> None:
    """Another user, with a home and with caches of their own, builds the same."""
    home = place / "home"
    home.mkdir()
    shutil.chown(home, "nobody")
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            command = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            number = subprocess.run(command, user="nobody", capture_output=True, text=True, check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            continue
        environment = {"HOME": os.fspath(home), "UV_CACHE_DIR": os.fspath(home / "uv"), "XDG_CACHE_HOME": ""}
        site = site_for(number, place)
        assert built(entry, python=python, site=site, user="nobody", environment=environment) == expected
        return
    pytest.skip("there is no Python here that another user may run")


def test_with_a_hash_seed_and_a_locale_of_their_own(entry: Path, expected: list[str]) -> None:
    """Neither the order of sets nor the language of the machine shapes an archive."""
    assert built(entry, environment={"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "Asia/Tokyo"}) == expected


def test_another_content_is_another_digest(entry: Path, expected: list[str], tmp_path: Path) -> None:
    """All of the above would hold for a constant: one byte more makes other digests."""
    other = Path(shutil.copytree(entry, tmp_path / "entry"))
    with (other / "company/__init__.py").open("a") as file:
        file.write("\n")
    assert not set(built(other)) & set(expected)
