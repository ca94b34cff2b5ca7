"""Rules without a check: a build finds the problem, and writes a note that names the rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_layers.rules.registry import Rule, register_family, register_rule

if TYPE_CHECKING:
    from cdk_layers.findings import Severity

register_family(__name__, order=200)

_SIX: Final = "https://index.example/six-1.17.0-py2.py3-none-any.whl"
_SIX_HASH: Final = "4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274"
_BUILD: Final = "The builds of this library, by uv."


def _layer(requirements: str, more: str = "") -> str:
    return f"""\
Path("layers/example").mkdir(parents=True)
Path("layers/example/requirements.txt").write_text("{requirements}")
{more}SharedPythonLayer(
    Stack(app, "Hub"), "Example", entry="layers/example",
    compatible_runtimes=[Runtime.PYTHON_3_13],
)
"""


def _locked(dependencies: str) -> str:
    return f"""\
Path("layers/example").mkdir(parents=True)
Path("layers/example/pyproject.toml").write_text(\'\'\'
[project]
name = "example"
version = "1"
requires-python = ">=3.9"
dependencies = [{dependencies}]
\'\'\')
Path("layers/example/uv.lock").write_text(\'\'\'
version = 1
requires-python = ">=3.9"

[[package]]
name = "example"
version = "1"
source = {{ virtual = "." }}
dependencies = [{{ name = "six" }}]

[package.metadata]
requires-dist = [{{ name = "six" }}]

[[package]]
name = "six"
version = "1.17.0"
source = {{ registry = "https://pypi.org/simple" }}
wheels = [{{ url = "{_SIX}", hash = "sha256:{_SIX_HASH}" }}]
\'\'\')
SharedPythonLayer(
    Stack(app, "Hub"), "Example", entry="layers/example",
    compatible_runtimes=[Runtime.PYTHON_3_13],
)
"""


def _versioned(version: str) -> str:
    return f"""\
Path("layers/example/tools/tools").mkdir(parents=True, exist_ok=True)
Path("layers/example/.git").mkdir(exist_ok=True)
Path("layers/example/tools/tools/__init__.py").touch()
Path("layers/example/tools/pyproject.toml").write_text(\'\'\'
[project]
name = "tools"
{version}

[build-system]
requires = ["hatchling", "hatch-vcs"]
build-backend = "hatchling.build"

[tool.hatch.version]
source = "vcs"
fallback-version = "0.0.0"
raw-options = {{ search_parent_directories = true }}
\'\'\')
Path("layers/example/requirements.txt").write_text("./tools\\n")
SharedPythonLayer(
    Stack(app, "Hub"), "Example", entry="layers/example",
    compatible_runtimes=[Runtime.PYTHON_3_13], allow_source_builds=["tools"],
)
"""


def _required(requirement: str, arguments: str = "") -> str:
    return f"""\
Path("layers/shared/shared").mkdir(parents=True, exist_ok=True)
Path("layers/shared/shared/__init__.py").touch()
Path("layers/shared/pyproject.toml").write_text(\'\'\'
[project]
name = "shared"
version = "1"
[build-system]
requires = ["setuptools"]
\'\'\')
Path("functions/report").mkdir(parents=True, exist_ok=True)
Path("functions/report/main.py").write_text("import shared\\ndef handler(event, context): ...")
Path("functions/report/requirements.txt").write_text("{requirement}")
stack = Stack(app, "Hub")
shared = SharedPythonLayer(
    stack, "Shared", entry="layers/shared",
    compatible_runtimes=[Runtime.PYTHON_3_13],
)
LayeredFunction(
    stack, "Report", entry="functions/report",
    handler="main.handler", runtime=Runtime.PYTHON_3_13, layers=[shared],{arguments}
)
"""


def _rule(name: str, *, severity: Severity, meaning: str, remedy: str, source: str, failing: str, passing: str) -> None:
    """Register a rule of this family. It has no check, since its findings are the notes of builds."""
    register_rule(
        Rule(
            name,
            severity,
            meaning,
            remedy,
            source,
            failing=failing,
            passing=passing,
            family="building",
        )
    )


_rule(
    "unpinned-requirement",
    severity="warning",
    meaning="A requirement names no exact version, so two builds of the same entry can install different code.",
    remedy="Pin it (`requests==2.32.5`) and what it needs: rename requirements.txt to requirements.in, and run "
    "`uv pip compile --universal requirements.in -o requirements.txt`. Or use a lock file, such as that of `uv lock`.",
    source=_BUILD,
    failing=_layer("six>=1.17"),
    passing=_layer("six==1.17.0"),
)
_rule(
    "ignored-manifest",
    severity="warning",
    meaning="An entry folder contains a second manifest besides the one that is used, or requirements that are not "
    "installed, because their pyproject.toml or Pipfile has no lock file or because they are in a requirements.in, "
    "setup.py, setup.cfg or environment.yml, or a file whose name is nearly a manifest's, such as requirement.txt.",
    remedy="Keep one manifest, and lock it if it has no lock file: `uv lock`, `poetry lock`, `pipenv lock`. A file "
    "that is not for functions is not reported if `asset_excludes` names it.",
    source="The order of PythonLayerVersion: Pipfile.lock, poetry.lock, requirements.txt, uv.lock.",
    failing=_layer("six==1.17.0", 'Path("layers/example/Pipfile").write_text("[packages]\\nsix = \\"*\\"\\n")\n'),
    passing=_layer("six==1.17.0"),
)
_rule(
    "stale-lock",
    severity="error",
    meaning="A lock file lacks a requirement of its project, or has it at another version, because the project was "
    "changed and not locked again. The build fails with a `StaleLockError`. Only what affects the build is "
    "compared: a development group may change.",
    remedy="Lock the project again with its own tool: `uv lock`, `poetry lock`, `pipenv lock`.",
    source="The tools' own refusal to install from such a lock file: `uv sync --locked`, `poetry install`, `pipenv "
    "install --deploy`.",
    failing=_locked('"idna", "six"'),
    passing=_locked('"six"'),
)
_rule(
    "no-wheel",
    severity="error",
    meaning="A distribution has no wheel for the target. The build fails with a `DependencyError`, because "
    "building it from source would run foreign code while the app is synthesized.",
    remedy="Choose a version with a wheel, allow it with `allow_source_builds=[...]`, or build it in a container: "
    "`docker=True` for a layer, PythonFunction for a function.",
    source=_BUILD,
    failing=_layer("docopt==0.6.2"),
    passing=_layer("six==1.17.0"),
)
_rule(
    "overruled-setting",
    severity="warning",
    meaning="A setting of uv has no effect on builds, because it would run code of source distributions while the "
    "app is synthesized, build without isolation, or turn off the verification of hashes. Or a setting of pip has no "
    "effect on a requirements.txt, because uv does not read it: PIP_CONSTRAINT, PIP_FIND_LINKS, PIP_NO_INDEX, PIP_PRE, "
    "PIP_REQUIRE_HASHES, and these and the indexes of a pip.conf.",
    remedy="Remove the setting, or acknowledge this. Distributions without a wheel can be named in "
    "`allow_source_builds=[...]`. Instead of a setting of pip, write that of uv, such as UV_CONSTRAINT.",
    source=_BUILD,
    failing=_layer("six==1.17.0", 'Path("layers/example/uv.toml").write_text("no-binary-package = [\\"six\\"]\\n")\n'),
    passing=_layer("six==1.17.0"),
)
_rule(
    "unknown-extra",
    severity="warning",
    meaning="A manifest requests an extra that the installed version of a distribution does not have, such as a "
    "misspelled one. Installers ignore it, so the archive lacks what the extra was for.",
    remedy="Correct the name of the extra, or remove it.",
    source="The warnings of pip and uv, which install without the extra, too.",
    failing=_layer("six[sokcs]==1.17.0"),
    passing=_layer("six==1.17.0"),
)
_rule(
    "yanked-version",
    severity="warning",
    meaning="A manifest pins a version that its index has yanked, because it is broken or insecure, for example. "
    "Installers warn about it and install it. A build learns of it when it installs the version by its name, and not "
    "if a lock file names the address of a file.",
    remedy="Pin another version.",
    source="PEP 592, and the warnings of pip and uv.",
    failing=_layer("attrs==21.1.0"),
    passing=_layer("attrs==21.2.0"),
)
_rule(
    "copied-link",
    severity="warning",
    meaning="Symlinks in an entry become copies in the archive, and each counts in its size. How Lambda extracts "
    "symlinks is not verified, so archives that this library builds contain none.",
    remedy="Keep each file under one name: a library under the name that programs load, such as `libx.so.1`.",
    source="The archives of this library.",
    failing=_layer(
        "six==1.17.0",
        'Path("layers/example/libx.so.1").touch()\nPath("layers/example/libx.so").symlink_to("libx.so.1")\n',
    ),
    passing=_layer("six==1.17.0"),
)
_rule(
    "fallback-version",
    severity="warning",
    meaning="A local project derives its version from its git repository, which is above its folder. It is built from "
    "a copy of the folder, so its build backend used the fallback version of its configuration instead.",
    remedy="Set the version by the variable of the build backend, such as `SETUPTOOLS_SCM_PRETEND_VERSION=2.4.1` or "
    "`PDM_BUILD_SCM_VERSION=2.4.1`, write it into the project, or install a wheel. If the version does not matter, "
    "acknowledge this.",
    source=_BUILD,
    failing=_versioned('dynamic = ["version"]'),
    passing=_versioned('version = "2.4.1"'),
)
_rule(
    "copied-project",
    severity="warning",
    meaning="The code of a function contains a second copy of the project in the entry of one of its layers, because "
    "its manifest requires that project. The copy is left out if a uv.lock requires the project, the layer contains "
    "the packages of the project's wheel exactly, no other layer hides them, and neither entry points nor code need "
    "the wheel's metadata, which the layer does not have. The finding says which of these is not so.",
    remedy="Remove the reason that the finding gives, so that the function uses the layer's copy. If that copy is "
    "enough, the manifest need not require the project. Or keep both copies: Python finds that of the code first.",
    source="The builds of this library: a layer contains the files of its entry, and not its wheel.",
    failing=_required("../../layers/shared", '\n    allow_source_builds=["shared"],'),
    passing=_required(""),
)
