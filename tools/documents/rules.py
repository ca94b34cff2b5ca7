"""The pages of the rules: an index, and one page for each rule, made from the rules themselves.

Next to the index, `field.json` contains what other tools found in the same examples; `python -m benchmarks.field`
writes it.
"""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING, Final, TypedDict

from cdk_layers.rules.examples import shortened
from cdk_layers.rules.registry import all_rules
from tools.documents.reference import MADE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cdk_layers.rules.registry import Rule

_FIELD: Final = "field.json"
_RESOURCES: Final = re.compile(r"(?:Transform|Parameters|Conditions|Resources|[A-Z][A-Za-z]+):", re.ASCII)
_NAVIGATION: Final = re.compile(
    r"(?<=  # Begin of the rules, which `make docs` writes\.\n).*(?=  # End of the rules\.\n)", re.DOTALL
)
_INTRODUCTION: Final = f"""\
# Rules

{MADE.format(source="the rules")}

All problems of Lambda layers that cdk-layers finds when an app is synthesized. An error makes the synth fail, a
warning does not. If a rule has another severity in some cases, its page says so.

Constructs of this library raise the errors of rules marked *at construction*, as one typed error with all findings. All
rules are applied to the synthesized assembly, whatever created it: to constructs of this library, plain
`lambda_.Function`s, escape hatches, and apps in other CDK languages.

A finding that you accept can be [acknowledged](howto/acknowledge.md) for a construct and everything below it, with the
reason:

```python
from aws_cdk import Acknowledgment, App, Stack, Validations

stack = Stack(App(), "Reports")
Validations.of(stack).acknowledge(
    Acknowledgment(id="cdk-layers::missing-dependency",
        reason="imported only on Windows")
)
```
"""


_HOMES: Final = {
    module: frozenset(names.split())
    for module, names in {
        "pathlib": "Path",
        "aws_cdk": (
            "Acknowledgment App CrossStackReferences Environment NestedStack ReferenceStrength RemovalPolicy Size "
            "Stack Stage Validations"
        ),
        "aws_cdk.aws_lambda": (
            "Architecture CfnFunction CfnLayerVersion Code CodeSigningConfig Function LayerVersion Runtime"
        ),
        "aws_cdk.aws_lambda_python_alpha": "PythonLayerVersion",
        "aws_cdk.aws_s3": "Bucket",
        "cdk_layers": "LayeredFunction LayerGrant LayerValidation MultiLayerStack SharedPythonLayer",
    }.items()
}
"""Where the names of examples in Python are imported from."""


_HOW_ACKNOWLEDGED: Final = "See [how acknowledging works](../howto/acknowledge.md)."
_VALIDATED: Final = "Validations.of(app).add_plugins(LayerValidation())\n"
"""What an app without constructs of this library needs for findings."""

_HOW_COMPARED: Final = """\
Each tool is given the same pair of cases, one that fails and one that passes. A tool has found the fault if it reports
something for the failing case that it does not report for the passing one. `python -m benchmarks.field` makes the
table.
"""


class Field(TypedDict):
    """What other tools found: the content of `field.json`."""

    tools: dict[str, str]
    """The tools' columns, and what each is."""

    rules: dict[str, dict[str, str]]
    """Rule names, then columns, then what the tool reported for the failing example and not for the passing one."""


def index(field: Field | None = None) -> str:
    """Return the page that lists all rules, in Markdown.

    Args:
        field: What other tools found; the page leaves the comparison out without it.
    """
    rules = all_rules()
    sections = [_INTRODUCTION, *(_table(family, rules) for family in _families(rules))]
    if field is not None:
        sections.append(_comparison(rules, field))
    return "\n".join(sections)


def pages() -> dict[str, str]:
    """Return the page of every rule, in Markdown, by the rule's name."""
    return {rule.name: _page(rule) for rule in all_rules()}


def with_navigation(site: str) -> str:
    """Return the configuration of the site with the pages of all rules in its navigation, grouped by family."""
    rules = all_rules()
    lines = ['  { "Rules" = [', '    "rules.md",']
    for family in _families(rules):
        names = ", ".join(f'"rules/{rule.name}.md"' for rule in rules if rule.family == family)
        lines.append(f'    {{ "{family.capitalize()}" = [{names}] }},')
    return _NAVIGATION.sub("\n".join([*lines, "  ] },\n"]), site)


def _families(rules: Sequence[Rule]) -> list[str]:
    return list(dict.fromkeys(rule.family for rule in rules))


