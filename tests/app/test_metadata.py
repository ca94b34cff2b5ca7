"""Every mark that a construct writes is read again as it was meant, whatever else the metadata contains."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cdk_layers.app import metadata
from cdk_layers.app.metadata import ConstructMetadata, ImportedLayer, read_entry, read_metadata
from cdk_layers.building.notes import NO_REPORT, BuildReport, Note

_NOTE = Note("no-wheel", "A message.", "A remedy.")


def _read(path: str, key: str, data: Any) -> ConstructMetadata:
    """Return the metadata of a path, as they are after the assembly was written and read."""
    return read_metadata(read_entry("Hub", key, json.loads(json.dumps(data)))[path])


def test_what_functions_declare_is_read_again() -> None:
    """Layers in order, the user's own limit and the notes survive; a token is the expression it stands for."""
    layers: list[str | ImportedLayer] = ["Hub/base", ImportedLayer("Hub/other", "token")]
    data = metadata.build_data(1000, BuildReport((_NOTE,), {}, ("a.py (no)",)), layers=layers, runtime="python3.13")
    text = metadata.functions_text({"Hub/F": data, "Hub/G": {}}, lambda token: {"Ref": token})

    assert _read("Hub/F", metadata.FUNCTIONS, text) == ConstructMetadata(
        declared_layers=("Hub/base", ImportedLayer("Hub/other", {"Ref": "token"})),
        report=BuildReport((_NOTE,), {}, ("a.py (no)",)),
        budget_bytes=1000,
        runtime="python3.13",
    )
    assert _read("Hub/G", metadata.FUNCTIONS, text) == ConstructMetadata()


def test_a_build_is_read_again() -> None:
    """Digest, limit and notes of a layer survive, and what is empty is not written."""
    report = BuildReport((_NOTE,), {"tests": (2, 9)}, ("a.py",))
    written = metadata.build_data(5, report, digest="d")
    assert _read("Hub", metadata.BUILD, written) == ConstructMetadata(report=report, budget_bytes=5, digest="d")
    assert metadata.build_data(None, NO_REPORT) == {}


def test_a_public_permission_is_read_again() -> None:
    """A permission that everyone was given on purpose says so."""
    assert _read("Hub", metadata.PUBLIC, data=True).public_on_purpose


@pytest.mark.parametrize("properties", [("Description",), ("Description", "LicenseInfo")])
def test_generated_properties_are_read_again(properties: tuple[str, ...]) -> None:
    """The names of generated properties survive in the template's metadata."""
    assert metadata.generated_properties({metadata.GENERATED: metadata.generated_text(properties)}) == properties
    assert metadata.generated_properties({}) == ()


def test_digests_of_layers_do_not_depend_on_their_order() -> None:
    """A function's resource changes with its layers' content, and not with the order of the digests."""
    assert metadata.layer_digests_text(["b=2", "a=1"]) == metadata.layer_digests_text(["a=1", "b=2"]) == "a=1, b=2"


@pytest.mark.parametrize("data", [None, 5, "not JSON", "[1]", "[" * 100_000, {"layers": 5}])
def test_data_of_another_shape_is_no_mark(data: object) -> None:
    """An assembly that another program wrote is read without an error."""
    assert read_entry("Hub", metadata.FUNCTIONS, data) == {}
    assert read_metadata({"build": data, "layers": data}) == ConstructMetadata()


def test_metadata_of_others_is_not_read() -> None:
    """Only entries with this library's prefix are metadata."""
    assert read_entry("Hub", "aws:cdk:path", "x") == {} == read_entry("Hub", None, "x")
