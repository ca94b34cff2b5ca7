"""Projects of layers that a function's manifest requires: left out, or packed with the reason."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.notes import copy_notes
from cdk_layers.building.options import BuildOptions, KnownLayer
from cdk_layers.contents.measure import measure
from cdk_layers.errors import DependencyError, EntryError
from tests.building.distributions import write_wheel
from tests.building.requirements.locks import X86, make

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

    MakeEntry = Callable[..., Path]

_PROJECT = """\
[project]
name = "{}"
version = "1.0"
requires-python = ">=3.10"
dependencies = [{}]
"""
_BACKEND = '[build-system]\nrequires = ["uv_build"]\nbuild-backend = "uv_build"\n'
_SHARED = _PROJECT.format("shared", "") + _BACKEND
_SOURCES = "[tool.uv.sources]\nshared = { workspace = true }\nbilling = { workspace = true }\n"
_FILES = {
    "pyproject.toml": '[tool.uv.workspace]\nmembers = ["layers/*", "functions/*", "billing"]\n',
    "layers/shared/pyproject.toml": _SHARED,
    "layers/shared/README.md": "x",
    "layers/shared/tests/test_shared.py": "import importlib.metadata\n",
    "layers/shared/src/shared/__init__.py": "X = 1\n",
    "layers/shared/src/shared/__init__.pyc": "",
    "layers/shared/src/shared/py.typed": "",
    "layers/shared/src/shared/data/a.json": "{}",
    "functions/a/main.py": "import shared\n\n\ndef handler(event, context): ...\n",
    "functions/a/pyproject.toml": _PROJECT.format("a", '"shared"') + _SOURCES,
    "billing/pyproject.toml": _PROJECT.format("billing", '"shared"') + _BACKEND + _SOURCES,
    "billing/src/billing/__init__.py": "import shared\n",
}


def _workspace(make_entry: MakeEntry, files: dict[str, str], *wheels: Path) -> Path:
    root = make_entry({**_FILES, **files})
    for wheel in wheels:
        shutil.copyfile(wheel, root / wheel.name)
    make(["lock", "--quiet", "--offline", "--no-cache", "--python", sys.executable], root)
    return root


def _entry(root: Path, store: LocalStore, options: BuildOptions | None = None) -> KnownLayer:
    layer = build(root / "layers" / "shared", X86, options, store=store)
    return KnownLayer("Hub/shared", layer.contents, layer.job.entry, layer.job.options.prefix)


_HATCHLING = _SHARED.replace("uv_build", "hatchling", 1).replace("uv_build", "hatchling.build")
_SETUPTOOLS = _PROJECT.format("shared", "") + (
    '[build-system]\nrequires = ["setuptools>=77", "wheel"]\nbuild-backend = "setuptools.build_meta"\n'
)
_FLAT = {
    "layers/shared/pyproject.toml": _SETUPTOOLS + '[tool.setuptools]\npackages = ["shared"]\n',
    "layers/shared/shared/__init__.py": "X = 1\n",
}


@pytest.mark.parametrize(
    "files",
    [
        {},
        _FLAT,
        {"layers/shared/pyproject.toml": _HATCHLING},
    ],
)
def test_what_the_layer_contains_is_left_out(make_entry: MakeEntry, store: LocalStore, files: dict[str, str]) -> None:
    """A workspace member that is the entry of a layer needs neither a build from source nor a second copy."""
    root = _workspace(make_entry, files)
    options = BuildOptions(prefix="", layers=(_entry(root, store),))
    done = build(root / "functions" / "a", X86, options, store=store)
    assert set(done.contents.files) == {"main.py"}
    assert (done.pins, done.report.notes) == ((), ())
    assert build(root / "functions" / "a", X86, options, store=store).from_cache


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"layers/shared/pyproject.toml": _SHARED + '[project.scripts]\nx = "shared:x"\n'}, "'project.scripts', which"),
        (
            {"layers/shared/pyproject.toml": _SHARED + "[tool.uv.build-backend.data]\ndata = 'd'\n"},
            "build-backend.data",
        ),
        ({"layers/shared/pyproject.toml": _SHARED.replace('d"]', 'd", "versioneer"]')}, "requires 'versioneer', which"),
        ({"layers/shared/pyproject.toml": _SHARED.replace('"uv_build"\n', '"x"\n')}, "does not know the build backend"),
        ({"layers/shared/setup.cfg": "[options]\npy_modules = x\n"}, "its setup.py or setup.cfg may add"),
        ({"layers/shared/src/shared/a.py": "from importlib import metadata\n"}, "src/shared/a.py reads metadata"),
        ({"layers/shared/src/shared/a.py": "from importlib import (\n    metadata,\n)\n"}, "a.py reads metadata"),
        ({"layers/shared/src/shared/core.pyc": ""}, "does not contain src/shared/core.pyc as it is"),
        ({"layers/shared/pdm_build.py": ""}, "its pdm_build.py may add files"),
        (
            {"layers/shared/pyproject.toml": _SHARED + '[tool.pdm.version]\nwrite_to = "shared/v.py"\n'},
            "version.write_to'",
        ),
        (
            {
                "layers/shared/pyproject.toml": _HATCHLING,
                "layers/shared/hatch.toml": '[build.targets.wheel]\nforce-include = { "a" = "b" }\n',
            },
            "configured with 'force-include'",
        ),
        (
            {
                "layers/shared/pyproject.toml": _SETUPTOOLS + '[tool.setuptools.packages.find]\nwhere = [".", "src"]\n',
                "layers/shared/more/__init__.py": "",
            },
            "does not name its packages",
        ),
        ({"functions/a/b.py": "import importlib.metadata as m\n"}, "the function's code reads metadata"),
        ({"functions/a/shared/x.py": ""}, "the function has its own 'shared'"),
        ({"functions/a/requirements.txt": "../../layers/shared\n"}, "and requirements.txt is used"),
    ],
)
def test_what_may_differ_is_packed(
    make_entry: MakeEntry, store: LocalStore, files: dict[str, str], reason: str
) -> None:
    """Where the wheel may contain more than the layer, it has to be built as before, and the reason is given."""
    root = _workspace(make_entry, files)
    options = BuildOptions(prefix="", layers=(_entry(root, store),))
    refused = (
        rf"'shared' from its sources .*a layer contains its code, but .*{reason}.*; without that, its copy is used\)"
    )
    with pytest.raises(EntryError, match=refused):
        build(root / "functions" / "a", X86, options, store=store)


def test_a_project_for_other_targets(make_entry: MakeEntry, store: LocalStore) -> None:
    """What the target does not need is neither packed nor reported."""
    root = _workspace(make_entry, {"functions/a/requirements.txt": "../../layers/shared ; sys_platform == 'win32'\n"})
    options = BuildOptions(prefix="", layers=(_entry(root, store),))
    notes = build(root / "functions" / "a", X86, options, store=store).report.notes
    assert "copied-project" not in {note.rule for note in notes}


def test_what_to_do_about_two_copies(make_entry: MakeEntry, store: LocalStore) -> None:
    """Users of other lock files cannot remove the reason, but leave the project out of their manifest."""
    layer = _entry(_workspace(make_entry, {}), store)
    assert layer.entry is not None
    (note,) = copy_notes({layer.entry: "poetry.lock is used"}, [layer], "poetry.lock")
    assert note.message.endswith("It is not left out, because poetry.lock is used.")
    assert "If that copy is enough, poetry.lock need not require the project." in note.remedy


def test_a_layer_with_less_or_other_files(make_entry: MakeEntry, store: LocalStore) -> None:
    """Excluded files, and files that changed after the layer was built, are not in the layer."""
    root = _workspace(make_entry, {})
    function, whole = root / "functions" / "a", _entry(root, store)
    partial = _entry(root, store, BuildOptions(excludes=("*.json",)))
    with pytest.raises(EntryError, match=r"does not contain src/shared/data/a\.json as it is"):
        build(function, X86, BuildOptions(prefix="", layers=(partial,)), store=store)
    (root / "layers" / "shared" / "src" / "shared" / "__init__.py").write_text("X = 2\n", encoding="utf-8")
    with pytest.raises(EntryError, match=r"does not contain src/shared/__init__\.py as it is"):
        build(function, X86, BuildOptions(prefix="", layers=(whole,)), store=store)


def test_what_others_require_is_packed(make_entry: MakeEntry, store: LocalStore) -> None:
    """A distribution in the code that requires the project needs its metadata, and so does one of a layer."""
    root = _workspace(
        make_entry, {"functions/a/pyproject.toml": _PROJECT.format("a", '"billing", "shared"') + _SOURCES}
    )
    function, entries = root / "functions" / "a", (_entry(root, store),)
    options = BuildOptions(prefix="", layers=entries, allow_source_builds=("billing",))
    with pytest.raises(EntryError, match=r"but 'billing', which is built from its sources, requires it"):
        build(function, X86, options, store=store)
    root = _workspace(make_entry, {})
    function = root / "functions" / "a"
    lock = root / "uv.lock"
    source = '[[package]]\nname = "auth"\nversion = "1.0"\nsource = { registry = "https://index.example/simple" }\n'
    lock.write_text(f'{lock.read_text(encoding="utf-8")}\n{source}dependencies = [\n    {{ name = "shared" }},\n]\n')
    with pytest.raises(EntryError, match=r"the distribution 'auth' requires it"):
        build(function, X86, BuildOptions(prefix="", layers=entries), store=store)
    with pytest.raises(EntryError, match=r"a layer contains a distribution 'shared' too"):
        build(function, X86, BuildOptions(prefix="", layers=entries, provided={"shared": "1"}), store=store)


_VERSIONED = "python/lib/python3.13/site-packages"


def test_what_another_layer_hides_is_packed(make_entry: MakeEntry, store: LocalStore) -> None:
    """Layers merge in their order, and Python looks into the folder of its own version first."""
    root = _workspace(make_entry, {"layers/shared/src/shared/db.py": ""})
    shared, function = _entry(root, store), root / "functions" / "a"

    def builds(path: str, *, first: bool = False) -> bool:
        other_root = root.parent / path.replace("/", "-")
        (other_root / path).parent.mkdir(parents=True, exist_ok=True)
        (other_root / path).write_text("X = 2\n", encoding="utf-8")
        other = KnownLayer("other", measure(other_root))
        layers = (other, shared) if first else (shared, other)
        return build(function, X86, BuildOptions(prefix="", layers=layers), store=store).pins == ()

    with pytest.raises(EntryError, match=r"layer 'other' comes later and has another python/shared/__init__\.py"):
        builds("python/shared/__init__.py")
    for hiding in ("shared.py", "shared/__init__.py"):
        with pytest.raises(EntryError, match=f"layer 'other' has 'shared' in {_VERSIONED} too, and Python looks into"):
            builds(f"{_VERSIONED}/{hiding}", first=True)
    for hiding, hidden in (
        ("shared/__init__.cpython-313-x86_64-linux-gnu.so", "shared/__init__"),
        ("shared/db.so", "shared/db"),
        ("shared/db/__init__.py", "shared/db"),
    ):
        with pytest.raises(
            EntryError, match=f"'other' has python/{hiding}, which Python prefers to python/{hidden}.py"
        ):
            builds(f"python/{hiding}", first=True)
    assert builds("python/shared/__init__.py", first=True)
    assert builds("python/shared/more.py")
    assert builds(f"{_VERSIONED}/more/shared.py")


def _portion(name: str) -> str:
    return (
        _PROJECT.format(name, "") + '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[tool.hatch.build.targets.wheel]\npackages = ["src/company"]\n'
    )


def test_a_package_of_two_projects(make_entry: MakeEntry, store: LocalStore) -> None:
    """Python looks into one folder of a package with an `__init__.py`, and into all folders of a namespace."""
    files = {
        "layers/shared/pyproject.toml": _portion("shared"),
        "layers/shared/src/company/shared/__init__.py": "",
        "billing/pyproject.toml": _portion("billing"),
        "billing/src/company/billing/__init__.py": "",
        "functions/a/pyproject.toml": _PROJECT.format("a", '"billing", "shared"') + _SOURCES,
    }
    root = _workspace(make_entry, files)
    options = BuildOptions(prefix="", layers=(_entry(root, store),), allow_source_builds=("billing",))
    done = build(root / "functions" / "a", X86, options, store=store)
    assert {"company/billing/__init__.py", "company/shared/__init__.py"} & set(done.contents.files) == {
        "company/billing/__init__.py"
    }
    for member in ("billing", "layers/shared"):
        # A folder tests/ of both is in none of the wheels.
        (root / member / "tests").mkdir(exist_ok=True)
        (root / member / "tests" / "__init__.py").touch()
    assert "company/shared/__init__.py" not in build(root / "functions" / "a", X86, options, store=store).contents.files
    (root / "billing" / "src" / "company" / "__init__.py").touch()
    refused = r"'billing' has a package 'company' too, and Python looks into one of them"
    with pytest.raises(EntryError, match=refused):
        build(root / "functions" / "a", X86, options, store=store)
    project = root / "billing" / "pyproject.toml"
    known = project.read_text(encoding="utf-8")
    # What only its backend knows, or what is wrong, is where packages usually are.
    for unknown in (known.replace("hatchling.build", "maturin"), known.replace("src/company", "../company")):
        project.write_text(unknown, encoding="utf-8")
        with pytest.raises(EntryError, match=refused):
            build(root / "functions" / "a", X86, options, store=store)
    project.write_text(known, encoding="utf-8")
    (root / "billing" / "src" / "company" / "__init__.py").unlink()
    (root / "layers" / "shared" / "src" / "company" / "__init__.py").touch()
    with pytest.raises(EntryError, match=refused):
        build(root / "functions" / "a", X86, replace(options, layers=(_entry(root, store),)), store=store)


def test_a_package_of_a_project_and_a_wheel(make_entry: MakeEntry, store: LocalStore, tmp_path: Path) -> None:
    """The files of a local wheel are known, unless it is damaged, which uv reports."""
    files = {
        "layers/shared/pyproject.toml": _portion("shared"),
        "layers/shared/src/company/shared.py": "",
        "functions/a/pyproject.toml": _PROJECT.format("a", '"bills", "shared"')
        + '[tool.uv.sources]\nshared = { workspace = true }\nbills = { path = "../../bills-1.0-py3-none-any.whl" }\n',
    }
    wheel = write_wheel(tmp_path / "wheels", "bills", {"company/__init__.py": ""})
    root = _workspace(make_entry, files, wheel)
    options = BuildOptions(prefix="", layers=(_entry(root, store),))
    with pytest.raises(EntryError, match=r"'bills' has a package 'company' too"):
        build(root / "functions" / "a", X86, options, store=store)
    content = wheel.read_bytes().replace(b"PK\x01\x02", b"PK\x01\x00")
    (root / wheel.name).write_bytes(content)
    with pytest.raises(DependencyError, match="bills"):
        build(root / "functions" / "a", X86, options, store=store)
