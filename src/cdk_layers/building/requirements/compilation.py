"""Resolution of requirements by uv."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_layers.building.copies import Copies
from cdk_layers.building.requirements import local_sources
from cdk_layers.building.requirements.build_environment import settings_of
from cdk_layers.building.uv import process
from cdk_layers.building.uv.attempts import Attempt, first_attempt, run_until_success
from cdk_layers.building.uv.indexes import has_several_indexes
from cdk_layers.contents.names import canonical
from cdk_layers.system.credentials import git_headers, hide
from cdk_layers.system.temporary_folders import temporary_folder

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable

    from cdk_layers.building.job import Job
    from cdk_layers.building.options import BuildOptions
    from cdk_layers.building.requirements.manifests import Requirements
    from cdk_layers.building.requirements.requirement_line import RequirementLine


def compile_pins(requirements: Requirements, job: Job) -> tuple[Iterable[RequirementLine], str | None]:
    """Return the pins that meet the requirements, and uv's platform if it is not the target's own.

    Raises:
        DependencyError: The requirements cannot be met.
    """
    settings = settings_of(job)
    with temporary_folder("resolve") as folder:
        manifest, constraints = folder / "requirements.in", folder / "constraints.txt"
        copies = Copies.make(folder, requirements.lines)
        required_lines = [copies.line(line) for line in requirements.lines if not line.is_constraint]
        lines = "\n".join([*settings.option_lines(requirements.options), *required_lines, ""])
        hidden = hide(requirements.mask(lines))
        manifest.write_text(hidden.text, encoding="utf-8")
        constraint_lines = [copies.line(line) for line in requirements.lines if line.is_constraint]
        limits = hide(requirements.mask("\n".join([*constraint_lines, ""])), "LIMIT_")
        constraints.write_text(limits.text, encoding="utf-8")
        headers = git_headers((line.text for line in requirements.lines), settings.variables)
        preferred = "".join(f"{name}=={version}\n" for name, version in sorted(job.options.provided.items()))

        def run(attempt: Attempt) -> subprocess.CompletedProcess[str]:
            output = folder / "requirements.txt"
            output.write_text(preferred, encoding="utf-8")
            done = process.pip(
                ["compile", "--quiet", "--no-header", "--no-annotate", manifest, "-c", constraints, "-o", output,
                 *_prerelease(requirements), *settings.resolving, *settings.building, *attempt.arguments(folder)],
                cwd=job.entry,
                settings=settings,
                configuration=settings.configuration,
                secrets={**requirements.secrets, **hidden.variables, **limits.variables, **headers},
                may_be_offline=not has_several_indexes(settings, requirements.options),
            )  # fmt: skip
            done.stdout = limits.reveal(hidden.reveal(output.read_text(encoding="utf-8")))
            done.stderr = requirements.mask(copies.restore_paths(done.stderr))
            return done

        sources = _allowed_sources(requirements.lines, job.options) | requirements.source_names
        start = first_attempt(job.target, sources)
        attempt, output = run_until_success(run, start, job.options, requirements.origin or "")
        pins = copies.read(output, job.entry, requirements)
    local_sources.refuse_not_allowed(pins, job.options.allow_source_builds, job.target)
    return pins, attempt.platform if attempt.platform != start.platform else None


def _prerelease(requirements: Requirements) -> list[str]:
    return ["--prerelease", "allow"] if any(option.name == "--pre" for option in requirements.options) else []


def _allowed_sources(lines: Iterable[RequirementLine], options: BuildOptions) -> frozenset[str]:
    """Return the names of the distributions that have to be built from source and are allowed to be."""
    allowed = {canonical(name) for name in options.allow_source_builds}
    named = {line.name or "" for line in lines if local_sources.is_built(line)}
    return frozenset(name for name in named if name in allowed)
