"""A layer version that is built, checked and shared."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import jsii
import pytest
from aws_cdk import App, AssetHashType, AssetStaging, DockerImage, IPropertyInjector, ReferenceStrength, Size, Stack
from aws_cdk.assertions import Template
from aws_cdk.aws_lambda import Architecture, Code, Function, Runtime
from aws_cdk.aws_lambda_python_alpha import BundlingOptions, PythonLayerVersion

from cdk_layers import LayeredFunction, LayerGrant, SharedPythonLayer
from cdk_layers.cdk.asset import docker, layer_asset
from cdk_layers.cdk.asset.description import common_license, describe
from cdk_layers.contents.model import Contents, Distribution
from cdk_layers.errors import CompatibilityError, EntryError, LimitError, TargetError, UsageError
from cdk_layers.testing import TemplateSnapshot, stable_template

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import Construct
    from syrupy.assertion import SnapshotAssertion

PYTHON: Final = Runtime.PYTHON_3_13
LAYER: Final = "AWS::Lambda::LayerVersion"


def _entry(folder: Path, requirements: str = "", **code: str) -> Path:
    folder.mkdir(parents=True)
    if requirements:
        (folder / "requirements.txt").write_text(requirements, encoding="utf-8")
    for name, text in code.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """An entry folder of code alone."""
    return _entry(tmp_path / "company", company="NAME = 'company'\n")


@pytest.fixture
def pure(tmp_path: Path) -> Path:
    """An entry folder with a pure Python distribution, and code."""
    return _entry(tmp_path / "pure", "six==1.17.0\n", company="NAME = 'company'\n")


@pytest.fixture
def native(tmp_path: Path) -> Path:
    """An entry folder with a distribution that is built for one Python on one machine."""
    return _entry(tmp_path / "native", "orjson==3.11.4\n")


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack of an app that is synthesized into a temporary folder."""
    return Stack(App(outdir=str(tmp_path / "cdk.out")), "Hub")


def _layer(stack: Stack, entry: Path, **arguments: Any) -> SharedPythonLayer:
    return SharedPythonLayer(stack, "Base", entry=entry, **{"compatible_runtimes": [PYTHON], **arguments})


def _staged(layer: SharedPythonLayer) -> Path:
    stage = layer.node.find_child("Code").node.find_child("Stage")
    assert isinstance(stage, AssetStaging)
    return Path(stage.absolute_staged_path)


def _resource(stack: Stack) -> dict[str, Any]:
    [resource] = Template.from_stack(stack).find_resources(LAYER).values()
    return dict(resource)


def test_a_layer_is_one_archive_with_everything_under_python(stack: Stack, pure: Path) -> None:
    """The asset is a finished zip of the distributions and the entry's own code, and nothing else."""
    layer = _layer(stack, pure)
    with zipfile.ZipFile(_staged(layer)) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    assert {"python/six.py", "python/company.py"} <= names
    assert all(name.startswith("python/") for name in names)
    assert "python/requirements.txt" not in names
    assert _resource(stack)["Properties"]["Content"]["S3Key"] == f"{layer.asset_hash}.zip"


def test_a_layer_tells_what_is_in_it(stack: Stack, pure: Path) -> None:
    """Sizes are those of the staged archive; distributions, digest and the arguments are at hand."""
    layer = _layer(stack, pure)
    with zipfile.ZipFile(_staged(layer)) as archive:
        unzipped = sum(member.file_size for member in archive.infolist())
    assert layer.unzipped_bytes == unzipped > 30_000
    assert layer.archive_bytes == _staged(layer).stat().st_size
    assert layer.distributions == {"six": "1.17.0"}
    assert layer.contents is not None
    assert "python/six.py" in layer.contents.files
    assert layer.digest == layer._followed_digest is not None
    assert [one.name for one in layer.compatible_architectures] == ["x86_64"]
    assert layer.entry == pure


