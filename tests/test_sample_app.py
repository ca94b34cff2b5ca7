"""The sample app is what it is for: four shared layers, and functions of another account on them."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template

from cdk_layers.testing import TemplateSnapshot
from sample_app.app import define
from tools.sample_context import sample_context

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

SAMPLE = Path(__file__).parents[1] / "sample_app"


@pytest.fixture(scope="module")
def templates() -> dict[str, Template]:
    """Synthesize both stacks."""
    hub, spoke = define(App(context=sample_context()))
    return {"hub": Template.from_stack(hub), "spoke": Template.from_stack(spoke)}


@pytest.mark.parametrize("name", ["hub", "spoke"])
def test_templates(templates: dict[str, Template], name: str, snapshot: SnapshotAssertion) -> None:
    """The infrastructure changes only on purpose."""
    assert templates[name] == snapshot(extension_class=TemplateSnapshot)


def test_functions_hold_only_what_their_layers_do_not() -> None:
    """The report's code brings tabulate alone: pandas and all that it needs come from the layers."""
    _, spoke = define(App(context=sample_context()))
    assert spoke.report.contents is not None
    assert set(spoke.report.contents.versions) == {"tabulate"}
    assert spoke.report.unzipped_bytes is not None
    assert spoke.report.unzipped_bytes < 400_000  # with its bytecode


@pytest.mark.skipif(os.name == "nt", reason="the program is for Lambda's shell")
def test_the_program_of_the_tools_layer_greets() -> None:
    """What the greeting function runs prints what it is there for."""
    done = subprocess.run([SAMPLE / "layers/tools/bin/hello"], capture_output=True, text=True, check=True)
    assert done.stdout == "Hello from layer!\n"


def test_a_session_in_a_spoke_account_has_the_credentials_of_its_role(monkeypatch: pytest.MonkeyPatch) -> None:
    """The company's library assumes the role in the spoke and hands out a session with what it got."""
    monkeypatch.syspath_prepend(SAMPLE / "layers" / "company")
    sessions: Any = importlib.import_module("aws_helpers.sessions")
    answer = {"AccessKeyId": "key", "SecretAccessKey": "secret", "SessionToken": "token"}
    with patch.object(sessions.boto3, "client") as client:
        client.return_value.assume_role.return_value = {"Credentials": answer}
        session = sessions.create_spoke_account_session("222222222222")
    client.return_value.assume_role.assert_called_once_with(
        RoleArn="arn:aws:iam::222222222222:role/SpokeReader", RoleSessionName="hub"
    )
    found = session.get_credentials()
    assert (found.access_key, found.secret_key, found.token) == ("key", "secret", "token")


def test_settings_name_the_app() -> None:
    """`cdk synth` without arguments finds the sample app."""
    assert json.loads((SAMPLE.parent / "cdk.json").read_text())["app"] == "python -m sample_app"
