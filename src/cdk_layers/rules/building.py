"""What only a build can notice: it leaves notes, and each note is a finding of the rule that it names."""

from __future__ import annotations

from typing import Final

from cdk_layers.rules.engine import Rule, declare

_UV: Final = "The build's own, which is uv's."


def _layer(requirements: str, more: str = "") -> str:
    return f"""\
Path("layers/example").mkdir(parents=True)
Path("layers/example/requirements.txt").write_text("{requirements}")
{more}SharedPythonLayer(
    Stack(app, "Hub"), "Example", entry="layers/example", compatible_runtimes=[Runtime.PYTHON_3_13],
)
"""


declare(
    Rule(
        "unpinned-requirement",
        severity="warning",
        meaning="A requirement names no exact version, so that two builds of the same entry can bring different code.",
        remedy="Pin it (`requests==2.32.5`), or keep a lock file beside it: `uv lock`, `uv pip compile`.",
        source=_UV,
        failing=_layer("six>=1.17"),
        passing=_layer("six==1.17.0"),
        family="building",
    )
)
declare(
    Rule(
        "ignored-manifest",
        severity="warning",
        meaning="An entry folder holds a second manifest beside the one that rules, or a bare pyproject.toml or "
        "Pipfile that installs nothing.",
        remedy="Keep one manifest, and lock what has none: `uv lock`, `poetry lock`, `pipenv lock`.",
        source="The order of PythonLayerVersion: Pipfile.lock, poetry.lock, requirements.txt, uv.lock.",
        failing=_layer("six==1.17.0", 'Path("layers/example/Pipfile").write_text("[packages]\\nsix = \\"*\\"\\n")\n'),
        passing=_layer("six==1.17.0"),
        family="building",
    )
)
declare(
    Rule(
        "no-wheel",
        severity="error",
        meaning="A distribution has no wheel for the target. The build stops there with a `DependencyError`, because "
        "building it from source would run foreign code while the app is synthesized.",
        remedy="Choose a version with a wheel, allow it with `allow_source_builds=[...]`, or build with `docker=True`.",
        source=_UV,
        failing=_layer("docopt==0.6.2"),
        passing=_layer("six==1.17.0"),
        family="building",
    )
)
declare(
    Rule(
        "overruled-setting",
        severity="warning",
        meaning="A setting of uv has no effect on builds, because it would run code of source distributions while the "
        "app is synthesized, build without isolation, or switch the verification of hashes off.",
        remedy="Name the distributions in `allow_source_builds=[...]`, or remove the setting.",
        source=_UV,
        failing=_layer(
            "six==1.17.0", 'Path("layers/example/uv.toml").write_text("no-binary-package = [\\"six\\"]\\n")\n'
        ),
        passing=_layer("six==1.17.0"),
        family="building",
    )
)
