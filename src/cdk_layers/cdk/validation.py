"""The validation plugin by which `cdk synth` applies the rules."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import reduce
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, ClassVar, cast

import jsii
from aws_cdk import (
    App,
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    Stack,
    Stage,
)

from cdk_layers.assembly.constructs import own_rules
from cdk_layers.cdk.arguments.keywords import checked_names
from cdk_layers.cdk.arguments.readers import Arguments
from cdk_layers.cdk.node.contract import acknowledgements, add_last_plugin, identity, leaves_out_bundling
from cdk_layers.cdk.state import state_of
from cdk_layers.cdk.violations import PLUGIN, failure, violations
from cdk_layers.errors import UsageError
from cdk_layers.project.settings import read_settings
from cdk_layers.project.user_store import user_store
from cdk_layers.system.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aws_cdk import IPolicyValidationContext, Size
    from constructs import Construct, IConstruct

    from cdk_layers.app.model import Settings
    from cdk_layers.findings import Finding
    from cdk_layers.store.protocol import Store


@dataclass(slots=True)
class _Judged:
    """What one plugin reported about one app."""

    folders: frozenset[Path]
    findings: frozenset[Finding] = frozenset()


@dataclass(slots=True)
class _Register:
    """The validations of one app, so that no finding is reported twice."""

    has_own_plugin: bool = False
    """Whether this library has registered a plugin, unless the root of the app is not one."""

    judged: dict[str, dict[LayerValidation, _Judged]] = field(default_factory=dict)
    """The reports of plugins, by the identity of the app or stage that was validated."""


@jsii.implements(IPolicyValidationPlugin)
class LayerValidation:
    """Applies the rules to all functions, layers and grants of a synthesized app, in the CDK's validation report.

    The constructs of this library register it. Add it yourself to an app without them, or to change its settings: then
    yours is used instead of the registered one.

    Errors fail the synth, warnings do not. Acknowledge a finding by its rule's name, with a reason, in any scope.

    Examples:
        >>> Validations.of(app).add_plugins(LayerValidation(max_unzipped=Size.mebibytes(120)))
        >>> Validations.of(function).acknowledge(
        ...     Acknowledgment(id="cdk-layers::layer-order-changed", reason="The layers share no file.")
        ... )
    """

    _yields: ClassVar[bool] = False
    """Whether the plugin leaves the templates that plugins of the user validate to these."""

    @checked_names
    def __init__(
        self, *, max_unzipped: Size | str | None = None, strict_budget: bool | None = None, today: date | None = None
    ) -> None:
        """Create a plugin. Its arguments override `[tool.cdk-layers]` in the app's pyproject.toml.

        Args:
            max_unzipped: The user's own limit on the unzipped bytes of every function with its layers, and of every
                layer, such as "120 MiB". Defaults to the project's `budget`.
            strict_budget: Whether exceeding that limit is an error instead of a warning. Defaults to the project's.
            today: The day to compare the dates of runtimes with. Defaults to the current day.

        Raises:
            UsageError: An argument is misspelt or not of its type.
        """
        arguments = Arguments("LayerValidation")
        if not isinstance(today, date | None):
            raise arguments.wrong(today, "today", "a datetime.date")
        self._given = {
            # A datetime is a date to type checkers, and cannot be compared with one.
            "today": today.date() if isinstance(today, datetime) else today,
            "budget_bytes": arguments.size("max_unzipped", max_unzipped),
            "strict_budget": None if strict_budget is None else arguments.flag("strict_budget", strict_budget),
        }

    @property
    def name(self) -> str:
        """The plugin's name in reports, and before the "::" in acknowledgements."""
        return PLUGIN

    @property
    def version(self) -> str:
        """The version of this library."""
        return version("cdk-layers")

    @property
    def rule_ids(self) -> list[str]:
        """The names of all rules."""
        return _rule_names(user_store())

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """Apply the rules to a synthesized app.

        Args:
            context: The app, and the templates that the plugin was added for.

        Returns:
            The findings. An error of the plugin is one too, since the CDK CLI does not show what a plugin raises.
        """
        try:
            return self._report(context)
        except Exception as error:  # noqa: BLE001 - an app that could not be validated must not pass
            return PolicyValidationPluginReport(success=False, violations=[failure(error)])

    def _report(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        # It was loaded while Node wrote the templates: see `_prepare`.
        from cdk_layers.check.pipeline import check_or_recall  # noqa: PLC0415

        root = context.app_construct
        others = state_of(root).part(_Register).judged.setdefault(identity(root), {})
        folders = frozenset(Path(path).resolve().parent for path in context.template_paths)
        others[self] = _Judged(folders - self._left_to(others))
        if not others[self].folders:
            return PolicyValidationPluginReport(success=True, violations=[])
        unbundled = tuple(_unbundled(root, context))
        settings = read_settings(Path.cwd()).settings(**self._given)
        _expect_known((*settings.select, *settings.ignore), _rule_names(state_of(root).store))
        outcome = check_or_recall(_folder(root, folders), settings, store=state_of(root).store, unbundled=unbundled)
        before = self._reported_before(others)
        found = (*outcome.all_findings, *_unknown_acknowledgements(root, settings, _rule_names(state_of(root).store)))
        new = [finding for finding in found if finding not in before]
        findings = [finding for finding in new if self._is_ours(finding, others[self])]
        others[self].findings = frozenset(findings)
        if settings.strict:
            findings = [replace(finding, severity="error") for finding in findings]
        return PolicyValidationPluginReport(
            success=all(finding.severity != "error" for finding in findings),
            violations=violations(root, findings),
            metadata={"notKnown": "\n".join(map(str, outcome.unread))} if outcome.unread else None,
        )

    def _left_to(self, others: dict[LayerValidation, _Judged]) -> frozenset[Path]:
        """Return the folders of templates that the user's own plugins validate, with the user's settings."""
        if not self._yields:
            return frozenset()
        return frozenset().union(*(judged.folders for plugin, judged in others.items() if plugin is not self))

    def _reported_before(self, others: dict[LayerValidation, _Judged]) -> frozenset[Finding]:
        """Return the findings of the plugins that were added before this one."""
        findings: set[Finding] = set()
        for plugin, judged in others.items():
            if plugin is self:
                break
            findings |= judged.findings
        return frozenset(findings)

    @staticmethod
    def _is_ours(finding: Finding, judged: _Judged) -> bool:
        return not finding.where.template or Path(finding.where.template).resolve().parent in judged.folders


class _RegisteredValidation(LayerValidation):
    """The plugin that the constructs of this library register."""

    _yields = True


def register_validation(scope: Construct) -> None:
    """Register a plugin for the app that a construct belongs to, which yields to a plugin of the user.

    A second call for the same app does nothing.

    Args:
        scope: Any construct of the app.
    """
    state = state_of(scope)
    register = state.part(_Register)
    if register.has_own_plugin:
        return
    register.has_own_plugin = True
    root = state.root
    if isinstance(root, Stage):
        plugin = cast("IPolicyValidationPlugin", _RegisteredValidation())
        add_last_plugin(root, plugin, _prepare_while_node_works)


def _prepare_while_node_works() -> None:
    """Prepare `validate` in a thread, since Python waits for Node until all templates are written."""
    Thread(target=_prepare, name="cdk-layers-validation", daemon=True).start()


def _prepare() -> None:
    """Load the modules for unchanged apps, and what they compute once. Errors are raised again by `validate`."""
    with suppress(Exception):
        import_module("cdk_layers.check.pipeline")
        _rule_names(user_store())


def _rule_names(store: Store) -> list[str]:
    from cdk_layers.check.stored_outcomes import rule_names  # noqa: PLC0415 - see `_prepare`

    return rule_names(store)


def _expect_known(names: Sequence[str], rules: Sequence[str]) -> None:
    for name in names:
        if name not in rules:
            message = f"[tool.cdk-layers] in pyproject.toml: unknown rule {name!r}. {nearest(name, rules)}"
            raise UsageError(message.strip())


def _unknown_acknowledgements(root: IConstruct, settings: Settings, rules: Sequence[str]) -> list[Finding]:
    """Return the findings about acknowledgements of the app and its stages, which no file of the assembly contains."""
    acknowledged = {scope.node.path: own_rules(acknowledgements(scope)) for scope in _stages(root)}
    if all(name in rules for names in acknowledged.values() for name in names):
        return []
    from cdk_layers.app.model import App as JudgedApp  # noqa: PLC0415 - loading the rules takes time
    from cdk_layers.rules.engine import judge  # noqa: PLC0415

    return judge(JudgedApp(acknowledged=acknowledged), settings)


def _stages(scope: IConstruct) -> Iterator[IConstruct]:
    yield scope
    for child in scope.node.children:
        if isinstance(child, Stage):
            yield from _stages(child)


def _folder(root: IConstruct, folders: frozenset[Path]) -> Path:
    """Return the folder of the whole assembly, since stages refer to each other's layers."""
    return Path(root.outdir) if isinstance(root, App) else min(folders)


def _unbundled(root: IConstruct, context: IPolicyValidationContext) -> Iterator[str]:
    """Yield the construct paths of stacks whose assets the CDK does not bundle, such as all stacks for `cdk list`."""
    if not leaves_out_bundling(root):
        return
    for template in context.stack_templates:
        path = template.stack_construct_path
        stack = reduce(lambda scope, name: scope.node.find_child(name), path.split("/"), root)
        if isinstance(stack, Stack) and not stack.bundling_required:
            yield path
