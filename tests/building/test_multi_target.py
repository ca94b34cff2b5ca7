"""Whether one build is right for several targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.multi_target import build_for
from cdk_layers.errors import CompatibilityError, UsageError
from cdk_layers.lambda_service.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

    MakeEntry = Callable[..., Path]

EVERYWHERE = [Target(python, machine) for python in ("3.12", "3.13") for machine in ("x86_64", "arm64")]


def test_pure_python(make_entry: MakeEntry, store: LocalStore) -> None:
    """Pure Python is right for every target, and is built once for all of them."""
    done = build_for(make_entry({"requirements.txt": "six==1.16.0\n", "a.py": ""}), EVERYWHERE, store=store)
    assert done.target == EVERYWHERE[0]
    assert done.pins == ("six==1.16.0",)


def test_native_code(make_entry: MakeEntry, store: LocalStore) -> None:
    """Native code is tied to one Python on one machine, and the files are named for each that it does not suit."""
    entry = make_entry({"requirements.txt": "orjson==3.11.4\n"})
    with pytest.raises(CompatibilityError) as caught:
        build_for(entry, EVERYWHERE, store=store, label="Hub/base")
    message = str(caught.value)
    assert message.startswith("Hub/base: the build for Python 3.12 on x86_64 does not suit")
    for target in EVERYWHERE[1:]:
        assert f"{target} cannot load " in message
    assert "python/orjson/orjson.cpython-312-x86_64-linux-gnu.so" in message


def test_stable_abi(make_entry: MakeEntry, store: LocalStore) -> None:
    """Native code for the stable ABI is right for newer Pythons on its machine, and for no other machine."""
    entry = make_entry({"requirements.txt": "bcrypt==4.2.0\n"})
    pythons = [Target("3.12", "x86_64"), Target("3.13", "x86_64")]
    assert build_for(entry, pythons, store=store).pins == ("bcrypt==4.2.0",)
    with pytest.raises(CompatibilityError, match=r"Python 3\.12 on arm64 cannot load .*_bcrypt\.abi3\.so"):
        build_for(entry, [*pythons, Target("3.12", "arm64")], store=store)


def test_other_pins(make_entry: MakeEntry, store: LocalStore) -> None:
    """A manifest that asks for something else on another target ties the content too."""
    entry = make_entry({"requirements.txt": "six==1.16.0\nidna==3.10 ; python_version < '3.13'\n"})
    with pytest.raises(CompatibilityError, match=r"Only Python 3\.12 on x86_64 needs idna==3\.10"):
        build_for(entry, EVERYWHERE, store=store)


def test_no_target(make_entry: MakeEntry, store: LocalStore) -> None:
    """Nothing can be built for no target."""
    with pytest.raises(UsageError, match="no target"):
        build_for(make_entry({"a.py": ""}), [], store=store)


@pytest.mark.parametrize("pins", [
    "requests==2.32.5\ncharset-normalizer==3.4.4\nidna==3.10\nurllib3==2.5.0\ncertifi==2025.8.3\n",
    "wrapt==1.17.3\nmarkupsafe==3.0.3\npyyaml==6.0.3\n",
    "multidict==6.6.4\nmsgpack==1.1.1\nsimplejson==3.20.1\ntomli==2.2.1\n",
])  # fmt: skip
def test_optional_accelerators_tie_to_nothing(make_entry: MakeEntry, store: LocalStore, pins: str) -> None:
    """What is imported without its native modules too suits every target, modules that mypyc compiled included."""
    done = build_for(make_entry({"requirements.txt": pins}), EVERYWHERE, store=store)
    assert done.contents.natives


def test_programs_of_the_entry_are_judged_as_for_one_target(make_entry: MakeEntry, store: LocalStore) -> None:
    """Programs for either architecture, and one for another, are for the entry's own code to choose among."""
    entry = make_entry({"a.py": ""})
    for name, machine in {"x-x86_64": 62, "x-aarch64": 183, "only": 62, "old": 3}.items():
        (entry / "tools").mkdir(exist_ok=True)
        (entry / "tools" / name).write_bytes(a_program(machine))
    done = build_for(entry, EVERYWHERE, store=store)
    assert [one.path for one in done.contents.natives] == [
        "python/tools/old", "python/tools/only", "python/tools/x-aarch64", "python/tools/x-x86_64",
    ]  # fmt: skip


def a_program(machine: int) -> bytes:
    """Return the header of a static ELF program for a machine, by its number in e_machine."""
    start = b"\x7fELF\x02\x01\x01" + bytes(9) + (2).to_bytes(2, "little") + machine.to_bytes(2, "little")
    return start + (1).to_bytes(4, "little") + bytes(28) + (64).to_bytes(2, "little") + bytes(10)
