"""Acknowledgements that act on nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.app.model import App
from cdk_layers.findings import Where
from cdk_layers.rules.registry import Problem, all_rules, register_family, rule
from cdk_layers.system.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_layers.app.model import Settings

register_family(__name__, order=900)

_EXAMPLE = """\
spoke = Stack(app, "Spoke")
Function(
    spoke, "Report", code=Code.from_inline("def handler(event, context): pass"),
    handler="index.handler",
    runtime=Runtime.PYTHON_3_13,
)
Validations.of(spoke).acknowledge(Acknowledgment(id="cdk-layers::{name}", reason="imported on Windows only"))
"""


@rule(
    "unknown-acknowledgement",
    App,
    severity="warning",
    meaning="An acknowledgement names a rule of this library that does not exist, so it acts on nothing: the finding "
    "that it was written for is still reported. `cdk synth` reports those for a whole app or stage; no file of the "
    "assembly contains them, so that `cdk-layers check` does not.",
    remedy="Correct the name, or remove the acknowledgement. `cdk-layers rules` lists all names.",
    source="The rules of this library.",
    failing=_EXAMPLE.format(name="missing-dependancy"),
    passing=_EXAMPLE.format(name="missing-dependency"),
)
def unknown_acknowledgement(subject: App, _: Settings) -> Iterator[Problem]:
    """Compare the names of acknowledgements with those of the rules."""
    names = [rule.name for rule in all_rules()]
    for path, acknowledged in subject.acknowledged.items():
        for name in acknowledged:
            if name not in names:
                place = f"at {path!r}" if path else "for the whole app"
                text = f"The acknowledgement {place} names the rule {name!r}, which does not exist."
                yield Problem(f"{text} {nearest(name, names)}".strip(), where=Where(path))
