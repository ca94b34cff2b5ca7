"""Records of contents: everything comes back, and nothing else is taken for one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_layers.build.contents import Contents, Distribution, File, Mark, Native
from cdk_layers.build.record import SCHEMA, from_json, to_json

texts = st.text(max_size=10)
tuples = st.lists(texts, max_size=3).map(tuple)
maybe = st.none() | texts
numbers = st.integers(0, 2**40)
distributions = st.builds(
    Distribution, texts, texts, texts, numbers, tuples, maybe, maybe, tuples, tuples
)  # fmt: skip
natives = st.builds(Native, texts, texts, st.none() | st.tuples(numbers, numbers), tuples)
marks = st.builds(Mark, st.sampled_from(["private-key", "timestamp-bytecode"]), texts, st.none() | numbers, texts)
contents = st.builds(
    Contents,
    unzipped_bytes=numbers,
    files=st.dictionaries(texts, st.builds(File, numbers, numbers, numbers), max_size=5),
    distributions=st.lists(distributions, max_size=3).map(tuple),
    natives=st.lists(natives, max_size=3).map(tuple),
    links=st.dictionaries(texts, texts, max_size=3),
    marks=st.lists(marks, max_size=3).map(tuple),
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
    record = json.loads(to_json(Contents(3, {"a": File(1, 2, 3), "b": File(2, 3, 4)})))
    for column in ("paths", "sizes", "crc32s", "modes"):
        with pytest.raises(ValueError, match=r"."):
            from_json(json.dumps({**record, column: record[column][:1]}))
