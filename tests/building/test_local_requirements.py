"""Requirements that name wheels, folders and repositories on this machine."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import LayerBuild, build, recall
from cdk_layers.building.job import Job
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.requirements import local_sources
from cdk_layers.building.requirements.build_environment import builds_key, settings_of
from cdk_layers.building.requirements.manifests import read_requirements
from cdk_layers.errors import DependencyError, EntryError
from cdk_layers.lambda_service.target import Target
from cdk_layers.store.local_store import LocalStore
from tests.building.archives_of_builds import written
from tests.building.distributions import write_project, write_wheel

if TYPE_CHECKING:
    from pathlib import Path

X86 = Target("3.13", "x86_64")
ALLOWED = BuildOptions(allow_source_builds=("lib", "bar", "baz", "my-lib"))


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    """Return an entry folder with a wheel, a project, and projects in folders of other forms; another is beside it."""
    folder = tmp_path / "entry"
    write_wheel(folder / "w", "mylib")
    write_project(folder / "lib", "lib")
    write_project(folder / "my lib", "lib")
    write_project(folder / "repo" / "lib", "lib")
    write_project(folder / "a#b", "lib")
    write_project(tmp_path / "beside", "lib")
    return folder


def module(archive: Path, name: str) -> str:
    """Return the text of a module in an archive of a layer."""
    with zipfile.ZipFile(archive) as opened:
        return opened.read(f"python/{name}.py").decode()


def asked(entry: Path, store: LocalStore, line: str) -> tuple[str | None, Path | None]:
    """Return the name and the file or folder that one line of a requirements.txt asks for."""
    (entry / "requirements.txt").write_text(line.replace("{entry}", str(entry)), encoding="utf-8")
    found = read_requirements(Job(entry, X86, ALLOWED, store))
    (wanted,) = found.lines
    return wanted.name, wanted.local


def built(entry: Path, store: LocalStore, text: str, options: BuildOptions = ALLOWED) -> LayerBuild:
    """Return the build of an entry with this requirements.txt, found again in the cache as it was made."""
    (entry / "requirements.txt").write_text(text.replace("{entry}", str(entry)), encoding="utf-8")
    made = build(entry, X86, options, store=store)
    recalled = recall(entry, X86, options, store=store)
    assert recalled is not None
    assert recalled.digest == made.digest
    return made


@pytest.mark.parametrize(
    "line",
    [
        "mylib @ ./w/mylib-1.0-py3-none-any.whl",
        "mylib[fast]@w/mylib-1.0-py3-none-any.whl",
        "mylib @ file:./w/mylib-1.0-py3-none-any.whl",
        'file://{entry}/w/mylib-1.0-py3-none-any.whl;python_version>"3"',
        "./w/mylib-1.0-py3-none-any.whl[fast] ; python_version > '3'",
    ],
)
def test_forms_of_wheels(entry: Path, store: LocalStore, line: str) -> None:
    """A wheel on this machine is found, whether it is named and however its path is written."""
    wheel = entry / "w" / "mylib-1.0-py3-none-any.whl"
    assert asked(entry, store, line) == ("mylib", wheel)


def test_wheels_are_installed(entry: Path, store: LocalStore) -> None:
    """Local wheels are installed and not packed, named or not, and with hashes that are right."""
    other = write_wheel(entry / "w p", "other")
    digest = hashlib.sha256(other.read_bytes()).hexdigest()
    made = built(
        entry, store, f"mylib[fast] @ file:./w/mylib-1.0-py3-none-any.whl\n./w p/{other.name} --hash=sha256:{digest}\n"
    )
    # They have none of the extras.
    assert (made.pins, [note.rule for note in made.report.notes]) == (("mylib==1.0", "other==1.0"), ["unknown-extra"])
    assert [name for name in made.contents.files if name.endswith(".whl")] == []


@pytest.mark.parametrize(
    "line",
    [
        "lib @ ./lib",
        "./lib;python_version>'3'",
        "-e lib",
        "-e./lib[x]",
        '-e "./my lib"',
        "lib @ ./my lib",
        "lib @ file:./my%20lib",
        "lib[x,y] @ file:lib ; python_version > '3'",
        '-e ./lib[x] ; python_version>"3"',
        "../beside",
        "lib @ file:../beside",
        "lib @ file://localhost{entry}/lib",
        "-e ./lib#egg=lib",
        '-e ./lib#egg=lib[x] ; python_version > "3"',
        "-e ./repo#egg=lib&subdirectory=lib",
        "./a#b",
    ],
)
def test_forms_of_folders(entry: Path, store: LocalStore, line: str) -> None:
    """A project on this machine is found, however its folder is written."""
    name, folder = asked(entry, store, line)
    assert name == "lib"
    assert folder in {entry / place for place in ("lib", "my lib", "repo/lib", "a#b")} | {entry.parent / "beside"}


def test_folders_are_installed(entry: Path, store: LocalStore) -> None:
    """Projects are built and installed, with extras, markers and spaces in their paths."""
    write_project(entry.parent / "more", "bar")
    made = built(entry, store, "-e './my lib'\nbar[x] @ file:../more ; python_version > '3'\n")
    # They have none of the extras.
    assert (made.pins, [note.rule for note in made.report.notes]) == (("bar==1.0", "lib==1.0"), ["unknown-extra"])


@pytest.mark.parametrize("space", ["", " "])
def test_markers_of_paths(entry: Path, store: LocalStore, space: str) -> None:
    """A path whose marker does not hold on the target is not installed, and needs no permission to be built."""
    wheel = write_wheel(entry / "w", "winonly")
    elsewhere = f"./w/{wheel.name}{space}; sys_platform == 'win32'\n./lib{space};sys_platform == 'win32'\n"
    text = f"{elsewhere}mylib @ ./w/mylib-1.0-py3-none-any.whl\n"
    assert built(entry, store, text, BuildOptions()).pins == ("mylib==1.0",)


def test_semicolon_of_a_path(entry: Path, store: LocalStore) -> None:
    """A semicolon that no marker follows belongs to the path."""
    wheel = write_wheel(entry / "a;b", "mylib")
    assert asked(entry, store, "./a;b/mylib-1.0-py3-none-any.whl") == ("mylib", wheel)


def test_sources_are_never_written_to(entry: Path, store: LocalStore) -> None:
    """Builds from source work on copies: no folder on this machine changes, and digests stay the same."""
    folders = (entry, entry.parent / "beside")
    built(entry, store, "mylib @ ./w/mylib-1.0-py3-none-any.whl")
    before = [sorted(path for path in folder.rglob("*")) for folder in folders]
    for line in ("./lib", "../beside"):
        built(entry, store, line)
    assert [sorted(path for path in folder.rglob("*")) for folder in folders] == before


def test_entry_that_is_a_project(store: LocalStore, tmp_path: Path) -> None:
    """An entry that installs itself is built from a copy as well."""
    entry = write_project(tmp_path / "entry", "lib")
    first = built(entry, store, ".")
    assert sorted(path.name for path in entry.iterdir()) == [
        "backend.py",
        "lib.py",
        "pyproject.toml",
        "requirements.txt",
    ]
    assert built(entry, store, ".").digest == first.digest


@pytest.mark.parametrize(
    "name", ["rebuild/__init__.py", "build/lib.py", "dist/x.py", "src/build/x.py", "my.egg-info/x.py", "deep/dist/y.py"]
)
def test_changes_in_folders_like_outputs(entry: Path, name: str) -> None:
    """A change in a folder is seen unless the folder is known to be what a build has left behind."""
    (entry / "lib" / name).parent.mkdir(parents=True)
    (entry / "lib" / name).write_text("x = 1\n", encoding="utf-8")
    first = local_sources.digest(entry / "lib")
    (entry / "lib" / name).write_text("x = 2\n", encoding="utf-8")
    assert local_sources.digest(entry / "lib") != first


def test_links_of_a_source(entry: Path, store: LocalStore, tmp_path: Path) -> None:
    """Links of a project that leave it are followed; those that lead nowhere or back, and of Node, are no error."""
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "common.py").write_text("x = 1\n", encoding="utf-8")
    project = entry / "lib"
    (project / "node_modules").mkdir()
    for link, target in {
        "linked": "../../shared",
        "single.py": "../../shared/common.py",
        "dead": "nowhere",
        "back": ".",
        "node_modules/shared": "../../../shared",
    }.items():
        (project / link).symlink_to(target)
    made = built(entry, store, "./lib")
    with zipfile.ZipFile(written(made)) as opened:
        names = set(opened.namelist())
    assert {"python/linked/common.py", "python/single.py"} <= names
    assert not [name for name in names if "node_modules" in name or "/back/" in name]
    (shared / "common.py").write_text("x = 2\n", encoding="utf-8")
    assert module(written(built(entry, store, "./lib")), "single") == "x = 2\n"
    before = local_sources.digest(project)
    (project / ".turbo").mkdir()
    (project / ".turbo" / "turbo-build.log").write_text("built in 1.2 s", encoding="utf-8")
    assert local_sources.digest(project) == before


def test_what_builds_leave_behind(entry: Path) -> None:
    """Caches, virtual environments and distributions of earlier builds shape no build."""
    first = local_sources.digest(entry / "lib")
    write_wheel(entry / "lib" / "dist", "lib")
    for name in ("lib.egg-info/PKG-INFO", "env/pyvenv.cfg", "target/CACHEDIR.TAG", "__pycache__/a.pyc", ".git/HEAD"):
        (entry / "lib" / name).parent.mkdir(parents=True, exist_ok=True)
        (entry / "lib" / name).touch()
    (entry / "lib" / "env" / "python").symlink_to("/nowhere")
    assert local_sources.digest(entry / "lib") == first


def test_projects_that_lead_to_others(entry: Path, store: LocalStore, tmp_path: Path) -> None:
    """`[tool.uv.sources]` leads to other projects and from these to others, and a change of each is seen."""
    write_project(entry / "lib", "lib", ["bar"], '[tool.uv.sources]\nbar = { path = "../../more/bar" }\n')
    write_project(tmp_path / "more" / "bar", "bar", ["baz"], '[tool.uv.sources]\nbaz = [{ path = "../baz" }]\n')
    baz = write_project(tmp_path / "more" / "baz", "baz")
    first = built(entry, store, "./lib")
    assert (first.pins, first.report.notes) == (("bar==1.0", "baz==1.0", "lib==1.0"), ())
    (baz / "baz.py").write_text("x = 2\n", encoding="utf-8")
    assert module(written(built(entry, store, "./lib")), "baz") == "x = 2\n"


@pytest.mark.parametrize(
    ("requires", "settings"),
    [
        ("bar", '[tool.uv.sources]\nbar = { path = "{more}/bar" }\n'),
        ("bar @ file://{more}/bar", ""),
        ("bar @ file:///${PROJECT_ROOT}/../../more/bar", ""),
        ("bar @ file:///${PROJECT_ROOT}/../../more/w/bar-1.0-py3-none-any.whl ; python_version > '3'", ""),
        ("bar", '[tool.uv.sources]\nbar = { path = "../../more/w/bar-1.0-py3-none-any.whl" }\n'),
    ],
)
def test_other_ways_to_lead(entry: Path, store: LocalStore, tmp_path: Path, requires: str, settings: str) -> None:
    """Absolute paths, file URLs, PDM's URLs and wheels that a project leads to are followed as well."""
    more = tmp_path / "more"
    write_project(entry / "lib", "lib", [requires.replace("{more}", str(more))], settings.replace("{more}", str(more)))
    bar = write_project(more / "bar", "bar") / "bar.py"
    write_wheel(more / "w", "bar")
    before = local_sources.digest(entry / "lib")
    bar.write_text("x = 2\n", encoding="utf-8")
    write_wheel(more / "w", "bar", {"bar.py": "x = 2\n"})
    assert local_sources.digest(entry / "lib") != before
    assert module(written(built(entry, store, "./lib")), "bar") == "x = 2\n"


