"""Source of a layer: its folders and the options of its build."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from cdk_layers.cdk.asset.entry_options import EntryOptions
from cdk_layers.errors import UsageError
from cdk_layers.system.temporary_folders import lasting_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cdk_layers.building.options import BuildOptions
    from cdk_layers.lambda_service.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSource(EntryOptions):
    """The folders that a layer is built from, and the options of its build."""

    opt_entry: Path | None
    targets: tuple[Target, ...]
    docker: bool

    @property
    def entry_or_opt(self) -> Path:
        """The folder that PythonLayerVersion gets as the entry.

        Raises:
            UsageError: The user gave no folder.
        """
        folder = self.entry or self.opt_entry
        if folder is None:
            message = f"Layer {self.path!r} has no folder to build from. Pass entry=, opt_entry=, or both."
            raise UsageError(message)
        return folder

    @property
    def folder(self) -> Path:
        """The entry for the build: an empty folder if the user gave only `opt_entry`."""
        return _empty_folder() if self.entry is None else self.entry

    @property
    def container_reasons(self) -> tuple[str, ...]:
        """The arguments that need a container; () for a build without one."""
        return (*(("docker=True",) if self.docker else ()), *self.bundling.container_only)

    @property
    def options(self) -> BuildOptions:
        """The options of a build without a container."""
        return self.build_options(self.bundling.folder(f"Layer {self.path!r}"), opt_entry=self.opt_entry)

    def refuse_local_options(self) -> None:
        """Refuse options that a build in a container would ignore.

        Raises:
            UsageError: An argument needs a container, and another one needs a build without one.
        """
        place, reasons = f"Layer {self.path!r}", ", ".join(self.container_reasons)
        if self.opt_entry is not None:
            message = (
                f"{place}: opt_entry is only for builds without Docker, and {reasons} needs Docker. "
                f"Put {str(self.opt_entry)!r} into a layer of its own, or leave out {reasons}."
            )
            raise UsageError(message)
        chosen = [name for name, value in (("groups", self.groups), ("extras", self.extras)) if value]
        if chosen:
            message = (
                f"{place}: {_only(chosen)} for builds without Docker, and {reasons} needs Docker, where "
                f"PythonLayerVersion installs no groups. Leave out one of them."
            )
            raise UsageError(message)
        content = self.content.options.names
        if content:
            message = (
                f"{place}: {_only(content)} for builds without Docker, and {reasons} needs Docker. "
                "Leave out one of them. An argument of the construct, such as bytecode=False, overrides the project's "
                "settings."
            )
            raise UsageError(message)


def _only(names: Sequence[str]) -> str:
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} only"


@cache
def _empty_folder() -> Path:
    """Return an empty folder that exists until this process ends, since a build may read its entry again."""
    return lasting_folder("entry")
