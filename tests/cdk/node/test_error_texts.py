"""Each text of an error of the CDK or of jsii that this library reads, shown on plain constructs of the CDK alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, BundlingOptions, DockerImage, Stack
from aws_cdk.aws_lambda import Code, LayerVersion
from constructs import Construct
from jsii.errors import JSIIError

from cdk_layers.cdk.node import error_texts

if TYPE_CHECKING:
    import re


class _Idle(DockerImage):
    """An image that writes nothing."""

    def run(self, **_: object) -> None:
        pass


def test_a_container_without_output_is_recognized(stack: Stack, folder: Path) -> None:
    """The CDK's error for a container that wrote nothing is one of a container, and others are not."""
    code = Code.from_asset(str(folder), bundling=BundlingOptions(image=_Idle("none")))
    with pytest.raises(RuntimeError) as caught:
        LayerVersion(stack, "L", code=code)
    assert error_texts.container_failure(caught.value) is not None
    assert error_texts.container_failure(RuntimeError("There is already a Construct with name 'L'")) is None


def test_a_failed_container_is_recognized_without_its_command(stack: Stack, folder: Path, tmp_path: Path) -> None:
    """The CDK's error for a program that fails contains its command, which is left out."""
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    script = (
        f"import os; os.environ['CDK_DOCKER'] = {str(program)!r}\n"
        "from aws_cdk import App, BundlingOptions, DockerImage, Stack\n"
        "from aws_cdk.aws_lambda import Code, LayerVersion\n"
        "from cdk_layers.cdk.node.error_texts import container_failure\n"
        "options = BundlingOptions(image=DockerImage.from_registry('none'), environment={'TOKEN': 's3cret'})\n"
        f"try: LayerVersion(Stack(App()), 'L', code=Code.from_asset({str(folder)!r}, bundling=options))\n"
        "except RuntimeError as error: print('s3cret' in str(error), container_failure(error))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.startswith("True Failed to bundle asset")
    assert "s3cret" not in done.stdout


def test_a_construct_without_a_stack_is_recognized(app: App) -> None:
    """The CDK's error for a construct outside of every stack is distinguished from others."""
    with pytest.raises(RuntimeError) as caught:
        Stack.of(Construct(app, "Group"))
    assert error_texts.is_without_stack(caught.value)
    assert error_texts.taken_id(str(caught.value)) is None


def test_a_taken_id_is_recognized(stack: Stack) -> None:
    """The CDK's error for a second construct of an id contains the id."""
    Construct(stack, "Group")
    with pytest.raises(RuntimeError) as caught:
        Construct(stack, "Group")
    assert error_texts.taken_id(str(caught.value)) == "Group"
    assert not error_texts.is_without_stack(caught.value)


@pytest.mark.parametrize(
    ("pattern", "arguments", "groups"),
    [
        (error_texts.WRONG_TYPE, {"description": 3}, {"name": "description", "expected": "one of (str, NoneType)"}),
        (error_texts.UNKNOWN_KEYWORD, {"env": {"acount": "1"}}, {"owner": "Environment"}),
        (error_texts.UNREADABLE_VALUE, {"tags": {"key": [1]}}, {"key": "tags"}),
        (error_texts.FAILING_VALUE, {"tags": {"key": [1]}}, {"got": "an object"}),
        (error_texts.FOREIGN_OBJECT, {"synthesizer": Path("x")}, {"kind": "PosixPath"}),
        (error_texts.FOREIGN_OBJECT, {"synthesizer": print}, {"shown": repr(print)}),
        (error_texts.FOREIGN_OBJECT, {"synthesizer": Stack}, {"shown": repr(Stack)}),
    ],
    ids=[
        "wrong type",
        "unknown keyword",
        "unreadable value",
        "failing value",
        "foreign object",
        "function",
        "class",
    ],
)
def test_errors_for_arguments_are_recognized(
    app: App, pattern: re.Pattern[str], arguments: dict[str, Any], groups: dict[str, str]
) -> None:
    """Jsii and typeguard word their errors for wrong arguments like this."""
    with pytest.raises((AttributeError, JSIIError, TypeError, RuntimeError)) as caught:
        Stack(app, "Wrong", **arguments)
    match = pattern.search(str(caught.value))
    assert match is not None, caught.value
    assert groups.items() <= match.groupdict().items()


def test_errors_of_nodes_files_are_recognized(tmp_path: Path, folder: Path) -> None:
    """An output folder that cannot be written is an error of Node's, with the code of the system's error."""
    (tmp_path / "file").touch()
    with pytest.raises(RuntimeError) as caught:
        LayerVersion(Stack(App(outdir=str(tmp_path / "file" / "out")), "Hub"), "L", code=Code.from_asset(str(folder)))
    assert "ENOTDIR" in str(caught.value)
    assert error_texts.output_failure(RuntimeError("ENOSPC: no space left on device, write")) is not None
    assert error_texts.output_failure(caught.value) is None
    assert error_texts.is_disk_full("ENOSPC: no space left on device, write")
