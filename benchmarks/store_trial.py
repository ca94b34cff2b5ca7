"""A trial of the store under trouble, run by hand: `python -m benchmarks.store_trial [kills] [seed]`.

Builds are killed, run at once, run out of room, and find damaged, older and read-only files, most of it while another
process removes everything that is not in use all the time. Each build has to come to the right content or to a
BuildError. It prints how often which of them happened. It takes some minutes; the tests have a small version of each.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_layers.building.builds import build
from cdk_layers.lambda_service.target import Target
from cdk_layers.store.local_store import LocalStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TARGET: Final = Target("3.13", "x86_64")
_PINS: Final = ("six==1.17.0\nmarkupsafe==3.0.3\n", "idna==3.11\n", "six==1.17.0\nidna==3.11\n", "markupsafe==3.0.3\n")
_PROCESSES: Final = 8
_DAMAGES: Final = 100
_ONE_BUILD: Final = """
import sys
from pathlib import Path
from cdk_layers.building.builds import build
from cdk_layers.errors import BuildError
from cdk_layers.lambda_service.target import Target
from cdk_layers.store.local_store import LocalStore
try:
    layer = build(Path(sys.argv[1]), Target("3.13", "x86_64"), store=LocalStore(Path(sys.argv[2])))
    layer.write_to(Path(sys.argv[3]))
    print(layer.digest)
except BuildError as error:
    print("BuildError:", error)
"""
_PRUNE_FOREVER: Final = """
import sys, time
from pathlib import Path
from cdk_layers.store.local_store import LocalStore
from cdk_layers.store.pruning import Limits
while True:
    LocalStore(Path(sys.argv[1])).prune(Limits(0))
    time.sleep(0.02)
