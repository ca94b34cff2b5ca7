"""The sample app, deployed by the real CDK CLI to a local AWS, changed, and deployed again."""

from __future__ import annotations

import hashlib
import json
import shutil
import urllib.request
import zipfile
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.e2e.local_aws import PROJECT, REGION, CommandError, LocalAws, running
from tools.sample_context import sample_context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HUB: Final = "111111111111"
SPOKE: Final = "222222222222"
PARTNER: Final = "333333333333"
STRANGER: Final = "444444444444"
LAYERS: Final = ("base", "company", "data", "tools")


@dataclass(frozen=True)
class Deployed:
    """What a deploy left in the local AWS, read back through its API."""

    versions: dict[str, list[int]]
    """Version numbers by layer name, oldest first."""

    layers: dict[str, list[str]]
    """Layer version ARNs by function, in the order that the service has them in."""

    digests: dict[str, str]
    """SHA-256 of the newest archive by layer name, as downloaded."""

    printed: str


@pytest.fixture(scope="module")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """Run a local AWS with both accounts bootstrapped."""
    with running(tmp_path_factory.mktemp("local-aws")) as aws:
        for account in (HUB, SPOKE):
            aws.cdk("bootstrap", f"aws://{account}/{REGION}", account=account, cwd=aws.home)
        yield aws


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the sample app to where a test may change it."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(PROJECT / "sample_app", folder / "sample_app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "cdk.json", folder)
    return folder


def synthesize(aws: LocalAws, project: Path, name: str, *, spoke: str = HUB) -> Path:
    """Run `cdk synth` over the project and return the cloud assembly.

    The hub's account is the spoke's as well by default: the emulator reads `Fn::GetStackOutput` in one account only.
    """
    values = {"hub": HUB, "spoke": spoke, "partner": PARTNER, "region": REGION, **sample_context()}
    context = [part for name, value in values.items() for part in ("-c", f"{name}={value}")]
    aws.cdk("synth", "--quiet", "--output", name, *context, account=HUB, cwd=project)
    return project / name


def deploy(aws: LocalAws, assembly: Path) -> Deployed:
    """Deploy every stack of an assembly and read back what is there."""
    printed = aws.cdk("deploy", "--app", str(assembly), "--all", "--require-approval", "never", account=HUB)
    service = aws.client("lambda", HUB)
    found = service.list_layers()["Layers"]
    versions = {
        layer["LayerName"]: sorted(
            version["Version"] for version in service.list_layer_versions(LayerName=layer["LayerName"])["LayerVersions"]
        )
        for layer in found
    }
    functions = service.list_functions()["Functions"]
    return Deployed(
        versions={short(name): numbers for name, numbers in versions.items()},
        layers={
            function["FunctionName"].split("-")[1].rstrip("0123456789ABCDEF"): [
                layer["Arn"] for layer in function.get("Layers", [])
            ]
            for function in functions
        },
        digests={
            short(name): hashlib.sha256(download(service, name, numbers[-1])).hexdigest()
            for name, numbers in versions.items()
        },
        printed=printed,
    )


def short(layer_name: str) -> str:
    """Return the sample app's own name of a layer from the one that CloudFormation made of it."""
    return next(name for name in LAYERS if name in layer_name.lower())


def download(service: Any, name: str, version: int) -> bytes:
    """Return the bytes of a layer version's archive."""
    location = service.get_layer_version(LayerName=name, VersionNumber=version)["Content"]["Location"]
    with urllib.request.urlopen(location, timeout=60) as answer:
        content: bytes = answer.read()
    return content


def archives(assembly: Path) -> set[str]:
    """Return the SHA-256 of every zip that an assembly holds."""
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in assembly.glob("asset.*.zip")}


@dataclass(frozen=True)
class Journey:
    """Three deploys: the app as it is, the same again, and with one line of the layer `company` changed."""

    assemblies: tuple[Path, Path]
    first: Deployed
    again: Deployed
    changed: Deployed


@pytest.fixture(scope="module")
def journey(local_aws: LocalAws, project: Path) -> Journey:
    """Deploy the app three times."""
    before = synthesize(local_aws, project, "before")
    first, again = deploy(local_aws, before), deploy(local_aws, synthesize(local_aws, project, "again"))
    source = project / "sample_app" / "layers" / "company" / "aws_helpers" / "sessions.py"
    source.write_text(source.read_text() + '\nVERSION = "2"\n')
    after = synthesize(local_aws, project, "after")
    return Journey((before, after), first, again, deploy(local_aws, after))


