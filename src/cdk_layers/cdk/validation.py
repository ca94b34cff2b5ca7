"""The rules as a part of `cdk synth`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from functools import reduce
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, cast

import jsii
from aws_cdk import (
    App,
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    Stack,
    Stage,
)

from cdk_layers.cdk.arguments.keywords import checked_names
from cdk_layers.cdk.arguments.readers import Arguments
from cdk_layers.cdk.node.contract import add_last_plugin, identity, leaves_out_bundling
from cdk_layers.cdk.state import state_of
from cdk_layers.cdk.violations import PLUGIN, failure, violations
from cdk_layers.check.pipeline import check
from cdk_layers.check.remembered import rule_names
from cdk_layers.errors import UsageError
from cdk_layers.project.settings import read_settings
from cdk_layers.project.user_store import user_store
from cdk_layers.system.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aws_cdk import IPolicyValidationContext, Size
    from constructs import Construct, IConstruct

    from cdk_layers.findings import Finding


@dataclass(slots=True)
class _Judged:
    """What one plugin has told about one app."""

    folders: frozenset[Path]
    findings: frozenset[Finding] = frozenset()


@dataclass(slots=True)
class _Register:
    """The validation of one app, so that no finding is reported twice."""

    is_watched: bool = False
    judged: dict[str, dict[LayerValidation, _Judged]] = field(default_factory=dict)
    """What plugins reported, by the identity of the app or stage that was validated."""


@jsii.implements(IPolicyValidationPlugin)
class LayerValidation:
    """Judges every function, layer and grant of an app once it is synthesized, in the CDK's own validation report.

    The constructs of this library register it by themselves. An app without them, or one with wishes of its own, adds
    it; what was added this way goes before what registered itself.

    Errors fail the synth, warnings do not. Each is acknowledged by its name, with a reason, for whatever scope.

    Examples:
        >>> Validations.of(app).add_plugins(LayerValidation(max_unzipped=Size.mebibytes(120)))
        >>> Validations.of(function).acknowledge(
        ...     Acknowledgment(id="cdk-layers::layer-order-changed", reason="The layers share no file.")
        ... )
    """

    @checked_names
    def __init__(
        self, *, max_unzipped: Size | str | None = None, strict_budget: bool | None = None, today: date | None = None
    ) -> None:
        """Set what the rules are to know, before what `[tool.cdk-layers]` of the app's pyproject.toml says.

        Args:
            max_unzipped: The user's own limit on the unzipped bytes of every function with its layers, and of every
                layer, such as "120 MiB"; the project's `budget` by default.
            strict_budget: Whether going over that limit is an error; else it is a warning. The project's by default.
            today: The day that the dates of runtimes are compared with; the current day by default.

        Raises:
            UsageError: An argument is misspelt or not of its type.
        """
        arguments = Arguments("LayerValidation")
        if not isinstance(today, date | None):
            raise arguments.wrong(today, "today", "a datetime.date")
        self._given = {
            "today": today,
            "budget_bytes": arguments.size("max_unzipped", max_unzipped),
            "strict_budget": None if strict_budget is None else arguments.flag("strict_budget", strict_budget),
        }
        self._steps_back = False

    @classmethod
    def watch(cls, scope: Construct) -> None:
        """Judge the app that a construct belongs to, unless the user's own plugin does.

        Constructs call this; a second call for an app does nothing.

        Args:
            scope: Any construct of the app.
        """
        state = state_of(scope)
        register = state.part(_Register)
        if register.is_watched:
            return
        register.is_watched = True
        root = state.root
        if isinstance(root, Stage):
            plugin = cls()
            plugin._steps_back = True
            add_last_plugin(root, cast("IPolicyValidationPlugin", plugin))

    @property
    def name(self) -> str:
        """The plugin's name in reports, and before the "::" of what is acknowledged."""
        return PLUGIN

    @property
    def version(self) -> str:
        """The version of this library."""
        return version("cdk-layers")

    @property
    def rule_ids(self) -> list[str]:
        """The names of all rules."""
        return rule_names(user_store())

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """Judge a synthesized app.

        Args:
            context: The templates that the plugin was added for, and the app.

        Returns:
            The findings. What hinders the judging is one too, since the CDK CLI does not show what a plugin raises.
        """
        try:
            return self._report(context)
        except Exception as error:  # noqa: BLE001 - whatever it is, an app that was not judged must not pass
            return PolicyValidationPluginReport(success=False, violations=[failure(error)])

    def _report(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        root = context.app_construct
        others = state_of(root).part(_Register).judged.setdefault(identity(root), {})
        folders = frozenset(Path(path).resolve().parent for path in context.template_paths)
        others[self] = _Judged(folders - self._left_to(others))
        if not others[self].folders:
            return PolicyValidationPluginReport(success=True, violations=[])
        unbundled = tuple(_unbundled(root, context))
        settings = read_settings(Path.cwd()).settings(**self._given)
        _expect_known((*settings.select, *settings.ignore), rule_names(state_of(root).store))
        outcome = check(_folder(root, folders), settings, store=state_of(root).store, unbundled=unbundled)
        told = self._told_before(others)
        findings = [one for one in outcome.all_findings if one not in told and self._is_ours(one, others[self])]
        others[self].findings = frozenset(findings)
        if settings.strict:
            findings = [replace(one, severity="error") for one in findings]
        return PolicyValidationPluginReport(
            success=all(one.severity != "error" for one in findings),
            violations=violations(root, findings),
            metadata={"notKnown": "\n".join(outcome.unread)} if outcome.unread else None,
        )

    def _left_to(self, others: dict[LayerValidation, _Judged]) -> frozenset[Path]:
        """Return the folders of templates that the user's own plugins judge, with the user's own settings."""
        if not self._steps_back:
            return frozenset()
        return frozenset().union(*(judged.folders for one, judged in others.items() if one is not self))

    def _told_before(self, others: dict[LayerValidation, _Judged]) -> frozenset[Finding]:
        """Return what plugins that were added before this one have told."""
        told: set[Finding] = set()
        for one, before in others.items():
            if one is self:
                break
            told |= before.findings
        return frozenset(told)

    @staticmethod
    def _is_ours(finding: Finding, judged: _Judged) -> bool:
        return not finding.where.template or Path(finding.where.template).resolve().parent in judged.folders


def _expect_known(names: Sequence[str], rules: Sequence[str]) -> None:
    for name in names:
        if name not in rules:
            message = f"[tool.cdk-layers] in pyproject.toml: there is no rule {name!r}. {nearest(name, rules)}"
            raise UsageError(message.strip())


def _folder(root: IConstruct, folders: frozenset[Path]) -> Path:
    """Return the folder of the whole assembly, since stages refer to each other's layers."""
    return Path(root.outdir) if isinstance(root, App) else min(folders)


def _unbundled(root: IConstruct, context: IPolicyValidationContext) -> Iterator[str]:
    """Yield the construct paths of the stacks whose assets the CDK leaves as sources, as `cdk list` does with all."""
    if not leaves_out_bundling(root):
        return
    for template in context.stack_templates:
        path = template.stack_construct_path
        stack = reduce(lambda scope, name: scope.node.find_child(name), path.split("/"), root)
        if isinstance(stack, Stack) and not stack.bundling_required:
            yield path
