"""Projects whose packages are not at the top of their folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.layout import layout_of
from cdk_layers.building.options import BuildOptions
from cdk_layers.errors import EntryError
from cdk_layers.lambda_service.target import Target
from tests.building.distributions import write_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

TARGET = Target("3.13", "x86_64")
NAMED = '[project]\nname = "acme-tools"\nversion = "1"\n'


def _system(backend: str, more: str = "") -> str:
    return f'{NAMED}{more}\n[build-system]\nrequires = []\nbuild-backend = "{backend}"\n'


_SETUP = "from setuptools import find_packages, setup\nsetup("
SETUPTOOLS, HATCH, UV, PDM = "setuptools.build_meta", "hatchling.build", "uv_build", "pdm.backend"
POETRY, FLIT = "poetry.core.masonry.api", "flit_core.buildapi"
CERTAIN = [
    (_system(UV), "src/acme_tools/a.py", "acme_tools/a.py"),
    (_system(UV, '[tool.uv.build-backend]\nmodule-root = ""\nmodule-name = "acme"'), "acme/a.py", "acme/a.py"),
    (_system(UV, '[tool.uv.build-backend]\nmodule-root = "lib"\nmodule-name = "acme"'), "lib/acme/a.py", "acme/a.py"),
    (_system(UV, '[tool.uv.build-backend]\nmodule-name = "cloud.db"'), "src/cloud/db/a.py", "cloud/db/a.py"),
    (_system(UV, '[tool.uv.build-backend]\nmodule-name = ["b", "acme"]'), "src/acme/a.py", "acme/a.py"),
    (_system(SETUPTOOLS), "src/acme/a.py", "acme/a.py"),
    (_system(SETUPTOOLS), "src/acme.py", "acme.py"),
    (_system(SETUPTOOLS), "acme/a.py", "acme/a.py"),
    (_system(SETUPTOOLS, '[tool.setuptools.package-dir]\n"" = "lib"'), "lib/acme/a.py", "acme/a.py"),
    (_system(SETUPTOOLS, '[tool.setuptools]\npackage-dir = {acme = "code"}'), "code/a.py", "acme/a.py"),
    (_system(SETUPTOOLS, '[tool.setuptools]\npackage-dir = {"" = "lib"}\npackages = ["acme", "acme.x"]'),
     "lib/acme/x/a.py", "acme/x/a.py"),
    (_system(SETUPTOOLS, '[tool.setuptools]\npackage-dir = {"acme.x" = "./other/x"}\npackages = ["acme", "acme.x"]'),
     "other/x/a.py", "acme/x/a.py"),
    (_system(SETUPTOOLS, '[tool.setuptools.package-dir]\nacme = "code"\n"acme.x" = "code/inner"'),
     "code/inner/a.py", "acme/x/a.py"),
    (_system(SETUPTOOLS, '[tool.setuptools.package-dir]\nacme = "code/x"\n"acme.x" = "code"'),
     "code/x/a.py", "acme/a.py"),
    (_system(SETUPTOOLS, '[tool.setuptools.packages.find]\nwhere = ["lib"]'), "lib/acme/a.py", "acme/a.py"),
    (_system(SETUPTOOLS, '[tool.setuptools.packages.find]\nwhere = ["lib"]\ninclude = ["acme*"]'),
     "lib/other/a.py", "lib/other/a.py"),
    (_system(SETUPTOOLS, '[tool.setuptools.packages.find]\nwhere = "src"\ninclude = "acme"'),
     "src/acme/a.py", "acme/a.py"),
    (f"{NAMED}[build-system]\nrequires = ['setuptools']\n", "src/acme/a.py", "acme/a.py"),
    (_system(SETUPTOOLS, '[tool.setuptools.packages.find]\nwhere = ["lib"]\nnamespaces = false'),
     "lib/acme/a.py", "lib/acme/a.py"),
    (_system(SETUPTOOLS, '[tool.setuptools.packages.find]\nwhere = ["./lib"]\ninclude = ["acme.x"]'),
     "lib/acme/x/a.py", "acme/x/a.py"),
    (_system(SETUPTOOLS, '[tool.setuptools]\npackage-dir = {"" = "./lib/"}\npackages = ["acme"]'),
     "lib/acme/a.py", "acme/a.py"),
    (_system(SETUPTOOLS, '[tool.setuptools]\npackage-dir = {acme = "./code/"}\npackages = ["acme"]'),
     "code/a.py", "acme/a.py"),
    (_system(SETUPTOOLS), "src/not-a-module.py", "src/not-a-module.py"),
    (_system(SETUPTOOLS), "src/acme.egg-info/PKG-INFO", "src/acme.egg-info/PKG-INFO"),
    (_system(SETUPTOOLS), "src/__pycache__/a.pyc", "src/__pycache__/a.pyc"),
    (_system("setuptools.build_meta:__legacy__"), "src/acme/a.py", "acme/a.py"),
    (f"{NAMED}[tool.uv]\npackage = true\n", "src/acme/a.py", "acme/a.py"),
    (_system(HATCH).replace("acme-tools", "acme.tools"), "src/acme_tools/a.py", "acme_tools/a.py"),
    (_system(HATCH), "src/acme_tools/a.py", "acme_tools/a.py"),
    (_system(HATCH), "acme_tools/a.py", "acme_tools/a.py"),
    (_system(HATCH, '[tool.hatch.build.targets.wheel]\npackages = ["lib/acme"]'), "lib/acme/a.py", "acme/a.py"),
    (_system(HATCH, '[tool.hatch.build.targets.wheel]\nsources = ["src"]'), "src/acme/a.py", "acme/a.py"),
    (_system(SETUPTOOLS, '[tool.setuptools.packages.find]\nwhere = ["./lib/"]'), "lib/acme/a.py", "acme/a.py"),
    (_system(SETUPTOOLS, '[tool.setuptools.packages.find]\nwhere = ["./"]'), "acme/a.py", "acme/a.py"),
    (_system(UV, '[tool.uv.build-backend]\nmodule-root = "./lib/"\nmodule-name = "acme"'),
     "lib/acme/a.py", "acme/a.py"),
    (_system(HATCH, '[tool.hatch.build.targets.wheel]\npackages = ["./lib/acme/"]'), "lib/acme/a.py", "acme/a.py"),
    (_system(HATCH, '[tool.hatch.build.targets.wheel]\nsources = ["./lib"]'), "lib/acme/a.py", "acme/a.py"),
    (_system(POETRY, '[tool.poetry]\npackages = [{include = "./acme/", from = "./lib/", to = "./y/"}]'),
     "lib/acme/a.py", "y/acme/a.py"),
    (_system(PDM, '[tool.pdm.build]\npackage-dir = "./lib/"'), "lib/acme/a.py", "acme/a.py"),
    (_system(HATCH, '[tool.hatch.build]\nsources = ["lib"]'), "lib/acme/a.py", "acme/a.py"),
    (_system(HATCH, '[tool.hatch.build]\npackages = ["lib/acme"]'), "lib/acme/a.py", "acme/a.py"),
    (_system(UV).replace("acme-tools", "Acme-Tools"), "src/acme_tools/a.py", "acme_tools/a.py"),
    (_system(FLIT), "src/acme_tools.py", "acme_tools.py"),
    (_system(POETRY), "src/acme_tools/a.py", "acme_tools/a.py"),
    (_system(POETRY, '[tool.poetry]\npackages = [{include = "acme", from = "lib"}]'), "lib/acme/a.py", "acme/a.py"),
    (_system(POETRY, '[tool.poetry]\npackages = [{include = "acme/**/*.py", from = "src"}]'),
     "src/acme/a.py", "acme/a.py"),
    (_system(POETRY, '[tool.poetry]\npackages = [{include = "acm*", from = "src"}]'), "src/acme/a.py", "acme/a.py"),
    (_system(POETRY, '[tool.poetry]\npackages = [{include = "acme/x_*.py", from = "src", to = "y"}]'),
     "src/acme/x_a.py", "y/acme/x_a.py"),
    (_system(FLIT, '[tool.flit.module]\nname = "acme"'), "src/acme/a.py", "acme/a.py"),
    (_system(PDM), "src/acme/a.py", "acme/a.py"),
    (_system(PDM), "src/acme.pyi", "acme.pyi"),
    (_system(PDM, '[tool.pdm.build]\npackage-dir = "lib"'), "lib/acme/a.py", "acme/a.py"),
]  # fmt: skip
UNCERTAIN = [
    (NAMED, "no [build-system]"),
    (_system("maturin"), "build backend 'maturin'"),
    (_system(HATCH), "no package 'acme_tools'"),
    (_system(HATCH, "[tool.hatch.build.hooks.custom]\npath = 'x.py'"), "'hooks'"),
    (_system(HATCH, '[tool.hatch.build.targets.wheel.force-include]\n"x" = "y"'), "'force-include'"),
    (_system(HATCH, "[tool.hatch.build.targets.wheel]\nonly-include = ['src']"), "'only-include'"),
    (_system(HATCH, '[tool.hatch.build.targets.wheel.sources]\n"src" = "x"'), "'sources'"),
    (_system(HATCH).partition("\n\n")[2], "no package ''"),
    (_system(POETRY, "[tool.poetry.build]\nscript = 'build.py'"), "'build'"),
    (_system(SETUPTOOLS, "[tool.setuptools.cmdclass]\nbuild = 'x'"), "'cmdclass'"),
    (_system(UV), "no module 'acme_tools' in 'src'"),
    (_system(POETRY, "[tool.poetry]\npackage-mode = false"), "package-mode"),
    (_system(PDM, '[tool.pdm.build]\nincludes = ["x"]'), "'includes'"),
    (_system(SETUPTOOLS, '[[tool.setuptools.ext-modules]]\nname = "x"'), "'ext-modules'"),
    (_system(POETRY, '[tool.poetry]\npackages = "acme"'), "documented types"),
    (_system(POETRY, '[tool.poetry]\npackages = [{from = "src"}]'), "documented types"),
    (_system(HATCH, "[tool.hatch.build.targets.wheel]\npackages = 3"), "documented types"),
    (_system(HATCH, "[tool.hatch.build.targets.wheel]\nsources = 3"), "documented types"),
]


@pytest.mark.parametrize(("project", "path", "placed"), CERTAIN)
def test_package_is_placed(make_entry: Callable[..., Path], project: str, path: str, placed: str) -> None:
    """A package is placed where the backend's wheel would have it, by the configuration alone."""
    layout = layout_of(make_entry({"pyproject.toml": project, path: "", "src/b/__init__.py": "", "lib/b.py": ""}))
    assert (layout.place(path), layout.uncertain) == (placed, None)


