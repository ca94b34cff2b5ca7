"""Manifests that pin everything are installed as they stand, and resolved where that turns out to lack something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.options import BuildOptions
from cdk_layers.errors import DependencyError
from cdk_layers.lambda_service.target import Target
from cdk_layers.system import host

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

    MakeEntry = Callable[..., Path]

X86 = Target("3.13", "x86_64")
DATEUTIL = ("python-dateutil==2.9.0.post0", "six==1.17.0")


class Listener:
    """Stands in the door to processes and writes down which commands of uv pass."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the place of the door."""
        self.commands: list[str] = []
        self.offline: list[bool] = []
        self._run = host.run
        monkeypatch.setattr(host, "run", self.run)

    def run(self, command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        """Write a command down and let it pass."""
        environment = options["environment"]
        assert isinstance(environment, dict)
        self.commands.append(" ".join(map(str, command[1:3])))
        self.offline.append(environment.get("UV_OFFLINE") == "1")
        return self._run(command, **options)  # type: ignore[arg-type]


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Listener:
    """Return what hears uv's commands."""
    return Listener(monkeypatch)


def test_nothing_is_resolved(make_entry: MakeEntry, store: LocalStore, listener: Listener) -> None:
    """A manifest that pins all that is needed is only installed, and known from then on."""
    entry = make_entry({"requirements.txt": "Python_DateUtil==2.9.0.post0  # dates\nsix==1.17.0\n"})
    done = build(entry, X86, store=store)
    assert done.pins == DATEUTIL
    assert set(listener.commands) == {"pip install"}
    listener.commands.clear()
    assert build(entry, X86, store=store).from_cache
    assert listener.commands == []


def test_index_is_not_asked_for_what_is_here(make_entry: MakeEntry, store: LocalStore, listener: Listener) -> None:
    """Pins whose wheels lie in uv's cache are installed without the network."""
    entry = make_entry({"requirements.txt": "six==1.17.0\n"})
    build(entry, X86, store=store)
    listener.offline.clear()
    build(make_entry({"requirements.txt": "six==1.17.0\n", "a.py": ""}, "other"), Target("3.12", "x86_64"), store=store)
    assert listener.offline == [True]


@pytest.mark.parametrize(
    ("pinned", "added"),
    [
        ("python-dateutil==2.9.0.post0\n", "six"),
        (
            "requests[socks]==2.32.5\ncertifi==2025.8.3\ncharset-normalizer==3.4.3\nidna==3.10\nurllib3==2.5.0\n",
            "pysocks",
        ),
    ],
)
def test_what_is_left_out_is_added(
    make_entry: MakeEntry, store: LocalStore, listener: Listener, pinned: str, added: str
) -> None:
    """A manifest that leaves out what its distributions, or the extras that it asks for, need is resolved."""
    done = build(make_entry({"requirements.txt": pinned}), X86, store=store)
    assert added in {pin.partition("==")[0] for pin in done.pins}
    assert "pip compile" in listener.commands
    assert any(note.rule == "unpinned-requirement" for note in done.report.notes)


def test_what_is_left_out_is_added_beside_what_the_cache_has(make_entry: MakeEntry, store: LocalStore) -> None:
    """A build without a dependency, which a function's layers brought, is not taken for one that needs none."""
    alone = make_entry({"requirements.txt": "python-dateutil==2.9.0.post0\n"})
    beside_six = BuildOptions(provided={"six": "1.17.0"})
    assert build(alone, X86, beside_six, store=store).pins == ("python-dateutil==2.9.0.post0",)
    assert "six" in {pin.partition("==")[0] for pin in build(alone, X86, store=store).pins}


def test_marker_of_another_machine(make_entry: MakeEntry, store: LocalStore, listener: Listener) -> None:
    """A pin whose marker does not hold on the target is left out."""
    text = "six==1.17.0 ; sys_platform == 'linux'\ncolorama==0.4.6 ; sys_platform == 'win32'\n"
    assert build(make_entry({"requirements.txt": text}), X86, store=store).pins == ("six==1.17.0",)
    assert "pip compile" not in listener.commands


@pytest.mark.parametrize(
    "text", ["python-dateutil==2.9.0.post0\nsix==1.4.0\n", "six==1.17.0\nsix==1.16.0\n", "six==99.0\n"]
)
def test_pins_that_cannot_be(make_entry: MakeEntry, store: LocalStore, text: str) -> None:
    """Pins that contradict each other, or do not exist, are refused with their manifest's name."""
    with pytest.raises(DependencyError, match=r"requirements\.txt"):
        build(make_entry({"requirements.txt": text}), X86, store=store)


def test_python_that_a_pin_does_not_admit(make_entry: MakeEntry, store: LocalStore) -> None:
    """A pure wheel that says that it is for other Pythons is not installed on its pin's word."""
    with pytest.raises(DependencyError, match=r"requirements\.txt"):
        build(make_entry({"requirements.txt": "numpy==2.3.4\n"}), Target("3.10", "x86_64"), store=store)


@pytest.mark.parametrize(
    "text", ["six==1.17.0 --hash=sha256:" + "1" * 64, "--require-hashes\nsix==1.17.0", "--no-index\nsix==1.17.0"]
)
def test_errors_come_alone(make_entry: MakeEntry, store: LocalStore, text: str) -> None:
    """What fails both as it stands and resolved is one error, without the first one as its context."""
    with pytest.raises(DependencyError) as caught:
        build(make_entry({"requirements.txt": f"{text}\n"}), X86, store=store)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
