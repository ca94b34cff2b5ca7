"""Measurements of contents: everything comes back, and nothing else is taken for one."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_layers.contents.model import Contents, Distribution, File, FileTrait, Native
from cdk_layers.store.contents_json import SCHEMA, from_json, to_json

texts = st.text(max_size=10)
tuples = st.lists(texts, max_size=3).map(tuple)
maybe = st.none() | texts
numbers = st.integers(0, 2**40)
distributions = st.builds(
    Distribution, texts, texts, texts, numbers, tuples, maybe, maybe, tuples, tuples
)  # fmt: skip
natives = st.builds(Native, texts, texts, st.none() | st.tuples(numbers, numbers), tuples)
traits = st.builds(FileTrait, st.sampled_from(["private-key", "timestamp-bytecode"]), texts, st.none() | numbers, texts)
contents = st.builds(
    Contents,
    unzipped_bytes=numbers,
    files=st.dictionaries(texts, st.builds(File, numbers, numbers, numbers), max_size=5),
    distributions=st.lists(distributions, max_size=3).map(tuple),
    natives=st.lists(natives, max_size=3).map(tuple),
    links=st.dictionaries(texts, texts, max_size=3),
    traits=st.lists(traits, max_size=3).map(tuple),
    folder_modes=st.dictionaries(texts, numbers, max_size=3),
)


@settings(deadline=None)
@given(contents)
def test_everything_comes_back(one: Contents) -> None:
    """What a record tells is what was put into it, in the same order and of the same types."""
    back = from_json(to_json(one))
    assert back == one
    assert list(back.files) == list(one.files)
    assert all(type(file) is File for file in back.files.values())


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"schema": 0}', f'{{"schema": {SCHEMA}}}', "\x00"])
def test_what_is_no_record(text: str) -> None:
    """Half a record, another schema's, and other JSON are refused by one kind of error."""
    with pytest.raises(ValueError, match=r"."):
        from_json(text)


def test_columns_of_different_lengths_are_damage() -> None:
    """A record that lost a size is not read as if it had one file less."""
    head, text = to_json(Contents(3, {"a": File(1, 2, 3), "b": File(2, 3, 4)})).split("\n")
    columns = json.loads(text)
    for column in ("paths", "sizes", "crc32s", "modes"):
        damaged = from_json(f"{head}\n{json.dumps({**columns, column: columns[column][:1]})}")
        with pytest.raises(ValueError, match=r"."):
            len(damaged.files)


def test_files_are_read_when_somebody_asks() -> None:
    """The sum of thousands of files does not take a call for each of them."""
    head, _ = to_json(Contents(3, {"a": File(3, 2, 1)})).split("\n")
    unread = from_json(f"{head}\nnobody reads this")
    assert unread.unzipped_bytes == 3
    with pytest.raises(ValueError, match=r"."):
        assert "a" in unread.files


def test_recorded_files_are_a_mapping_as_any_other() -> None:
    """They compare, are looked up, and go to another process like a dict's."""
    files = {"a": File(1, 2, 3), "b": File(2, 3, 4)}
    recorded = from_json(to_json(Contents(3, files))).files
    assert recorded == files
    assert pickle.loads(pickle.dumps(recorded)) == files  # noqa: S301
    assert (dict(recorded.items()), list(recorded.values()), recorded["b"], "c" in recorded, len(recorded)) == (
        files, list(files.values()), files["b"], False, 2,
    )  # fmt: skip