@pytest.mark.parametrize(("project", "reason"), UNCERTAIN)
def test_uncertain_layout(make_entry: Callable[..., Path], project: str, reason: str) -> None:
    """What only a build can tell moves nothing, and the reason is given where src/ contains packages."""
    layout = layout_of(make_entry({"pyproject.toml": project, "src/acme/a.py": ""}))
    assert layout.moves == ()
    assert reason in (layout.uncertain or "")
    assert layout_of(make_entry({"pyproject.toml": project, "acme/a.py": ""}, "flat")).uncertain is None


@pytest.mark.parametrize(
    ("path", "is_reported"),
    [
        ("src/acme.py", True),
        ("src/acme/deep/a.py", True),
        ("src/data.json", False),
        ("src/pages/index.html", False),
        ("src/__init__.py", False),
    ],
)
def test_what_may_be_packages(make_entry: Callable[..., Path], path: str, *, is_reported: bool) -> None:
    """A folder src/ without modules, or that is a package itself, may be anywhere."""
    layout = layout_of(make_entry({"pyproject.toml": NAMED, path: ""}))
    assert (layout.uncertain is not None) == is_reported


@pytest.mark.parametrize(
    ("files", "placed"),
    [
        ({"setup.py": "from setuptools import setup\n\nsetup()\n", "setup.cfg": "[metadata]\nname = x\n"}, True),
        ({"setup.cfg": "[options]\npackage_dir =\n  = src\npackages = find:\n"}, True),
        ({"setup.cfg": "[options]\npackages = find:\n[options.packages.find]\nwhere = src\n"}, True),
        ({"setup.py": "from setuptools import setup; setup()\n", "setup.cfg": "[metadata]\nname = x\n"}, True),
        ({"setup.py": '"""Shim."""\nimport setuptools\n\nif __name__ == "__main__":\n    setuptools.setup()\n'}, True),
        ({"setup.py": "from setuptools import setup\nsetup(packages=[])\n"}, False),
        ({"setup.py": f"{_SETUP}packages=find_packages(where='src'), package_dir={{'': 'src'}}, name='x')\n"}, True),
        ({"setup.py": f"{_SETUP}packages=find_packages('src', ['tests']), package_dir={{'': 'src'}})\n"}, True),
        ({"setup.py": f"P = ['b']\nP.append('acme')\n{_SETUP}packages=P, package_dir={{'': 'src'}})\n"}, False),
        ({"pyproject.toml": f"{NAMED}[build-system]\nrequires = []\nbuild-backend = '{HATCH}'\n",
          "hatch.toml": "[build.targets.wheel]\npackages = ['src/acme']\n"}, True),
        ({"pyproject.toml": _system(HATCH, "[tool.hatch.build.targets.wheel]\npackages = ['lib/x']"),
          "hatch.toml": "[build.targets.wheel]\npackages = ['src/acme']\n"}, True),
        ({"setup.py": f"WHERE = {{'': 'src'}}\n{_SETUP}packages=['acme', 'acme.sub'], package_dir=WHERE)\n"}, True),
        ({"setup.py": f"{_SETUP}packages=find_packages('src'))\n"}, False),
        ({"setup.py": f"{_SETUP}packages=find_packages(where=HERE), package_dir={{'': 'src'}})\n"}, False),
        ({"setup.py": f"{_SETUP}packages=find('src'), package_dir={{'': 'src'}})\n"}, False),
        ({"setup.py": f"{_SETUP}packages=find_packages('src'), package_dir={{'': 'src'}}, **more)\n"}, False),
        ({"setup.py": f"{_SETUP}packages=['acme'], package_dir={{'': 'src'}}, ext_modules=[x])\n"}, False),
        (
            {
                "setup.py": f"{_SETUP}packages=['acme'], package_dir={{'': 'src'}})\n",
                "setup.cfg": "[options]\npackages = other\n",
            },
            False,
        ),
        ({"setup.py": "from setuptools import setup; setup(); print()\n"}, False),
        ({"setup.py": f"{_SETUP}*more, packages=['acme'], package_dir={{'': 'src'}})\n"}, False),
        ({"setup.py": f"{_SETUP}packages=['acme'], package_dir={{'': 'src'}})\nsetup(name='x')\n"}, False),
        ({"setup.py": f"{_SETUP}packages=find_packages('src', **more), package_dir={{'': 'src'}})\n"}, False),
        (
            {
                "pyproject.toml": _system(SETUPTOOLS, '[tool.setuptools.package-dir]\n"" = "src"'),
                "setup.py": f"{_SETUP}packages=['acme'], package_dir={{'': 'src'}})\n",
            },
            False,
        ),
        ({"setup.cfg": "[options\npackages = acme\n"}, True),
    ],
)  # fmt: skip
def test_older_setuptools(make_entry: Callable[..., Path], files: dict[str, str], *, placed: bool) -> None:
    """A setup.cfg and literals in a setup.py are read, and a setup.py that has to run leaves it uncertain."""
    layout = layout_of(make_entry({**files, "src/acme/__init__.py": ""}))
    assert (layout.place("src/acme/a.py") == "acme/a.py", layout.uncertain is None) == (placed, placed)