def test_a_layer_goes_into_any_function(stack: Stack, company: Path) -> None:
    """It is a LayerVersion itself, so the CDK refers to it from a plain function."""
    layer = _layer(stack, company)
    code = Code.from_inline("def handler(event, context): return 1")
    Function(stack, "Fn", runtime=PYTHON, handler="index.handler", code=code, layers=[layer])
    template = Template.from_stack(stack)
    [layer_id] = template.find_resources(LAYER)
    template.has_resource_properties("AWS::Lambda::Function", {"Layers": [{"Ref": layer_id}]})


def test_other_stacks_refer_to_it_without_an_export(stack: Stack, company: Path) -> None:
    """A new version never locks two stacks together, unless the user asks for a stronger reference."""
    spoke = Stack(cast("App", stack.node.root), "Spoke")
    code = Code.from_inline("def handler(event, context): return 1")
    weak, strong = (
        SharedPythonLayer(stack, name, entry=company, compatible_runtimes=[PYTHON], reference_strength=strength)
        for name, strength in (("Weak", None), ("Strong", ReferenceStrength.STRONG))
    )
    for layer in (weak, strong):
        Function(spoke, layer.node.id, runtime=PYTHON, handler="index.handler", code=code, layers=[layer])
    functions = Template.from_stack(spoke).find_resources("AWS::Lambda::Function").values()
    references = [next(iter(reference)) for one in functions for reference in one["Properties"]["Layers"]]
    exports = [one for one in Template.from_stack(stack).to_json()["Outputs"].values() if "Export" in one]
    assert sorted(references) == ["Fn::GetStackOutput", "Fn::ImportValue"]
    assert len(exports) == 1


def test_the_app_is_judged_when_it_is_synthesized(stack: Stack, company: Path) -> None:
    """The rules look at the finished app without a word from the user."""
    _layer(stack, company).add_permission("Bare", account_id="*")
    report = (Path(cast("App", stack.node.root).synth().directory) / "validation-report.json").read_text(
        encoding="utf-8"
    )
    assert "public-grant" in report


def test_the_asset_follows_the_content_alone(tmp_path: Path) -> None:
    """The same content in another folder has the same asset, other content another one."""
    entries = [
        _entry(tmp_path / "here", company="NAME = 1\n"),
        _entry(tmp_path / "there", company="NAME = 1\n"),
        _entry(tmp_path / "other", company="NAME = 2\n"),
    ]
    layers = [
        _layer(Stack(App(outdir=str(tmp_path / f"{number}.out")), "Hub"), entry) for number, entry in enumerate(entries)
    ]
    assert layers[0].asset_hash == layers[1].asset_hash != layers[2].asset_hash
    assert layers[0].digest == layers[1].digest != layers[2].digest


@pytest.mark.parametrize(
    "manifests", [("six==1.17.0\n", "# for old code\nsix==1.17.0\n"), ("", "# nothing is needed\n")]
)
def test_a_manifest_that_changes_no_content_changes_no_asset(tmp_path: Path, manifests: tuple[str, str]) -> None:
    """Neither a comment in requirements.txt nor one that asks for nothing is a new layer version."""
    entries = [_entry(tmp_path / str(number), text, company="NAME = 1\n") for number, text in enumerate(manifests)]
    hashes = {_layer(Stack(App(outdir=str(entry / "cdk.out")), "Hub"), entry).asset_hash for entry in entries}
    assert len(hashes) == 1


def test_description_and_licence_are_those_of_the_distributions(stack: Stack, pure: Path) -> None:
    """What is not given is made from what is in the layer."""
    _layer(stack, pure)
    properties = _resource(stack)["Properties"]
    assert properties["Description"] == "six 1.17.0"
    assert properties["LicenseInfo"] == "MIT"


def test_description_and_licence_of_the_user_are_kept(stack: Stack, pure: Path) -> None:
    """What is given stays as it is."""
    _layer(stack, pure, description="For all", license="Apache-2.0")
    properties = _resource(stack)["Properties"]
    assert (properties["Description"], properties["LicenseInfo"]) == ("For all", "Apache-2.0")


