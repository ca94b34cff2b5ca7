"""Start Lambda's own runtime client, awslambdaric, in a Python that was started with -S.

It takes its place between the environment and the client as Lambda's own bootstrap.py does: it has no arguments, and
reads the handler, the folders and PYTHONPATH from environment variables, since wrapper scripts change both.

`_CDK_LAYERS_START` is one JSON document: `layers`, the folders that modules of layers are imported from, `debug_port`
(or null), where it waits for a debugger, `imports_only`, for importing the handler's module alone, and `is_compiled`,
for doing so with bytecode of all modules, below `sys.pycache_prefix`.
"""

from __future__ import annotations

import json
import os
import sys

OPTIONS = "_CDK_LAYERS_START"

IMPORTS_BEGIN = "cdk-layers: imports begin"
IMPORTS_END = "cdk-layers: imports end"


def restore_site_builtins() -> None:
    """Provide what `import site` gives every program (`exit`, `help`), without this machine's site-packages."""
    import site

    site.setquit()
    site.setcopyright()
    site.sethelper()


def customize_site() -> None:
    """Import `sitecustomize` as Python itself does, if a PYTHONPATH may lead to one."""
    import site

    if "PYTHONPATH" in os.environ:
        site.execsitecustomize()


def set_search_path(layers: list[str]) -> None:
    """Put the folders of the function before those of Python, and read their .pth files.

    A PYTHONPATH takes the place of what the runtime adds, the folders of layers included. Source: bootstrap.py of the
    managed runtimes, set_default_sys_path, add_default_site_directories and set_default_pythonpath.
    """
    import site

    task, runtime = os.environ["LAMBDA_TASK_ROOT"], os.environ["LAMBDA_RUNTIME_DIR"]
    has_own_path = "PYTHONPATH" in os.environ
    sys.path[:0] = [task] if has_own_path else [task, *layers, runtime]
    for folder in [task] if has_own_path else [task, *layers]:
        site.addsitedir(folder)
    os.environ.setdefault("PYTHONPATH", runtime)


def leave_folder_of_scripts() -> str:
    """Remove the folder of this script, which Python puts first, from the search path, and return it."""
    folder = __file__.rpartition("/")[0]
    sys.path[:] = [entry for entry in sys.path if entry != folder]
    return folder


def provide_native_part(scripts: str) -> None:
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


def report_import_module() -> None:
    """Let Python report the time of what `importlib.import_module` imports, too.

    Handlers of vendors import the function's own module with it, and Django its apps.
    """
    import importlib.util

    def import_module(name: str, package: str | None = None) -> object:
        absolute = importlib.util.resolve_name(name, package) if package and name.startswith(".") else name
        __import__(absolute)
        return sys.modules[absolute]

    importlib.import_module = import_module  # type: ignore[assignment]


def import_module(handler: str) -> None:
    """Import a handler's module between two marks on the error output."""
    sys.stderr.write(f"{IMPORTS_BEGIN}\n")
    sys.stderr.flush()
    report_import_module()
    __import__(handler.rpartition(".")[0].replace("/", "."))
    sys.stdout.flush()
    sys.stderr.write(f"{IMPORTS_END}\n")
    sys.stderr.flush()


def compile_modules(handler: str) -> None:
    """Import a handler's module in a child process, which writes the bytecode of all that is imported."""
    child = os.fork()
    if child == 0:
        output = os.open(os.devnull, os.O_WRONLY)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.dont_write_bytecode = False
        try:
            import_module(handler)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def main() -> None:
    """Load the runtime client, set the search path, and answer invocations until the process ends."""
    options = json.loads(os.environ.pop(OPTIONS))
    scripts = leave_folder_of_scripts()
    customize_site()
    restore_site_builtins()
    sys.path.append(os.environ["LAMBDA_RUNTIME_DIR"])
    provide_native_part(scripts)
    # Before the function's folders are on the search path: they may hide modules of the standard library.
    import awslambdaric.__main__ as client

    # Its name in bootstrap.py, by which Sentry's SDK and others look for it.
    globals()["awslambdaricmain"] = client
    set_search_path(options["layers"])
    handler = os.environ["_HANDLER"]
    if options["imports_only"]:
        if options["is_compiled"]:
            compile_modules(handler)
        import_module(handler)
        return
    if options["debug_port"]:
        wait_for_debugger(options["debug_port"])
    client.main([os.environ["LAMBDA_TASK_ROOT"], handler])


if __name__ == "__main__":
    main()