@pytest.mark.parametrize(
    "text",
    [
        "[options]\npackage_dir =\n  = lib\npackages = find:\n",
        "[options]\npackages = find:\n[options.packages.find]\nwhere = lib\n",
        "[options]\npackage_dir =\n  acme = lib/acme\npackages = acme\n",
    ],
)
def test_folder_of_a_setup_cfg(make_entry: Callable[..., Path], text: str) -> None:
    """Its packages are where it says, also if there is a src/, where setuptools would find them otherwise."""
    layout = layout_of(make_entry({"setup.cfg": text, "lib/acme/__init__.py": "", "src/b/__init__.py": ""}))
    assert (layout.place("lib/acme/a.py"), layout.place("src/b/a.py")) == ("acme/a.py", "src/b/a.py")


@pytest.mark.parametrize(
    "files",
    [
        {"setup.cfg": "[options]\npackage_dir =\n  = src\npackages = {}:\n"},
        {"setup.py": "from setuptools import *\nsetup(packages={}_packages('src'), package_dir={{'': 'src'}})\n"},
    ],
)
@pytest.mark.parametrize(("finder", "with_namespaces"), [("find", False), ("find_namespace", True)])
def test_packages_without_an_init(
    make_entry: Callable[..., Path], files: dict[str, str], finder: str, *, with_namespaces: bool
) -> None:
    """Only the finder of namespaces finds them."""
    (name, text), folder = *files.items(), {"src/acme/a.py": "", "src/b/__init__.py": ""}
    layout = layout_of(make_entry({name: text.format(finder), **folder}))
    assert layout.place("src/acme/a.py") == ("acme/a.py" if with_namespaces else "src/acme/a.py")
    assert (layout.place("src/b/__init__.py"), layout.uncertain) == ("b/__init__.py", None)