@pytest.mark.parametrize("form", ["{0}", "{0} ; python_version > '3'", "{0}#subdirectory=."])
def test_paths_in_the_metadata_of_a_build(entry: Path, store: LocalStore, tmp_path: Path, form: str) -> None:
    """Backends write the path of another project into the metadata; the path of a copy would differ in each build."""
    address = form.format((tmp_path / "beside").as_uri())
    write_project(entry / "lib", "lib", [f"bar @ {address}"])
    write_project(tmp_path / "beside", "bar")
    (entry / "requirements.txt").write_text("./lib", encoding="utf-8")
    digests = set()
    for name in ("first", "second"):
        made = build(entry, X86, ALLOWED, store=LocalStore(tmp_path / name))
        digests.add(made.digest)
        with zipfile.ZipFile(written(made)) as opened:
            metadata = opened.read("python/lib-1.0.dist-info/METADATA")
            record = opened.read("python/lib-1.0.dist-info/RECORD").decode()
        assert b"file:" not in metadata
        assert b"\nRequires-Dist: bar" in metadata
        assert f"METADATA,sha256={_record_digest(metadata)},{len(metadata)}" in record
    assert len(digests) == 1


def _record_digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def test_member_of_a_workspace(entry: Path, store: LocalStore) -> None:
    """A member of a uv workspace leads to other members, by the sources of the workspace's root."""
    write_project(entry / "ws" / "lib", "lib", ["bar"])
    bar = write_project(entry / "ws" / "bar", "bar")
    (entry / "ws" / "pyproject.toml").write_text(
        '[tool.uv.workspace]\nmembers = ["*"]\n[tool.uv.sources]\nbar = { workspace = true }\n', encoding="utf-8"
    )
    before = local_sources.digest(entry / "ws" / "lib")
    (bar / "bar.py").write_text("x = 2\n", encoding="utf-8")
    assert local_sources.digest(entry / "ws" / "lib") != before
    assert module(written(built(entry, store, "./ws/lib")), "bar") == "x = 2\n"


