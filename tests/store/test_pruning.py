"""The store within its limits: what goes, in which order, and what stays because a process uses it."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from threading import Thread
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

import pytest

from cdk_layers.errors import BuildError
from cdk_layers.store import contents_json, inventory, leases, pruning
from cdk_layers.store.growth import Growth
from cdk_layers.store.inventory import items
from cdk_layers.store.local_store import LocalStore
from cdk_layers.store.pruning import Limits
from tests.building.mounts import needs_mounts, overlay, tmpfs
from tests.upkeep import wait_for_upkeep

KIB: Final = 1024
DAY: Final = 24 * 3600
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")


def put(store: LocalStore, key: str, kib: int = 100, *, age: float = 0) -> Path:
    """Make an artifact of some size that was used some time ago, and return its folder."""
    folder = store.get_or_make(key, lambda scratch: _write(scratch / "archive.zip", kib)).folder
    wait_for_upkeep()
    if age:
        os.utime(folder, (time.time() - age,) * 2)
    return folder


def _write(path: Path, kib: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(kib * KIB))


def _keys(store: LocalStore) -> set[str]:
    return {item.path.name for item in items(store.folder) if item.kind == "artifacts"}


@pytest.fixture
def other(store: LocalStore) -> LocalStore:
    """Return the same store as another process has it, which uses nothing yet."""
    return LocalStore(store.folder)


@posix
def test_least_recently_used_goes_first(store: LocalStore, other: LocalStore) -> None:
    """A prune removes what was used longest ago until there is some room; finding something counts as a use."""
    for age, key in enumerate(("a", "b", "c", "d")):
        put(store, key, age=3600 * (10 - age))
    LocalStore(store.folder).find("a")
    store.release()

    pruned = other.prune(Limits(330 * KIB))

    assert _keys(store) == {"a", "d"}
    assert pruned.removed["artifacts"].count == 2
    assert pruned.bytes_left == sum(item.bytes for item in items(store.folder))
    assert other.get("a") is not None


@posix
def test_builds_keep_the_store_within_its_limit(tmp_path: Path) -> None:
    """Builds prune by themselves once what they add exceeds the limit, and never look at the store before that."""
    store = LocalStore(tmp_path / "cache", max_bytes=1000 * KIB)
    for number in range(30):
        put(store, f"key{number}")
        store.release()  # as at the end of a process
    size = sum(item.bytes for item in items(store.folder))
    assert size <= 1000 * KIB + 110 * KIB
    assert "key29" in _keys(store)


def test_nothing_is_pruned_where_nothing_is_built(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finding, remembering and recalling never start a prune, nor does a build while there is room."""
    put(store, "key")
    monkeypatch.setattr(LocalStore, "prune", lambda *_, **__: pytest.fail("pruned"))
    (store.folder / "2" / "upkeep" / "growth").unlink()
    assert store.get("key") == store.find("key")
    store.remember("memo", 1)
    assert store.recall("memo") == 1
    now = time.time()
    store._growth.start(0, now)
    put(store, "another")
    assert store._growth.is_due(90 * KIB, now)
    assert not store._growth.is_due(None, now)
    assert store._growth.is_due(None, now + DAY + 1)
    assert store._growth.is_due(None, now - DAY - 1), "the clock was set back"


def test_a_store_that_stays_too_large_is_not_pruned_by_each_build(tmp_path: Path) -> None:
    """While it is all in use, a prune would look at all files in vain: the next one is due after some growth."""
    growth = Growth(tmp_path / "growth")
    growth.start(1000, 0)
    assert not growth.is_due(900, 0)
    growth.add(50)
    assert not growth.is_due(900, 0)
    growth.add(1)
    assert growth.is_due(900, 0)