def test_the_deployed_archives_are_those_that_were_built(journey: Journey) -> None:
    """What the service hands out is byte for byte what lay in the cloud assembly."""
    assert set(journey.first.digests) == set(LAYERS)
    assert set(journey.first.digests.values()) <= archives(journey.assemblies[0])


def test_a_deploy_without_a_change_makes_no_new_version(journey: Journey) -> None:
    """A second synth and deploy of the same sources leaves every layer at version 1."""
    assert journey.again.versions == {layer: [1] for layer in LAYERS}
    assert journey.again.layers == journey.first.layers
    assert journey.again.printed.count("(no changes)") == 2


def test_a_changed_layer_gets_a_second_version_beside_the_first(journey: Journey) -> None:
    """The old version stays for those who are pinned to it, and no other layer gets a new one."""
    assert journey.changed.versions == {**{layer: [1] for layer in LAYERS}, "company": [1, 2]}
    assert journey.changed.digests["company"] != journey.first.digests["company"]


def test_every_function_moves_to_the_new_version_in_the_declared_order(journey: Journey) -> None:
    """Layered and plain functions alike are on version 2 after one deploy, base first and company after it."""
    used = {
        name: [(short(arn.split(":")[6]), int(arn.split(":")[7])) for arn in arns]
        for name, arns in journey.changed.layers.items()
    }
    assert used["Inventory"] == used["Plain"] == [("base", 1), ("company", 2)]
    assert used["Report"] == [("base", 1), ("data", 1)]
    assert used["Greeting"] == [("tools", 1)]


@pytest.mark.parametrize("version", [1, 2])
def test_the_grants_of_every_version_are_in_force(journey: Journey, local_aws: LocalAws, version: int) -> None:
    """The partner may read the retained old version and the new one; a stranger may read neither."""
    arn = next(arn for arn in journey.changed.layers["Plain"] if short(arn.split(":")[6]) == "company")
    pinned = f"{arn.rpartition(':')[0]}:{version}"
    answer = local_aws.client("lambda", PARTNER).get_layer_version_by_arn(Arn=pinned)
    assert answer["Version"] == version
    stranger = local_aws.client("lambda", STRANGER)
    with pytest.raises(stranger.exceptions.ClientError, match="AccessDenied"):
        stranger.get_layer_version_by_arn(Arn=pinned)


def test_stacks_share_layers_without_an_export(journey: Journey) -> None:
    """No template exports or imports a value, so neither stack locks the other."""
    for assembly in journey.assemblies:
        for template in assembly.glob("*.template.json"):
            text = template.read_text()
            assert '"Export"' not in text
            assert "Fn::ImportValue" not in text
        assert "Fn::GetStackOutput" in (assembly / "Spoke.template.json").read_text()


def test_only_what_uses_the_changed_layer_changes(journey: Journey) -> None:
    """The templates before and after differ in the functions with the layer `company`, and in nothing else."""
    before, after = (
        json.loads((assembly / "Spoke.template.json").read_text())["Resources"] for assembly in journey.assemblies
    )
    assert before.keys() == after.keys()
    changed = {name.rstrip("0123456789ABCDEF") for name in before if before[name] != after[name]}
    assert changed == {"Inventory", "Plain"}


def test_a_layer_archive_holds_its_program_executable(journey: Journey, local_aws: LocalAws) -> None:
    """The tools layer arrives with bin/hello at the root of /opt, executable."""
    service = local_aws.client("lambda", HUB)
    name = next(
        layer["LayerName"] for layer in service.list_layers()["Layers"] if "tools" in layer["LayerName"].lower()
    )
    with zipfile.ZipFile(BytesIO(download(service, name, 1))) as archive:
        assert archive.getinfo("bin/hello").external_attr >> 16 & 0o777 == 0o755


def test_a_spoke_in_another_account(local_aws: LocalAws, project: Path, journey: Journey) -> None:
    """The hub grants the spoke's account by itself, whose functions refer to outputs of the hub's stack."""
    assembly = synthesize(local_aws, project, "two-accounts", spoke=SPOKE)
    local_aws.cdk("deploy", "--app", str(assembly), "Hub", "--require-approval", "never", account=HUB)
    for arn in journey.changed.layers["Plain"]:
        assert local_aws.client("lambda", SPOKE).get_layer_version_by_arn(Arn=arn)["LayerVersionArn"] == arn
    # The emulator reads Fn::GetStackOutput of its own account only. Once one reads it of others, this deploy succeeds:
    # assert then that the spoke's functions have their layers.
    with pytest.raises(CommandError, match="not found in stack 'Hub'"):
        local_aws.cdk("deploy", "--app", str(assembly), "Spoke", "-e", "--require-approval", "never", account=SPOKE)