def test_projects_that_were_not_allowed(entry: Path, store: LocalStore, tmp_path: Path) -> None:
    """What an allowed project leads to is built only if it is allowed as well."""
    write_project(entry / "lib", "lib", ["bar"], '[tool.uv.sources]\nbar = { path = "../../bar" }\n')
    bar = write_project(tmp_path / "bar", "bar")
    with pytest.raises(EntryError, match=rf"'bar' from its sources at {bar}.*allow_source_builds=\['bar'\]"):
        built(entry, store, "./lib", BuildOptions(allow_source_builds=("lib",)))


def test_all_projects_that_are_not_allowed_are_named_at_once(entry: Path, store: LocalStore) -> None:
    """The list can be copied as it is; what is allowed already is not in it."""
    for name in ("one", "two", "three"):
        write_project(entry / name, name)
    with pytest.raises(EntryError) as caught:
        built(entry, store, "./one\n./two\n./three\n", BuildOptions(allow_source_builds=("two",)))
    message = str(caught.value)
    assert "'one' from its sources at " in message
    assert "(and 'three' in requirements.txt, line 3)" in message
    assert "allow_source_builds=['one', 'three']" in message


def commit(repository: Path, text: str) -> str:
    """Commit a change of a repository's setup.py project, and return the commit."""
    (repository / "my_lib.py").write_text(text, encoding="utf-8")
    for command in (
        "git init -q -b main",
        "git add .",
        "git -c user.name=a -c user.email=a@example.com commit -qm change",
    ):
        subprocess.run(command.split(), cwd=repository, check=True)
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repository, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository of a project."""
    folder = write_project(tmp_path / "repository", "my_lib")
    commit(folder, "x = 1\n")
    return folder


@pytest.fixture
def setup_py(entry: Path) -> Path:
    """Return a folder of the entry with a project that has a setup.py alone, and another name."""
    folder = entry / "other-name"
    folder.mkdir()
    (folder / "setup.py").write_text(
        'from setuptools import setup\nsetup(name="my_lib", version="1.0", py_modules=["my_lib"])\n', encoding="utf-8"
    )
    (folder / "my_lib.py").touch()
    return folder


@pytest.mark.parametrize("line", ["./{name}", "-e {name}", "my.lib @ ./{name}"])
def test_setup_py_in_a_folder(entry: Path, store: LocalStore, setup_py: Path, line: str) -> None:
    """A project without a [project] table has the name in its setup.py."""
    assert asked(entry, store, line.format(name=setup_py.name)) == ("my-lib", setup_py)


def test_setup_py_of_absurd_depth(entry: Path, store: LocalStore, setup_py: Path) -> None:
    """Python's parser would need gigabytes for such an import, so the name is the folder's, which is not allowed."""
    with (setup_py / "setup.py").open("a", encoding="utf-8") as file:
        file.write("import " + ".".join(["a"] * 30_000))
    with pytest.raises(EntryError, match="allow_source_builds=\\['other-name'\\]"):
        asked(entry, store, f"./{setup_py.name}")


def test_setup_py_is_built(entry: Path, store: LocalStore, setup_py: Path) -> None:
    """A project without a [project] table is built, and its folder stays as it is."""
    assert built(entry, store, f"./{setup_py.name}").pins == ("my-lib==1.0",)
    assert sorted(path.name for path in setup_py.iterdir()) == ["my_lib.py", "setup.py"]


@pytest.mark.parametrize(
    ("line", "is_pinned"),
    [
        ("git+https://git.example/a.git#egg=my_lib", False),
        ("-e git+ssh://git@git.example/a.git@main#egg=my_lib[x]", False),
        ("my.lib @ git+https://git.example/a@v1.0#subdirectory=b", False),
        ("my.lib @ git+https://git.example/a@feature/x", False),
        ("my.lib @ git+https://git.example/a@3f786850", False),
        ("my.lib @ git+https://git.example/a@3f786850e387550fdab836ed7e6dc881de23001b#subdirectory=b", True),
        ("https://files.example/my_lib-1.0-py3-none-any.whl", True),
        ("https://files.example/my_lib-1.0-py3-none-any.whl#sha256=00 ; python_version > '3'", True),
    ],
)
def test_addresses_that_are_pinned(entry: Path, store: LocalStore, line: str, is_pinned: bool) -> None:
    """A full commit and a wheel always mean the same; a branch, a tag and a part of a commit do not."""
    (entry / "requirements.txt").write_text(line, encoding="utf-8")
    found = read_requirements(Job(entry, X86, ALLOWED, store))
    assert [(one.name, one.is_pinned) for one in found.lines] == [("my-lib", is_pinned)]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://git.example/me/my-lib/archive/refs/heads/main.zip", None),
        ("https://git.example/me/my-lib/archive/v1.0.tar.gz", None),
        ("https://files.example/my_lib-1.0.tar.gz", "my-lib"),
        ("https://files.example/my%5Flib-1.0.zip?x=main.zip", "my-lib"),
    ],
)
def test_names_of_archives(entry: Path, store: LocalStore, address: str, name: str | None) -> None:
    """An archive of a branch or a tag does not have the name of its distribution, which uv would refuse."""
    (entry / "requirements.txt").write_text(address, encoding="utf-8")
    assert [line.name for line in read_requirements(Job(entry, X86, ALLOWED, store)).lines] == [name]


def test_branch_of_a_repository(entry: Path, store: LocalStore, repository: Path) -> None:
    """A branch is resolved to its commit at each synth, and noted; a full commit is pinned and not noted."""
    text = f"-e git+file://{repository}@main#egg=my_lib"
    first = built(entry, store, text)
    assert [note.rule for note in first.report.notes] == ["unpinned-requirement"]
    assert "installs my-lib from a repository without a full commit" in first.report.notes[0].message
    latest = commit(repository, "x = 2\n")
    assert module(written(built(entry, store, text)), "my_lib") == "x = 2\n"
    pinned = built(entry, store, f"my_lib @ git+file://{repository}@{latest}")
    assert (pinned.report.notes, module(written(pinned), "my_lib")) == ((), "x = 2\n")


def test_repository_that_was_not_allowed(entry: Path, store: LocalStore, repository: Path) -> None:
    """A repository is not built unasked."""
    line = f"my_lib @ git+file://{repository}@main"
    with pytest.raises(EntryError, match=r"allow_source_builds=\['my-lib'\]"):
        built(entry, store, line, BuildOptions())


@pytest.mark.parametrize("value", ["My.Lib", "other,my_lib", ":none:"])
def test_sources_that_a_manifest_prefers(entry: Path, store: LocalStore, tmp_path: Path, value: str) -> None:
    """A distribution of a --no-binary line is built from its sources, although a wheel of the version exists.

    Its newest version may have no wheel at all.
    """
    index = tmp_path / "index"
    write_wheel(index, "my_lib", {"my_lib.py": "x = 'wheel'\n"})
    for version in ("1.0", "1.1"):
        sources = write_project(tmp_path / f"my_lib-{version}", "my_lib")
        for path in (sources / "backend.py", sources / "pyproject.toml"):
            path.write_text(path.read_text(encoding="utf-8").replace("1.0", version), encoding="utf-8")
        with tarfile.open(index / f"my_lib-{version}.tar.gz", "w:gz") as archive:
            archive.add(sources, f"my_lib-{version}")
    options = replace(ALLOWED, allow_source_builds=("my-lib", "other"))
    for pin, newest in (("my_lib==1.0", "1.0"), ("my_lib", "1.1")):
        text = f"--no-index\n--find-links {index}\n--no-binary {value}\n{pin}\n"
        made = built(entry, store, text, options)
        expected = ("x = 'wheel'\n", "1.0") if value == ":none:" else ("x = 1\n", newest)
        assert (module(written(made), "my_lib"), made.pins) == (expected[0], (f"my-lib=={expected[1]}",))


@pytest.mark.parametrize("option", ["--config-settings=a=b", '--config-setting "a=b"', "--global-option='--x'"])
@pytest.mark.parametrize("line", ["./lib", "-e ./lib", "lib @ file:lib", "w/mylib-1.0-py3-none-any.whl"])
def test_settings_of_one_build(entry: Path, store: LocalStore, line: str, option: str) -> None:
    """Settings of one requirement, which do not reach its build, are not lost silently. A wheel needs none."""
    if line.endswith(".whl"):
        assert asked(entry, store, f"{line} {option}") == ("mylib", entry / "w" / "mylib-1.0-py3-none-any.whl")
        return
    with pytest.raises(
        EntryError, match=r"line 1: .* build of 'lib' from source.*config-settings-package into a uv\.toml"
    ):
        asked(entry, store, f"{line} {option}")


FIND_LINKS = {
    "a path": ("--find-links w\n", {}, ""),
    "a file URL": ("--find-links file://{entry}/w\n", {}, ""),
    "a variable": ("", {"UV_FIND_LINKS": "{entry}/w"}, ""),
    "a file URL in a variable": ("", {"UV_FIND_LINKS": "file://{entry}/w"}, ""),
    "uv.toml": ("", {}, 'find-links = ["./w"]\n'),
    "the settings of uv pip": ("", {}, '[pip]\nfind-links = ["./w"]\n'),
    "a flat index": ("", {}, '[[index]]\nname = "w"\nurl = "./w"\nformat = "flat"\n'),
}


@pytest.mark.parametrize("kind", FIND_LINKS)
def test_wheels_that_are_built_again(
    entry: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A wheel of the same version with other content is installed, however its folder is named."""
    option, variables, settings = FIND_LINKS[kind]
    for name, value in variables.items():
        monkeypatch.setenv(name, value.replace("{entry}", str(entry)))
    (entry / "uv.toml").write_text(settings, encoding="utf-8")
    text = f"--no-index\n{option}mylib==1.0\n" if kind != "a flat index" else "mylib==1.0\n"
    first = built(entry, store, text)
    assert [name for name in first.contents.files if name.endswith(".whl")] == []
    write_wheel(entry / "w", "mylib", {"mylib.py": "x = 2\n"})
    assert module(written(built(entry, store, text)), "mylib") == "x = 2\n"


