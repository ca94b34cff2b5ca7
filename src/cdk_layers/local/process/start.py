"""Start Lambda's own runtime client, awslambdaric, in a Python that was started with -S.

The argument is one JSON document: `first` and `last`, the folders at both ends of the search path, `handler`,
`debug_port` (or null), where it waits for a debugger, and `imports_only`, for importing the handler's module alone.
"""

from __future__ import annotations

import json
import sys

IMPORTS_BEGIN = "cdk-layers: imports begin"
IMPORTS_END = "cdk-layers: imports end"


def restore_site_builtins() -> None:
    """Provide what `import site` gives every program (`exit`, `help`), without this machine's site-packages."""
    import site

    site.setquit()
    site.setcopyright()
    site.sethelper()
    del sys.modules["site"]


def provide_runtime_client(scripts: str) -> None:
    """Let awslambdaric find a module for its native part where it has none for this system."""
    from importlib.util import find_spec

    if find_spec("runtime_client") is None:
        sys.path.append(f"{scripts}/fallback")


def wait_for_debugger(port: int) -> None:
    """Return once a debugger is attached."""
    import debugpy

    debugpy.listen(("127.0.0.1", port))
    sys.stderr.write(f"Waiting for a debugger on 127.0.0.1:{port}\n")
    sys.stderr.flush()
    debugpy.wait_for_client()


def import_module(handler: str) -> None:
    """Import a handler's module between two marks on the error output, after what the runtime client imports itself."""
    import awslambdaric.bootstrap  # noqa: F401

    sys.stderr.write(f"{IMPORTS_BEGIN}\n")
    sys.stderr.flush()
    # Python does not report the time of what `importlib.import_module` imports.
    __import__(handler.rpartition(".")[0].replace("/", "."))
    sys.stdout.flush()
    sys.stderr.write(f"{IMPORTS_END}\n")
    sys.stderr.flush()


def main() -> None:
    """Set the search path, and answer invocations until the process ends."""
    spec = json.loads(sys.argv[1])
    # Python puts the folder of this script first.
    sys.path[:] = [*spec["first"], *sys.path[1:], *spec["last"]]
    restore_site_builtins()
    provide_runtime_client(sys.argv[0].rpartition("/")[0])
    if spec["imports_only"]:
        import_module(spec["handler"])
        return
    if spec["debug_port"]:
        wait_for_debugger(spec["debug_port"])
    sys.argv = [sys.argv[0], spec["handler"]]
    from awslambdaric.__main__ import main as run

    run(sys.argv)


if __name__ == "__main__":
    main()