"""


class Trial:
    """Entries, the digests that they come to, and what happened so far."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        """Build each entry once, undisturbed."""
        self.folder, self.chance = folder, chance
        self.entries = []
        for number, pins in enumerate(_PINS):
            entry = folder / f"entry{number}"
            entry.mkdir()
            (entry / "requirements.txt").write_text(pins)
            (entry / "own.py").write_text(f"NUMBER = {number}\n" * 2000)
            self.entries.append(entry)
        reference = LocalStore(folder / "reference")
        self.archives: dict[Path, bytes] = {}
        self.digests = {}
        for entry in self.entries:
            layer = build(entry, _TARGET, store=reference)
            layer.write_to(folder / "reference.zip")
            self.digests[entry], self.archives[entry] = layer.digest, (folder / "reference.zip").read_bytes()
        self.seen: dict[str, Counter[str]] = {}

    def start(self, entry: Path, store: Path) -> tuple[subprocess.Popen[str], Path]:
        """Start a build in a process group of its own; return it, and where it writes the archive."""
        out = self.folder / f"out-{self.chance.getrandbits(64):x}.zip"
        command = [sys.executable, "-c", _ONE_BUILD, str(entry), str(store), str(out)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True), out

    def judge(self, trouble: str, entry: Path, started: tuple[subprocess.Popen[str], Path]) -> None:
        """Wait for a build, and count what it came to."""
        process, out = started
        printed, errors = process.communicate()
        if process.returncode < 0:
            result = "killed"
        elif printed.strip() == self.digests[entry] and out.read_bytes() == self.archives[entry]:
            result = "right content"
        elif printed.startswith("BuildError:"):
            result = "clear error"
        else:
            result = f"WRONG: {printed.strip()[-200:]} {errors.strip()[-600:]}"
        out.unlink(missing_ok=True)
        self.seen.setdefault(trouble, Counter())[result] += 1

    def check(self, trouble: str, store: Path) -> None:
        """Count what a verification finds damaged."""
        for item in LocalStore(store).verify().damaged:
            self.seen.setdefault(trouble, Counter())[f"DAMAGED: {item.path.name}"] += 1


@contextmanager
def _pruning(store: Path) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", _PRUNE_FOREVER, str(store)])
    try:
        yield
    finally:
        ended = process.poll()
        process.kill()
        process.wait()
        if ended is not None:
            message = f"pruning ended by itself with {ended}"
            raise AssertionError(message)


def kills(trial: Trial, count: int, *, pruned: bool) -> None:
    """Kill builds at random moments."""
    store = trial.folder / f"killed-{pruned}"
    trouble = "killed while everything is pruned" if pruned else "killed"
    entry, began = trial.entries[0], time.monotonic()
    trial.judge("undisturbed", entry, trial.start(entry, store))
    whole = time.monotonic() - began
    killed = 0
    while killed < count:
        entry = trial.chance.choice(trial.entries)
        started = trial.start(entry, store)
        with suppress(subprocess.TimeoutExpired):
            started[0].wait(trial.chance.uniform(0.1, whole))
        with suppress(ProcessLookupError):
            os.killpg(started[0].pid, signal.SIGKILL)
        trial.judge(trouble, entry, started)
        killed = trial.seen[trouble]["killed"]
        trial.check(trouble, store)
        if trial.chance.choice([True, False]) and not pruned:
            shutil.rmtree(store / "2" / "artifacts", ignore_errors=True)
    for entry in trial.entries:
        trial.judge(f"after: {trouble}", entry, trial.start(entry, store))


def at_once(trial: Trial) -> None:
    """Build with several processes at once, twice: the second time while everything is pruned."""
    for trouble, around in (("8 at once", None), ("8 at once while everything is pruned", _pruning)):
        store = trial.folder / f"at-once-{around is None}"
        with around(store) if around else nullcontext():
            for _ in range(2):
                started = [(entry, trial.start(entry, store)) for entry in trial.entries * (_PROCESSES // 4)]
                for entry, process in started:
                    trial.judge(trouble, entry, process)
        trial.check(trouble, store)


def full_disk(trial: Trial) -> None:
    """Build on file systems of growing size, and then with room."""
    for kib in range(40, 640, 60):
        with _disk(trial.folder / f"disk{kib}", f"size={kib}k") as disk:
            entry = trial.entries[0]
            trial.judge("full disk", entry, trial.start(entry, disk / "store"))
            trial.check("full disk", disk / "store")
            subprocess.run(["mount", "-o", "remount,size=50m", disk], check=True)
            trial.judge("full disk, with room again", entry, trial.start(entry, disk / "store"))


def read_only(trial: Trial) -> None:
    """Make the file system read-only in the middle of builds."""
    for number in range(10):
        with _disk(trial.folder / f"read-only{number}", "size=50m") as disk:
            entry = trial.entries[0]
            started = trial.start(entry, disk / "store")
            time.sleep(trial.chance.uniform(0.2, 2.0))
            # A file system with files that are open for writing cannot become read-only; try until it can.
            while started[0].poll() is None:
                if not subprocess.run(["mount", "-o", "remount,ro", disk], check=False, capture_output=True).returncode:
                    break
            trial.judge("read-only in the middle", entry, started)
            trial.check("read-only in the middle", disk / "store")


def damage(trial: Trial) -> None:
    """Damage random files of the store, one or many, before each build."""
    store = trial.folder / "damaged"
    for _ in range(_DAMAGES):
        files = sorted(path for path in (store / "2").rglob("*") if path.is_file()) if store.is_dir() else []
        for path in trial.chance.sample(files, min(len(files), trial.chance.choice([1, 3, 10]))):
            _spoil(path, trial.chance)
        entry = trial.chance.choice(trial.entries)
        trial.judge("damaged files", entry, trial.start(entry, store))


def _spoil(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    how: list[Callable[[], object]] = [path.unlink, lambda: path.write_bytes(content[: len(content) // 2])]
    if content:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        how.append(lambda: path.write_bytes(content))
    chance.choice(how)()


def older(trial: Trial) -> None:
    """Build next to the folders of older and newer schemas, with files of the same names in them."""
    store = trial.folder / "older"
    shutil.copytree(trial.folder / "reference" / "2", store / "1")
    shutil.copytree(trial.folder / "reference" / "2", store / "3")
    for entry in trial.entries:
        trial.judge("older and newer schema", entry, trial.start(entry, store))


@contextmanager
def _disk(folder: Path, options: str) -> Iterator[Path]:
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def main() -> int:
    """Run all of it, print what happened, and return 1 if anything was wrong."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20261128  # noqa: PLR2004
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        trial = Trial(Path(folder), random.Random(seed))  # noqa: S311
        kills(trial, count, pruned=False)
        with _pruning(Path(folder) / "killed-True"):
            kills(trial, count, pruned=True)
        at_once(trial)
        damage(trial)
        older(trial)
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            full_disk(trial)
            read_only(trial)
    is_wrong = False
    for trouble, results in trial.seen.items():
        print(f"{trouble}: {', '.join(f'{number} {result}' for result, number in results.items())}")
        is_wrong = is_wrong or any(result.split(":")[0] in {"WRONG", "DAMAGED"} for result in results)
    return int(is_wrong)


if __name__ == "__main__":
    sys.exit(main())
