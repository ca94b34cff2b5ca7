"""Environment variables that hide the content of layers, or name a program that no layer contains."""

from __future__ import annotations

import re
from posixpath import dirname, normpath
from typing import TYPE_CHECKING, Final

from cdk_layers.app.model import Function
from cdk_layers.lambda_service.runtimes import EXEC_WRAPPER
from cdk_layers.rules.examples import function_yaml, sam_template
from cdk_layers.rules.facts.file_modes import EXECUTABLE
from cdk_layers.rules.facts.search_path import is_python, parts, unknown_parts
from cdk_layers.rules.registry import Problem, register_family, rule
from cdk_layers.system.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_layers.app.model import Layer, Settings
    from cdk_layers.findings import Severity
    from cdk_layers.rules.facts.search_path import Part

register_family(__name__, order=135)

_LAYER: Final = "Base: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layers/python.zip}}"
_TOOLS: Final = """\
# The archive contains the program bin/hello.
Tools: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layers/tools.zip}}"""
_SITE_PACKAGES: Final = re.compile(r"python/lib/python\d+\.\d+/site-packages(?=/)")
_MODULES: Final = (".py", ".pyc", ".so")
_SEARCHED: Final = {"PATH": "/opt/bin", "LD_LIBRARY_PATH": "/opt/lib"}
_MOUNTS: Final = ("/opt/", "/var/task/")
_EXECUTE: Final = 0o001
_OF_PROGRAMS: Final = ("bin", "extensions")
"""Folders whose programs the rule unreadable-file checks, used or not."""


@rule(
    "pythonpath-hides-layers",
    Function,
    severity="error",
    meaning="PYTHONPATH is set for a function and leaves out the folders of its layers. If it is set, the runtime "
    "adds none of /opt/python and /opt/python/lib/pythonX.Y/site-packages itself, so nothing in them can be "
    "imported.",
    remedy="Remove PYTHONPATH, or begin it with the folder that the layers use, such as /opt/python.",
    source="The bootstrap of the runtimes up to Python 3.11; opentelemetry-lambda issue 1714. Not verified for later "
    "runtimes, where it is a warning.",
    failing=sam_template(
        function_yaml("Environment: {Variables: {PYTHONPATH: /var/task/lib}}", "Layers: [!Ref Base]"), _LAYER
    ),
    passing=sam_template(
        function_yaml("Environment: {Variables: {PYTHONPATH: '/opt/python:/var/task/lib'}}", "Layers: [!Ref Base]"),
        _LAYER,
    ),
)
def pythonpath_hides_layers(subject: Function, _: Settings) -> Iterator[Problem]:
    """Compare the entries of a literal PYTHONPATH with the folders that the layers use."""
    path = (subject.environment or {}).get("PYTHONPATH")
    if path is None or not (subject.runtime or "").startswith("python"):
        return
    entries = {normpath(entry) for entry in path.split(":") if entry}
    below = tuple(f"{entry}/".removeprefix("/opt/") for entry in entries if entry.startswith("/opt/python/"))
    for layer in dict.fromkeys(subject.used_layers):
        hidden = [folder for folder in _python_folders(layer, subject.runtime or "", below) if folder not in entries]
        start = f"Function {subject.where.path!r} sets PYTHONPATH to {path!r}, which leaves out"
        if layer.contents is not None and hidden:
            doubt = _doubt(subject)
            severity: Severity = "warning" if doubt else "error"
            yield Problem(f"{start} {quoted(hidden)} of its layer {layer.label!r}.{doubt}", severity=severity)
        elif layer.contents is None and "/opt/python" not in entries:
            unknown = f"Whether its layer {layer.label!r} uses that folder is not known."
            yield Problem(f"{start} '/opt/python'. {unknown}{_doubt(subject)}", severity="warning")


def _python_folders(layer: Layer, runtime: str, below: tuple[str, ...]) -> list[str]:
    """Return the folders under /opt that this runtime imports from and that the layer has modules in.

    Args:
        layer: The layer.
        runtime: The function's runtime.
        below: Folders in python/ that PYTHONPATH names. What is in them can be imported from there.
    """
    own = f"python/lib/{runtime}/site-packages"
    found = set()
    for path in layer.contents.files if layer.contents is not None else ():
        if path.startswith(below) or not path.endswith(_MODULES):
            continue
        site_packages = _SITE_PACKAGES.match(path)
        if site_packages is None and path.startswith("python/"):
            found.add("/opt/python")
        elif site_packages is not None and site_packages.group() == own:
            found.add(f"/opt/{own}")
    return sorted(found)


def _doubt(subject: Function) -> str:
    if EXEC_WRAPPER in (subject.environment or {}):
        return f" The program that {EXEC_WRAPPER} names may add it."
    if (subject.runtime or "") in {f"python3.{minor}" for minor in range(12)}:
        return ""
    return f" This is verified for the runtimes up to Python 3.11, but not verified for {subject.runtime}."


