"""Handlers of functions that are built from an entry folder."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from cdk_layers.app.model import is_literal
from cdk_layers.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_layers.cdk.arguments.readers import Arguments

_INDEX: Final = "index.py"
_HANDLER: Final = "handler"
"""PythonFunction's defaults. Source: aws-lambda-python-alpha 2.275, function.js."""


def resolved_handler(arguments: Arguments, entry: Path | None, index: object, handler: object) -> str:
    """Return the handler in the form that Lambda expects, "module.function".

    Args:
        arguments: Readers that name the construct.
        entry: The folder with the code; None for a function without `entry`.
        index: A file in the folder, as for PythonFunction.
        handler: The name of a function in that file, or a whole handler such as "main.handler".

    Raises:
        UsageError: One of them is not a string, or `index` is not an existing Python file.
    """
    called = arguments.text("handler", handler, 'the name of a function, such as "main.handler"')
    file = arguments.text("index", index, 'the name of a file, such as "index.py"')
    if entry is None:
        if called is None:
            message = f"{arguments.place}: handler is missing. Name the function to call, such as 'main.handler'."
            raise UsageError(message)
        return called
    if file is None and called is not None and ("." in called or not is_literal(called)):
        return called
    if called is not None and "." not in called and not called.isidentifier():
        raise arguments.wrong(called, "handler", 'the name of a function, such as "main.handler"')
    module = _module(arguments, entry, file or _INDEX)
    function = called or _HANDLER
    return function if function.startswith(f"{module}.") else f"{module}.{function}"


def _module(arguments: Arguments, entry: Path, index: str) -> str:
    file = PurePosixPath(index.replace("\\", "/"))
    if file.suffix != ".py":
        raise arguments.wrong(index, "index", "the name of a Python file, which ends with .py")
    if entry.is_dir() and not (entry / file).is_file():
        message = (
            f"{arguments.place}: the entry {str(entry.absolute())!r} has no file {index!r}. Pass the file with "
            'the handler, index="main.py", or the whole handler, handler="main.handler".'
        )
        raise UsageError(message)
    return ".".join(file.with_suffix("").parts)
