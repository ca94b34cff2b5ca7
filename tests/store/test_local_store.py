"""The cache: right or not there, whatever happens to its processes, its files and its disk."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock, Timeout

from cdk_layers.building.archives.members import collect
from cdk_layers.building.archives.writer import write_archive
from cdk_layers.contents.measure import measure
from cdk_layers.errors import AssemblyError, BuildError
from cdk_layers.store import local_store as module
from cdk_layers.store import location, measurements
from cdk_layers.store.artifact import file_digest
from cdk_layers.store.inventory import SCHEMA
from cdk_layers.store.local_store import LocalStore
from cdk_layers.system import host
from tests.building.mounts import needs_mounts, tmpfs
from tests.upkeep import kept, wait_for_upkeep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cdk_layers.store.artifact import Artifact

WORKER = Path(__file__).with_name("store_worker.py")


def maker(tmp_path: Path, text: str = "x = 1\n") -> Callable[[Path], None]:
    """Return what fills a folder with an archive of one file and facts."""
    source = tmp_path / "source"
    source.mkdir(exist_ok=True)
    (source / "a.py").write_text(text)

    def make(folder: Path) -> None:
        digest = write_archive(folder / "archive.zip", collect(source, "python"))
        (folder / "facts.json").write_text(json.dumps({"digest": digest}))

    return make


def never(_: Path) -> None:
    """Stand where nothing may be built."""
    message = "this was not to be built"
    raise AssertionError(message)


def leftovers(store: LocalStore) -> list[str]:
    """Return what builds left in their scratch folder, once all that is being removed is gone."""
    return kept(store.folder, "scratch")


def test_build_is_made_once_and_found_again(tmp_path: Path, store: LocalStore) -> None:
    """What was made is there for the next process too, with its facts and its contents."""
    assert store.get("key") is None
    made = store.get_or_make("key", maker(tmp_path))
    found = LocalStore(store.folder).get("key")
    assert found == made
    assert store.get_or_make("key", never) == made
    assert made.contents == measure(made.archive)
    assert list(made.contents.files) == ["python/a.py"]
    assert len(made.facts["digest"]) == 64
    assert leftovers(store) == []


def test_keys_are_what_they_are(tmp_path: Path, store: LocalStore) -> None:
    """Any text is a key of its own: paths, letters of another case, names that no file system takes."""
    keys = ["a", "A", "a/b", "../a", "x" * 500, "", "CON", "sha256-" + "0" * 64, "é", "a.b", ".a"]
    for key in keys:
        store.get_or_make(key, maker(tmp_path, key))
        store.remember(key, key)
    for key in keys:
        entry = store.get(key)
        assert entry is not None
        assert entry.contents.unzipped_bytes == len(key.encode())
        assert store.recall(key) == key
    assert {path.name for path in tmp_path.iterdir()} == {"cache", "source"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
def test_users_may_share_a_cache(tmp_path: Path, store: LocalStore) -> None:
    """What is kept has the permissions that the umask gives, not those of temporary files."""
    before = os.umask(0o022)
    try:
        entry = store.get_or_make("key", maker(tmp_path))
        store.remember("value", 1)
    finally:
        os.umask(before)
    paths = [entry.folder, *entry.folder.iterdir(), store.folder / SCHEMA / "memos/value"]
    assert {path.stat().st_mode & 0o055 for path in paths} == {0o055, 0o044}


def test_failed_builds_leave_nothing(store: LocalStore) -> None:
    """What a build raises is passed on as it is, and the next one begins again."""

    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        message = "no wheel"
        raise BuildError(message)

    for _ in range(2):
        with pytest.raises(BuildError, match=r"^no wheel$"):
            store.get_or_make("key", fail)
    assert store.get("key") is None
    assert leftovers(store) == []


def test_builds_without_a_record_are_measured(tmp_path: Path, store: LocalStore) -> None:
    """An archive that another user packed has contents too, and facts need not be there."""

    def make(folder: Path) -> None:
        (tmp_path / "tree").mkdir()
        (tmp_path / "tree/b.py").write_text("b")
        shutil.make_archive(str(folder / "archive"), "zip", tmp_path / "tree")

    entry = store.get_or_make("key", make)
    assert list(entry.contents.files) == ["b.py"]
    assert entry.facts == {}


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    status = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _edit_manifest(entry: Artifact) -> None:
    (entry.folder / "manifest.json").write_text("{garbage")


def _put_folder(entry: Artifact) -> None:
    entry.archive.unlink()
    entry.archive.mkdir()


DAMAGES: dict[str, Callable[[Artifact], object]] = {
    "flipped byte in the archive": lambda entry: _flip(entry.archive),
    "flipped byte in the record": lambda entry: _flip(entry.folder / "archive.contents.json"),
    "flipped byte in the digests": lambda entry: _flip(entry.folder / "archive.digests"),
    "flipped byte in the facts": lambda entry: _flip(entry.folder / "facts.json"),
    "flipped byte in the manifest": lambda entry: _flip(entry.folder / "manifest.json"),
    "truncated archive": lambda entry: os.truncate(entry.archive, 20),
    "empty archive": lambda entry: entry.archive.write_bytes(b""),
    "missing archive": lambda entry: entry.archive.unlink(),
    "missing manifest": lambda entry: (entry.folder / "manifest.json").unlink(),
    "garbage manifest": _edit_manifest,
    "manifest of another form": lambda entry: (entry.folder / "manifest.json").write_text('{"files": [1]}'),
    "something that does not belong there": lambda entry: (entry.folder / "extra").write_text(""),
    "folder for a file": _put_folder,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_builds_are_dropped_and_made_again(
    tmp_path: Path, store: LocalStore, damage: Callable[[Artifact], object]
) -> None:
    """A digest tells every damage, even with the file's old time; the build is made again and right."""
    entry = store.get_or_make("key", maker(tmp_path))
    whole = entry.archive.read_bytes()
    damage(entry)
    assert LocalStore(store.folder).get("key") is None
    assert not entry.folder.exists()
    again = store.get_or_make("key", maker(tmp_path))
    assert again.archive.read_bytes() == whole
    assert store.get("key") == again
    assert leftovers(store) == []


