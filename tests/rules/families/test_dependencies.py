"""Distributions that lack others, or exist twice."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uv import find_uv_bin

from cdk_layers.contents.needs import several_versions, unmet
from cdk_layers.lambda_service.target import Target
from cdk_layers.rules.facts.search_path import installed
from cdk_layers.system import host
from tests.rules.archives import archive, dist, found, function, layer, severities

if TYPE_CHECKING:
    from cdk_layers.contents.model import Distribution

RULE: Final = "missing-dependency"


def test_a_requirement_that_nothing_meets_is_an_error_that_names_who_requires_it() -> None:
    """The function, the requirer with its version and the requirement are reported."""
    (finding,) = found(function(layer(archive(dists=[dist("requests", "2.32.3", "idna<4,>=2.5")]))), RULE)
    assert (finding.severity, finding.where.path) == ("error", "Spoke/Report")
    assert "requests 2.32.3 requires idna<4,>=2.5, and nothing" in finding.message


@pytest.mark.parametrize("place", ["same layer", "lower layer", "upper layer", "code", "site-packages"])
def test_it_may_be_met_from_anywhere_on_the_path(place: str) -> None:
    """The same layer, another one below or above, the code, and a layer's site-packages all count."""
    needing, idna = dist("requests", "2.32.3", "idna<4,>=2.5"), dist("idna", "3.10")
    site = dist("idna", "3.10", folder="python/lib/python3.13/site-packages")
    functions = {
        "same layer": function(layer(archive(dists=[needing, idna]))),
        "lower layer": function(layer(archive(dists=[idna])), layer(archive(dists=[needing]), "B")),
        "upper layer": function(layer(archive(dists=[needing])), layer(archive(dists=[idna]), "B")),
        "code": function(layer(archive(dists=[needing])), code=archive(dists=[dist("idna", "3.10", folder="")])),
        "site-packages": function(layer(archive(dists=[needing, site]))),
    }
    assert found(functions[place], RULE) == []


@pytest.mark.parametrize("folder", ["python/lib/python3.12/site-packages", "", "python/setuptools/_vendor"])
def test_what_is_not_on_the_path_meets_nothing(folder: str) -> None:
    """Another version's folder, the root of a layer and vendored copies are not found by imports."""
    contents = archive(dists=[dist("requests", "2.32.3", "idna"), dist("idna", "3.10", folder=folder)])
    assert severities(function(layer(contents)), RULE) == ["error"]


@pytest.mark.parametrize(
    ("version", "shown"),
    [("1.25.9", 1), ("1.26", 0), ("1.26.0", 0), ("2.9", 0), ("3.0", 1), ("3.0rc1", 1), ("2.9rc1", 0)],
)
def test_the_version_counts_at_its_boundaries(version: str, shown: int) -> None:
    """Versions just below, at and past a bound are distinguished; a pre-release counts as PEP 440 has it."""
    contents = archive(dists=[dist("pandas", "2.2.3", "numpy<3,>=1.26"), dist("numpy", version)])
    findings = found(function(layer(contents)), RULE)
    assert len(findings) == shown
    assert all(f"numpy {version} in layer 'Hub/Base'" in finding.message for finding in findings)


@pytest.mark.parametrize(
    ("marker", "shown"),
    [
        ('python_version < "3.13"', 0),
        ('python_version >= "3.13"', 1),
        ('sys_platform == "win32"', 0),
        ('platform_machine == "aarch64"', 0),
        ('platform_machine == "x86_64"', 1),
        ('extra == "socks"', 0),
        ('extra == "socks" or python_version >= "3.13"', 1),
        ('extra == "socks" and python_version >= "3.13"', 0),
        ('python_full_version < "3.13"', 0),
    ],
)
def test_markers_are_those_of_the_target(marker: str, shown: int) -> None:
    """What the function runs on decides, not the machine at hand."""
    contents = archive(dists=[dist("a", "1.0", f"b; {marker}")])
    assert len(found(function(layer(contents)), RULE)) == shown


