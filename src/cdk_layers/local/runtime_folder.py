"""The distributions that a managed runtime provides: Lambda's runtime client and the SDKs."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import TYPE_CHECKING, Final

from uv import find_uv_bin

from cdk_layers.errors import BuildError
from cdk_layers.lambda_service.runtimes import runtime_distributions
from cdk_layers.system import host
from cdk_layers.system.outgoing import scrub
from cdk_layers.system.uv_writes import write_failure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cdk_layers.store.protocol import Store

CLIENT: Final = "awslambdaric>=3.1"
DEBUGGER: Final = "debugpy>=1.8"

_LINUX_WHEELS: Final = ("--python-platform", "x86_64-manylinux_2_28")
"""awslambdaric has wheels for Linux only; of these, Python on macOS uses what is pure (see process/fallback)."""

_SCHEMA: Final = 1


def runtime_folder(store: Store, python: Path, version: str, *, debugger: bool = False) -> Path:
    """Return a folder with what the runtime provides for a language version; install it the first time.

    Args:
        store: Where such folders are kept.
        python: The interpreter that will import it.
        version: Its language version, such as "3.13".
        debugger: Whether a debugger is needed too.

    Raises:
        BuildError: It cannot be installed.
    """
    wanted = [CLIENT, *sorted(runtime_distributions(version)), *([DEBUGGER] if debugger else [])]
    key = hashlib.sha256(json.dumps([_SCHEMA, wanted, str(python)]).encode()).hexdigest()[:16]
    name = f"runtime-{version}-{key}"
    return store.get_or_make_folder("runtimes", name, lambda folder: _install(wanted, python, folder))


def _install(wanted: Sequence[str], python: Path, folder: Path) -> None:
    done = host.run(
        [find_uv_bin(), "pip", "install", "--quiet", "--only-binary", ":all:", "--python", python, "--target", folder,
         "--compile-bytecode", *(_LINUX_WHEELS if sys.platform == "darwin" else ()), *wanted],
        environment={**host.environ(), "NO_COLOR": "1"},
    )  # fmt: skip
    if done.returncode:
        message = write_failure(done.stderr) or (
            f"Lambda's runtime client cannot be installed for {python}: {' '.join(scrub(done.stderr).split())[:600]} "
            f"Connect to the index once; afterwards it is kept in the cache."
        )
        raise BuildError(message)
