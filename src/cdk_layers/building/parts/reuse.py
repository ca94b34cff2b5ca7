"""Reuse of the parts of earlier installations, so that only changed pins are installed.

The files that uv installs for a pin depend only on the pin, the target, uv's version and its settings, if wheels for
exactly the target's platform are used for all pins and no other distribution has a file of the same name. Else all pins
are installed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from cdk_layers.building.parts.placed_parts import placed_parts
from cdk_layers.building.parts.split import UNRECORDED
from cdk_layers.building.requirements.build_keys import SCHEMA, option_key, pin_key, surrounding_key
from cdk_layers.building.uv import process
from cdk_layers.store.keys import key_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from cdk_layers.building.job import Job
    from cdk_layers.building.parts.split import Group
    from cdk_layers.building.requirements.manifests import Requirements
    from cdk_layers.building.requirements.requirement_line import RequirementLine
    from cdk_layers.building.requirements.resolution import Resolution


@dataclass(frozen=True, slots=True)
class KnownParts:
    """The parts of a resolution that earlier installations made."""

    resolution: Resolution
    job: Job
    other_inputs: str
    """The inputs that apply to all pins, as JSON."""

    @classmethod
    def of(cls, requirements: Requirements, resolution: Resolution, job: Job) -> KnownParts:
        """Return the known parts of the resolution of a manifest."""
        facts = [
            SCHEMA,
            str(job.target),
            process.uv_version(),
            process.settings_digest(job.entry, job.options.environment),
            [option_key(option) for option in requirements.options],
            *surrounding_key(requirements, job),
        ]
        return cls(resolution, job, json.dumps(facts))

    def find(self) -> dict[str, str]:
        """Return the keys of the parts that the store has, by the names of their distributions."""
        found = {}
        for pin in self._stable_pins():
            key: Any = self.job.store.recall(self._memo(pin))
            if pin.name and isinstance(key, str) and self.job.store.get(key) is not None:
                found[pin.name] = key
        return found

    def remember(self, groups: Sequence[Group], keys: Sequence[str], *, without: Collection[str] = ()) -> None:
        """Store which parts an installation made, unless distributions have files in common.

        Distributions in `without` are installed again each time.
        """
        if not are_independent([[member.name for member in group.members] for group in groups]):
            return
        by_name = {group.name: key for group, key in zip(groups, keys, strict=True)}
        if UNRECORDED in by_name:
            return
        for pin in self._stable_pins():
            if pin.name in by_name and pin.name not in without:
                self.job.store.remember(self._memo(pin), by_name[pin.name])

    def fit(self, known: Mapping[str, str], groups: Iterable[Group]) -> bool:
        """Return whether known parts and newly installed groups are the same as one installation of all pins."""
        groups = list(groups)
        parts = placed_parts(self.job.store, [(key, "") for key in known.values()])
        names = chain(
            ([entry.name for entry in part.entries()] for part in parts),
            ([member.name for member in group.members] for group in groups),
        )
        return all(group.name != UNRECORDED for group in groups) and are_independent(list(names))

    def _stable_pins(self) -> list[RequirementLine]:
        """Return the pins whose files never change: with a version, and not built."""
        if self.resolution.platform is not None or self.job.options.allow_source_builds:
            return []
        pins = (pin for pin in self.resolution.pins if pin.name and pin.version)
        return [pin for pin in pins if pin.hashes or not pin.remote]

    def _memo(self, pin: RequirementLine) -> str:
        return key_of("installed", [self.other_inputs, pin_key(pin)])


def are_independent(groups: Collection[Sequence[str]]) -> bool:
    """Return whether no file of one group is a file or a folder of another group."""
    owners: dict[str, int] = {}
    folders: set[str] = set()
    for number, names in enumerate(groups):
        for name in names:
            if owners.setdefault(name, number) != number:
                return False
            folder = name.rpartition("/")[0]
            while folder and folder not in folders:
                folders.add(folder)
                folder = folder.rpartition("/")[0]
    return folders.isdisjoint(owners)
