"""Native files of an archive that a machine, a Python or a C library cannot load.

Builds, rules and local runs use the same index.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from cdk_layers.contents.accelerators import OPTIONAL_EXTENSIONS
from cdk_layers.contents.caching import once_per_archive
from cdk_layers.contents.native_names import (
    SOURCE,
    is_for_other_system,
    is_mypyc_part,
    is_program,
    is_started,
    is_tied,
    is_unreachable,
    module_of,
    names_its_machine,
    python_tag,
    suits_python,
    tag_of,
    without_machine,
)
from cdk_layers.contents.owners import owner
from cdk_layers.lambda_service.runtimes import PYTHON_RUNTIMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cdk_layers.contents.model import Contents, Native
    from cdk_layers.lambda_service.target import Target


class NativeIndex:
    """The native files of one archive, by what can load them. `native_index` returns the one of an archive."""

    def __init__(self, contents: Contents, root: str) -> None:
        """Index an archive.

        Args:
            contents: The contents of the archive.
            root: Its folder that modules are imported from: "python/" of a layer, "" of a function's code.
        """
        self.contents = contents
        self.root = root
        self.answers: dict[object, Any] = {}
        """See `caching.once_per_archive`."""

    def foreign_files(self, target: Target, *, optional: bool = False) -> Iterator[str]:
        """Yield the paths of the native files that a target needs and cannot load, sorted.

        These are files for another machine, another Python or a newer glibc than the target's. Programs that belong to
        no distribution are not among them: the rules report these where a function uses them.

        Args:
            target: The target.
            optional: Whether to include modules that Python works without (see `is_optional`).
        """
        foreign = {native.path for native in self.for_other_machine(target.architecture)}
        foreign.update(self.for_other_python(target.python))
        foreign.update(native.path for native in self.past_glibc(target.runtime.name))
        for path in sorted(foreign):
            is_spare = (self.is_optional(path) and not optional) or names_its_machine(path)
            is_own_program = is_program(path) and owner(self.contents, path) is None
            if not is_spare and not is_own_program:
                yield path

    @once_per_archive
    def for_other_machine(self, machine: str) -> tuple[Native, ...]:
        """Return the ELF files for other machines that have no counterpart for this one, "x86_64" or "arm64"."""
        natives = self.contents.natives
        suited = {without_machine(native.path) for native in natives if native.machine == machine}
        return tuple(
            native
            for native in natives
            if native.machine != machine
            and without_machine(native.path) not in suited
            and (native.path.startswith(self.root) or not python_tag(native.path))
        )

    @once_per_archive
    def for_other_python(self, python: str) -> tuple[str, ...]:
        """Return the extension modules for other CPython versions that have no build which this version can import."""
        return tuple(
            native.path
            for native in self.contents.natives
            if is_tied(native.path)
            and not suits_python(tag_of(native.path) or "", python)
            and not is_unreachable(native.path, python, self.root)
            and not is_mypyc_part(native.path)
            and not self._has_build_for(native.path, python)
        )

    @once_per_archive
    def for_other_system(self, python: str) -> tuple[str, ...]:
        """Return the extension modules for macOS or Windows that have no build which this Python imports on Linux."""
        natives = {native.path for native in self.contents.natives}
        return tuple(
            path
            for path, file in self.contents.files.items()
            if path.endswith((".so", ".pyd"))
            and path not in natives
            and file.size
            and is_for_other_system(path)
            and not is_unreachable(path, python, self.root)
            and not is_mypyc_part(path)
            and not self._has_build_for(path, python)
        )

    @once_per_archive
    def for_musl_only(self, python: str) -> tuple[str, ...]:
        """Return the ELF files linked against musl that have no other build, in an archive without musl itself."""
        names = (path.rpartition("/")[2] for path in (*self.contents.files, *self.contents.links))
        if any(name.startswith(("libc.musl", "ld-musl")) for name in names):
            return ()
        return tuple(
            native.path
            for native in self.contents.natives
            if is_for_musl(native)
            and not is_unreachable(native.path, python, self.root)
            and not (is_mypyc_part(native.path) and python_tag(native.path))
            and not self._has_build_for(native.path, python)
        )

    @once_per_archive
    def past_glibc(self, runtime: str) -> tuple[Native, ...]:
        """Return the ELF files that need GLIBC symbols newer than a runtime's; () for an unknown runtime."""
        known = PYTHON_RUNTIMES.get(runtime)
        if known is None:
            return ()
        own_tag = known.python.replace(".", "")
        return tuple(
            native
            for native in self.contents.natives
            if native.glibc is not None
            and native.glibc > known.glibc
            and not is_unreachable(native.path, known.python, self.root)
            and python_tag(native.path) in (None, own_tag)
        )

    def is_optional(self, path: str) -> bool:
        """Return whether Python also imports what a native module accelerates without it, only slower.

        That is so when the source is next to it, since Python skips modules whose tag is not its own; for mypyc's
        shared part, which only such modules import; and for distributions that are known to work without.
        """
        if python_tag(path) and (SOURCE in self._tags_of_module(path) or is_mypyc_part(path)):
            return True
        return owner(self.contents, path) in OPTIONAL_EXTENSIONS and not is_program(path)

    def by_need(self, paths: Iterable[str], *, with_programs: bool = True) -> tuple[list[str], list[str]]:
        """Return those of some native files that a function fails without, and those that it may work without.

        Args:
            paths: The files.
            with_programs: Whether a function fails without a program. Those that Lambda itself starts always count.
        """
        needed: list[str] = []
        spare: list[str] = []
        for path in paths:
            is_unused = not with_programs and is_program(path) and not is_started(path)
            (spare if is_unused or self.is_optional(path) else needed).append(path)
        return needed, spare

    @cached_property
    def tagged_distributions(self) -> frozenset[str]:
        """The names of the distributions with native files whose names say what Python they are for."""
        tagged = (native.path for native in self.contents.natives if python_tag(native.path))
        return frozenset(owner(self.contents, path) or "" for path in tagged)

    @cached_property
    def _tags_by_module(self) -> dict[str, list[str]]:
        """The tags of the files of each module; `SOURCE` for its Python source."""
        found: dict[str, list[str]] = {}
        natives = {native.path: native for native in self.contents.natives}
        for path in self.contents.files:
            if path.endswith(".py"):
                found.setdefault(path.removesuffix(".py").removesuffix("/__init__"), []).append(SOURCE)
            elif path in natives and not is_for_musl(natives[path]) and (module := module_of(path)):
                found.setdefault(module, []).append(tag_of(path) or "")
        return found

    def _tags_of_module(self, path: str) -> list[str]:
        module = module_of(path)
        return self._tags_by_module.get(module, []) if module else []

    def _has_build_for(self, path: str, python: str) -> bool:
        """Return whether a Python can import one of the builds of a file's module, or its source."""
        return any(suits_python(tag, python) for tag in self._tags_of_module(path))


def is_for_musl(native: Native) -> bool:
    """Return whether an ELF file is linked against musl's C library instead of glibc."""
    return native.path.endswith("-linux-musl.so") or any(name.startswith("libc.musl") for name in native.needed)


@once_per_archive
def native_index(contents: Contents, root: str) -> NativeIndex:
    """Return the index of an archive's native files.

    Args:
        contents: The contents of the archive.
        root: Its folder that modules are imported from: "python/" of a layer, "" of a function's code.
    """
    return NativeIndex(contents, root)