@pytest.mark.parametrize("backend", [HATCH, POETRY])
@pytest.mark.parametrize(("top", "placed"), [("__init__.py", "src/acme_tools/a.py"), ("a.json", "acme_tools/a.py")])
def test_package_at_the_top_and_in_src(make_entry: Callable[..., Path], backend: str, top: str, placed: str) -> None:
    """The wheels of both backends have the one at the top; a folder of data with the project's name is none."""
    files = {"pyproject.toml": _system(backend), f"acme_tools/{top}": "", "src/acme_tools/__init__.py": ""}
    assert layout_of(make_entry(files)).place("src/acme_tools/a.py") == placed


def test_package_called_src_stays(make_entry: Callable[..., Path]) -> None:
    """A src/ folder that is a package itself, or belongs to no project, lands as it is."""
    tools = "[tool.ruff]\nline-length = 100\n"
    assert layout_of(make_entry({"pyproject.toml": tools, "src/__init__.py": "", "src/a.py": ""})).uncertain is None
    assert layout_of(make_entry({"src/acme/a.py": ""}, "plain")).uncertain is None


def test_folder_outside_is_refused(make_entry: Callable[..., Path]) -> None:
    """A project that names a package outside of its folder is an error of its pyproject.toml."""
    project = _system(HATCH, '[tool.hatch.build.targets.wheel]\npackages = ["../acme"]')
    with pytest.raises(EntryError, match=r"pyproject.toml.*'\.\./acme', outside of its folder"):
        layout_of(make_entry({"pyproject.toml": project}))