def test_empty_texts_leave_them_out(stack: Stack, pure: Path) -> None:
    """An empty description or license is how the user says that there is to be none."""
    _layer(stack, pure, description="", license="")
    assert {"Description", "LicenseInfo"}.isdisjoint(_resource(stack)["Properties"])


def test_code_alone_has_no_description(stack: Stack, company: Path) -> None:
    """Nothing is said where there is nothing to say."""
    _layer(stack, company)
    assert {"Description", "LicenseInfo"}.isdisjoint(_resource(stack)["Properties"])


def test_a_new_version_of_a_distribution_breaks_no_snapshot(tmp_path: Path) -> None:
    """Layers that differ in versions alone have one stable template; a description of the user's stays in it."""
    templates = []
    for version in ("3.10", "3.11"):
        entry = _entry(tmp_path / version, f"idna=={version}\n")
        stack = Stack(App(outdir=str(tmp_path / f"{version}.out")), "Hub")
        _layer(stack, entry)
        SharedPythonLayer(stack, "Named", entry=entry, compatible_runtimes=[PYTHON], description="idna 3")
        templates.append(stable_template(Template.from_stack(stack)))
    assert templates[0] == templates[1]
    assert '"idna 3"' in json.dumps(templates[0])
    assert "idna 3.1" not in json.dumps(templates[0])


def _contents(*licenses: str | None, name: str = "name") -> Contents:
    distributions = [
        Distribution(f"{name}{number:02}", "1.0", "python", 1, license=one) for number, one in enumerate(licenses)
    ]
    return Contents(1, {}, tuple(distributions))


def test_a_long_description_is_cut_at_a_whole_name() -> None:
    """What does not fit into 256 characters is counted."""
    text = describe(_contents(*["MIT"] * 40)) or ""
    expected = text.split(", ")
    assert len(text) <= 256 < len(text) + len(", name00 1.0")
    assert all(one == f"name{number:02} 1.0" for number, one in enumerate(expected[:-1]))
    assert expected[-1] == f"and {40 - len(expected) + 1} more"


@pytest.mark.parametrize(("length", "is_told"), [(255, True), (256, True), (257, False)])
def test_a_description_may_have_256_characters(length: int, is_told: bool) -> None:
    """The service's limit itself still fits."""
    text = describe(_contents("MIT", name="n" * (length - len("00 1.0"))))
    assert (text is not None) == is_told
    assert text is None or len(text) == length


@pytest.mark.parametrize(
    ("licenses", "common"),
    [
        (["MIT", "MIT"], "MIT"),
        (["MIT", "BSD-3-Clause"], None),
        (["MIT", None], None),
        ([], None),
        (["x" * 512], "x" * 512),
        (["x" * 513], None),
    ],
)
def test_the_licence_is_what_all_agree_on(licenses: list[str | None], common: str | None) -> None:
    """One that differs, or names none, leaves the license open; so does one that is too long for the service."""
    assert common_license(_contents(*licenses)) == common


@pytest.mark.parametrize("kind", [None, AssetHashType.OUTPUT, AssetHashType.SOURCE])
def test_without_bundling_nothing_is_built(
    tmp_path: Path, pure: Path, monkeypatch: pytest.MonkeyPatch, kind: AssetHashType | None
) -> None:
    """Where the CDK asks for no bundling, the raw source is staged, and what is not known is None, not zero."""
    monkeypatch.setattr(layer_asset, "build_for", lambda *_, **__: pytest.fail("built"))
    app = App(outdir=str(tmp_path / "cdk.out"), context={"aws:cdk:bundling-stacks": []})
    stack = Stack(app, "Hub")
    layer = _layer(stack, pure, bundling=BundlingOptions(asset_hash_type=kind), max_unzipped=Size.bytes(1))
    assert (layer.unzipped_bytes, layer.archive_bytes, layer.distributions, layer.digest, layer.contents) == (None,) * 5
    assert (_staged(layer) / "requirements.txt").is_file()
    assert _resource(stack)["Properties"]["CompatibleRuntimes"] == ["python3.13"]


