"""Requirements of Pipfile.lock."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from cdk_layers.building.builds import build
from cdk_layers.building.job import Job
from cdk_layers.building.options import BuildOptions
from cdk_layers.building.pins import pins_for
from cdk_layers.building.requirements import exports
from cdk_layers.building.requirements.lock_checks import check_lock
from cdk_layers.building.requirements.manifests import stored_requirements
from cdk_layers.errors import DependencyError, EntryError, StaleLockError
from cdk_layers.lambda_service.target import Target
from tests.building.archives_of_builds import written
from tests.building.requirements.locks import (
    SIX_HASH,
    X86,
    origins,
    read,
    rules_and_messages,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_layers.store.local_store import LocalStore

    MakeEntry = Callable[..., Path]

LOCK_WITH_CREDENTIALS = f"""\
{{
  "_meta": {{
    "hash": {{"sha256": "00"}}, "pipfile-spec": 6, "requires": {{}},
    "sources": [{{"name": "inside", "url": "https://me:s3cret@index.invalid/simple", "verify_ssl": true}}]
  }},
  "default": {{
    "six": {{"hashes": ["{SIX_HASH}"], "index": "inside", "version": "==1.16.0"}},
    "colorama": {{"markers": "sys_platform == 'win32'", "version": "==0.4.6"}}
  }},
  "develop": {{"idna": {{"version": "==3.10"}}}}
}}
"""


def test_pipfile_lock(make_entry: MakeEntry, store: LocalStore, tmp_path: Path) -> None:
    """A Pipfile.lock is exported by pipenv itself, overrides all others, and its credentials are kept nowhere."""
    entry = make_entry({"Pipfile": "", "Pipfile.lock": LOCK_WITH_CREDENTIALS, "requirements.txt": ""})
    before = sorted(entry.iterdir())
    try:
        found = read(entry, store)
    except Exception as error:
        if "could not be installed" in str(error):
            pytest.skip(f"pipenv cannot be installed here: {error}")
        raise
    assert rules_and_messages(found) == [("ignored-manifest", "requirements.txt")]
    assert [(one.name, one.version, one.hashes) for one in found.lines] == [("six", "1.16.0", (SIX_HASH,))]
    assert [(one.name, one.value) for one in found.options] == [
        ("--index-url", "https://me:s3cret@index.invalid/simple")
    ]
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]
    assert kept == []
    assert sorted(entry.iterdir()) == before
    again = stored_requirements(Job(entry, X86, BuildOptions(), store))
    assert again is not None
    assert again.lacks_credentials
    assert again.lines == found.lines


PIPFILE = '[packages]\nsix = "==1.16.0"\n[dev-packages]\nidna = "*"\n[docs]\ncertifi = "*"\n'
PIPFILE_LOCK = {
    "_meta": {"hash": {"sha256": "00"}, "pipfile-spec": 6, "requires": {}, "sources": []},
    "default": {"six": {"version": "==1.16.0"}},
    "develop": {"idna": {"version": "==3.10"}},
    "docs": {"certifi": {"version": "==2024.8.30"}},
}


def test_categories_of_a_pipfile(make_entry: MakeEntry, store: LocalStore) -> None:
    """The categories of a Pipfile are its groups, its development packages among them."""
    more = {**PIPFILE_LOCK, "tests": {"attrs": {"version": "==25.1.0"}}}
    entry = make_entry({"Pipfile": PIPFILE, "Pipfile.lock": json.dumps(more)})
    pins = pins_for(entry, X86, BuildOptions(groups=("dev", "docs")), store=store)
    assert pins == ("certifi==2024.8.30", "idna==3.10", "six==1.16.0")


@pytest.mark.parametrize(
    ("old", "new", "options", "message"),
    [
        (
            'six = "==1.16.0"',
            'six = "==1.17.0"',
            BuildOptions(),
            "it has six 1.16.0 where the project requires six==1.17",
        ),
        ('six = "==1.16.0"', 'six = "*"\nattrs = {version = ">=1"}', BuildOptions(), "it lacks 'attrs'"),
        (
            'idna = "*"',
            'idna = "<3"',
            BuildOptions(groups=("dev",)),
            "it has idna 3.10 where the project requires idna<3",
        ),
        ("six", "six", BuildOptions(groups=("test",)), "has no category 'test'. It has 'dev-packages' and 'docs'"),
        ("six", "six", BuildOptions(extras=("test",)), "a Pipfile.lock has no extras"),
    ],
)
def test_pipfile_that_does_not_suit(
    make_entry: MakeEntry, store: LocalStore, *, old: str, new: str, options: BuildOptions, message: str
) -> None:
    """A Pipfile.lock that does not fit its Pipfile, or does not know a name, is refused before Pipenv runs."""
    entry = make_entry({"Pipfile": PIPFILE.replace(old, new), "Pipfile.lock": json.dumps(PIPFILE_LOCK)})
    with pytest.raises(EntryError, match=re.escape(message)):
        pins_for(entry, X86, options, store=store)


@pytest.mark.parametrize("text", ["[]", "null", '"six"'])
def test_pipfile_lock_that_is_none(make_entry: MakeEntry, store: LocalStore, text: str) -> None:
    """A Pipfile.lock that is JSON of another kind is refused before Pipenv runs."""
    with pytest.raises(EntryError, match=r"contains no JSON object\. Make it again with 'pipenv lock'"):
        pins_for(make_entry({"Pipfile.lock": text}), X86, store=store)


@pytest.mark.parametrize("version", ["*", ">=1.16", "==1.16.*"])
def test_open_version_in_a_lock(
    make_entry: MakeEntry, store: LocalStore, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """A lock file that leaves a version open is refused, since what it installs would change unseen."""
    entry = make_entry({"Pipfile.lock": json.dumps({"default": {"six": {"version": version}}})})
    exported = f"six{version.replace('*', '') if version == '*' else version}\n"
    monkeypatch.setattr(exports, "_run", lambda *_: exported)
    with pytest.raises(EntryError, match=r"does not lock 'six' at one exact version.*'pipenv lock', on Linux"):
        pins_for(entry, X86, store=store)


def test_what_does_not_apply_where_it_was_locked(make_entry: MakeEntry, store: LocalStore) -> None:
    """Pipenv locks no version of what its markers exclude. This is accepted if they exclude the target too.

    So is a byte order mark.
    """
    names = {
        "idna": {"version": "*", "markers": "sys_platform == 'win32'"},
        "certifi": {"version": "==>=2", "markers": "python_version < '3.11'"},
        "attrs": {"version": "==~=25.1", "markers": "sys_platform == 'darwin'", "extras": ["tests"]},
        "six": {"version": "==1.16.0"},
    }
    manifest = """\
