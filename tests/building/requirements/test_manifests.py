"""Which manifest rules, and what it asks for, with the tools that made the lock files."""

from __future__ import annotations

import re
import sys
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.find import build, recall
from cdk_layers.building.job import Job
from cdk_layers.building.make import pins_for
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.requirements.exports import POETRY
from cdk_layers.building.requirements.manifests import Requirements, read_requirements
from cdk_layers.building.uv import process
from cdk_layers.errors import DependencyError, EntryError
from cdk_layers.lambda_service.target import Target
from cdk_layers.system import host

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

    MakeEntry = Callable[..., Path]

X86 = Target("3.13", "x86_64")
SIX_HASH = "sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"


BARE = {
    "Pipfile": '[packages]\nsix = "*"\n',
    "pyproject.toml": '[project]\nname = "a"\nversion = "1"\ndependencies = ["six"]\n',
}


def read(entry: Path, store: LocalStore, options: BuildOptions | None = None) -> Requirements:
    """Return what an entry asks for."""
    found = read_requirements(Job(entry, X86, options or BuildOptions(), store))
    assert found is not None
    return found


def make(arguments: list[str], entry: Path) -> None:
    """Let uv make a lock file; skip where the index does not let it."""
    done = process.run(arguments, cwd=entry, extra={})
    if done.returncode:
        pytest.skip(f"the lock file cannot be made here: {done.stderr[-300:]}")


def rules_and_messages(requirements: Requirements) -> list[tuple[str, str]]:
    """Return the rules of the notes, and the manifest that each is about."""
    return [(note.rule, note.message.split(" ", maxsplit=1)[0]) for note in requirements.notes]


def test_requirements_txt_before_uv_lock(make_entry: MakeEntry, store: LocalStore) -> None:
    """PythonLayerVersion's precedence holds, and every manifest that was not used is told with the one that was."""
    bare = {"pyproject.toml": BARE["pyproject.toml"], "Pipfile": BARE["Pipfile"]}
    files = {"requirements.txt": "six==1.16.0", "uv.lock": "", "pylock.toml": "", **bare}
    found = read(make_entry(files), store)
    assert found.origin == "requirements.txt"
    assert [one.name for one in found.wanted] == ["six"]
    assert rules_and_messages(found) == [
        ("ignored-manifest", name) for name in ("uv.lock", "pylock.toml", "Pipfile", "pyproject.toml")
    ]
    assert all("requirements.txt was used" in note.message for note in found.notes)


@pytest.mark.parametrize("name", BARE)
def test_manifest_without_its_lock(make_entry: MakeEntry, store: LocalStore, name: str) -> None:
    """A bare pyproject.toml or Pipfile installs nothing, and that is said with the command that locks it."""
    found = read(make_entry({name: BARE[name], "a.py": ""}), store)
    assert found.origin is None
    (note,) = found.notes
    assert note.rule == "ignored-manifest"
    assert "nothing was installed" in note.message
    assert re.search(r"(uv|pipenv) lock", note.remedy)


def test_pyproject_of_tools(make_entry: MakeEntry, store: LocalStore) -> None:
    """A pyproject.toml that only configures tools asks for nothing, so nothing of it is ignored."""
    files = {
        "pyproject.toml": '[tool.ruff]\nline-length = 120\n[project]\nname = "a"\n',
        "requirements.txt": "six==1.16.0",
    }
    assert read(make_entry(files), store).notes == ()