def test_archive_of_a_src_layout(make_entry: Callable[..., Path], store: LocalStore) -> None:
    """The archive of a library as `uv init --lib` makes it has the package where Python looks, and no finding."""
    entry = make_entry(
        {"pyproject.toml": _system(UV), "src/acme_tools/__init__.py": "", "src/acme_tools/py.typed": "", "top.py": ""}
    )
    layer = build(entry, TARGET, store=store)
    assert set(layer.contents.files) == {"python/acme_tools/__init__.py", "python/acme_tools/py.typed", "python/top.py"}
    assert layer.report.notes == ()
    assert "acme_tools/__init__.py" in build(entry, TARGET, BuildOptions(prefix=""), store=store).contents.files


@pytest.mark.parametrize("link", ["acme_tools", "acme_tools/__init__.py"])
def test_link_to_a_package_that_moves(make_entry: Callable[..., Path], store: LocalStore, link: str) -> None:
    """A link at the top to the own package, or to a file of it, is the same file; another file there is an error."""
    entry = make_entry({"pyproject.toml": _system(UV), "src/acme_tools/__init__.py": "", "src/acme_tools/a.py": ""})
    (entry / link).parent.mkdir(exist_ok=True)
    (entry / link).symlink_to(entry / "src" / link)
    files = set(build(entry, TARGET, store=store).contents.files)
    assert files == {"python/acme_tools/__init__.py", "python/acme_tools/a.py"}

    (entry / link).unlink()
    (entry / "acme_tools").mkdir(exist_ok=True)
    (entry / "acme_tools/a.py").write_text("")
    with pytest.raises(EntryError, match=r"packed as 'python/acme_tools/a\.py': '.*/acme_tools/a\.py' and '.*src/"):
        build(entry, TARGET, store=store)


def test_uncertain_layout_is_noted(make_entry: Callable[..., Path], store: LocalStore) -> None:
    """A layer whose packages land in python/src/ has a wrong-folder finding that says why they were not placed."""
    entry = make_entry({"pyproject.toml": NAMED, "src/acme/__init__.py": ""})
    (note,) = build(entry, TARGET, store=store).report.notes
    assert note.rule == "wrong-folder"
    assert "has no [build-system]" in note.message


@pytest.mark.parametrize("line", [".", "-e .", "lib @ file:."])
def test_uncertain_layout_of_a_project_that_is_installed(
    make_entry: Callable[..., Path], store: LocalStore, line: str
) -> None:
    """A layer whose manifest installs the project of its entry has the packages where Python looks: no finding."""
    entry = write_project(make_entry({"src/acme/__init__.py": "", "requirements.txt": line}), "lib")
    assert layout_of(entry).uncertain is not None
    assert build(entry, TARGET, BuildOptions(allow_source_builds=("lib",)), store=store).report.notes == ()
