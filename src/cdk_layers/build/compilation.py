"""Asking uv for the versions that meet what an entry asks for."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_layers.build import sources, uv
from cdk_layers.build.attempts import Attempt, first_attempt, succeed
from cdk_layers.build.credentials import git_headers, hide
from cdk_layers.build.requirements_file import read_requirements_text
from cdk_layers.build.uv_settings import read_uv_settings

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable

    from cdk_layers.build.dependencies import Requirements
    from cdk_layers.build.job import Job
    from cdk_layers.build.requirements_file import Wanted


def compile_pins(requirements: Requirements, job: Job) -> tuple[Iterable[Wanted], str | None]:
    """Return the pins that meet what is asked for, and uv's platform when that is not the target's own.

    Raises:
        DependencyError: The requirements cannot be met.
    """
    settings = read_uv_settings(job.entry, job.options.environment)
    with tempfile.TemporaryDirectory(prefix="cdk-layers-resolve-") as folder:
        manifest, constraints = Path(folder, "requirements.in"), Path(folder, "constraints.txt")
        asked = [one.text for one in requirements.wanted if not one.is_constraint]
        hidden = hide("\n".join([*settings.option_lines(requirements.options), *asked, ""]))
        manifest.write_text(hidden.text, encoding="utf-8")
        limits = hide("\n".join([*(one.text for one in requirements.wanted if one.is_constraint), ""]), "LIMIT_")
        constraints.write_text(limits.text, encoding="utf-8")
        headers = git_headers((one.text for one in requirements.wanted), settings.variables)
        preferred = "".join(f"{name}=={version}\n" for name, version in sorted(job.options.provided.items()))

        def run(attempt: Attempt) -> subprocess.CompletedProcess[str]:
            output = Path(folder, "requirements.txt")
            output.write_text(preferred, encoding="utf-8")
            done = uv.pip(
                ["compile", "--quiet", "--no-header", "--no-annotate", manifest, "-c", constraints, "-o", output,
                 *_prerelease(requirements), *settings.resolving, *settings.building, *attempt.arguments()],
                cwd=job.entry,
                settings=settings,
                configuration=settings.configuration,
                secrets={**hidden.variables, **limits.variables, **headers},
            )  # fmt: skip
            done.stdout = limits.shown(hidden.shown(output.read_text(encoding="utf-8")))
            return done

        begin = first_attempt(job.target, _own_sources(requirements.wanted))
        attempt, output = succeed(run, begin, job.options, requirements.origin or "")
    pins = read_requirements_text(output, "uv", job.entry).wanted
    return pins, attempt.platform if attempt.platform != begin.platform else None


def _prerelease(requirements: Requirements) -> list[str]:
    return ["--prerelease", "allow"] if any(option.name == "--pre" for option in requirements.options) else []


def _own_sources(wanted: Iterable[Wanted]) -> frozenset[str]:
    return frozenset(one.name for one in wanted if one.name and sources.is_source(one))