def test_folder_of_links(entry: Path, store: LocalStore, tmp_path: Path) -> None:
    """A folder with links to wheels elsewhere is looked into, and a change of what they lead to is seen."""
    elsewhere = write_wheel(tmp_path / "elsewhere", "other")
    (entry / "links").mkdir()
    (entry / "links" / elsewhere.name).symlink_to(elsewhere)
    text = "--no-index\n--find-links links\nother==1.0\n"
    built(entry, store, text)
    write_wheel(tmp_path / "elsewhere", "other", {"other.py": "x = 2\n"})
    assert module(written(built(entry, store, text)), "other") == "x = 2\n"


def test_environment_of_builds(entry: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build from source sees the variables that the user gives it, which count in its key, and no others."""
    monkeypatch.setenv("BUILD_FLAG", "of this process")
    assert module(written(built(entry, store, "./lib")), "lib_environment") == "FLAG = None"
    for flag in ("one", "two"):
        given = replace(ALLOWED, environment={"BUILD_FLAG": flag})
        assert module(written(built(entry, store, "./lib", given)), "lib_environment") == f"FLAG = {flag!r}"


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no compiler")
@pytest.mark.parametrize(("given", "is_equal"), [({}, True), ({"LDFLAGS": "-s -lm"}, True), ({"LDFLAGS": ""}, False)])
def test_libraries_without_paths(entry: Path, tmp_path: Path, given: dict[str, str], is_equal: bool) -> None:
    """Debug information has the path of the copy that a library is compiled in, so it would differ in each build."""
    (entry / "lib" / "native.c").write_text("int f(void) { return 1; }\n", encoding="utf-8")
    compile_first = """\
import hashlib, subprocess
def build_wheel(folder, config_settings=None, metadata_directory=None, build=build_wheel):
    flags = os.environ.get("LDFLAGS", "").split()
    subprocess.run(["cc", "-g", "-shared", "-fPIC", os.path.abspath("native.c"), "-o", "native", *flags], check=True)
    digest = hashlib.sha256(pathlib.Path("native").read_bytes()).hexdigest()
    pathlib.Path("native.py").write_text(digest)
    return build(folder)
"""
    with (entry / "lib" / "backend.py").open("a", encoding="utf-8") as file:
        file.write(compile_first)
    options = replace(ALLOWED, environment=given)
    stores = (LocalStore(tmp_path / name) for name in ("first", "second"))
    digests = {module(written(built(entry, store, "./lib", options)), "native") for store in stores}
    assert (len(digests) == 1) is is_equal


@pytest.mark.parametrize("name", ["CFLAGS", "PATH"])
def test_toolchain_of_builds(entry: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Settings of compilers reach builds from source, and count in their keys."""
    job = Job(entry, X86, ALLOWED, store)
    before = builds_key(job)
    monkeypatch.setenv(name, os.environ.get(name, "") + os.pathsep + "/more")
    assert builds_key(job) != before
    monkeypatch.setenv("SOMETHING_ELSE", "1")
    assert "SOMETHING_ELSE" not in settings_of(job).variables
    assert builds_key(Job(entry, X86, BuildOptions(), store)) == []


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("./w/{wheel}", " --hash=sha256:{0}"),
        ("mylib @ file:w/{wheel}", " --hash=sha256:{0}"),
        ("{wheel_url}", "#sha256={0}"),
    ],
)
def test_hashes_of_wheels(entry: Path, store: LocalStore, line: str, form: str) -> None:
    """A hash that a requirement states is enforced, also after a build of the same wheel without one."""
    wheel = entry / "w" / "mylib-1.0-py3-none-any.whl"
    text = line.format(wheel=wheel.name, wheel_url=wheel.as_uri())
    built(entry, store, text)
    with pytest.raises(DependencyError, match="hash"):
        built(entry, store, text + form.format("0" * 64))
