"""Building three layers for Python 3.13 on x86_64: requests + boto3; pandas; scikit-learn, all pinned."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uv

from benchmarks.least import install_command
from benchmarks.pairs import Pair, alternate, runnable, seconds_of, show
from benchmarks.programs import surroundings
from cdk_layers.project.user_store import user_store
from cdk_layers.system.interpreters import find_python

if TYPE_CHECKING:
    from collections.abc import Callable

LAYERS: Final = tuple(sorted((Path(__file__).parent / "layers").iterdir()))
_ROUNDS: Final = 5
_GOALS: Final = {"uv pip install --target (no archive)": 2.0, "pip install -t + zip -r": 10, "sam build": 6}
_FASTER: Final = ("pip install -t + zip -r", "sam build")
"""Whose goal is how many times as fast the library is."""

_SAM: Final = "aws-sam-cli==1.170.0"
_TEMPLATE: Final = """\
Transform: AWS::Serverless-2016-10-31
Resources:
"""
_SAM_LAYER: Final = """\
  {name}:
    Type: AWS::Serverless::LayerVersion
    Properties: {{ContentUri: {path}}}
    Metadata: {{BuildMethod: python3.13, BuildArchitecture: x86_64}}
"""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pairs, not_run = _first_builds(folder)
        show("First build of three layers, wheels already downloaded", pairs, not_run=not_run)
        show("One line changed next to 150 MB of dependencies", _changed_line(folder))
        show("One pin changed next to 150 MB of dependencies", _bumped_pin(folder))
        show("A second layer with the numpy of another one", [_second_layer(folder)])
        if find_python("3.13", user_store()) is None:
            show("Bytecode", [], not_run={"bytecode": "it needs a Python 3.13, and none is installed"})
        else:
            show("Bytecode", _bytecode(folder))


def _first_builds(folder: Path) -> tuple[list[Pair], dict[str, str]]:
    """Return what was measured, and what could not be, with the reason."""
    _ours(folder)
    measured: dict[str, Callable[[], float]] = {
        "uv pip install --target (no archive)": partial(_bare_uv, folder),
        "uv, and reading, hashing and compressing alone": partial(_least, folder),
        "pip install -t + zip -r": partial(_pip_and_zip, folder),
    }
    python = find_python("3.13", user_store())
    if python is not None:
        measured["sam build"] = partial(_sam_build, folder, _sam(folder), python)
    others, not_run = runnable(measured)
    if python is None:
        not_run["sam build"] = "it needs a Python 3.13, and none is installed"
    ours, *theirs = alternate(_ROUNDS, partial(_ours, folder), *others.values())
    pairs = [
        Pair("three layers", ours, seconds, name, _GOALS.get(name), faster=name in _FASTER)
        for name, seconds in zip(others, theirs, strict=True)
    ]
    return pairs, not_run


def _ours(folder: Path) -> float:
    cache = folder / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    return _build(cache, "--together", *LAYERS)


def _build(cache: Path, *arguments: str | Path) -> float:
    return seconds_of(
        [sys.executable, "-m", "benchmarks.one_build", *arguments], environment={"CDK_LAYERS_CACHE_DIR": str(cache)}
    )


def _bare_uv(folder: Path) -> float:
    total = 0.0
    for layer in LAYERS:
        shutil.rmtree(folder / "uv", ignore_errors=True)
        total += seconds_of(install_command(folder / "uv", layer / "requirements.txt"))
    return total


def _least(folder: Path) -> float:
    """Measure uv, reading, hashing and compressing alone."""
    shutil.rmtree(folder / "least", ignore_errors=True)
    manifests = [layer / "requirements.txt" for layer in LAYERS]
    return seconds_of([sys.executable, "-m", "benchmarks.least", "pack", folder / "least", *manifests])


def _pip_and_zip(folder: Path) -> float:
    total = 0.0
    for layer in LAYERS:
        shutil.rmtree(folder / "pip", ignore_errors=True)
        platforms = [f"manylinux_2_{minor}_x86_64" for minor in (34, 28, 27, 24, 17, 12, 5)]
        total += seconds_of(
            [
                sys.executable, "-m", "pip", "install", "--quiet", "--target", folder / "pip" / "python",
                "--python-version", "3.13", "--implementation", "cp", "--only-binary", ":all:",
                *(f"--platform={platform}" for platform in platforms), "-r", layer / "requirements.txt",
            ]
        )  # fmt: skip
        (folder / "pip.zip").unlink(missing_ok=True)
        total += seconds_of(_zip_command(folder), cwd=folder / "pip")
    return total


def _zip_command(folder: Path) -> list[str | Path]:
    """Return the command for `zip -r`, or one that does the same where there is no zip."""
    program = shutil.which("zip")
    if program:
        return [program, "-qr", folder / "pip.zip", "."]
    code = "import shutil, sys; shutil.make_archive(sys.argv[1], 'zip', sys.argv[2])"
    return [sys.executable, "-c", code, folder / "pip", folder / "pip"]


def _sam(folder: Path) -> list[str | Path]:
    uri = "\n".join(_SAM_LAYER.format(name=layer.name.title(), path=layer) for layer in LAYERS)
    (folder / "template.yaml").write_text(_TEMPLATE + uri)
    return [uv.find_uv_bin(), "tool", "run", "--quiet", "--from", _SAM, "sam"]


def _sam_build(folder: Path, sam: list[str | Path], python: Path) -> float:
    """Measure sam, which takes the Python of the runtime from the PATH."""
    shutil.rmtree(folder / ".aws-sam", ignore_errors=True)
    path = surroundings(python.parent)["PATH"]
    return seconds_of([*sam, "build", "--template", folder / "template.yaml"], cwd=folder, environment={"PATH": path})


def _changed_line(folder: Path) -> list[Pair]:
    entry = _large_entry(folder, "entry")
    (entry / "ours.py").write_text("VERSION = 0\n")
    first, changed = _first_and_changed(
        folder / "changed-cache", entry, lambda round_: (entry / "ours.py").write_text(f"VERSION = {round_}\n")
    )
    return [
        Pair("built again", changed[0], first[0], "its first build", 0.15),
        Pair("built again, and its archive written to cdk.out", changed[1], first[1], "the same the first time", None),
    ]


def _bumped_pin(folder: Path) -> list[Pair]:
    entry = _large_entry(folder, "pinned")
    pins = (entry / "requirements.txt").read_text()
    versions = ("3.10", "3.9")

    def bump(round_: int) -> None:
        (entry / "requirements.txt").write_text(f"{pins}idna=={versions[round_ % 2]}\n")

    bump(0)
    first, bumped = _first_and_changed(folder / "pinned-cache", entry, bump)
    return [
        Pair("idna 3.10 instead of 3.9", bumped[0], first[0], "its first build", 0.25),
        Pair("the same, and its archive written to cdk.out", bumped[1], first[1], "the same the first time", None),
    ]


def _large_entry(folder: Path, name: str) -> Path:
    entry = folder / name
    shutil.copytree(next(layer for layer in LAYERS if layer.name == "learning"), entry)
    return entry


def _first_and_changed(
    cache: Path, entry: Path, change: Callable[[int], object], *arguments: str
) -> tuple[list[float], list[float]]:
    """Return the median seconds of first builds and of those after a change, each without and with the archive."""
    first, changed = [], []
    for round_ in range(1, _ROUNDS + 1):
        shutil.rmtree(cache, ignore_errors=True)
        change(round_ + 1)
        first.append(_seconds_inside(cache, entry, *arguments))
        change(round_)
        changed.append(_seconds_inside(cache, entry, *arguments))
    return _medians(first), _medians(changed)


def _medians(rounds: list[list[float]]) -> list[float]:
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def _second_layer(folder: Path) -> Pair:
    """Count the parts that a layer adds to the store; all but numpy are its own."""
    cache = folder / "second-cache"
    frames, learning = (next(layer for layer in LAYERS if layer.name == name) for name in ("frames", "learning"))
    _build(cache, frames)
    before = len(list(cache.rglob("part-*")))
    _build(cache, learning)
    own = len((learning / "requirements.txt").read_text().split()) - 1
    packed = len(list(cache.rglob("part-*"))) - before - own
    return Pair("numpy packed again", packed, 1, "a numpy for each layer", 0.0, unit="times")


def _bytecode(folder: Path) -> list[Pair]:
    cache, entry = folder / "bytecode-cache", _large_entry(folder, "compiled")

    def first(*arguments: str) -> float:
        shutil.rmtree(cache, ignore_errors=True)
        return _seconds_inside(cache, entry, *arguments)[0]

    first("--bytecode")
    archive = shutil.move(folder / "written" / "0.zip", folder / "compiled.zip")
    seconds_of(install_command(folder / "modules", entry / "requirements.txt"))
    python = str(find_python("3.13", user_store()))
    command = [sys.executable, "-m", "benchmarks.least", "compile", folder / "modules", python, archive]
    compiled, plain, alone = alternate(_ROUNDS, partial(first, "--bytecode"), first, partial(seconds_of, command))

    def change(round_: int) -> None:
        (entry / "ours.py").write_text(f"VERSION = {round_}\n")

    (_, again), (_, again_plain) = (
        _first_and_changed(folder / f"{name}-cache", entry, change, *arguments)
        for name, arguments in (("again-compiled", ("--bytecode",)), ("again-plain", ()))
    )
    return [
        Pair("first build", compiled, plain, "without bytecode", 2.5),
        Pair("first build", compiled, plain + alone, "without bytecode, and compiling alone", None),
        Pair("one line changed", again[0], again_plain[0], "without bytecode", 1.1),
        Pair("one line changed, and its archive written", again[1], again_plain[1], "without bytecode", None),
    ]


def _seconds_inside(cache: Path, entry: Path, *arguments: str) -> list[float]:
    """Return the seconds of the build alone, without the start of the interpreter around it, and with the archive."""
    report, out = cache.parent / "seconds.txt", cache.parent / "written"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    seconds_of(
        [sys.executable, "-m", "benchmarks.one_build", "--seconds-to", report, "--archives-to", out, *arguments, entry],
        environment={"CDK_LAYERS_CACHE_DIR": str(cache)},
    )
    return [float(text) for text in report.read_text().split()]


if __name__ == "__main__":
    main()