def _table(family: str, rules: Sequence[Rule]) -> str:
    rows = [
        f"| {_link(rule)} | {rule.severity}{_at_once(rule)} | {_first(rule.meaning)} |"
        for rule in rules
        if rule.family == family
    ]
    head = ["| Rule | Severity | Meaning |", "|---|---|---|"]
    return "\n".join([f"## {family.capitalize()}\n", *head, *rows, ""])


def _at_once(rule: Rule) -> str:
    return ", *at construction*" if rule.raised_at_construction else ""


def _link(rule: Rule) -> str:
    return f"[{rule.name}](rules/{rule.name}.md)"


def _first(text: str) -> str:
    """Return the first sentence of a text, for a cell of a table."""
    return re.split(r"(?<=\w\.)\s", text, maxsplit=1)[0].replace("|", "\\|")


def _comparison(rules: Sequence[Rule], field: Field) -> str:
    tools = field["tools"]
    rows = []
    for rule in rules:
        found = field["rules"].get(rule.name, {})
        cells = [(found[tool] or "nothing") if tool in found else "not tried" for tool in tools]
        rows.append(f"| {_link(rule)} | {' | '.join(cells)} |")
    legend = "\n".join(f"- **{tool}**: {what}" for tool, what in tools.items())
    return "\n".join([
        "## Comparison with other tools\n",
        _HOW_COMPARED,
        f"{legend}\n",
        f"| Rule | {' | '.join(tools)} |", "|---" * (len(tools) + 1) + "|", *rows, "",
    ])  # fmt: skip


def _page(rule: Rule) -> str:
    lines = [f"# {rule.name}\n", MADE.format(source="the rule"), ""]
    lines += [
        f"{rule.severity.capitalize()}{_at_once(rule)}, in the family [{rule.family}](../rules.md#{rule.family})\n",
        f"{rule.meaning}\n",
    ]
    if rule.aws_error:
        lines.append(f"AWS error: `{rule.aws_error}`\n")
    lines += [f"## What to do\n\n{rule.remedy}\n", "## Examples\n"]
    for title, example in (("A finding", rule.failing), ("No finding", rule.passing)):
        kind = language(example)
        start, end = (_beginning(example), "\napp.synth()") if kind == "python" else ("", "")
        lines.append(f"{title}:\n\n```{kind}\n{start}{shortened(example).rstrip()}{end}\n```\n")
    lines.append(f"## Acknowledge it\n\n{_acknowledgement(rule)}\n\n{_HOW_ACKNOWLEDGED}\n")
    lines.append(f"## Source\n\n{rule.source}\n")
    return "\n".join(lines)


def _acknowledgement(rule: Rule) -> str:
    if rule.ends_build:
        return "It cannot be acknowledged, since the build fails."
    code = f'Validations.of(scope).acknowledge(Acknowledgment(id="cdk-layers::{rule.name}", reason="..."))'
    raised = "\n\nErrors that the constructs of this library raise cannot be acknowledged."
    return f"`{code}`{raised * rule.raised_at_construction}"


def _beginning(example: str) -> str:
    """Return the lines that make an example run as pasted: imports, an app, its validation and a stack."""
    names = [node for node in ast.walk(ast.parse(example)) if isinstance(node, ast.Name)]
    made = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    used = {name.id for name in names} - made
    if "stack" in used:
        used |= {"Stack", "app"}
    if "app" in used:
        used |= {"App"}
    is_plain = not used & _HOMES["cdk_layers"]
    if is_plain:
        used |= {"LayerValidation", "Validations"}
    imports = [
        f"from {module} import {', '.join(sorted(used & found, key=str.lower))}\n"
        for module, found in _HOMES.items()
        if used & found
    ]
    setup = ["app = App()\n", _VALIDATED * is_plain, 'stack = Stack(app, "Spoke")\n' * ("stack" in used)]
    return "".join([*imports, "\n", *setup])


def language(example: str) -> str:
    """Return the language of an example: YAML of a template, Python, or text such as a list of files."""
    code = "\n".join(line for line in example.splitlines() if not line.lstrip().startswith("#"))
    if _RESOURCES.match(code):
        return "yaml"
    try:
        tree = ast.parse(example)
    except SyntaxError:
        return "text"
    return "python" if any(isinstance(node, ast.Call) for node in ast.walk(tree)) else "text"


def read_field(folder: Path) -> Field | None:
    """Return the content of `field.json` in the folder of the documents; None if there is none."""
    path = folder / _FIELD
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