def test_without_bundling_the_cache_still_knows_the_digest(tmp_path: Path, stack: Stack, pure: Path) -> None:
    """Functions of other stacks follow the layer's content, also while its own stack is not bundled."""
    built = _layer(stack, pure)
    unbundled = Stack(App(outdir=str(tmp_path / "other"), context={"aws:cdk:bundling-stacks": []}), "Hub")
    assert _layer(unbundled, pure)._followed_digest == built.digest is not None
    unknown = _entry(tmp_path / "unknown", company=f"NAME = {str(tmp_path)!r}\n")
    other = SharedPythonLayer(unbundled, "Unknown", entry=unknown, compatible_runtimes=[PYTHON])
    assert other._followed_digest is None


@pytest.mark.parametrize(("headroom", "fits"), [(-1, False), (0, True), (1, True)])
def test_a_budget_is_a_limit_of_the_users(stack: Stack, company: Path, headroom: int, fits: bool) -> None:
    """One byte over the budget is refused with sizes and construct path; exactly the budget is not."""
    measured = (company / "company.py").stat().st_size
    budget = Size.bytes(measured + headroom)
    if fits:
        assert _layer(stack, company, max_unzipped=budget).unzipped_bytes == measured
    else:
        with pytest.raises(LimitError, match=r"'Hub/Base'.*1 byte.* over its budget"):
            _layer(stack, company, max_unzipped=budget)


def test_notes_of_the_build_and_the_budget_are_left_for_validation(tmp_path: Path, stack: Stack) -> None:
    """What a build noticed stays out of the template, and in the construct's metadata."""
    entry = _entry(tmp_path / "loose", "six\n")
    layer = _layer(stack, entry, max_unzipped=Size.mebibytes(1))
    [mark] = [one.data for one in layer.node.metadata if one.type == "cdk-layers:build"]
    assert mark["digest"] == layer.digest
    assert mark["budget_bytes"] == 1024**2
    assert [note["rule"] for note in mark["notes"]] == ["unpinned-requirement"]
    assert all(note["message"] and note["remedy"] for note in mark["notes"])
    assert "unpinned-requirement" not in json.dumps(Template.from_stack(stack).to_json())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"compatible_runtimes": []}, r"'Hub/Base'.*compatible_runtimes is empty"),
        ({"compatible_runtimes": [Runtime.NODEJS_22_X]}, r"'Hub/Base'.*'nodejs22\.x' is not a Python runtime"),
        ({"compatible_runtimes": [Runtime.PYTHON_3_13, Runtime.PYTHON_3_8]}, r"'Hub/Base'.*'3\.8'"),
        ({"compatible_runtimes": [Runtime.PYTHON_2_7]}, r"'Hub/Base'.*'2\.7'"),
    ],
)
def test_a_target_that_nothing_can_be_built_for_is_refused(
    stack: Stack, company: Path, arguments: dict[str, Any], message: str
) -> None:
    """No runtime, another language, or a Python that is not served any more."""
    with pytest.raises(TargetError, match=message):
        _layer(stack, company, **arguments)
    assert stack.node.try_find_child("Base") is None


def test_runtimes_have_no_default(stack: Stack, company: Path) -> None:
    """PythonLayerVersion's default, python3.7, is long gone, so the choice is the user's."""
    with pytest.raises(UsageError, match=r"^Layer 'Hub/Base': 'compatible_runtimes' is missing"):
        SharedPythonLayer(stack, "Base", entry=company)  # type: ignore[call-arg]


def test_a_missing_entry_keeps_its_type(stack: Stack, tmp_path: Path) -> None:
    """Errors of the build come as they are, before there is a construct."""
    with pytest.raises(EntryError, match="nowhere"):
        _layer(stack, tmp_path / "nowhere")
    assert stack.node.try_find_child("Base") is None