[packages]
six = "==1.16.0"
idna = { version = "*", markers = "sys_platform == 'win32'" }
certifi = { version = ">=2", markers = "python_version < '3.11'" }
attrs = { version = "~=25.1", markers = "sys_platform == 'darwin'", extras = ["tests"] }
"""
    entry = make_entry({"Pipfile": manifest, "Pipfile.lock": "\ufeff" + json.dumps({**PIPFILE_LOCK, "default": names})})
    assert pins_for(entry, X86, store=store) == ("six==1.16.0",)
    with pytest.raises(EntryError, match=r"does not lock 'certifi' at one exact version: it has .certifi>=2; python_v"):
        pins_for(entry, Target("3.10", "x86_64"), store=store)


@pytest.mark.parametrize(
    "line",
    [
        'six = {version = "==1.16.0", extras = ["Fast_Ones"]}',
        '"six[Fast_Ones]" = "*"',
        '"Six [fast.ones]" = {version = "==1.16.0"}',
    ],
)
def test_extras_of_a_pipfile(make_entry: MakeEntry, store: LocalStore, line: str) -> None:
    """A Pipfile.lock without an extra that its Pipfile asks for, in a table or in the key, is stale; else it fits."""
    manifest = f"[packages]\n{line}\n"
    locked = {"six": {"version": "==1.16.0", "extras": ["fast-ones"]}}
    fitting = make_entry({"Pipfile": manifest, "Pipfile.lock": json.dumps({**PIPFILE_LOCK, "default": locked})}, "fits")
    check_lock(Job(fitting, X86, BuildOptions(), store), "Pipfile.lock")
    entry = make_entry({"Pipfile": manifest, "Pipfile.lock": json.dumps(PIPFILE_LOCK)})
    with pytest.raises(StaleLockError, match="it lacks the extra 'fast-ones' of 'six'"):
        pins_for(entry, X86, store=store)


@pytest.mark.parametrize("requires", [{"python_version": "3.11"}, {"python_full_version": "3.12.4"}])
def test_pipfile_of_another_python(make_entry: MakeEntry, store: LocalStore, requires: dict[str, str]) -> None:
    """A Pipfile.lock that was made for another Python is refused."""
    text = json.dumps({**PIPFILE_LOCK, "_meta": {"requires": requires}})
    with pytest.raises(
        DependencyError, match=r"Pipfile\.lock has nothing for Python 3\.13 .* locked for Python 3\.1[12]"
    ):
        pins_for(make_entry({"Pipfile": PIPFILE, "Pipfile.lock": text}), X86, store=store)


PIPFILE_OF_TWO = """\
[[source]]
name = "main"
url = "{0}/main/simple"
verify_ssl = true
[[source]]
name = "private"
url = "{0}/private/simple"
verify_ssl = true
[packages]
alpha = {{version = "==1.0", index = "main"}}
beta = {{version = "==1.0", index = "private"}}
"""


def test_indexes_of_a_pipfile(make_entry: MakeEntry, store: LocalStore, indexes: str) -> None:
    """A Pipfile.lock names the source of each distribution; what needs none comes from the first."""
    sources = [{"name": name, "url": f"{indexes}/{name}/simple", "verify_ssl": True} for name in ("private", "main")]
    lock = {
        "_meta": {"hash": {"sha256": "00"}, "pipfile-spec": 6, "requires": {}, "sources": sources},
        "default": {
            "alpha": {"index": "main", "version": "==1.0"},
            "beta": {"index": "private", "version": "==1.0"},
            "gamma": {"version": "==1.0"},
        },
        "develop": {},
    }
    entry = make_entry({"Pipfile": PIPFILE_OF_TWO.format(indexes), "Pipfile.lock": json.dumps(lock)})
    done = build(entry, X86, store=store)
    assert origins(written(done), "alpha", "beta", "gamma") == ["main", "private", "private"]