def test_an_unknown_architecture_alarms_only_for_what_both_lack() -> None:
    """A requirement of one architecture alone may not hold."""
    one = archive(dists=[dist("a", "1.0", 'b; platform_machine == "x86_64"')])
    both = archive(dists=[dist("a", "1.0", "b")])
    assert found(function(layer(one), architecture=None), RULE) == []
    assert severities(function(layer(both), architecture=None), RULE) == ["error"]


def test_an_extra_counts_once_another_distribution_asks_for_it() -> None:
    """Extras reach through extras, and a user who asks for one is the reason."""
    boto = dist("powertools", "3.0", 'boto9>=1; extra == "aws-sdk"', 'powertools[aws-sdk]; extra == "all"')
    assert found(function(layer(archive(dists=[boto]))), RULE) == []
    asked = archive(dists=[boto, dist("company", "1.0", "powertools[all]")])
    (finding,) = found(function(layer(asked)), RULE)
    assert "powertools 3.0 requires boto9>=1" in finding.message


@pytest.mark.parametrize("line", ["boto3", "boto3>=1.40", "urllib3<3", "python-dateutil>=2.7", "six"])
def test_what_only_the_runtime_brings_is_a_warning(line: str) -> None:
    """Its version there is not known, which the finding says."""
    (finding,) = found(function(layer(archive(dists=[dist("company", "1.0", line)]))), RULE)
    assert (finding.severity, "not verified" in finding.message) == ("warning", True)


def test_a_layer_that_nobody_can_look_into_may_bring_it() -> None:
    """Absence is a warning then, which names the layer; a wrong version stays an error."""
    unknown = layer(None, "Vendor")
    (finding,) = found(function(layer(archive(dists=[dist("a", "1.0", "b")])), unknown), RULE)
    assert (finding.severity, "layer:Vendor:1" in finding.message) == ("warning", True)
    wrong = layer(archive(dists=[dist("a", "1.0", "b>=2"), dist("b", "1.0")]))
    assert severities(function(wrong, unknown), RULE) == ["error"]
    assert severities(function(layer(archive(dists=[dist("a", "1.0", "b")])), unknown_code=True), RULE) == ["warning"]


@pytest.mark.parametrize(
    "path", ["python/my_lib/__init__.py", "python/my_lib.py", "python/My_Lib-1.0.egg-info/PKG-INFO"]
)
def test_a_package_without_metadata_is_a_warning(path: str) -> None:
    """Some remove .dist-info to save space: the package is there, its version is not known."""
    contents = archive([path], dists=[dist("a", "1.0", "my-lib>=1")])
    assert severities(function(layer(contents)), RULE) == ["warning"]


def test_requirements_that_cannot_be_read_and_other_languages_are_quiet() -> None:
    """Old metadata that no installer understands, and functions that are not Python's."""
    lines = ["b (>=1.0.*, === foo bar", f"b; {'(' * 20_000}os_name == 'x'{')' * 20_000}", 'b; python_version ~= "x"']
    assert found(function(layer(archive(dists=[dist("a", "1.0", *lines)]))), RULE) == []
    assert found(function(layer(archive(dists=[dist("a", "1.0", "b")])), runtime="nodejs22.x"), RULE) == []


@pytest.mark.parametrize(
    ("one", "other", "shown"), [("2.0", "2.1", 1), ("2.0", "2.0", 0), ("2.0", "2.0.0", 0), ("1.0+cpu", "1.0", 1)]
)
def test_one_distribution_in_two_layers_at_two_versions_is_an_error(one: str, other: str, shown: int) -> None:
    """Versions are compared as versions; both layers and the mixture are reported."""
    subject = function(layer(archive(dists=[dist("a", one)])), layer(archive(dists=[dist("a", other)]), "Data"))
    findings = found(subject, "version-conflict")
    assert [finding.severity for finding in findings] == ["error"] * shown
    for finding in findings:
        assert f"{other} in layer 'Hub/Data', {one} in layer 'Hub/Base'" in finding.message
        assert "mixture" in finding.message


def test_the_code_conflicts_with_a_layer_and_wins() -> None:
    """The code comes first on sys.path."""
    code = archive(dists=[dist("a", "1.0", folder="")])
    (finding,) = found(function(layer(archive(dists=[dist("a", "2.0")])), code=code), "version-conflict")
    assert (finding.severity, "so 1.0 is imported" in finding.message) == ("warning", True)


