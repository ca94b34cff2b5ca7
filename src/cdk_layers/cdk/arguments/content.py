"""The arguments of constructs for what an archive contains of its distributions."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_layers.building.content_options import ContentOptions, trim_of
from cdk_layers.project.option_kinds import TRIM_ARGUMENT
from cdk_layers.project.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_layers.cdk.arguments.readers import Arguments


@dataclass(frozen=True, slots=True)
class ContentChoices:
    """What the user chose for one construct; None where the choice is left to the stack or the project."""

    bytecode: bool | None = None
    trim: bool | tuple[str, ...] | None = None
    dependency_excludes: tuple[str, ...] | None = None
    aws_services: tuple[str, ...] | None = None
    try_imports: bool | None = None

    @classmethod
    def read(cls, arguments: Arguments, given: Mapping[str, object]) -> ContentChoices:
        """Read the arguments of a construct.

        Args:
            arguments: Readers that name the construct.
            given: What the user passed, by the names of the fields; other keys are ignored.

        Raises:
            UsageError: One of them is not of its type.
        """
        bytecode, excludes, services = given["bytecode"], given["dependency_excludes"], given["aws_services"]
        try_imports = given["try_imports"]
        return cls(
            None if bytecode is None else arguments.flag("bytecode", bytecode),
            _trim(arguments, given["trim"]),
            None if excludes is None else arguments.texts("dependency_excludes", excludes, "patterns"),
            None if services is None else arguments.texts("aws_services", services, "names of services"),
            None if try_imports is None else arguments.flag("try_imports", try_imports),
        )

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the options that the user asked for."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name))

    @property
    def options(self) -> ContentOptions:
        """The options of a build, with those of the project where the user did not choose.

        Raises:
            UsageError: The project's settings cannot be read.
        """
        project = read_settings(Path.cwd()).content
        chosen = {field.name: getattr(self, field.name) for field in fields(self)}
        return ContentOptions(**{
            name: getattr(project, name) if value is None else value for name, value in chosen.items()
        })  # fmt: skip


def _trim(arguments: Arguments, value: object) -> bool | tuple[str, ...] | None:
    if value is None:
        return None
    found = trim_of(value)
    if found is None:
        wrong = TRIM_ARGUMENT.wrong("trim", value)
        raise arguments.wrong(wrong.value, wrong.name, wrong.expected, wrong.hint)
    return found
