"""The distributions that layers carry most, each as one layer, judged by every rule: `python -m benchmarks.sweep`.

An error that is not true is a false alarm. The trees are installed one after the other and deleted once they are
measured; wheels stay in uv's cache, so set UV_CACHE_DIR to a folder of its own to be rid of them afterwards.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uv
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cdk_layers.app.model import App, Function, Layer, LayerUse, Settings
from cdk_layers.contents.measure import measure
from cdk_layers.contents.model import Contents, File
from cdk_layers.contents.needs import unmet
from cdk_layers.findings import Where
from cdk_layers.lambda_service.runtimes import ARCHITECTURES
from cdk_layers.lambda_service.target import Target
from cdk_layers.lambda_service.wheel_tags import exact_platform
from cdk_layers.rules.engine import judge
from cdk_layers.rules.facts.search_path import installed
from cdk_layers.system import host

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_layers.findings import Finding

DISTRIBUTIONS: Final = (
    "aiohttp", "anthropic", "attrs", "aws-lambda-powertools[all]", "aws-xray-sdk", "bcrypt", "beautifulsoup4", "boto3",
    "cachetools", "click", "cryptography", "datadog-lambda", "django", "duckdb", "fastapi", "flask",
    "google-cloud-storage", "grpcio", "httpx", "jinja2", "jsonschema", "lightgbm", "lxml", "mangum", "markupsafe",
    "matplotlib", "msgpack", "numba", "numpy", "openai", "opencv-python-headless", "openpyxl", "opentelemetry-sdk",
    "orjson", "pandas", "paramiko", "pillow", "polars", "protobuf", "psutil", "psycopg2-binary", "psycopg[binary]",
    "pyarrow", "pydantic", "pyjwt[crypto]", "pymongo", "pymysql", "pynacl", "python-dateutil", "python-jose", "pytz",
    "pyyaml", "redis", "requests", "rich", "scikit-learn", "scipy", "sentry-sdk", "shapely", "simplejson",
    "snowflake-connector-python", "sqlalchemy", "stripe", "structlog", "tiktoken", "tornado", "ujson", "werkzeug",
)  # fmt: skip
SMALL: Final = ("attrs", "certifi", "jinja2", "markupsafe", "orjson", "pyyaml", "requests", "six")
"""What the short sweep of the tests takes."""

_PYTHONS: Final = ("3.12", "3.13")


_HANDLER: Final = b"def handler(event, context): ...\n"


@dataclass(frozen=True, slots=True)
class Code:
    """The function's own code: one module with its handler."""

    def read(self, path: str) -> bytes | None:
        """Return its bytes."""
        return _HANDLER if path == "main.py" else None


@dataclass(frozen=True, slots=True)
class Row:
    """One distribution with its dependencies on one target, judged."""

    requirement: str
    target: Target
    contents: Contents | None
    """None where the index has no wheel for the target."""

    findings: tuple[Finding, ...] = ()
    agrees_with_uv: bool = True
    """Whether the rules and `uv pip check` say the same about missing and unsuitable dependencies."""

    @property
    def errors(self) -> list[Finding]:
        """The findings that fail a synth."""
        return [finding for finding in self.findings if finding.severity == "error"]


def main() -> None:
    """Sweep what the command line names, and print the table."""
    options = _options()
    table = Table("layer", "target", "distributions", "files", "MiB", "native", "errors", "warnings", "uv pip check")
    rows = []
    console = Console(width=200)
    for row in sweep(options.requirements or DISTRIBUTIONS, options.python, options.architecture):
        rows.append(row)
        table.add_row(*_cells(row))
        for finding in row.findings:
            console.print(f"{row.requirement}, {row.target}: {finding.severity} {finding}", markup=False)
    console.print(table)
    wrong = sum(bool(row.errors) or not row.agrees_with_uv for row in rows)
    built = [row for row in rows if row.contents]
    console.print(f"{len(built)} layers judged, {len(rows) - len(built)} without wheels, {wrong} to look at.")
    sys.exit(bool(wrong))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("requirements", nargs="*", help="distributions; by default those that layers carry most")
    parser.add_argument("--python", action="append", choices=_PYTHONS, help="both by default")
    parser.add_argument("--architecture", action="append", choices=ARCHITECTURES, help="both by default")
    return parser.parse_args()


