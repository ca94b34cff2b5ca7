"""Files that change while they are built: what is packed is what made the key."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest
from uv import find_uv_bin

from cdk_layers.building import build_run
from cdk_layers.building.archives import writer
from cdk_layers.building.builds import build
from cdk_layers.errors import EntryChangedError
from cdk_layers.lambda_service.target import Target
from cdk_layers.system import host
from tests.building.archives_of_builds import written
from tests.building.distributions import write_wheel
from tests.upkeep import kept

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.building.builds import LayerBuild
    from cdk_layers.store.local_store import LocalStore

TARGET = Target("3.13", "x86_64")


class Meanwhile:
    """Changes something just before or just after uv is started with certain words."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand in the door to processes."""
        self.run = host.run
        self.changes: list[tuple[str, bool, Callable[[], object]]] = []
        monkeypatch.setattr(host, "run", self._run)

    def change(self, word: str, change: Callable[[], object], *, before: bool) -> None:
        """Plan one change, for the next process that has a word among its arguments."""
        self.changes.append((word, before, change))

    def _run(self, command: list[str | Path], **options: object) -> subprocess.CompletedProcess[str]:
        for place in (True, False):
            for planned in [one for one in self.changes if one[0] in command and one[1] is place]:
                self.changes.remove(planned)
                planned[2]()
            if place:
                done = self.run(command, **options)  # type: ignore[arg-type]
        return done


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Return what changes something while uv runs."""
    return Meanwhile(monkeypatch)


def _texts(built: LayerBuild) -> dict[str, str]:
    with zipfile.ZipFile(written(built)) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist() if name.endswith(".py")}


def _save(path: Path, text: str) -> None:
    path.with_suffix(".new").write_text(text, encoding="utf-8")
    path.with_suffix(".new").replace(path)


def test_own_file_saved_while_uv_installs(
    make_entry: Callable[..., Path], store: LocalStore, meanwhile: Meanwhile
) -> None:
    """A file of the entry that is saved during the build is not kept under the key of what it was before."""
    entry = make_entry({"requirements.txt": "six==1.17.0\n", "settings.py": "A = 1\n"})
    meanwhile.change("install", lambda: _save(entry / "settings.py", "A = 2\n"), before=True)
    assert _texts(build(entry, TARGET, store=store))["python/settings.py"] == "A = 2\n"
    for text in ("A = 1\n", "A = 2\n"):
        _save(entry / "settings.py", text)
        assert _texts(build(entry, TARGET, store=store))["python/settings.py"] == text


def test_own_file_removed_while_uv_installs(
    make_entry: Callable[..., Path], store: LocalStore, meanwhile: Meanwhile
) -> None:
    """A file of the entry that is removed during the build is not in it, and is no error."""
    entry = make_entry({"requirements.txt": "six==1.17.0\n", "settings.py": "A = 1\n", "kept.py": ""})
    meanwhile.change("install", (entry / "settings.py").unlink, before=True)
    assert _texts(build(entry, TARGET, store=store)).keys() == {"python/six.py", "python/kept.py"}


@pytest.mark.parametrize(
    ("listed", "word", "before"),
    [
        ("./wheels/demo-1.0-py3-none-any.whl", "compile", False),
        ("./wheels/demo-1.0-py3-none-any.whl", "install", True),
        ("demo==1.0\n--find-links wheels", "install", False),
    ],
)
def test_local_wheel_made_again_during_the_build(
    make_entry: Callable[..., Path], store: LocalStore, meanwhile: Meanwhile, listed: str, word: str, *, before: bool
) -> None:
    """Whenever a wheel on this machine changes during a build, each of its contents is served for itself alone."""
    entry = make_entry({"requirements.txt": f"{listed}\nsix>=1.17,<1.18\n"})

    def write(text: str) -> None:
        write_wheel(entry / "wheels", "demo", {"demo.py": text})

    write("A = 1\n")
    meanwhile.change(word, lambda: write("A = 2\n"), before=before)
    assert _texts(build(entry, TARGET, store=store))["python/demo.py"] == "A = 2\n"
    assert meanwhile.changes == []
    for text in ("A = 1\n", "A = 2\n"):
        write(text)
        assert _texts(build(entry, TARGET, store=store))["python/demo.py"] == text


def test_setting_of_uv_changed_during_the_build(
    make_entry: Callable[..., Path], store: LocalStore, meanwhile: Meanwhile
) -> None:
    """A uv.toml that is saved during the build counts as it is in the end."""
    entry = make_entry({"requirements.txt": "six>=1.16\n", "uv.toml": 'exclude-newer = "2023-01-01"\n'})
    meanwhile.change("compile", lambda: _save(entry / "uv.toml", 'exclude-newer = "2026-01-01"\n'), before=False)
    assert build(entry, TARGET, store=store).pins == ("six==1.17.0",)


def _locked(folder: Path, version: str) -> str:
    """Return the lock file of a project that needs six, at one version of it."""
    command = [find_uv_bin(), "lock", "--quiet", "--upgrade-package", f"six=={version}"]
    subprocess.run(command, cwd=folder, check=True)
    return (folder / "uv.lock").read_text(encoding="utf-8")


def test_lock_changed_during_its_export(
    make_entry: Callable[..., Path], store: LocalStore, meanwhile: Meanwhile
) -> None:
    """A lock file that is written while its tool exports it counts as it is in the end, now and later."""
    project = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["six"]\n'
    older, newer = (
        _locked(make_entry({"pyproject.toml": project}, version), version) for version in ("1.16.0", "1.17.0")
    )
    entry = make_entry({"pyproject.toml": project, "uv.lock": older})
    meanwhile.change("export", lambda: _save(entry / "uv.lock", newer), before=True)
    assert build(entry, TARGET, store=store).pins == ("six==1.17.0",)
    _save(entry / "uv.lock", older)
    assert build(entry, TARGET, store=store).pins == ("six==1.16.0",)


def test_entry_that_never_rests(
    make_entry: Callable[..., Path], store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry that is written all the time is refused in a sentence that names the file, and nothing is kept."""
    entry = make_entry({"log.txt": ""})
    pack = writer.write_archive

    def write_and_pack(*arguments: object) -> str:
        with (entry / "log.txt").open("a", encoding="utf-8") as file:
            file.write("x")
        return pack(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(build_run, "write_archive", write_and_pack)
    with pytest.raises(EntryChangedError, match=r"'Code'.*log\.txt.*Stop the program that writes"):
        build(entry, TARGET, store=store, label="Code")
    assert kept(store.folder, "artifacts") == []


@pytest.mark.parametrize("is_renamed", [False, True])
@pytest.mark.parametrize("moment", [("compile", True), ("compile", False), ("install", True), ("install", False)])
def test_entry_that_is_removed(
    make_entry: Callable[..., Path],
    store: LocalStore,
    meanwhile: Meanwhile,
    moment: tuple[str, bool],
    is_renamed: bool,
) -> None:
    """An entry that is removed or renamed while it is built is the error, and not what the build misses then."""
    entry = make_entry({"requirements.txt": "six>=1.17,<1.18\n", "own.py": ""})

    def remove() -> None:
        entry.rename(entry.with_name("elsewhere"))
        if not is_renamed:
            shutil.rmtree(entry.with_name("elsewhere"))

    word, before = moment
    meanwhile.change(word, remove, before=before)
    with pytest.raises(EntryChangedError, match=r"its folder '.*' was removed or renamed meanwhile"):
        build(entry, TARGET, store=store)
    assert kept(store.folder, "scratch") == []