@rule(
    "path-hides-layers",
    Function,
    severity="warning",
    meaning="PATH or LD_LIBRARY_PATH is set for a function and leaves out /opt/bin or /opt/lib, where its layers "
    "provide programs or libraries. Lambda's default values end with these folders, and the variable replaces them.",
    remedy="End the variable with the folder that the layers use: /opt/bin for PATH, /opt/lib for LD_LIBRARY_PATH.",
    source="Lambda's developer guide for the values; the environment of the base images.",
    failing=sam_template(
        function_yaml("Environment: {Variables: {PATH: '/usr/local/bin:/usr/bin:/bin'}}", "Layers: [!Ref Tools]"),
        _TOOLS,
    ),
    passing=sam_template(
        function_yaml(
            "Environment: {Variables: {PATH: '/usr/local/bin:/usr/bin:/bin:/opt/bin'}}", "Layers: [!Ref Tools]"
        ),
        _TOOLS,
    ),
)
def path_hides_layers(subject: Function, _: Settings) -> Iterator[Problem]:
    """Compare the entries of a literal PATH and LD_LIBRARY_PATH with the folders that the layers use."""
    environment: Mapping[str, str | None] = subject.environment or {}
    for variable in _SEARCHED.keys() & environment.keys():
        value, folder = environment[variable], _SEARCHED[variable]
        if value is None or folder in {normpath(entry) for entry in value.split(":") if entry}:
            continue
        users = [layer.label for layer in dict.fromkeys(subject.used_layers) if _uses(layer, folder)]
        if users:
            yield Problem(
                f"Function {subject.where.path!r} sets {variable} to {value!r}, which leaves out {folder!r}, where "
                f"{quoted(users)} has files."
            )


def _uses(layer: Layer, folder: str) -> bool:
    start = folder.removeprefix("/opt/") + "/"
    return layer.contents is not None and any(path.startswith(start) for path in layer.contents.files)


@rule(
    "wrapper-not-found",
    Function,
    severity="error",
    meaning="AWS_LAMBDA_EXEC_WRAPPER names a file that neither the function's code nor a layer contains, or that is "
    "not executable. The runtime then ends before it loads the function.",
    remedy="Add the layer that contains the program, such as that of the vendor, correct the path, or remove "
    "AWS_LAMBDA_EXEC_WRAPPER. In a SharedPythonLayer, the files of opt_entry are in /opt, and those of entry in "
    "/opt/python.",
    source='The developer guide, "Modifying the runtime environment"; the bootstrap of the runtimes.',
    aws_error="/opt/otel-instrument: does not exist",
    failing=sam_template(
        function_yaml("Environment: {Variables: {AWS_LAMBDA_EXEC_WRAPPER: /opt/bin/hi}}", "Layers: [!Ref Tools]"),
        _TOOLS,
    ),
    passing=sam_template(
        function_yaml("Environment: {Variables: {AWS_LAMBDA_EXEC_WRAPPER: /opt/bin/hello}}", "Layers: [!Ref Tools]"),
        _TOOLS,
    ),
)
def wrapper_not_found(subject: Function, _: Settings) -> Iterator[Problem]:
    """Look up the program that starts the runtime. What a link leads to is not followed."""
    value = (subject.environment or {}).get(EXEC_WRAPPER)
    if not value or not value.startswith(_MOUNTS) or not is_python(subject) or unknown_parts(subject):
        return
    known = [(part, f"{normpath(value)}/".removeprefix(f"{part.mount}/")) for part in reversed(parts(subject))]
    if any(path.startswith(f"{link}/") for part, path in known for link in part.contents.links):
        return
    found = next(((part, path[:-1]) for part, path in known if path[:-1] in part.contents.files), None)
    if found is None:
        name = value.rpartition("/")[2]
        others = [part.at(path) for part, _ in known for path in part.contents.files if path.endswith(f"/{name}")]
        yield Problem(
            f"{EXEC_WRAPPER} names {value!r}, which neither the function's code nor a layer contains."
            + (f" A file of that name is {others[0]}." if others else ""),
            aws_error=f"{value}: does not exist",
        )
    else:
        yield from _not_executable(value, *found)


def _not_executable(value: str, part: Part, path: str) -> Iterator[Problem]:
    mode = part.contents.files[path].mode
    # Archives that were created on Windows contain no modes.
    if mode and not mode & _EXECUTE and dirname(path) not in _OF_PROGRAMS:
        yield Problem(
            f"{EXEC_WRAPPER} names {value!r}, and {part.at(path)} is not executable by all ({mode:03o}).",
            remedy=EXECUTABLE,
            aws_error=f"{value}: is not an executable",
        )