@posix
def test_what_a_process_uses_stays(store: LocalStore, other: LocalStore, tmp_path: Path) -> None:
    """Artifacts, unpacked folders and scratch folders of running processes stay, also in a prune of everything."""
    script = (
        "import sys; from pathlib import Path; from cdk_layers.store.local_store import LocalStore\n"
        "store = LocalStore(Path(sys.argv[1])); store.find('used')\n"
        "store.get_or_make_folder('unpacked', 'tree', lambda folder: folder.mkdir())\n"
        "store._scratch(); print('ready', flush=True); sys.stdin.read()"
    )
    put(store, "used", age=90 * DAY)
    put(store, "unused")
    store.remember("memo", 1)
    store.release()
    process = subprocess.Popen(
        [sys.executable, "-c", script, store.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"

    pruned = other.prune(Limits(0))
    assert _keys(store) == {"used"}
    assert pruned.in_use.count == 3
    assert other.recall("memo") is None

    process.kill()
    process.communicate()
    assert other.prune(Limits(0)).in_use.count == 0
    assert list(items(store.folder)) == []


@posix
def test_leases_of_children(store: LocalStore, other: LocalStore) -> None:
    """A forked process has a lease of its own: neither ends what the other one uses."""
    put(store, "parents")
    child = os.fork()
    if child == 0:
        try:
            put(store, "childs")
            store.release()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    other.prune(Limits(0))
    assert _keys(store) == {"parents"}


@pytest.mark.parametrize("key", ["before", "after"])
def test_leases_of_a_store_that_was_removed(store: LocalStore, other: LocalStore, key: str) -> None:
    """A process that goes on after its store was removed keeps what it makes again, and what it makes now."""
    put(store, "before")
    shutil.rmtree(store.folder)
    put(store, key)
    other.prune(Limits(0))
    assert _keys(store) == {key}


def test_builds_after_the_store_was_removed(store: LocalStore, other: LocalStore) -> None:
    """What a build is making is kept, too: the first build in an empty store prunes it."""
    put(store, "before")
    shutil.rmtree(store.folder)

    def make(folder: Path) -> None:
        other.prune(Limits(None))
        assert folder.is_dir()
        _write(folder / "archive.zip", 1)

    assert store.get_or_make("after", make).archive.is_file()


@pytest.mark.parametrize("unknown", ["no flock", "no locks", "unreadable lease"])
def test_where_it_is_unknown_what_processes_use(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, unknown: str
) -> None:
    """Without locks nothing is removed that was used within a day, and no build lasts six hours."""
    if unknown == "no flock":
        monkeypatch.setattr(leases, "fcntl", None)
    elif unknown == "no locks":
        monkeypatch.setattr(leases, "fcntl", SimpleNamespace(**{**vars(sys.modules["fcntl"]), "flock": _raise}))
    else:
        monkeypatch.setattr(leases, "_names_of", lambda _: None)
    put(store, "recent", age=23 * 3600)
    put(store, "old", age=25 * 3600)
    scratch = store.folder / "2" / "scratch"
    for hours in (5, 7):
        (scratch / f"build{hours}").mkdir(parents=True)
        os.utime(scratch / f"build{hours}", (time.time() - hours * 3600,) * 2)
    store.prune(Limits(0))
    assert _keys(store) == {"recent"}
    assert [path.name for path in scratch.glob("build*")] == ["build5"]


def _raise(*_: object) -> None:
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


def test_small_files_are_bounded(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memos go when they were not used for a month, and the least recently used when there are too many.

    What killed builds left goes too, and artifacts stay whatever their number is.
    """
    monkeypatch.setattr(pruning, "_MAX_FILES", 3)
    memos = store.folder / "2" / "memos"
    for days in range(5):
        store.remember(f"memo{days}", days)
        os.utime(memos / f"memo{days}", (time.time() - days * DAY,) * 2)
    store.remember("old", 1)
    os.utime(memos / "old", (time.time() - 31 * DAY,) * 2)
    assert store.recall("memo4") == 4
    for key in "abcd":
        put(store, key, 1, age=60 * DAY)
    store.release()
    (store.folder / "2" / "scratch" / "killed").mkdir(parents=True, exist_ok=True)
    store.prune(Limits())
    assert sorted(path.name for path in memos.iterdir()) == ["memo0", "memo1", "memo4"]
    assert _keys(store) == {*"abcd"}
    assert not (store.folder / "2" / "scratch" / "killed").exists()


@pytest.mark.parametrize(
    ("idle_days", "limits", "stays"),
    [
        (0.5, Limits(0), True), (2, Limits(0), False), (2, Limits(), True), (31, Limits(), False),
        (2, Limits(10), False), (2, Limits(None, 3600), False), (0.5, Limits(None, 3600), True),
    ],
)  # fmt: skip
def test_older_schemas(store: LocalStore, idle_days: float, limits: Limits, stays: bool) -> None:
    """What older versions left is removed once idle: for a month, or a day if there is no room or the user asks."""
    places = ["1/entries/key/manifest.json", "2/measurements-1/x"]
    for place in places:
        path = store.folder / place
        _write(path, 1)
        when = time.time() - idle_days * DAY
        for made in (path, *path.parents):
            if made == store.folder or store.folder.name == made.name:
                break
            os.utime(made, (when, when))
    newer = [store.folder / place for place in ("3/artifacts", f"2/measurements-{contents_json.SCHEMA + 1}")]
    put(store, "new")
    for folder in newer:
        folder.mkdir(parents=True)
        for made in (folder, folder.parent):
            os.utime(made, (time.time() - 60 * DAY,) * 2)
    for made in (store.folder / "1", store.folder / "1/entries"):
        with suppress(FileNotFoundError):  # removed after the build, as it should be
            os.utime(made, (time.time() - idle_days * DAY,) * 2)
    LocalStore(store.folder).prune(limits)
    assert [(store.folder / place).exists() for place in places] == [stays] * len(places)
    assert all(folder.is_dir() for folder in newer)


def test_what_an_older_version_reads_is_in_use(tmp_path: Path) -> None:
    """It does not record what it uses, and file systems record when a file was read."""
    read = tmp_path / "1" / "entries" / "a.zip"
    _write(read, 1)
    os.utime(read, (2000, 1000))
    for folder in (read.parent, read.parent.parent):
        os.utime(folder, (5000, 1000))
    assert inventory.last_used(tmp_path / "1") == 2000


def test_what_cannot_be_moved_away_stays_whole(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of another user is counted as failed, and nothing of it is removed."""
    folder = put(store, "key", age=2 * DAY)
    store.release()

    def refuse(path: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path), None, str(target))

    monkeypatch.setattr(type(folder), "rename", refuse)
    pruned = LocalStore(store.folder).prune(Limits(0))
    assert (pruned.failed.count, pruned.removed["artifacts"].count) == (1, 0)
    assert (folder / "archive.zip").is_file()


def test_a_dry_run_changes_nothing(store: LocalStore) -> None:
    """Not even what no limit is about, such as the locks of builds of other days."""
    put(store, "key", age=2 * DAY)
    store.release()
    lock, recent = (store.folder / "2" / "locks" / name for name in ("old", "recent"))
    lock.parent.mkdir(exist_ok=True)
    lock.touch()
    recent.touch()
    os.utime(lock, (time.time() - 2 * DAY,) * 2)
    other = LocalStore(store.folder)
    assert other.prune(Limits(0), is_dry_run=True).removed["artifacts"].count == 1
    assert _keys(store) == {"key"}
    assert lock.exists()
    other.prune(Limits(0))
    assert _keys(store) == set()
    assert not lock.exists()
    assert recent.exists()


@posix
def test_a_lease_that_is_gone_is_written_anew(tmp_path: Path) -> None:
    """Something may remove the whole store while a process runs, which then names again what it uses."""
    lease = leases.Lease(tmp_path)
    for name in ("artifacts/a", "artifacts/b"):
        lease.hold(name)
    shutil.rmtree(tmp_path / inventory.UPKEEP)
    for name in ("artifacts/a", "artifacts/b"):
        lease.hold(name)
    with leases.frozen(tmp_path) as used:
        assert used == leases.Used(frozenset({"artifacts/a", "artifacts/b"}), is_complete=True)
    lease.release()
    with leases.frozen(tmp_path) as used:
        assert used == leases.Used(frozenset(), is_complete=True)


@posix
def test_a_process_that_ends_meanwhile_uses_nothing(tmp_path: Path) -> None:
    """Its lease may be gone when it is read, which leaves nothing unknown."""
    assert leases._names_of(tmp_path / "gone") == []


def test_a_file_that_is_being_written_is_not_damaged(store: LocalStore) -> None:
    """Its name begins with a dot until it is whole."""
    store.remember("memo", 1)
    memos = store.folder / "2" / "memos"
    (memos / ".half").write_bytes(b"ha")
    assert store.verify(is_dry_run=True).damaged == []
    (memos / "half").write_bytes(b"ha")
    assert [item.path.name for item in store.verify(is_dry_run=True).damaged] == ["half"]


def test_older_schemas_go_first(store: LocalStore, other: LocalStore) -> None:
    """What only an older version can use makes room before anything that this version may use again."""
    old = store.folder / "1" / "entries"
    put(store, "new", age=5 * DAY)
    _write(old / "a.zip", 100)
    for path in (old / "a.zip", old, old.parent):
        os.utime(path, (time.time() - 2 * DAY,) * 2)
    store.release()
    other.prune(Limits(150 * KIB))
    assert _keys(store) == {"new"}
    assert not old.exists()


@posix
def test_prune_during_builds(store: LocalStore, tmp_path: Path) -> None:
    """Artifacts that threads find and make are right while another process prunes everything all the time."""
    script = (
        "import sys; from pathlib import Path; from cdk_layers.store.local_store import LocalStore\n"
        "from cdk_layers.store.pruning import Limits\n"
        "while not Path(sys.argv[2]).exists(): LocalStore(Path(sys.argv[1])).prune(Limits(0))"
    )
    end = tmp_path / "end"
    pruner = subprocess.Popen([sys.executable, "-c", script, store.folder, end])
    made: list[str] = []
    deadline = time.monotonic() + 60
    while len(made) < 100 and pruner.poll() is None and time.monotonic() < deadline:
        for key in ("a", "b", "c"):
            user = LocalStore(store.folder)
            artifact = user.get_or_make(key, lambda folder, key=key: _note(folder, key, made))  # type: ignore[misc]
            assert artifact.archive.read_text() == key
            tree = user.get_or_make_folder("unpacked", key, lambda folder, key=key: _note(folder, key, made))  # type: ignore[misc]
            assert (tree / "archive.zip").read_text() == key
            user.release()
    end.touch()
    assert pruner.wait(60) == 0
    assert len(made) > 6, "nothing was pruned meanwhile"


def _note(folder: Path, key: str, made: list[str]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "archive.zip").write_text(key)
    made.append(key)


@needs_mounts
def test_store_that_becomes_read_only(tmp_path: Path) -> None:
    """What is in it is found; a new build is a clear error; a prune reports what it could not remove."""
    with tmpfs(tmp_path / "disk", "size=5m") as disk:
        store = LocalStore(disk / "cache")
        put(store, "key")
        store.release()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        assert store.get("key") is not None
        store.remember("memo", 1)
        with pytest.raises(BuildError, match=r"Read-only file system.*Make the folder writable"):
            put(store, "new")
        with pytest.raises(BuildError, match=r"Read-only file system"):
            store.get_or_make_folder("unpacked", "tree", lambda folder: folder.mkdir())
        assert store.prune(Limits(0)).removed.get("artifacts") is None
        assert store.get("key") is not None
        store.release()


def test_sizes_of_folders(store: LocalStore, tmp_path: Path) -> None:
    """A folder counts with all of its files, and a file that two folders share counts once in all."""

    def make(folder: Path) -> None:
        _write(folder / "python" / "a.py", 10)
        os.link(folder / "python" / "a.py", folder / "b.py")

    store.get_or_make_folder("unpacked", "tree", make)
    (item,) = items(store.folder)
    assert item.bytes == 10 * KIB
    assert inventory.tree_bytes(tmp_path / "nothing") == 0


@posix
def test_nothing_begins_to_be_used_while_a_prune_looks(store: LocalStore) -> None:
    """A process that finds an artifact meanwhile waits, or the prune would remove what it did not know of."""
    root, order = store.folder / inventory.SCHEMA, []
    lease = leases.Lease(root)

    def hold() -> None:
        lease.hold("artifacts/a")
        order.append("held")

    thread = Thread(target=hold)
    with leases.frozen(root) as used:
        thread.start()
        thread.join(0.3)
        order.append("looked")
    thread.join()
    assert (used.names, order) == (frozenset(), ["looked", "held"])
    with leases.frozen(root) as used:
        assert used.names == {"artifacts/a"}


@posix
def test_what_ended_processes_used(store: LocalStore) -> None:
    """The file of a process that was killed keeps nothing, and is removed."""
    root = store.folder / inventory.SCHEMA
    left = root / leases._FOLDER / "left"
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_text("artifacts/b\n")
    with leases.frozen(root) as used:
        assert "artifacts/b" not in used.names
    assert not left.exists()


@needs_mounts
def test_store_in_the_image_of_a_container(tmp_path: Path) -> None:
    """Folders of a lower layer of an overlay, which cannot be renamed, are removed all the same, of each kind."""

    def fill(folder: Path) -> None:
        store = LocalStore(folder / "store")
        put(store, "a")
        store.get_or_make_folder("unpacked", "b", lambda place: _write(place / "b.py", 1))
        store.get_or_make_folder("runtimes", "c", lambda place: _write(place / "c.py", 1))
        (folder / "store" / "2" / "scratch" / "killed").mkdir()
        store.release()

    with overlay(tmp_path / "container", fill) as folder:
        pruned = LocalStore(folder / "store").prune(Limits(0))
        assert not any(item.kind in {*inventory.FOLDERS, "scratch"} for item in items(folder / "store"))
        assert pruned.failed.count == 0
        assert {"artifacts", "unpacked", "runtimes", "scratch"} <= pruned.removed.keys()
