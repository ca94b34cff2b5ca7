"""Readers of setup.cfg and setup.py, which setuptools reads."""

from __future__ import annotations

import ast
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cdk_layers.system.document_values import mapping
from cdk_layers.system.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STUB: Final = re.compile(
    r"(?:[\"']{1,3}[^\"']{0,500}[\"']{1,3}\s*)?(?:from setuptools import setup|import setuptools)\s*(?:;\s*)?"
    r"(?:if __name__ == [\"']__main__[\"']:\s*)?(?:setuptools\.)?setup\(\s*\)"
)
"""A setup.py that only starts setuptools, possibly with a docstring."""

_FINDERS: Final = ("find_packages", "find_namespace_packages")
_FIND_PARAMETERS: Final = ("where", "exclude", "include")
"""The parameters of both, in their order. Source: setuptools, "Package Discovery"."""

_MORE_THAN_PACKAGES: Final = frozenset({
    "cffi_modules", "cmdclass", "distclass", "ext_modules", "py_modules", "rust_extensions",
})  # fmt: skip
"""Arguments of setup() that add modules to packages, or replace commands of setuptools."""


class Argument(NamedTuple):
    """A keyword argument of a call."""

    function: str | None
    """The name of the called function, without its module; None for other expressions."""

    name: str
    value: ast.expr
    """The expression, also where the argument is a name that the module assigns it to."""


def setup_cfg(folder: Path) -> dict[str, dict[str, str]]:
    """Return the sections of a project's setup.cfg; {} if it is missing or damaged."""
    file = folder / "setup.cfg"
    if not file.is_file():
        return {}
    import configparser  # noqa: PLC0415 - few projects have such a file

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(file.read_text(encoding="utf-8", errors="replace"))
    except (configparser.Error, OSError):
        return {}
    return {name: dict(section) for name, section in parser.items()}


def has_options(root: Path) -> bool:
    """Return whether the setup.cfg of a project has options for setuptools."""
    return any(section.startswith("options") for section in setup_cfg(root))


def setup_cfg_packages(root: Path) -> dict[str, Any]:
    """Return the options of a setup.cfg in the form of [tool.setuptools]."""
    sections = setup_cfg(root)
    options = mapping(sections, "options")
    lines = options.get("package_dir", "").splitlines()
    folders = {
        name.strip(): folder.strip() for name, is_pair, folder in (line.partition("=") for line in lines) if is_pair
    }
    packages: Any = options.get("packages", "").split()
    if packages and packages[0] in {"find:", "find_namespace:"}:
        where = mapping(sections, "options.packages.find").get("where", "").split()
        packages = {"find": {"where": where, "namespaces": packages[0] == "find_namespace:"}}
    return {"package-dir": folders, **({"packages": packages} if packages else {})}


def is_stub(script: Path) -> bool:
    """Return whether a setup.py only starts setuptools."""
    lines = script.read_text(encoding="utf-8", errors="replace").splitlines()
    code = "\n".join(line for line in lines if line.strip() and not line.startswith("#")).strip()
    return _STUB.fullmatch(code) is not None


def setup_py_arguments(folder: Path) -> Iterator[Argument]:
    """Yield the keyword arguments of all calls in a project's setup.py, without running it; none if it is damaged."""
    tree = _setup_py(folder)
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        for keyword in call.keywords:
            value = keyword.value
            if keyword.arg is not None:
                value = constants.get(value.id, value) if isinstance(value, ast.Name) else value
                yield Argument(_function_name(call.func), keyword.arg, value)


def setup_py_packages(folder: Path) -> dict[str, Any] | None:
    """Return the packages that setup.py passes to setup() as literals, in the form of [tool.setuptools].

    None if it passes none, if only running it shows them, or if it passes what adds modules to them.
    """
    calls = [node for node in ast.walk(_setup_py(folder)) if isinstance(node, ast.Call)]
    calls = [call for call in calls if _function_name(call.func) == "setup"]
    arguments = {each.name: each.value for each in setup_py_arguments(folder) if each.function == "setup"}
    if len(calls) != 1 or calls[0].args or None in {keyword.arg for keyword in calls[0].keywords}:
        return None
    if _uses_changed_variable(folder, calls[0]):
        return None
    if _MORE_THAN_PACKAGES & arguments.keys() or "packages" not in arguments:
        return None
    with suppress(ValueError, TypeError, SyntaxError):
        folders = ast.literal_eval(arguments["package_dir"]) if "package_dir" in arguments else {}
        packages = _literal_packages(arguments["packages"])
        where = packages["find"]["where"] if isinstance(packages, dict) else None
        # Where both differ, setuptools finds packages that it does not find again.
        if packages and where in (None, [folders.get("", ".") or "."]):
            return {"package-dir": folders, "packages": packages}
    return None


def _uses_changed_variable(folder: Path, call: ast.Call) -> bool:
    """Return whether packages are passed by a variable that occurs elsewhere too, as in `packages.append("x")`."""
    names = [node.id for node in ast.walk(_setup_py(folder)) if isinstance(node, ast.Name)]
    passed = [keyword.value for keyword in call.keywords if keyword.arg in ("packages", "package_dir")]
    # Once where it is assigned, and once in the call.
    return any(isinstance(value, ast.Name) and names.count(value.id) > 2 for value in passed)  # noqa: PLR2004


def _literal_packages(value: ast.expr) -> list[str] | dict[str, Any]:
    """Return a list of packages, or the call that finds them, in the form of [tool.setuptools].

    Raises:
        ValueError: They are not literals.
    """
    if not isinstance(value, ast.Call):
        return list(ast.literal_eval(value))
    name = _function_name(value.func)
    given = dict(zip(_FIND_PARAMETERS, value.args, strict=False))
    given |= {keyword.arg or "": keyword.value for keyword in value.keywords}
    if name not in _FINDERS or not given.keys() <= {*_FIND_PARAMETERS}:
        raise ValueError(name)
    found = {parameter: ast.literal_eval(argument) for parameter, argument in given.items()}
    include = list(found.get("include", ("*",)))
    return {"find": {"where": [found.get("where", ".")], "include": include, "namespaces": name != "find_packages"}}


def _setup_py(folder: Path) -> ast.Module:
    """Return the syntax of a project's setup.py; that of an empty file if it is missing or damaged."""
    with suppress(OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return parse((folder / "setup.py").read_bytes())
    return ast.Module([], [])


def _function_name(function: ast.expr) -> str | None:
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else None