def test_folder_of_wheels(make_entry: MakeEntry, store: LocalStore) -> None:
    """A folder of wheels is looked into, shapes the build by its bytes, and stays out of the archive."""
    entry = make_entry(
        {"requirements.txt": "--no-index\n--find-links wheels\ndemo==1.0\n", "wheels/x.txt": "", "a.py": ""}
    )
    wheel = entry / "wheels" / "demo-1.0-py3-none-any.whl"
    for body in ("x = 1\n", "x = 2\n"):
        with zipfile.ZipFile(wheel, "w") as opened:
            opened.writestr("demo.py", body)
            opened.writestr("demo-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
            opened.writestr(
                "demo-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            opened.writestr("demo-1.0.dist-info/RECORD", "demo.py,,\n")
        done = build(entry, X86, store=store)
        with zipfile.ZipFile(done.archive) as opened:
            assert opened.read("python/demo.py").decode() == body
        assert {name.split("/")[1] for name in done.contents.files} == {"a.py", "demo.py", "demo-1.0.dist-info"}


def test_unpinned_requirements_are_noted(make_entry: MakeEntry, store: LocalStore) -> None:
    """What the manifest leaves open is named, asked for directly or needed by what is; a pinned closure is silent."""
    loose = build(make_entry({"requirements.txt": "requests==2.32.3\nsix\n"}), X86, store=store)
    (note,) = loose.notes
    assert note.rule == "unpinned-requirement"
    assert re.search(r"does not pin six to one exact version", note.message)
    assert re.search(r"does not pin certifi, charset-normalizer, idna, urllib3", note.message)
    pins = "\n".join(loose.pins)
    assert build(make_entry({"requirements.txt": pins}, "pinned"), X86, store=store).notes == ()


def test_constraints_pin(make_entry: MakeEntry, store: LocalStore) -> None:
    """A requirement that a constraint pins is pinned, and what only constrains is not installed."""
    entry = make_entry({"requirements.txt": "-c limits.txt\nsix\n", "limits.txt": "six==1.16.0\nidna==3.10\n"})
    done = build(entry, X86, store=store)
    assert (done.pins, done.notes) == (("six==1.16.0",), ())


def test_markers_follow_the_target(make_entry: MakeEntry, store: LocalStore) -> None:
    """Markers are judged for the target, not for this machine."""
    text = (
        'six==1.16.0 ; platform_machine == "aarch64"\n'
        'idna==3.10 ; platform_machine == "x86_64"\n'
        'certifi==2024.8.30 ; python_version < "3.13" or sys_platform == "win32"\n'
    )
    entry = make_entry({"requirements.txt": text})
    assert pins_for(entry, Target("3.13", "arm64"), store=store) == ("six==1.16.0",)
    assert pins_for(entry, X86, store=store) == ("idna==3.10",)
    assert pins_for(entry, Target("3.12", "x86_64"), store=store) == ("certifi==2024.8.30", "idna==3.10")


def test_manifest_that_asks_for_source_builds(make_entry: MakeEntry, store: LocalStore) -> None:
    """--no-binary in a manifest is no permission to run foreign code here."""
    entry = make_entry({"requirements.txt": "--no-binary six\nsix==1.16.0\n"})
    with pytest.raises(EntryError, match=r"requirements\.txt, line 1: --no-binary six .*allow_source_builds"):
        read(entry, store)


UV_PROJECT = """\
[project]
name = "app"
version = "0"
requires-python = ">=3.9"
dependencies = ["six==1.16.0", "colorama==0.4.6; sys_platform == 'win32'"]
[dependency-groups]
dev = ["idna==3.10"]
"""


def test_uv_lock(make_entry: MakeEntry, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A uv.lock gives its pins with hashes, without the project itself and its dev group, and is exported once."""
    entry = make_entry({"pyproject.toml": UV_PROJECT, "a.py": ""})
    make(["lock", "--quiet", "--python", sys.executable], entry)
    found = read(entry, store)
    assert (found.origin, found.has_lock_file, found.notes) == ("uv.lock", True, ())
    (six,) = found.wanted
    assert (six.name, six.version) == ("six", "1.16.0")
    assert SIX_HASH in six.hashes
    done = build(entry, X86, store=store)
    assert done.pins == ("six==1.16.0",)
    assert [name for name in done.contents.files if name.endswith((".lock", ".toml"))] == []

    def closed(command: object, **_: object) -> subprocess.CompletedProcess[str]:
        message = f"nothing may be started, and this was: {command}"
        raise AssertionError(message)

    monkeypatch.setattr(host, "run", closed)
    assert build(entry, X86, store=store).from_cache
    recalled = recall(entry, X86, store=store)
    assert recalled is not None
    assert recalled.digest == done.digest


def test_uv_lock_of_a_newer_python(make_entry: MakeEntry, store: LocalStore) -> None:
    """A project for a Python that this machine does not have is exported all the same."""
    text = '[project]\nname = "app"\nversion = "0"\nrequires-python = ">=3.14"\ndependencies = ["lib"]\n'
    entry = make_entry({"pyproject.toml": text, "uv.lock": 'version = 1\nrevision = 3\nrequires-python = ">=3.14"\n'})
    (entry / "uv.lock").write_text(
        (entry / "uv.lock").read_text(encoding="utf-8")
        + '[[package]]\nname = "app"\nversion = "0"\nsource = { virtual = "." }\n'
        + 'dependencies = [{ name = "lib" }]\n[package.metadata]\nrequires-dist = [{ name = "lib" }]\n'
        + '[[package]]\nname = "lib"\nversion = "1"\nsource = { path = "lib-1-py3-none-any.whl" }\n'
        + f'wheels = [{{ filename = "lib-1-py3-none-any.whl", hash = "{SIX_HASH}" }}]\n',
        encoding="utf-8",
    )
    (entry / "lib-1-py3-none-any.whl").touch()
    found = read_requirements(Job(entry, Target("3.14", "x86_64"), BuildOptions(), store))
    assert found is not None
    assert [one.name for one in found.wanted] == ["lib"]


def test_uv_lock_without_its_project(make_entry: MakeEntry, store: LocalStore) -> None:
    """A uv.lock alone says nothing, and the missing file is named."""
    with pytest.raises(EntryError, match=r"needs the pyproject\.toml"):
        read(make_entry({"uv.lock": "version = 1"}), store)


def test_damaged_uv_lock(make_entry: MakeEntry, store: LocalStore) -> None:
    """A uv.lock that is no TOML is told by its line."""
    entry = make_entry({"uv.lock": 'version = 1\nrequires-python = ">=3.9"\noops\n', "pyproject.toml": UV_PROJECT})
    with pytest.raises(EntryError, match=r"uv\.lock.* cannot be read: .*line 3"):
        read(entry, store)


PYLOCK = """\
lock-version = "1.0"
created-by = "hand"
requires-python = ">=3.12"
[[packages]]
name = "demo"
version = "1.0"
[[packages.wheels]]
path = "demo-1.0-cp313-cp313-manylinux_2_28_x86_64.whl"
hashes = { sha256 = "00" }
[[packages]]
name = "other"
version = "2"
marker = "platform_machine == 'aarch64'"
[[packages.wheels]]
path = "other-2-py3-none-any.whl"
hashes = { sha256 = "00" }
"""


def test_pylock(make_entry: MakeEntry, store: LocalStore) -> None:
    """A pylock.toml gives what suits the target, whatever Python runs here; its own wheels stay out of the archive."""
    wheel = "demo-1.0-cp313-cp313-manylinux_2_28_x86_64.whl"
    found = read(make_entry({"pylock.toml": PYLOCK, wheel: ""}), store)
    (demo,) = found.wanted
    assert (found.origin, demo.name, demo.hashes) == ("pylock.toml", "demo", ("sha256:00",))
    assert [path.name for path in found.paths] == [wheel]


def test_pylock_without_the_target(make_entry: MakeEntry, store: LocalStore) -> None:
    """A pylock.toml that has nothing for the target is refused."""
    entry = make_entry({"pylock.toml": PYLOCK})
    with pytest.raises(DependencyError, match=r"pylock\.toml has nothing for Python 3\.11 on x86_64"):
        read_requirements(Job(entry, Target("3.11", "x86_64"), BuildOptions(), store))


@pytest.mark.parametrize(("name", "meant"), [
    ("requirement.txt", "requirements.txt"), ("requirments.txt", "requirements.txt"),
    ("Requirements.txt", "requirements.txt"), ("pipfile.lock", "Pipfile.lock"), ("pyproject.tml", "pyproject.toml"),
])  # fmt: skip
def test_a_name_that_is_nearly_a_manifests_is_noted(tmp_path: Path, store: LocalStore, name: str, meant: str) -> None:
    """Nothing is installed from it, and the layer looks right otherwise."""
    (tmp_path / name).write_text("six==1.17.0\n")
    if (tmp_path / meant).exists():
        pytest.skip("this file system reads it by either name")
    (note,) = read(tmp_path, store).notes
    assert (note.rule, note.remedy) == ("ignored-manifest", f"Rename it to {meant}, or exclude it.")


@pytest.mark.parametrize("manifest", [None, "requirements.txt", "pylock.toml"])
def test_a_lone_lock_of_another_name_is_noted(tmp_path: Path, store: LocalStore, manifest: str | None) -> None:
    """pylock.dev.toml is a lock of PEP 751, and is not installed; beside a manifest it is left to its own purpose."""
    lock = 'lock-version = "1.0"\ncreated-by = "x"\npackages = []\n'
    (tmp_path / "pylock.dev.toml").write_text(lock)
    if manifest is not None:
        (tmp_path / manifest).write_text(lock if manifest == "pylock.toml" else "six==1.17.0\n")
    noted = [note.message for note in read(tmp_path, store).notes if "pylock.dev.toml" in note.message]
    assert len(noted) == (manifest is None)


@pytest.mark.parametrize("name", [
    "requirements-dev.txt", "requirements.in", "requirements2.txt", "constraints.txt", "poetry.toml",
])  # fmt: skip
def test_a_name_of_its_own_is_not_noted(tmp_path: Path, store: LocalStore, name: str) -> None:
    """Neither is one beside the manifest that it is like."""
    (tmp_path / name).write_text("six==1.17.0\n")
    assert read(tmp_path, store).notes == ()
    (tmp_path / "requirements.txt").write_text("six==1.17.0\n")
    (tmp_path / "requirement.txt").write_text("six==1.17.0\n")
    assert read(tmp_path, store).notes == ()


@pytest.mark.parametrize("text", ["oops", 'lock-version = "1.0"'])
def test_damaged_pylock(make_entry: MakeEntry, store: LocalStore, text: str) -> None:
    """A pylock.toml that is no TOML, or no lock file, is refused by name."""
    with pytest.raises(EntryError, match=r"pylock\.toml is not a valid lock file"):
        read(make_entry({"pylock.toml": text}), store)


def test_pylock_of_uv(make_entry: MakeEntry, store: LocalStore) -> None:
    """A pylock.toml that uv made is installed."""
    entry = make_entry({"in.txt": "six==1.16.0\n"})
    make(["pip", "compile", "-q", "in.txt", "-o", "pylock.toml", "--python", sys.executable], entry)
    assert build(entry, X86, store=store).pins == ("six==1.16.0",)


POETRY_PROJECT = """\
[project]
name = "app"
version = "0"
requires-python = ">=3.9"
dependencies = ["six (==1.16.0)"]
[tool.poetry]
package-mode = false
"""
POETRY_LOCK = f"""\
[[package]]
name = "six"
version = "1.16.0"
description = ""
optional = false
python-versions = "*"
groups = ["main"]
files = [{{file = "six-1.16.0-py2.py3-none-any.whl", hash = "{SIX_HASH}"}}]

[metadata]
lock-version = "2.1"
python-versions = ">=3.9"
content-hash = "CONTENT-HASH"
"""
CONTENT_HASH = """\
import pathlib
from poetry.core.utils._compat import tomllib
from poetry.packages.locker import Locker
folder = pathlib.Path.cwd()
print(Locker(folder / "poetry.lock", tomllib.loads((folder / "pyproject.toml").read_text()))._get_content_hash())
"""


PLUGIN_PROJECT = (
    POETRY_PROJECT
    + """
[tool.poetry.requires-plugins]
no-such-plugin-anywhere = ">1"
[tool.poetry.dependencies]
mylib = {path = "../lib"}
"""
)
PATH_LOCK = POETRY_LOCK.replace(
    "[metadata]",
    """\
[[package]]
name = "mylib"
version = "1.0"
description = ""
optional = false
python-versions = "*"
groups = ["main"]
files = []
develop = false

[package.source]
type = "directory"
url = "../lib"

[metadata]""",
)


def test_poetry_lock(make_entry: MakeEntry, store: LocalStore, tmp_path: Path) -> None:
    """A poetry.lock is exported by poetry, with hashes unless the user asks for none; a stale one is refused.

    Plugins that an entry contains or requires are not run by an export; what it names by relative paths is found.
    """
    info = ".poetry/plugins/evil-1.0.dist-info"
    files = {
        "pyproject.toml": PLUGIN_PROJECT,
        "poetry.lock": PATH_LOCK,
        "uv.lock": "",
        ".poetry/plugins/evil.py": f"open({str(tmp_path / 'trace')!r}, 'w').close()\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n",
        f"{info}/entry_points.txt": "[poetry.application.plugin]\nevil = evil:Evil\n",
    }
    entry = make_entry(files)
    make_entry({"pyproject.toml": '[project]\nname = "mylib"\nversion = "1.0"\n', "mylib.py": ""}, "lib")
    tool = ["tool", "run", "--quiet", "--python", sys.executable, "--from", POETRY[0], "python", "-c", CONTENT_HASH]
    found = process.run(tool, cwd=entry, extra={})
    if process.is_unreachable(found.stderr):
        pytest.skip(f"poetry cannot be installed here: {found.stderr[-300:]}")
    assert found.returncode == 0, found.stderr
    options = BuildOptions(allow_source_builds=("mylib",))
    with pytest.raises(EntryError, match=r"poetry\.lock cannot be exported .*changed significantly"):
        read(entry, store, options)
    (entry / "poetry.lock").write_text(PATH_LOCK.replace("CONTENT-HASH", found.stdout.strip()), encoding="utf-8")
    plain = read(entry, store, options)
    assert rules_and_messages(plain) == [("ignored-manifest", "uv.lock")]
    assert {line.name: (line.version, line.hashes, line.local) for line in plain.wanted} == {
        "mylib": (None, (), tmp_path / "lib"),
        "six": ("1.16.0", (SIX_HASH,), None),
    }
    unhashed = read(entry, store, replace(options, poetry_include_hashes=False))
    assert [line.hashes for line in unhashed.wanted] == [(), ()]
    assert not (tmp_path / "trace").exists()
    assert {path.name for path in entry.iterdir()} == {".poetry", "poetry.lock", "pyproject.toml", "uv.lock"}


PIPFILE_LOCK = f"""\
{{
  "_meta": {{
    "hash": {{"sha256": "00"}}, "pipfile-spec": 6, "requires": {{}},
    "sources": [{{"name": "inside", "url": "https://me:s3cret@index.invalid/simple", "verify_ssl": true}}]
  }},
  "default": {{
    "six": {{"hashes": ["{SIX_HASH}"], "index": "inside", "version": "==1.16.0"}},
    "colorama": {{"markers": "sys_platform == 'win32'", "version": "==0.4.6"}}
  }},
  "develop": {{"idna": {{"version": "==3.10"}}}}
}}
"""


def test_pipfile_lock(make_entry: MakeEntry, store: LocalStore, tmp_path: Path) -> None:
    """A Pipfile.lock is exported by pipenv itself, goes before all others, and its credentials are kept nowhere."""
    entry = make_entry({"Pipfile": "", "Pipfile.lock": PIPFILE_LOCK, "requirements.txt": ""})
    before = sorted(entry.iterdir())
    try:
        found = read(entry, store)
    except Exception as error:
        if "could not be installed" in str(error):
            pytest.skip(f"pipenv cannot be installed here: {error}")
        raise
    assert rules_and_messages(found) == [("ignored-manifest", "requirements.txt")]
    assert [(one.name, one.version, one.hashes) for one in found.wanted] == [("six", "1.16.0", (SIX_HASH,))]
    assert [(one.name, one.value) for one in found.options] == [
        ("--index-url", "https://me:s3cret@index.invalid/simple")
    ]
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]
    assert kept == []
    assert sorted(entry.iterdir()) == before
    again = read_requirements(Job(entry, X86, BuildOptions(), store), may_export=False)
    assert again is not None
    assert again.lacks_credentials
    assert again.wanted == found.wanted