def test_values_are_remembered(store: LocalStore) -> None:
    """Small values come back as JSON tells them; what was never stored is None."""
    assert store.recall("pins") is None
    for value in ({"six": "1.16"}, ["é"], "text", 0, {"other": None}):
        store.remember("pins", value)
        assert LocalStore(store.folder).recall("pins") == value


@pytest.mark.parametrize("damage", [_flip, lambda path: os.truncate(path, 70), lambda path: path.write_bytes(b"")])
def test_damaged_values_are_forgotten(store: LocalStore, damage: Callable[[Path], object]) -> None:
    """A value that is not what was remembered is none, and the next one takes its place."""
    store.remember("pins", {"six": "1.16"})
    damage(store.folder / SCHEMA / "memos/pins")
    assert store.recall("pins") is None
    store.remember("pins", "new")
    assert store.recall("pins") == "new"


def test_contents_are_measured_once(tmp_path: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zips and folders are measured once in all, for copies of a zip and for later processes too."""
    store.get_or_make("key", maker(tmp_path))
    foreign = Path(shutil.make_archive(str(tmp_path / "foreign"), "zip", tmp_path / "source"))
    shutil.copytree(tmp_path / "source", tmp_path / "tree")
    later = time.time() + 10
    monkeypatch.setattr(host, "wall_clock", lambda: later)
    first = [store.contents_of(foreign), store.contents_of(tmp_path / "tree")]
    monkeypatch.setattr("cdk_layers.contents.measure.measure", never)
    copied = shutil.copy(foreign, tmp_path / "asset.zip")
    again = LocalStore(store.folder)
    assert [again.contents_of(foreign), again.contents_of(tmp_path / "tree")] == first
    assert again.contents_of(Path(copied)) == first[0]


def test_contents_of_builds_are_never_measured(
    tmp_path: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of an archive that was built here, such as the CDK's, is known by its bytes."""
    entry = store.get_or_make("key", maker(tmp_path))
    asset = Path(shutil.copy(entry.archive, tmp_path / "asset.0123.zip"))
    monkeypatch.setattr("cdk_layers.contents.measure.measure", never)
    assert store.contents_of(asset) == entry.contents


def test_changed_files_are_measured_again(tmp_path: Path, store: LocalStore) -> None:
    """A record never outlives the bytes it was made from, even when a file changes twice in a moment."""
    tree = tmp_path / "tree"
    tree.mkdir()
    for text in ("aaaa", "bbbb", "-----BEGIN PRIVATE KEY-----\n" + "A" * 64, "cccc"):
        (tree / "a.py").write_text(text)
        archive = Path(shutil.make_archive(str(tmp_path / "made"), "zip", tree))
        for path in (tree, archive):
            assert store.contents_of(path) == measure(path)


@pytest.mark.parametrize(("age", "is_settled"), [(1.9, False), (2.1, True)])
def test_contents_of_settled_files_are_found_by_their_times(
    tmp_path: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch, age: float, is_settled: bool
) -> None:
    """The bytes of a zip that did not change for two seconds are not even read again; those of a touched one are."""
    maker(tmp_path)
    archive = Path(shutil.make_archive(str(tmp_path / "made"), "zip", tmp_path / "source"))
    changed = archive.stat().st_ctime
    monkeypatch.setattr(host, "wall_clock", lambda: changed + age)
    expected = store.contents_of(archive)
    read = []

    def digest(path: Path) -> str:
        read.append(path)
        return file_digest(path)

    monkeypatch.setattr(measurements, "file_digest", digest)
    assert store.contents_of(archive) == expected
    assert read == ([] if is_settled else [archive])
    os.utime(archive, (1, 1))
    read.clear()
    assert store.contents_of(archive) == expected
    assert read == [archive]


def test_contents_of_nothing(tmp_path: Path, store: LocalStore) -> None:
    """What is not there, or is no zip, is an error of the assembly, and leaves no record."""
    (tmp_path / "x.zip").write_text("no zip")
    for name in ("missing.zip", "x.zip", "x.zip"):
        with pytest.raises(AssemblyError, match=name):
            store.contents_of(tmp_path / name)


def _start(store: LocalStore, traces: Path, *keys: str) -> subprocess.Popen[str]:
    command = [sys.executable, os.fspath(WORKER), os.fspath(store.folder), os.fspath(traces), *keys]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, stderr=pipe)


