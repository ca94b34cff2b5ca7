"""The page about all rules, made from the rules themselves.

`python -m cdk_layers.rules.documentation [--check] [PATH]` writes the page, or checks that it is what the rules say.
Beside the page, `field.json` holds what other tools found in the same examples; `python -m benchmarks.field` makes it.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict

from cdk_layers.rules.engine import all_rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_layers.rules.engine import Rule

_PAGE: Final = Path("docs/rules.md")
_FIELD: Final = "field.json"
_RESOURCES: Final = re.compile(r"(?:Transform|Parameters|Conditions|Resources|[A-Z][A-Za-z]+):", re.ASCII)
_INTRODUCTION: Final = """\
# Rules

<!-- Made from the rules by `make docs`. Change src/cdk_layers/rules/ instead of this page. -->

Every way that cdk-layers knows for a Lambda layer to break, found while the app is synthesized. An error fails the
synth, a warning does not. Where a rule has another severity in some cases, its section says so.

Rules marked *at once* are raised by the constructs of this package as soon as they are made, as one typed error with
all findings. All rules judge the synthesized assembly, whoever wrote it: this package's constructs, plain
`lambda_.Function`s, escape hatches, or an app in another CDK language.

A finding that is meant to be can be acknowledged for a construct and all below it, with the reason beside it:

```python
from aws_cdk import Acknowledgment, App, Stack, Validations

stack = Stack(App(), "Reports")
Validations.of(stack).acknowledge(
    Acknowledgment(id="cdk-layers::missing-dependency", reason="imported only on Windows")
)
```
"""


_HOMES: Final = {
    module: frozenset(names.split())
    for module, names in {
        "pathlib": "Path",
        "aws_cdk": "App CrossStackReferences Environment NestedStack ReferenceStrength RemovalPolicy Size Stack Stage",
        "aws_cdk.aws_lambda": (
            "Architecture CfnFunction CfnLayerVersion Code CodeSigningConfig Function LayerVersion Runtime"
        ),
        "aws_cdk.aws_lambda_python_alpha": "PythonLayerVersion",
        "aws_cdk.aws_s3": "Bucket",
        "cdk_layers": "LayeredFunction LayerGrant LayerValidation MultiLayerStack SharedPythonLayer",
    }.items()
}
"""Where the names of examples in Python are imported from."""


_HOW_COMPARED: Final = """\
The same pair of cases for each tool, one that fails and one that passes. A tool has found the fault when it says
something about the failing case that it does not say about the passing one; the table tells how it says it.
`python -m benchmarks.field` makes it anew.
"""


class Field(TypedDict):
    """What other tools found, as `field.json` holds it."""

    tools: dict[str, str]
    """The tools' columns, and what each is."""

    rules: dict[str, dict[str, str]]
    """Rule names, then columns, then what the tool said about the failing example and not about the passing one."""


def render(field: Field | None = None) -> str:
    """Return the whole page in Markdown.

    Args:
        field: What other tools found; the page leaves the comparison out without it.
    """
    rules = all_rules()
    sections = [_INTRODUCTION, _table(rules)]
    if field is not None:
        sections.append(_comparison(rules, field))
    return "\n".join([*sections, *map(_section, rules)])


def _table(rules: Sequence[Rule]) -> str:
    rows = [
        f"| [{one.name}](#{one.name}) | {one.severity} | {one.family} | {'yes' if one.raised_at_construction else ''} |"
        for one in rules
    ]
    return "\n".join(["| Rule | Severity | Family | At once |", "|---|---|---|---|", *rows, ""])


def _comparison(rules: Sequence[Rule], field: Field) -> str:
    tools = field["tools"]
    rows = []
    for one in rules:
        said = field["rules"].get(one.name, {})
        cells = [(said[tool] or "nothing") if tool in said else "not tried" for tool in tools]
        rows.append(f"| [{one.name}](#{one.name}) | {' | '.join(cells)} |")
    legend = "\n".join(f"- **{tool}**: {what}" for tool, what in tools.items())
    return "\n".join([
        "## Who finds what\n",
        _HOW_COMPARED,
        f"{legend}\n",
        f"| Rule | {' | '.join(tools)} |", "|---" * (len(tools) + 1) + "|", *rows, "",
    ])  # fmt: skip


def _section(one: Rule) -> str:
    at_once = ", raised at once by the constructs" if one.raised_at_construction else ""
    lines = [f"## {one.name}\n", f"*{one.severity}* in the family *{one.family}*{at_once}\n", f"{one.meaning}\n"]
    if one.service_words:
        lines.append(f"What the service says: `{one.service_words}`\n")
    lines.append(f"What to do: {one.remedy}\n")
    lines.append(f"Source: {one.source}\n")
    for title, example in (("It finds", one.failing), ("It lets be", one.passing)):
        kind = language(example)
        start = _beginning(example) if kind == "python" else ""
        lines.append(f"{title}:\n\n```{kind}\n{start}{example.rstrip()}\n```\n")
    acknowledge = f'Validations.of(scope).acknowledge(Acknowledgment(id="cdk-layers::{one.name}", reason="..."))'
    lines.append(f"Acknowledge it: `{acknowledge}`\n")
    return "\n".join(lines)


def _beginning(example: str) -> str:
    """Return the lines that an example needs before it to run as pasted: imports, an app and a stack."""
    names = [node for node in ast.walk(ast.parse(example)) if isinstance(node, ast.Name)]
    made = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    used = {name.id for name in names} - made
    if "stack" in used:
        used |= {"Stack", "app"}
    if "app" in used:
        used |= {"App"}
    imports = [
        f"from {module} import {', '.join(sorted(used & found, key=str.lower))}\n"
        for module, found in _HOMES.items()
        if used & found
    ]
    setup = [
        line for name, line in (("app", "app = App()\n"), ("stack", 'stack = Stack(app, "Spoke")\n')) if name in used
    ]
    return "".join([*imports, "\n", *setup])


def language(example: str) -> str:
    """Return what an example is written in: a template's YAML, Python, or plain text such as a list of files."""
    code = "\n".join(line for line in example.splitlines() if not line.lstrip().startswith("#"))
    if _RESOURCES.match(code):
        return "yaml"
    try:
        tree = ast.parse(example)
    except SyntaxError:
        return "text"
    return "python" if any(isinstance(node, ast.Call) for node in ast.walk(tree)) else "text"


def read_field(page: Path) -> Field | None:
    """Return what `field.json` beside the page holds, or None where there is none."""
    path = page.with_name(_FIELD)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or with `--check` say whether it is stale; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m cdk_layers.rules.documentation", description=main.__doc__)
    parser.add_argument("page", nargs="?", type=Path, default=_PAGE)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when the page is stale")
    options = parser.parse_args(arguments)
    page: Path = options.page
    text = render(read_field(page))
    if options.check:
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            sys.stderr.write(f"{page} is not what the rules say. Make it anew: make docs\n")
            return 1
    else:
        page.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