def test_a_second_version_that_is_not_on_the_path_conflicts_with_nothing() -> None:
    """Vendored copies and folders of other Python versions are not found by imports."""
    contents = archive(dists=[dist("a", "1.0"), dist("a", "2.0", folder="python/pip/_vendor")])
    assert found(function(layer(contents)), "version-conflict") == []


NAMES: Final = ("alpha", "beta-two", "gamma", "delta")
VERSIONS: Final = ("0.9", "1.0", "1.5rc1", "2.0rc1", "2.0", "2.0.post1")
MARKERS: Final = (
    "",
    '; python_version < "3.13"',
    '; sys_platform == "linux"',
    '; platform_machine == "aarch64"',
    '; extra == "x"',
)
TARGET: Final = Target("3.13", "x86_64")

requirement_lines = st.builds(
    "{}{}{}".format,
    st.sampled_from((*NAMES, "absent")),
    st.sampled_from(("", ">=1.0", "<2", "==1.*", "~=1.0", "!=1.0", ">=1.0,<2.0")),
    st.sampled_from(MARKERS),
)
distributions = st.builds(
    lambda name, version, lines: dist(name, version, *lines),
    st.sampled_from(NAMES),
    st.sampled_from(VERSIONS),
    st.lists(requirement_lines, max_size=3, unique=True),
)
one_layer = st.lists(distributions, max_size=4, unique_by=lambda one: one.name)


@given(lower=one_layer, upper=one_layer, code=one_layer)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_rules_agree_with_uv_about_the_merged_tree(
    tmp_path_factory: pytest.TempPathFactory,
    lower: list[Distribution],
    upper: list[Distribution],
    code: list[Distribution],
) -> None:
    """What is missing, unsuitable or there twice is what `uv pip check` says of all in one folder."""
    at_root = [dist(one.name, one.version, *one.requires, folder="") for one in code]
    subject = function(layer(archive(dists=lower)), layer(archive(dists=upper), "B"), code=archive(dists=at_root))
    tree = {name: [one for one, _part in ones] for name, ones in installed(subject).items()}
    ours = {(one.requirer.name, one.need.name, one.found.version if one.found else None) for one in unmet(tree, TARGET)}
    twice = {name for name, ones in tree.items() if several_versions(ones)}
    # Where a name is there twice with one version, the tree has one folder, whose metadata is the last layer's.
    environment = merged(tmp_path_factory.mktemp("merged"), [one for ones in tree.values() for one in reversed(ones)])
    theirs, doubled = uv_check(environment)
    assert (ours, twice) == (theirs, doubled)
    conflicts = {finding.message.partition(" ")[0] for finding in found(subject, "version-conflict")}
    assert conflicts == doubled
    assert bool(found(subject, RULE)) == bool(theirs)