def test_pure_python_may_be_for_every_target(stack: Stack, pure: Path) -> None:
    """One archive serves several runtimes and architectures when nothing in it is tied to one."""
    runtimes, architectures = [Runtime.PYTHON_3_12, PYTHON], [Architecture.ARM_64, Architecture.X86_64]
    _layer(stack, pure, compatible_runtimes=runtimes, compatible_architectures=architectures)
    properties = _resource(stack)["Properties"]
    assert properties["CompatibleRuntimes"] == ["python3.12", "python3.13"]
    assert properties["CompatibleArchitectures"] == ["arm64", "x86_64"]


@pytest.mark.parametrize(
    ("runtimes", "architectures"),
    [
        ([Runtime.PYTHON_3_12, Runtime.PYTHON_3_13], [Architecture.X86_64]),
        ([Runtime.PYTHON_3_13], [Architecture.ARM_64, Architecture.X86_64]),
    ],
)
def test_native_code_is_for_one_target(
    stack: Stack, native: Path, runtimes: list[Runtime], architectures: list[Architecture]
) -> None:
    """The error names the file that ties the layer to one of the targets that it declares."""
    with pytest.raises(CompatibilityError, match=r"orjson.*\.so"):
        _layer(stack, native, compatible_runtimes=runtimes, compatible_architectures=architectures)


def test_excludes_opt_entry_and_folder_shape_the_archive(stack: Stack, tmp_path: Path) -> None:
    """Excluded files stay out, `opt_entry` lands in /opt, and `output_path_suffix` moves the rest."""
    entry = _entry(tmp_path / "shaped", company="NAME = 1\n", draft="NAME = 2\n", notes="NAME = 3\n")
    (tmp_path / "opt" / "bin").mkdir(parents=True)
    (tmp_path / "opt" / "bin" / "hello").write_text("#!/bin/sh\necho hello\n", encoding="utf-8")
    bundling = BundlingOptions(asset_excludes=["draft.py"], output_path_suffix="python/lib/python3.13/site-packages")
    layer = _layer(stack, entry, bundling=bundling, asset_excludes=["notes.py"], opt_entry=tmp_path / "opt")
    assert layer.contents is not None
    assert sorted(layer.contents.files) == ["bin/hello", "python/lib/python3.13/site-packages/company.py"]


def test_programs_alone_make_a_layer(stack: Stack, tmp_path: Path) -> None:
    """With `opt_entry` alone there is nothing under python/, and nothing to install."""
    (tmp_path / "tools" / "bin").mkdir(parents=True)
    (tmp_path / "tools" / "bin" / "hello").write_text("#!/bin/sh\necho hello\n", encoding="utf-8")
    layer = SharedPythonLayer(stack, "Tools", opt_entry=tmp_path / "tools", compatible_runtimes=[PYTHON])
    assert layer.contents is not None
    assert list(layer.contents.files) == ["bin/hello"]
    with pytest.raises(UsageError, match=r"'Hub/Nothing'.*entry=, opt_entry=, or both"):
        SharedPythonLayer(stack, "Nothing", compatible_runtimes=[PYTHON])


def test_an_own_asset_hash_is_the_users(tmp_path: Path, company: Path) -> None:
    """With `asset_hash` the CDK's own rule holds: the asset follows the given text, not the content."""
    hashes = set()
    for number, text in enumerate(("NAME = 1\n", "NAME = 2\n")):
        (company / "company.py").write_text(text, encoding="utf-8")
        stack = Stack(App(outdir=str(tmp_path / f"{number}.out")), "Hub")
        hashes.add(_layer(stack, company, bundling={"asset_hash": "release-1"}).asset_hash)
        AssetStaging.clear_asset_hash_cache()
    assert len(hashes) == 1


def test_a_hash_of_the_source_is_the_cdks(tmp_path: Path, company: Path) -> None:
    """With `AssetHashType.SOURCE` the asset follows the entry's files, a comment in the manifest included."""
    hashes = set()
    for number, text in enumerate(("", "# nothing\n")):
        (company / "requirements.txt").write_text(text, encoding="utf-8")
        stack = Stack(App(outdir=str(tmp_path / f"{number}.out")), "Hub")
        hashes.add(_layer(stack, company, bundling={"asset_hash_type": AssetHashType.SOURCE}).asset_hash)
        AssetStaging.clear_asset_hash_cache()
    assert len(hashes) == 2


