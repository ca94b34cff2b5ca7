"""Handlers imported into the process of a test, with the layers of their functions."""

from __future__ import annotations

import importlib
import os
import site
import sys
from filecmp import cmp
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cdk_layers.errors import UsageError
from cdk_layers.local.variables import names_of
from cdk_layers.testing.tracebacks import raises_at_the_call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

    from typing_extensions import Self

    from cdk_layers.local.function import LocalFunction
    from cdk_layers.testing.functions import Assemblies, Synthesizable

_NATIVE: Final = (".so", ".pyd")
_INSTALLED: Final = frozenset(("dist-packages", "site-packages"))
"""Names of the folders that distributions are installed into."""

_native_packages: dict[tuple[Path, str], dict[str, ModuleType]] = {}
"""Modules of packages with native code, by the folder that they were imported from and the name of the package.

Most of these packages cannot be imported twice into one process, so tests share the modules.
"""


class HandlerImporter:
    """The fixture `lambda_handler`: imports of handlers, which are undone at the end of a test."""

    def __init__(self, assemblies: Assemblies) -> None:
        """Import nothing yet.

        Args:
            assemblies: The assemblies to find functions in.
        """
        self._assemblies = assemblies
        self._folders: list[Path] = []
        self._names: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Remember the import path, the finders, the modules and the environment variables."""
        self._path, self._modules, self._environment = list(sys.path), dict(sys.modules), dict(os.environ)
        self._meta_path = list(sys.meta_path)
        # Other runs share the folders of functions, so they must stay equal to the archives.
        self._dont_write_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        return self

    def __exit__(self, *_: object) -> None:
        """Restore them. Modules that were imported from other folders stay."""
        sys.path[:], sys.meta_path[:] = self._path, self._meta_path
        sys.dont_write_bytecode = self._dont_write_bytecode
        os.environ.clear()
        os.environ.update(self._environment)
        self._remove_modules()
        sys.modules.update(self._modules)
        importlib.invalidate_caches()

    @raises_at_the_call
    def __call__(
        self,
        name: str,
        *,
        app: Synthesizable | None = None,
        environment: Mapping[str, str] | None = None,
        layers: Mapping[str, Path | str] | None = None,
    ) -> Callable[..., Any]:
        """Return the handler of a function.

        Args:
            name: Its construct path, its logical id, or an end of the path that no other function has.
            app: The app that defines it. Defaults to the assembly that the setting `cdk_layers_assembly` names.
            environment: Variables that override those of the function.
            layers: Archives or folders of layers that the app does not contain, by their ARNs.

        Raises:
            UsageError: The app has no such function, this process runs another Python than the function, or its
                handler names no module, or one that does not define it.
            ImportError: The module cannot be imported.
        """
        function = self._assemblies.function(name, app=app, environment=environment, layers=layers)
        _refuse_other_python(function)
        module_name, attribute = _module_and_attribute(function)
        folders = self._assemblies.runner.import_paths(function)
        self._folders += folders
        sys.path[:0] = map(str, folders)
        self._set_variables(function)
        importlib.invalidate_caches()
        self._set_aside(folders[0], module_name.partition(".")[0])
        self._restore_native_packages(folders)
        for folder in folders:
            # Reads its .pth files, as Lambda does.
            site.addsitedir(str(folder))
        module = importlib.import_module(module_name)
        try:
            handler: Callable[..., Any] = getattr(module, attribute)
        except AttributeError:
            message = f"Function {function.path!r}: module {module_name!r} does not define its handler {attribute!r}."
            raise UsageError(message) from None
        return handler

    def _set_variables(self, function: LocalFunction) -> None:
        """Set what Lambda sets, unless the test run has set it: a test's own Region is that of its mocks, too."""
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or function.region
        own = {**names_of(function), "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
        for name, value in own.items():
            if os.environ.get(name, "") in {"", self._names.get(name)}:
                os.environ[name] = self._names[name] = value
        os.environ.update(function.environment)

    def _set_aside(self, code: Path, handler: str) -> None:
        """Remove modules of other folders with the names of the function's modules, such as a test's `main`.

        Installed packages stay, even if the code contains them as well: the test may have patched them, and most of
        those with native code cannot be imported twice.

        Args:
            code: The folder of the function's code.
            handler: The top-level module or package of the handler, which is never an installed one.
        """
        own = {path.name.partition(".")[0] for path in code.iterdir() if not path.name.endswith(".dist-info")}
        for name, module in list(sys.modules.items()):
            top, file = name.partition(".")[0], _file(module)
            if top not in own or file is None or Path(file).is_relative_to(code):
                continue
            if top == handler or _INSTALLED.isdisjoint(Path(file).parts):
                del sys.modules[name]

    def _restore_native_packages(self, folders: list[Path]) -> None:
        """Restore the modules of packages whose files are the same in one of the function's folders."""
        for (origin, package), modules in _native_packages.items():
            if package not in sys.modules and any(_are_in(modules, origin, folder) for folder in folders):
                sys.modules.update(modules)
                self._folders.append(origin)

    def _remove_modules(self) -> None:
        """Remove the modules of the function. Those of packages with native code are stored for other tests."""
        own = {name: module for name, module in sys.modules.items() if _is_from(module, self._folders)}
        native = {name.partition(".")[0] for name, module in own.items() if str(_file(module)).endswith(_NATIVE)}
        for name, module in own.items():
            package = name.partition(".")[0]
            if package in native:
                origin = next(folder for folder in self._folders if _is_from(module, [folder]))
                _native_packages.setdefault((origin, package), {})[name] = module
            del sys.modules[name]


def _module_and_attribute(function: LocalFunction) -> tuple[str, str]:
    """Return the names of a handler's module and of the handler in it."""
    module, dot, attribute = function.handler.replace("/", ".").rpartition(".")
    if not dot or not module.strip("."):
        message = f"Function {function.path!r} has the handler {function.handler!r}; expected MODULE.FUNCTION."
        raise UsageError(message)
    return module, attribute


def _refuse_other_python(function: LocalFunction) -> None:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if function.python != here:
        message = (
            f"Function {function.path!r} is for Python {function.python} and this process is {here}. Use the fixture "
            f"lambda_function, which runs it on its own Python."
        )
        raise UsageError(message)


def _are_in(modules: Mapping[str, ModuleType], origin: Path, folder: Path) -> bool:
    """Return whether a folder has the same files as the one that modules were imported from."""
    if folder == origin:
        return True
    paths = [Path(file) for module in modules.values() if (file := _file(module)) is not None]
    names = [path.relative_to(origin) for path in paths if path.is_file()]
    return all((folder / name).is_file() and cmp(origin / name, folder / name, shallow=False) for name in names)


def _is_from(module: ModuleType, folders: list[Path]) -> bool:
    file = _file(module)
    return file is not None and any(Path(file).is_relative_to(folder) for folder in folders)


def _file(module: ModuleType) -> str | None:
    """Return the file of a module, or the folder of a namespace package; None for a built-in module."""
    # Not getattr: a `__getattr__` of the module may import others.
    names = getattr(module, "__dict__", {})
    place: Iterator[str] = iter(names.get("__path__") or ())
    file = names.get("__file__") or next(place, None)
    return file if isinstance(file, str) else None