def merged(folder: Path, ones: list[Distribution]) -> Path:
    """Return a virtual environment that holds these distributions, the later ones over the earlier."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    site = folder / "lib" / f"python{version}" / "site-packages"
    for one in ones:
        home = site / f"{one.name.replace('-', '_')}-{one.version}.dist-info"
        home.mkdir(parents=True, exist_ok=True)
        lines = ["Metadata-Version: 2.1", f"Name: {one.name}", f"Version: {one.version}", "Provides-Extra: x"]
        (home / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {line}" for line in one.requires), ""]))
        (home / "WHEEL").write_text("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        (home / "RECORD").write_text("")
    site.mkdir(parents=True, exist_ok=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(Path(sys.executable).resolve())
    home = Path(sys.executable).resolve().parent
    (folder / "pyvenv.cfg").write_text(f"home = {home}\nversion = {version}\n")
    return folder


_MISSING: Final = re.compile(r"The package `(.+?)` requires `([\w.-]+).*`, but it's not installed")
_UNSUITED: Final = re.compile(r"The package `(.+?)` requires `([\w-]+).*`, but `(.+?)` is installed")
_TWICE: Final = re.compile(r"The package `(.+?)` has multiple installed distributions")


def uv_check(environment: Path) -> tuple[set[tuple[str, str, str | None]], set[str]]:
    """Return what `uv pip check` says: requirements unmet, and names with several versions."""
    platform = ("--python-platform", "x86_64-manylinux_2_34", "--python-version", TARGET.python)
    said = host.run([find_uv_bin(), "pip", "check", "--python", environment, *platform, "--no-config"]).stderr
    counted = re.search(r"Found (\d+) incompatib", said)
    missing: set[tuple[str, str, str | None]] = {(one[1], one[2], None) for one in _MISSING.finditer(said)}
    unsuited = {(one[1], one[2], one[3]) for one in _UNSUITED.finditer(said)}
    twice = {one[1] for one in _TWICE.finditer(said)}
    assert counted or "All installed packages are compatible" in said, said
    assert len(missing | unsuited) + len(twice) <= int(counted[1] if counted else 0), said
    return missing | unsuited, twice


@pytest.mark.parametrize(("wanted", "expected"), [("urllib3<2", ["warning"]), ("urllib3>=1.26.8", ["error"])])
@pytest.mark.parametrize("requirer_in_code", [True, False])
def test_a_version_that_wins_is_an_error_only_where_it_breaks_a_requirement(
    wanted: str, expected: list[str], requirer_in_code: bool
) -> None:
    """The code's version is imported by the layers' packages too; it is reported once, by this rule alone."""
    requirer = dist("botocore", "1.40", wanted, folder="" if requirer_in_code else "python")
    mine = dist("urllib3", "1.26.7", folder="")
    code = archive(dists=[mine, requirer] if requirer_in_code else [mine])
    theirs = [dist("urllib3", "1.26.17"), *([] if requirer_in_code else [requirer])]
    subject = function(layer(archive(dists=theirs)), code=code)
    assert severities(subject, "version-conflict") == expected
    assert found(subject, RULE) == []
    assert all(("requires urllib3>=1.26.8" in one.message) == (expected == ["error"])
               for one in found(subject, "version-conflict"))  # fmt: skip


@pytest.mark.parametrize("more", [[dist("idna", "3.10")], []])
def test_a_version_that_wins_breaks_no_requirement_of_another(more: list[Distribution]) -> None:
    """What else is missing or at another version is reported by its own rule, and makes no error of the conflict."""
    theirs = archive(dists=[dist("urllib3", "1.26.17"), dist("requests", "2.32", "idna>=4"), *more])
    subject = function(layer(theirs), code=archive(dists=[dist("urllib3", "1.26.7", folder="")]))
    assert severities(subject, "version-conflict") == ["warning"]
    assert severities(subject, RULE) == ["error"]


@pytest.mark.parametrize(("left", "expected"), [((), ["warning"]), (("python/a/old.py",), ["error"])])
def test_layers_mix_only_where_files_of_the_lower_version_remain(left: tuple[str, ...], expected: list[str]) -> None:
    """A later layer that replaces every file of the other version leaves no mixture."""
    lower = archive({"python/a/__init__.py": "1", **dict.fromkeys(left, "")}, dists=[dist("a", "1.0", top_level=["a"])])
    upper = archive({"python/a/__init__.py": "2", "python/a/new.py": ""}, dists=[dist("a", "2.0", top_level=["a"])])
    assert severities(function(layer(lower), layer(upper, "Data")), "version-conflict") == expected


def test_folders_that_do_not_merge_do_not_mix() -> None:
    """What is in python/lib/pythonX.Y/site-packages comes first on sys.path, all of it."""
    site = dist("a", "1.0", folder="python/lib/python3.13/site-packages")
    subject = function(layer(archive(dists=[dist("a", "2.0")])), layer(archive(dists=[site]), "Data"))
    assert severities(subject, "version-conflict") == ["warning"]


@pytest.mark.parametrize(("runtime", "expected"), [
    ("python3.12", ["error"]), ("python3.13", ["warning"]), ("python3.14", ["warning"]),
])  # fmt: skip
def test_newer_runtimes_include_the_durable_execution_sdk(runtime: str, expected: list[str]) -> None:
    """It is the runtime's own from python3.13 on, as boto3 is in all."""
    needing = archive(dists=[dist("company", "1.0", "aws-durable-execution-sdk-python>=1")])
    assert severities(function(layer(needing), runtime=runtime), RULE) == expected