def test_an_asset_that_is_there_already_is_what_counts(tmp_path: Path, company: Path) -> None:
    """Where the user's own hash makes the CDK take an older asset, that one is measured and reported."""
    sizes = []
    for text in ("NAME = 'first'\n", "NAME = 'much longer than before'\n"):
        (company / "company.py").write_text(text, encoding="utf-8")
        stack = Stack(App(outdir=str(tmp_path / "cdk.out")), "Hub")
        sizes.append(_layer(stack, company, bundling={"asset_hash": "release-1"}).unzipped_bytes)
        AssetStaging.clear_asset_hash_cache()
    assert sizes == [len("NAME = 'first'\n")] * 2


def test_without_bundling_no_engine_is_asked_for(
    tmp_path: Path, company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A layer from Docker needs no Docker where the CDK asks for no bundling."""
    monkeypatch.setattr(docker, "require_engine", lambda *_: pytest.fail("asked"))
    app = App(outdir=str(tmp_path / "cdk.out"), context={"aws:cdk:bundling-stacks": []})
    assert _layer(Stack(app, "Hub"), company, docker=True).digest is None


def test_a_private_index_is_named_in_the_environment(stack: Stack, tmp_path: Path) -> None:
    """A distribution that only the index of `bundling.environment` has is found there."""
    folder = tmp_path / "index" / "company-lib"
    folder.mkdir(parents=True)
    wheel = folder / "company_lib-1.0-py3-none-any.whl"
    info = "company_lib-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("company_lib.py", "NAME = 'company'\n")
        file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: company-lib\nVersion: 1.0\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", f"company_lib.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    (folder / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>', encoding="utf-8")
    entry = _entry(tmp_path / "entry", "company-lib==1.0\n")
    variables = {"PIP_INDEX_URL": (tmp_path / "index").as_uri()}
    layer = _layer(stack, entry, bundling=BundlingOptions(environment=variables))
    assert layer.distributions == {"company-lib": "1.0"}


def test_the_same_output_folder_serves_again(tmp_path: Path, company: Path) -> None:
    """A second synth into one folder takes the asset that is there, and knows its sizes as before."""
    first, second = (_layer(Stack(App(outdir=str(tmp_path / "cdk.out")), "Hub"), company) for _ in range(2))
    assert _staged(first) == _staged(second)
    assert first.archive_bytes == second.archive_bytes == _staged(second).stat().st_size > 0


def test_an_archive_of_another_compressor_serves_again(tmp_path: Path, pure: Path) -> None:
    """A newer compressor makes other archives of the same files; one that is left from an earlier synth is as good."""
    first = _layer(Stack(App(outdir=str(tmp_path / "cdk.out")), "Hub"), pure)
    with zipfile.ZipFile(_staged(first)) as archive:
        files = {member: archive.read(member) for member in archive.infolist()}
    size = _staged(first).stat().st_size
    with zipfile.ZipFile(_staged(first), "w", zipfile.ZIP_STORED) as archive:
        for member, data in files.items():
            archive.writestr(member, data, compress_type=zipfile.ZIP_STORED)
    again = _layer(Stack(App(outdir=str(tmp_path / "cdk.out")), "Hub"), pure)
    assert again.archive_bytes == _staged(first).stat().st_size != size
    assert (again.digest, again.unzipped_bytes) == (first.digest, first.unzipped_bytes)


def test_an_archive_of_other_files_is_refused(tmp_path: Path, company: Path) -> None:
    """Files that another program wrote into the output folder are not taken for the layer."""
    first = _layer(Stack(App(outdir=str(tmp_path / "cdk.out")), "Hub"), company)
    with zipfile.ZipFile(_staged(first), "a") as archive:
        archive.writestr("python/other.py", "NAME = 'other'\n")
    with pytest.raises(UsageError, match=rf"'Hub/Base': '.*{_staged(first).name}' is not what was built.*remove it"):
        _layer(Stack(App(outdir=str(tmp_path / "cdk.out")), "Hub"), company)


def _injector(inject: Callable[[dict[str, Any]], dict[str, Any]]) -> IPropertyInjector:
    @jsii.implements(IPropertyInjector)
    class Injector:
        @property
        def construct_unique_id(self) -> str:
            return PythonLayerVersion.PROPERTY_INJECTION_ID

        def inject(self, original_props: Any, *, scope: Construct, id: str) -> Any:  # noqa: A002, ARG002
            return inject(dict(original_props))

    return Injector()


class _Other(DockerImage):
    """A container whose output is something other than what was built."""

    def __init__(self) -> None:
        super().__init__("other")

    def run(self, *, volumes: Any = None, **_: object) -> None:
        [output] = [one.host_path for one in volumes if one.container_path == "/asset-output"]
        (Path(output) / "other.py").write_text("NAME = 'other'\n", encoding="utf-8")


def test_property_injectors_of_python_layers_work(tmp_path: Path, company: Path) -> None:
    """An app that injects properties into PythonLayerVersion injects them here too."""
    injector = _injector(lambda properties: {**properties, "description": "of the company"})
    stack = Stack(App(outdir=str(tmp_path / "cdk.out"), property_injectors=[injector]), "Hub")
    _layer(stack, company)
    assert _resource(stack)["Properties"]["Description"] == "of the company"


@pytest.mark.parametrize(
    ("injected", "named"),
    [
        ({"compatibleArchitectures": [Architecture.ARM_64]}, "compatible_architectures"),
        ({"compatibleRuntimes": [Runtime.PYTHON_3_12]}, "compatible_runtimes"),
        ({"bundling": {"image": _Other()}}, "bundling"),
    ],
)
def test_an_injector_may_not_make_it_another_layer(
    tmp_path: Path, company: Path, injected: dict[str, Any], named: str
) -> None:
    """What was built is neither replaced nor published for another target without a word."""
    injector = _injector(lambda properties: {**properties, **injected})
    stack = Stack(App(outdir=str(tmp_path / "cdk.out"), property_injectors=[injector]), "Hub")
    with pytest.raises(UsageError, match=rf"'Hub/Base'.*injector.*{named}"):
        _layer(stack, company)


def test_the_whole_template(stack: Stack, pure: Path, snapshot: SnapshotAssertion) -> None:
    """A layer with all kinds of grants, as it is synthesized."""
    _layer(
        stack,
        pure,
        compatible_architectures=[Architecture.ARM_64],
        layer_version_name="base",
        grants=[
            LayerGrant.account("222222222222"),
            LayerGrant.organization("o-a1b2c3d4e5"),
            LayerGrant.public(),
        ],
    )
    assert Template.from_stack(stack) == snapshot(extension_class=TemplateSnapshot)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "-r missing.txt\n"),
        ("requirements.txt", "six=1\n"),
        ("Pipfile.lock", "{"),
        ("pylock.toml", "lock-version = 7\n"),
    ],
)
def test_what_builds_nothing_reads_no_manifest(tmp_path: Path, name: str, text: str) -> None:
    """A layer and a function whose manifest cannot be used can be listed and destroyed."""
    (tmp_path / "entry").mkdir()
    (tmp_path / "entry" / name).write_text(text, encoding="utf-8")
    app = App(outdir=str(tmp_path / "cdk.out"), context={"aws:cdk:bundling-stacks": []})
    stack = Stack(app, "Hub")
    layer = SharedPythonLayer(stack, "Base", entry=tmp_path / "entry", compatible_runtimes=[Runtime.PYTHON_3_13])
    LayeredFunction(stack, "Fn", entry=tmp_path / "entry", runtime=Runtime.PYTHON_3_13, handler="main.handler")
    assert layer.digest is None
    app.synth()