def sweep(
    requirements: Sequence[str], pythons: Sequence[str] | None = None, architectures: Sequence[str] | None = None
) -> Iterator[Row]:
    """Yield each requirement as a judged layer for each target."""
    targets = [
        Target(python, architecture)
        for architecture, python in product(ARCHITECTURES, _PYTHONS)
        if python in (pythons or _PYTHONS) and architecture in (architectures or ARCHITECTURES)
    ]
    for target, requirement in product(targets, requirements):
        folder = Path(tempfile.mkdtemp(prefix="sweep-"))
        try:
            yield _row(requirement, target, folder)
        finally:
            shutil.rmtree(folder)


def _row(requirement: str, target: Target, folder: Path) -> Row:
    python = folder / "layer" / "python"
    command: list[str | Path] = [
        uv.find_uv_bin(), "pip", "install", "--quiet", "--target", python, "--only-binary", ":all:",
        "--python-version", target.python, "--python-platform", f"{target.machine}-{exact_platform(target)}",
        requirement,
    ]  # fmt: skip
    done = host.run(command)
    if done.returncode:
        return Row(requirement, target, None)
    for script in python.glob(".lock"):
        script.unlink()
    contents = measure(folder / "layer")
    function = _function(contents, target)
    findings = judge(App(functions=(function,), layers=function.used_layers), Settings())
    return Row(requirement, target, contents, tuple(findings), _agrees(function, target, python, folder / "venv"))


def _function(contents: Contents, target: Target) -> Function:
    runtime = f"python{target.python}"
    layer = Layer(
        Where("Sweep/Layer"), "layer", is_resource=True, runtimes=(runtime,), architectures=(target.architecture,),
        contents=contents, retained=True,
    )  # fmt: skip
    return Function(
        Where("Sweep/Function"), runtime=runtime, architecture=target.architecture, handler="main.handler",
        layers=(LayerUse(layer, "same-stack"),), environment={},
        code=Contents(len(_HANDLER), {"main.py": File(len(_HANDLER), 0, 0o644)}), sources=Code(),
    )  # fmt: skip


def _agrees(function: Function, target: Target, tree: Path, environment: Path) -> bool:
    """Return whether the rules find the unmet requirements that uv finds, extras apart, which uv does not follow."""
    there = {name: [found for found, _part in each] for name, each in installed(function).items()}
    ours = {(gap.requirer.name, gap.need.name) for gap in unmet(there, target)}
    output = _uv_check(target, tree, environment)
    theirs = {tuple(pair) for pair in re.findall(r"The package `(.+?)` requires `([\w.-]+)", output)}
    return ours == theirs and "multiple installed" not in output


def _uv_check(target: Target, tree: Path, environment: Path) -> str:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    (environment / "lib" / f"python{version}").mkdir(parents=True)
    (environment / "bin").mkdir()
    (environment / "bin" / "python").symlink_to(Path(sys.executable).resolve())
    (environment / "lib" / f"python{version}" / "site-packages").symlink_to(tree)
    home = Path(sys.executable).resolve().parent
    (environment / "pyvenv.cfg").write_text(f"home = {home}\nversion = {version}\n")
    platform = ("--python-version", target.python, "--python-platform", f"{target.machine}-{exact_platform(target)}")
    done = host.run([uv.find_uv_bin(), "pip", "check", "--python", environment, *platform])
    return done.stderr


def _cells(row: Row) -> list[str]:
    if row.contents is None:
        return [escape(row.requirement), str(row.target), "no wheel", *[""] * 6]
    contents = row.contents
    warnings = sorted({finding.rule for finding in row.findings} - {finding.rule for finding in row.errors})
    return [
        escape(row.requirement),
        str(row.target),
        str(len(contents.distributions)),
        str(len(contents.files)),
        f"{contents.unzipped_bytes / 2**20:.1f}",
        str(len(contents.natives)),
        ", ".join(finding.rule for finding in row.errors),
        ", ".join(warnings),
        "agrees" if row.agrees_with_uv else "differs",
    ]


if __name__ == "__main__":
    main()
