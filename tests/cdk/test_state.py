"""What is remembered of constructs belongs to their app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import App, Stack

from cdk_layers.cdk.state import state_of

if TYPE_CHECKING:
    from pathlib import Path


def test_all_constructs_of_an_app_have_one_state(tmp_path: Path) -> None:
    """Constructs of one app share their state, and those of another app have another."""
    one, two = (App(outdir=str(tmp_path / name)) for name in ("one", "two"))
    assert state_of(Stack(one, "Hub")) is state_of(one) is state_of(Stack(one, "Spoke"))
    assert state_of(two) is not state_of(one)


def test_a_root_that_node_created_has_one_state() -> None:
    """A stack without a scope is in an app that Node created, which is another Python object each time."""
    stack = Stack()
    assert state_of(stack) is state_of(stack.node.root) is state_of(stack.node.root)


def test_a_part_is_created_once(tmp_path: Path) -> None:
    """An app has one object of each class, and another app has its own."""
    one, two = (App(outdir=str(tmp_path / name)) for name in ("one", "two"))
    assert state_of(one).part(list) is state_of(one).part(list)
    assert state_of(one).part(list) is not state_of(two).part(list)
