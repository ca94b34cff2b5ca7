"""The small file beside a folder of layers: what it says, and what it is refused for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cdk_layers.errors import CdkLayersError, EntryError, UsageError
from cdk_layers.project.layer_directory import LayerOptions, read_layer_directory


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder of three layers, with things beside them that are none."""
    for name in ("tools", "base", "data", ".cache", "__pycache__"):
        (tmp_path / name).mkdir()
    (tmp_path / "README.md").write_text("layers")
    return tmp_path


def write(folder: Path, text: str) -> None:
    """Write the folder's file."""
    (folder / "layers.toml").write_text(text, encoding="utf-8")


def test_without_a_file_the_layers_are_in_the_order_of_their_names(folder: Path) -> None:
    """Every subfolder is a layer, but for hidden and private ones."""
    read = read_layer_directory(folder)
    assert list(read.layers) == ["base", "data", "tools"]
    assert read.defaults == LayerOptions()


def test_the_file_says_the_order(folder: Path) -> None:
    """The order in the file is the merge order."""
    write(folder, 'order = ["tools", "data", "base"]')
    assert list(read_layer_directory(folder).layers) == ["tools", "data", "base"]


def test_the_file_says_options(folder: Path) -> None:
    """Options of all layers and of one are read with their units and kinds."""
    write(
        folder,
        """
        [defaults]
        compatible_runtimes = ["python3.12", "python3.13"]
        compatible_architectures = ["arm64"]
        grants = ["222222222222", "o-a1b2c3d4e5", "public"]
        removal_policy = "destroy"
        [layers.data]
        max_unzipped = "1.5 MiB"
        docker = true
        asset_excludes = ["tests/"]
        [layers.tools]
        opt_entry = "."
        description = "hello"
        """,
    )
    read = read_layer_directory(folder)
    assert read.defaults == LayerOptions(
        compatible_runtimes=("python3.12", "python3.13"),
        compatible_architectures=("arm64",),
        grants=("222222222222", "o-a1b2c3d4e5", "public"),
        removal_policy="destroy",
    )
    assert read.layers["data"] == LayerOptions(max_unzipped=1572864, docker=True, asset_excludes=("tests/",))
    assert read.layers["tools"] == LayerOptions(opt_entry=".", description="hello")
    assert read.layers["base"] == LayerOptions()


def test_broken_toml_is_told_with_its_line(folder: Path) -> None:
    """The error names the file and the line."""
    write(folder, 'order = ["base"]\n[defaults\n')
    with pytest.raises(EntryError, match=r"layers\.toml is not TOML: .*line 2"):
        read_layer_directory(folder)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('ordre = ["base"]', r"unknown key 'ordre'.*defaults, layers, order"),
        ("[defaults]\nruntimes = []", r"unknown key 'defaults\.runtimes'.*compatible_runtimes"),
        ('[defaults]\ndescription = "x"', r"unknown key 'defaults\.description'"),
        ("[layers.dat]\n", r"unknown key 'layers\.dat'\. Did you mean 'data'\? .*base, data, tools"),
        ('[layers.data]\nmax_size = "1 MiB"', r"unknown key 'layers\.data\.max_size'.*max_unzipped"),
        ('layers = ["base"]', r"layers is \['base'\], and has to be a table"),
        ("[layers]\nbase = 1", r"layers\.base is 1, and has to be a table"),
        ('order = "base"', "order is 'base', and has to be a list"),
        ('order = ["base", "data"]', "order leaves out: 'tools'"),
        ('order = ["base", "data", "tolls"]', "order names what is not a subfolder: 'tolls'"),
        ('order = ["base", "data", "tools", "base"]', "order names twice: 'base'"),
        ('order = ["base", "data", "tools", "x"]', "order names what is not a subfolder: 'x'"),
        ('[defaults]\ncompatible_runtimes = "python3.13"', r"defaults\.compatible_runtimes is 'python3\.13'"),
        ('[defaults]\ncompatible_runtimes = ["python3.7"]', r"has to be one of python3\.9"),
        ("[defaults]\ncompatible_runtimes = []", r"defaults\.compatible_runtimes is \[\]"),
        ('[defaults]\ncompatible_architectures = ["x86"]', "has to be one of x86_64 and arm64"),
        ('[defaults]\ncompatible_runtimes = ["python3.13", "python3.31"]', r"runtimes\[1\] is 'python3\.31'.* Did you"),
        ('[defaults]\ngrants = ["public", "22222222222"]', r"defaults\.grants\[1\] is '22222222222', and has"),
        ('[layers.data]\ntrim = ["tests", "documantation"]', r"trim\[1\] is 'documantation'.* mean 'documents'\?"),
        ('[defaults]\ntrim = ["tests", 3]', r"defaults\.trim\[1\] is 3, and has to be one of 'tests', 'stubs'"),
        ('[defaults]\nremoval_policy = "keep"', '"retain" or "destroy"'),
        ("[layers.data]\nmax_unzipped = 120", 'a size with its unit, such as "120 MiB"'),
        ('[layers.data]\ndocker = "yes"', "true or false"),
        ('[layers.data]\nasset_excludes = ["a", 1]', r"asset_excludes\[1\] is 1, and has to be a string"),
        ('[layers.data]\ndescription = ["a"]', r"description is \['a'\], and has to be a string"),
        (
            '[defaults]\nmax_unzipped = ["120 MiB"]',
            r"max_unzipped is \['120 MiB'\], and has to be a size with its unit",
        ),
        ("[defaults]\nbytecode = [true]", r"bytecode is \[True\], and has to be true or false"),
        ("[layers.data]\nlicense = 1", "a string"),
        ('[layers.data]\nopt_entry = "nowhere"', r"data\.opt_entry is 'nowhere', and has to be a folder, relative to"),
    ],
)
def test_what_makes_no_sense_is_told_with_file_and_key(folder: Path, text: str, shown: str) -> None:
    """Unknown keys, wrong kinds and wrong values each name the file, the key and what is expected."""
    write(folder, text)
    with pytest.raises(UsageError, match=rf"layers\.toml: .*{shown}"):
        read_layer_directory(folder)


def test_a_folder_that_is_none_or_holds_no_layer_is_refused(tmp_path: Path) -> None:
    """A missing folder, a file and a folder without subfolders are distinguished."""
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    for name, shown in (("nowhere", "does not exist"), ("file", "is a file"), ("empty", "has no subfolder")):
        with pytest.raises(CdkLayersError, match=shown):
            read_layer_directory(tmp_path / name)


def test_a_relative_folder_names_where_it_was_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app may have been started elsewhere."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EntryError, match=re.escape(f"was looked for at {str(tmp_path / 'layers')!r}")):
        read_layer_directory(Path("layers"))