def test_eight_processes_build_each_key_once(tmp_path: Path, store: LocalStore) -> None:
    """Processes that want the same and other builds at once make each of them once, and all get the right one."""
    traces = tmp_path / "traces"
    traces.mkdir()
    orders = [keys for keys, _ in zip(permutations(("a", "b", "c", "d")), range(8), strict=False)]
    processes = [_start(store, traces, *keys) for keys in orders]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [error for _, error in outputs] == [""] * 8
    assert len({tuple(sorted(output.splitlines())) for output, _ in outputs}) == 1
    assert sorted(path.name[0] for path in traces.iterdir()) == ["a", "b", "c", "d"]
    assert all(store.get(key) for key in "abcd")
    assert leftovers(store) == []


@pytest.mark.parametrize("failure", [OSError(errno.ENOLCK, "No locks available"), NotImplementedError("no flock")])
def test_locks_that_fail_stop_nobody(
    tmp_path: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    """On a file system without locks builds are made and published all the same."""

    def acquire(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(FileLock, "acquire", acquire)
    assert store.get_or_make("key", maker(tmp_path)) == store.get("key")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_locks_that_fail_are_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without locks is reported at once; filelock before 3.20.4 waits as if a lock were held."""

    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(OSError, match=os.strerror(errno.ENOLCK)) as caught:
        FileLock(tmp_path / "lock", timeout=0.1).acquire()
    assert not isinstance(caught.value, Timeout)


def test_lock_that_nobody_releases_stops_nobody(
    tmp_path: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some time a process builds by itself what another one never finishes."""
    monkeypatch.setattr(module, "_LOCK_SECONDS", 0.1)
    (store.folder / "2/locks").mkdir(parents=True)
    with FileLock(store.folder / "2/locks/key.lock"):
        assert store.get_or_make("key", maker(tmp_path)) == store.get("key")


def test_first_of_two_builds_wins(tmp_path: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where locks do not work, the second build of the same gives way to the first, which may be in use."""
    monkeypatch.setattr(FileLock, "acquire", lambda *_, **__: None)
    firsts = []

    def make_slowly(folder: Path) -> None:
        firsts.append(store.get_or_make("key", maker(tmp_path)))
        maker(tmp_path)(folder)

    assert store.get_or_make("key", make_slowly) == firsts[0]
    assert leftovers(store) == []


@pytest.mark.parametrize("is_pruned", [True, False])
def test_killed_builds_show_nothing_and_are_cleaned_up(
    tmp_path: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch, is_pruned: bool
) -> None:
    """A killed build leaves no artifact and no lock; what it left is removed by the next prune, or when it is old."""
    script = (
        "import sys, time; from pathlib import Path; from cdk_layers.store.local_store import LocalStore\n"
        "def make(folder):\n"
        "    (folder / 'archive.zip').write_text('half'); print('begun', flush=True); time.sleep(60)\n"
        "LocalStore(Path(sys.argv[1])).get_or_make('key', make)"
    )
    process = subprocess.Popen([sys.executable, "-c", script, store.folder], text=True, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.kill()
    process.communicate()
    assert store.get("key") is None
    (left,) = (store.folder / SCHEMA / "scratch").iterdir()
    if not is_pruned:
        monkeypatch.setattr(LocalStore, "_grow", lambda *_: None)
        store.get_or_make("key", maker(tmp_path))
        assert leftovers(store) == [left.name]
        long_ago = time.time() - module._STALE_SECONDS - 60
        os.utime(left, (long_ago, long_ago))
    store.get_or_make("other", maker(tmp_path))
    assert leftovers(store) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_disk_that_is_full(tmp_path: Path, store: LocalStore) -> None:
    """A limit on the size of files stands for a full disk: the error says what to do, and nothing is left."""
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from cdk_layers.building.archives.writer import write_archive\n"
        "from cdk_layers.building.archives.members import collect\n"
        "from cdk_layers.store.local_store import LocalStore\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        "make = lambda folder: write_archive(folder / 'archive.zip', collect(Path(sys.argv[2])))\n"
        "LocalStore(Path(sys.argv[1])).get_or_make('key', make)"
    )
    (tmp_path / "source").mkdir()
    (tmp_path / "source/noise").write_bytes(os.urandom(100_000))
    done = subprocess.run(
        [sys.executable, "-c", script, store.folder, tmp_path / "source"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "BuildError: The build 'key' cannot be kept in the build cache" in done.stderr
    assert "no space left" in done.stderr
    assert "Free some space, or let CDK_LAYERS_CACHE_DIR name another folder." in done.stderr
    assert store.get("key") is None
    assert leftovers(store) == []


@needs_mounts
def test_file_system_that_is_full(tmp_path: Path) -> None:
    """On a file system without room the error says so; with room again the same build succeeds."""
    with tmpfs(tmp_path / "disk", "size=200k") as disk:
        store = LocalStore(disk / "cache")
        store.get_or_make("small", maker(tmp_path))
        (disk / "ballast").write_bytes(bytes(120_000))
        (tmp_path / "source/noise").write_bytes(os.urandom(60_000))
        with pytest.raises(BuildError, match=r"no space left for it.*Free some space"):
            store.get_or_make("large", maker(tmp_path))
        store.remember("value", "x" * 100_000)
        assert store.recall("value") is None
        assert (store.get("large"), leftovers(store)) == (None, [])
        assert store.get("small") is not None
        (disk / "ballast").unlink()
        assert store.get_or_make("large", maker(tmp_path)) == store.get("large")
        leftovers(store)
        store.release()


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], LocalStore]]:
    """Return what gives the default cache where the environment names a folder."""
    location._usable.cache_clear()

    def choose(folder: Path) -> LocalStore:
        monkeypatch.setenv("CDK_LAYERS_CACHE_DIR", os.fspath(folder))
        return location.open_store()

    yield choose
    location._usable.cache_clear()


def test_default_is_where_the_environment_says(tmp_path: Path, chosen: Callable[[Path], LocalStore]) -> None:
    """A folder that is not there yet is made."""
    store = chosen(tmp_path / "not" / "yet")
    assert store.folder == tmp_path / "not" / "yet"
    assert store.get_or_make("key", maker(tmp_path)).folder.is_relative_to(tmp_path / "not" / "yet")


@pytest.mark.skipif(sys.platform != "linux", reason="other platforms have other places")
def test_default_is_the_place_of_the_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a word from the user builds are kept where the platform keeps caches."""
    monkeypatch.delenv("CDK_LAYERS_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", os.fspath(tmp_path))
    assert location.open_store().folder == tmp_path / "cdk-layers"


def _falls_back(
    folder: Path, tmp_path: Path, choose: Callable[[Path], LocalStore], capsys: pytest.CaptureFixture[str]
) -> None:
    store = choose(folder)
    assert not store.folder.is_relative_to(tmp_path)
    assert store.get_or_make("key", maker(tmp_path)) == choose(folder).get("key")
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"the build cache {str(folder)!r} cannot be written" in said
    assert str(store.folder) in said
    wait_for_upkeep()
    shutil.rmtree(store.folder)


def test_cache_that_cannot_be_made(
    tmp_path: Path, chosen: Callable[[Path], LocalStore], capsys: pytest.CaptureFixture[str]
) -> None:
    """With a file in the folder's place, or above it, builds are kept for a while elsewhere, and that is said once."""
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "cache"):
        _falls_back(folder, tmp_path, chosen, capsys)


@needs_mounts
def test_cache_that_is_read_only(
    tmp_path: Path, chosen: Callable[[Path], LocalStore], capsys: pytest.CaptureFixture[str]
) -> None:
    """On a file system that may only be read, builds are kept for a while elsewhere, and that is said once."""
    with tmpfs(tmp_path / "disk", "ro,size=100k") as disk:
        _falls_back(disk, tmp_path, chosen, capsys)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions do not bind the superuser")
def test_cache_without_permission(
    tmp_path: Path, chosen: Callable[[Path], LocalStore], capsys: pytest.CaptureFixture[str]
) -> None:
    """In a folder of another user's, builds are kept for a while elsewhere, and that is said once."""
    (tmp_path / "locked").mkdir(mode=0o500)
    _falls_back(tmp_path / "locked", tmp_path, chosen, capsys)


def test_temporary_cache_goes_with_its_process(tmp_path: Path) -> None:
    """What was kept elsewhere is removed when the process ends."""
    (tmp_path / "file").write_text("")
    script = "from cdk_layers.store.location import open_store; print(open_store().folder)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "CDK_LAYERS_CACHE_DIR": os.fspath(tmp_path / "file")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not Path(done.stdout.strip()).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_interrupted_builds_leave_nothing(store: LocalStore) -> None:
    """Ctrl-C in the middle of a build is passed on, and cleans up."""
    # A process that was started in the background ignores the signal unless it says otherwise.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupt(folder: Path) -> None:
        (folder / "half").write_text("half")
        signal.raise_signal(signal.SIGINT)

    try:
        with pytest.raises(KeyboardInterrupt):
            store.get_or_make("key", interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (store.get("key"), leftovers(store)) == (None, [])


def test_a_cache_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A place in the home of a user that there is none of is an error of this package that names the variable."""
    monkeypatch.setenv("CDK_LAYERS_CACHE_DIR", "~nobody-has-this-name/cache")
    with pytest.raises(BuildError, match="CDK_LAYERS_CACHE_DIR is '~nobody-has-this-name/cache'"):
        location.open_store()


@pytest.mark.parametrize("error", [FileNotFoundError("gone"), BuildError("uv failed"), KeyError("gone")])
def test_a_store_that_is_removed_during_a_build(tmp_path: Path, error: Exception) -> None:
    """The error says what happened, and not what the build missed then; the next build succeeds."""
    store = LocalStore(tmp_path / "store")

    def make(_: Path) -> None:
        shutil.rmtree(store.folder)
        raise error

    with pytest.raises(BuildError, match=r"store' was removed while it was used\. Build again"):
        store.get_or_make("key", make)
    assert store.get_or_make("key", maker(tmp_path)).archive.is_file()


def test_a_store_that_is_removed_before_its_files_are_kept(tmp_path: Path) -> None:
    """A folder that is missing need not be made writable."""
    store = LocalStore(tmp_path / "store")
    with pytest.raises(BuildError, match=r"No such file.*\. If something removed it while it was used, build again"):
        store.get_or_make("key", lambda _: shutil.rmtree(store.folder))
