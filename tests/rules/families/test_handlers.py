"""Handlers that are not where the function looks for them."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from tests.rules.archives import Files, archive, dist, found, function, layer, severities, texts

RULE = "handler-not-found"
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"

DEFINED = {
    "def": "def handler(event, context): ...",
    "async def": "async def handler(event, context): ...",
    "class": "class handler: ...",
    "assignment": "handler = make()",
    "chained": "app = handler = make()",
    "annotated": "handler: object = make()",
    "tuple": "(handler, other) = make()",
    "import": "import handler",
    "import as": "import mangum as handler",
    "import from the runtime": "from boto3 import client as handler",
    "both branches": "if x:\n    def handler(): ...\nelse:\n    handler = None",
    "try with a fallback": "try:\n    from a import handler\nexcept ImportError:\n    def handler(): ...",
    "try that raises": "try:\n    handler = 1\nexcept ImportError:\n    raise",
    "with": "with x():\n    def handler(): ...",
    "not type checking": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\nelse:\n    handler = 1",
    "bad escape": "handler = '\\d'",
    "decorated": "@wrap\ndef handler(event, context): ...",
    "bom": "\ufeffdef handler(): ...",
    "import of a submodule": "import handler.sub",
    "wrapped in a branch": "def handler(): ...\nif x:\n    handler = wrap(handler)",
    "with as": "with x() as handler:\n    pass",
    "try else": "try:\n    import x\nexcept ImportError:\n    handler = 1\nelse:\n    handler = 2",
    "finally": "try:\n    x()\nfinally:\n    handler = 1",
    "constant condition": "if 1:\n    def handler(): ...",
    "inverted type checking": "from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    handler = 1",
    "not the main module": "if __name__ != '__main__':\n    handler = 1",
    "next to dynamic names": "def handler(): ...\nglobals()['other'] = 1",
}
MAYBE = {
    "one branch": "if x:\n    def handler(): ...",
    "loop": "for handler in x: ...",
    "try that passes": "try:\n    handler = 1\nexcept ImportError:\n    pass",
    "star from elsewhere": "from mangum import *",
    "module getattr": "def __getattr__(name): ...",
    "globals": "globals()['handler'] = 1",
    "exec": "exec('handler = 1')",
    "global": "def f():\n    global handler\n    handler = 1\nf()",
    "walrus": "print(handler := 1)",
    "sys.modules": "import sys\nsys.modules[__name__] = x",
    "setattr": "import main\nsetattr(main, 'handler', 1)",
    "locals": "locals().update(handler=1)",
    "walrus in a condition": "if handler := x():\n    pass",
    "one case": "match x:\n    case 1:\n        handler = 1",
    "pattern": "match x:\n    case {'handler': handler}:\n        pass",
    "rest of a pattern": "match x:\n    case [_, *handler]:\n        pass",
    "own name": "if __name__ == 'main':\n    handler = 1",
}
MISSING = {
    "another name": "def main(event, context): ...",
    "nested": "def f():\n    def handler(): ...",
    "method": "class App:\n    def handler(self): ...",
    "type checking": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from x import handler",
    "main guard": "if __name__ == '__main__':\n    handler = 1",
    "deleted": "def handler(): ...\ndel handler",
    "only annotated": "handler: object",
    "only used": "print(handler)",
    "attribute": "app.handler = 1",
    "attribute of it": "handler.timeout = 1",
    "key": "names[handler] = 1",
    "another global": "def f():\n    global other\n    other = 1\nf()",
    "type checking by its module": "import typing\nif typing.TYPE_CHECKING:\n    from x import handler",
    "empty": "",
    "case": "def Handler(event, context): ...",
}


@pytest.mark.parametrize("source", DEFINED.values(), ids=DEFINED)
def test_a_name_that_the_module_defines_is_found(source: str) -> None:
    """Every way to bind a name on all paths counts."""
    assert found(function(code={"main.py": source}, handler="main.handler"), RULE) == []


@pytest.mark.parametrize("source", MAYBE.values(), ids=MAYBE)
def test_what_only_a_run_could_tell_is_a_warning(source: str) -> None:
    """A name that may or may not be there."""
    (finding,) = found(function(code={"main.py": source}, handler="main.handler"), RULE)
    assert (finding.severity, "Only running" in finding.message) == ("warning", True)


@pytest.mark.parametrize("source", MISSING.values(), ids=MISSING)
def test_a_name_that_the_module_does_not_define_is_an_error(source: str) -> None:
    """The runtime's own words are reported with it."""
    (finding,) = found(function(code={"main.py": source}, handler="main.handler"), RULE)
    assert (finding.severity, finding.aws_error) == ("error", "Handler 'handler' missing on module 'main'")


FOUND = "def handler(event, context): ..."


@pytest.mark.parametrize(
    ("handler", "files"),
    [
        ("pkg.mod.handler", {"pkg/__init__.py": "", "pkg/mod.py": FOUND}),
        ("pkg/mod.handler", {"pkg/mod.py": FOUND}),
        ("pkg.handler", {"pkg/__init__.py": FOUND}),
        ("pkg.handler", {"pkg/__init__.py": "from .mod import handler", "pkg/mod.py": FOUND}),
        ("pkg.handler", {"pkg/__init__.py": "from .mod import *", "pkg/mod.py": FOUND}),
        ("a.handler", {"a.py": "from b import main as handler", "b.py": "from c import main", "c.py": "main = 1"}),
        (
            "pkg.sub.handler",
            {"pkg/sub/__init__.py": "from ..core import handler", "pkg/core.py": FOUND, "pkg/__init__.py": ""},
        ),
        ("a.handler", {"a.py": "from pkg import handler", "pkg/handler.py": ""}),
        ("fast.handler", {"fast.cpython-313-x86_64-linux-gnu.so": b"\x7fELF"}),
        ("compiled.handler", {"compiled.pyc": b""}),
        ("lambda.handler", {"lambda.py": FOUND}),
    ],
)
def test_modules_are_found_as_python_finds_them(handler: str, files: dict[str, str | bytes]) -> None:
    """Packages, slashes, namespace packages, re-exports over several modules, and modules without source."""
    assert found(function(code=files, handler=handler), RULE) == []


@pytest.mark.parametrize(
    ("handler", "files", "words"),
    [
        ("main.handler", {"app.py": FOUND}, "Unable to import module 'main': No module named 'main'"),
        ("src.main.handler", {"main.py": FOUND}, "Unable to import module 'src.main': No module named 'src'"),
        ("main.handler", {"src/main.py": FOUND}, "Unable to import module 'main': No module named 'main'"),
        (
            "main.app.handler",
            {"main.py": FOUND},
            "Unable to import module 'main.app': No module named 'main.app'; 'main' is not a package",
        ),
        ("a.b.c.handler", {"a/__init__.py": ""}, "Unable to import module 'a.b.c': No module named 'a.b'"),
        ("a/b.handler", {"a/c.py": ""}, "Unable to import module 'a/b': No module named 'a.b'"),
        ("main", {"main.py": FOUND}, "Bad handler 'main': not enough values to unpack (expected 2, got 1)"),
        ("main.py", {"main.py": FOUND}, "Handler 'py' missing on module 'main'"),
        ("time.handler", {"time.py": FOUND}, "Cannot use built-in module time as a handler module"),
        ("pkg.handler", {"pkg/__init__.py": "from .mod import handler", "pkg/mod.py": ""}, "Handler 'handler' missing"),
        ("index.handler", {"index.js": ""}, "Unable to import module 'index': No module named 'index'"),
    ],
)
def test_modules_that_are_not_there_are_errors_in_the_runtimes_words(
    handler: str, files: dict[str, str], words: str
) -> None:
    """Misspelt modules, wrong roots, file names for handlers, built-in names and broken re-exports."""
    (finding,) = found(function(code=files, handler=handler), RULE)
    assert (finding.severity, (finding.aws_error or "").startswith(words)) == ("error", True)


def test_a_handler_may_lie_in_a_layer() -> None:
    """In python/ and in its site-packages, below the code in order."""
    for root in ("python", "python/lib/python3.13/site-packages"):
        tree = {f"{root}/company/entry.py": FOUND}
        brought = layer(archive(tree), sources=Files(texts(tree)))
        assert found(function(brought, handler="company.entry.handler"), RULE) == []
        assert severities(function(brought, handler="company.entry.main"), RULE) == ["error"]


def test_a_package_in_the_code_hides_the_layers_one_and_namespaces_join() -> None:
    """A regular package ends the search, a namespace package goes on."""
    brought = layer(archive(["python/pkg/entry.py"]))
    assert severities(function(brought, code={"pkg/__init__.py": ""}, handler="pkg.entry.handler"), RULE) == ["error"]
    assert found(function(brought, code={"pkg/other.py": ""}, handler="pkg.entry.handler"), RULE) == []


def test_layers_that_nobody_can_look_into_make_it_a_warning() -> None:
    """The module may come from there, and well-known wrappers do."""
    vendor = layer(None, "Vendor")
    (finding,) = found(function(vendor, code={"main.py": FOUND}, handler="app.handler"), RULE)
    assert (finding.severity, "layer:Vendor:1" in finding.message) == ("warning", True)
    for handler in (
        "datadog_lambda.handler.handler",
        "instana.lambda_handler",
        "lumigo_tracer._handler",
        "/opt/python/lumigo_tracer._handler",
    ):
        assert found(function(vendor, code={"main.py": FOUND}, handler=handler), RULE) == []
    assert severities(function(vendor, code={"main.py": ""}, handler="main.handler"), RULE) == ["error"]


def test_unknown_code_handlers_and_other_languages_are_quiet() -> None:
    """Nothing is guessed about what is not known."""
    assert found(function(unknown_code=True, handler="main.handler"), RULE) == []
    assert found(function(code={"main.py": ""}, handler=None), RULE) == []
    assert found(function(code={"index.js": ""}, handler="index.handler", runtime="nodejs22.x"), RULE) == []
    assert found(function(code={"index.js": ""}, handler="index.handler", runtime=None), RULE) == []


def test_a_wrapper_program_may_do_with_the_handler_what_it_likes() -> None:
    """The Lambda Web Adapter runs `run.sh` for a handler, and no module."""
    adapted = function(code={"app.py": ""}, handler="run.sh")
    assert severities(adapted, RULE) == ["error"]
    wrapped = replace(adapted, environment={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/bootstrap"})
    assert found(wrapped, RULE) == []


def test_a_syntax_error_is_an_error_where_this_python_speaks_for_the_functions() -> None:
    """What this Python rejects, older ones reject too."""
    code = {"main.py": "def handler(event, context:\n    pass"}
    (same,) = found(function(code=code, handler="main.handler", runtime=f"python{HERE}"), RULE)
    assert (same.severity, "line 1" in same.message) == ("error", True)
    assert severities(function(code=code, handler="main.handler", runtime="python3.9"), RULE) == ["error"]


@pytest.mark.parametrize(
    "code",
    [
        {"main.py": "def handler(event, context):\n    return <the syntax of a later version>\n"},
        {"main.py": "from core import handler\n", "core.py": "def handler(event) as later:\n    pass\n"},
        {"main.py": "from core import *\n", "core.py": "handler = later 1\n"},
    ],
)
def test_the_syntax_of_a_newer_python_is_let_be(code: dict[str, str]) -> None:
    """The function's Python may accept more than this one: f-strings of 3.12, for example, are wrong for 3.11."""
    assert found(function(code=code, handler="main.handler", runtime="python3.99"), RULE) == []
    assert found(function(code=code, handler="main.handler", runtime=f"python{HERE}"), RULE)


@pytest.mark.parametrize(
    "text", ["    x = 1\ndef handler(event, context): pass\n", "def handler(event, context):\npass\n"]
)
def test_no_python_accepts_wrong_indentation(text: str) -> None:
    """So it is an error for newer Pythons than this one as well."""
    subject = function(code={"main.py": text}, handler="main.handler", runtime="python3.99")
    assert severities(subject, RULE) == ["error"]


@pytest.mark.parametrize("source", [b"\0", b"(" * 100_000, b"# coding: nonsense\n", b"\xff\xfe", b"-" * 200_000 + b"1"])
def test_hostile_source_ends_in_an_answer(source: bytes) -> None:
    """Whatever the bytes, judging goes on."""
    assert len(found(function(code={"main.py": source}, handler="main.handler"), RULE)) <= 1


def test_a_handler_of_absurd_length_is_not_looked_up() -> None:
    """A template may say anything; the answer comes at once."""
    assert found(function(code={"main.py": ""}, handler="a." * 1_000_000 + "b"), RULE) == []


def test_modules_that_import_each_other_end() -> None:
    """A circle of re-exports is followed a bounded way."""
    code = {"a.py": "from b import handler", "b.py": "from a import handler"}
    assert len(found(function(code=code, handler="a.handler"), RULE)) <= 1
    stars = {f"m{n}.py": "\n".join(f"from m{k} import *" for k in range(40)) for n in range(40)}
    assert len(found(function(code=stars, handler="m0.handler"), RULE)) <= 1


@pytest.mark.parametrize("init", ["", "x = 1\n"])
def test_a_submodule_that_nothing_imports_may_be_the_handlers_name(init: str) -> None:
    """Looking an attribute up loads no submodule, and only a run tells whether something else has loaded it."""
    code = {"app/__init__.py": init, "app/run.py": "def run(event, context): ..."}
    assert severities(function(code=code, handler="app.run"), "handler-not-found") == ["warning"]
    assert severities(function(code=code, handler="app.gone"), "handler-not-found") == ["error"]


def test_source_with_an_import_of_absurd_length_is_not_parsed() -> None:
    """Python's parser takes memory by the square of such a name; what cannot be read is not reported."""
    code = {"main.py": f"import a{'.a' * 100_000}\n", "other.py": f"from .\\\n{'a.' * 5000}b import c\n"}
    assert found(function(code=code, handler="main.handler"), RULE) == []
    assert found(function(code=code, handler="other.handler"), RULE) == []


@pytest.mark.parametrize("path", ["own.pth", "python/own.pth", f"python/lib/python{HERE}/site-packages/own.pth"])
def test_path_files_may_lead_to_the_handler(path: str) -> None:
    """The runtime reads .pth files of the code and of layers, which may add the folder of the handler's module."""
    code = {"src/app.py": "def handler(event, context): ..."}
    layers = [layer(archive((path,)))] if "/" in path else []
    subject = function(*layers, code=code if layers else {**code, path: "src\n"}, handler="app.handler")
    subject = replace(subject, runtime=f"python{HERE}")
    assert severities(subject, RULE) == []
    assert severities(replace(subject, code=function(code=code).code, layers=()), RULE) == ["error"]


@pytest.mark.parametrize("value", ["/var/task/src", "src", "/opt/python:/var/task/src/"])
def test_a_python_path_leads_to_the_handler(value: str) -> None:
    """The folders that it names are searched. Nothing is known about one whose value is not."""
    code = {"src/app.py": "def handler(event, context): ..."}
    subject = function(code=code, handler="app.handler")
    assert severities(replace(subject, environment={"PYTHONPATH": value}), RULE) == []
    assert severities(replace(subject, environment={"PYTHONPATH": None}), RULE) == []
    assert severities(replace(subject, environment={"PYTHONPATH": f"{value}/lib"}), RULE) == ["error"]
    assert severities(replace(subject, handler="app.main", environment={"PYTHONPATH": value}), RULE) == ["error"]


def test_a_file_of_the_handlers_name_in_another_folder_is_named() -> None:
    """The remedy is about that file; files of distributions and modules of other packages are not it."""
    (finding,) = found(function(code={"src/shop/app.py": ""}, handler="shop.app.handler"), RULE)
    assert "A file of that name is src/shop/app.py in the function's code." in finding.message
    assert "make src/ the folder of the code, or begin the handler with 'src.'." in finding.remedy
    (finding,) = found(function(layer(archive(["app.py"])), handler="app.handler"), RULE)
    assert "A file of that name is app.py in layer 'Hub/Base'." in finding.message
    assert "move it to python/ in the layer" in finding.remedy
    installed = archive(["lib/acme/app.py"], dists=[dist("acme", folder="lib", top_level=["acme"])])
    for code in (installed, archive(["a/__init__.py", "a/app.py"]), archive(["wrap/myapp.py"])):
        (finding,) = found(function(code=code, handler="app.handler"), RULE)
        assert "of that name" not in finding.message


def test_the_modules_that_may_be_meant_are_listed_first() -> None:
    """Those of the handler's package, then others of the user's own, before those of distributions."""
    tree = ["a/x.py", "a/y.py", "shop/api.py", "zoo.py"]
    code = archive(tree, dists=[dist("a", folder="", top_level=["a"])])
    (finding,) = found(function(code=code, handler="shop.app.handler"), RULE)
    assert "; the code contains shop/api.py, zoo.py, a/x.py, a/y.py." in finding.message


def test_the_functions_that_may_be_meant_are_listed() -> None:
    """A wrong name is most often "handler" for "lambda_handler", which another module may define."""
    code = {
        "main.py": "from .api import lambda_handler as entry_handler\ndef _help(): ...\ndef run(event, context): ..."
    }
    (finding,) = found(function(code=code, handler="main.handler"), RULE)
    assert "the function's handler. It defines 'entry_handler', 'run'." in finding.message
    (finding,) = found(function(code={"main.py": "x = 1"}, handler="main.handler"), RULE)
    assert finding.message.endswith("the function's handler.")


@pytest.mark.parametrize(("module", "is_vendors"), [("newrelic_lambda_wrapper", True), ("newrelic_own", False)])
def test_the_handler_of_a_vendor_comes_from_its_layer(module: str, *, is_vendors: bool) -> None:
    """Its distribution lacks the module, so how the handler is written is not what to correct."""
    (finding,) = found(function(code={"main.py": ""}, handler=f"{module}.handler"), "handler-not-found")

    assert finding.remedy.startswith("Add the layer that the vendor publishes") == is_vendors


LAZY = {
    "async def": ("async def handler(event, context): ...", "coroutine"),
    "re-exported": ("from own.api import main as handler", "coroutine"),
    "relative": ("from .own.api import main as handler", "coroutine"),
    "generator": ("def handler(event, context):\n    yield from event", "generator"),
    "yield in a condition": ("def handler(event, context):\n    if (yield):\n        pass", "generator"),
    "async generator": ("async def handler(event, context):\n    yield 1", "async_generator"),
    "next to another name": ("async def handler(event, context): ...\nother = handler\ndel other", "coroutine"),
}
CALLED = {
    "def": "import asyncio\n\nasync def main(): ...\n\ndef handler(event, context): return asyncio.run(main())",
    "decorated": "@runs\nasync def handler(event, context): ...",
    "wrapped later": "async def handler(event, context): ...\nhandler = runs(handler)",
    "wrapped in a branch": "async def handler(event, context): ...\nif x:\n    handler = runs(handler)",
    "deleted and imported": "async def handler(event, context): ...\ndel handler\nfrom own import handler",
    "replaced by a star": "async def handler(event, context): ...\nfrom mangum import *",
    "replaced by name": "async def handler(event, context): ...\nglobals()['handler'] = 1",
    "replaced as an attribute": "import main\nasync def handler(event, context): ...\nmain.handler = runs(handler)",
    "augmented": "async def handler(event, context): ...\nhandler |= runs",
    "yield in an inner function": "def handler(event, context):\n    def each():\n        yield 1",
    "yield in a lambda": "def handler(event, context):\n    return [*(lambda: (yield))()]",
    "generator expression": "def handler(event, context):\n    return list(x for x in event)",
    "another function": "async def main(): ...\n\ndef handler(event, context): ...",
    "class": "class handler: ...",
    "from elsewhere": "from mangum import handler",
    "star": "from mangum import *",
    "not parsed": "async def handler(",
}


@pytest.mark.parametrize("case", LAZY)
def test_handler_that_the_runtime_does_not_await(case: str) -> None:
    """A handler whose call runs nothing of its body is a warning with Lambda's error, also if another module has it."""
    source, result = LAZY[case]
    code = {"app/__init__.py": "", "app/main.py": source, "app/own/api.py": "async def main(event, context): ..."}
    code["own/api.py"] = code["app/own/api.py"]
    (finding,) = found(function(code=code, handler="app.main.handler"), "async-handler")
    assert finding.severity == "warning"
    assert (finding.aws_error or "").endswith(f"Object of type {result} is not JSON serializable")
    assert "'handler' of app/main.py in the function's code" in finding.message


@pytest.mark.parametrize("case", CALLED)
def test_handler_that_runs_when_it_is_called(case: str) -> None:
    """Decorators, and statements that may replace a handler, can make it one that the runtime can call."""
    assert found(function(code={"main.py": CALLED[case]}, handler="main.handler"), "async-handler") == []


def test_async_handlers_of_wrappers_and_other_runtimes() -> None:
    """A wrapper may call the handler in another way, and other runtimes do."""
    subject = function(code={"main.py": "async def handler(event, context): ..."}, handler="main.handler")
    assert found(subject, "async-handler")
    assert not found(replace(subject, environment={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/run"}), "async-handler")
    assert not found(replace(subject, environment=None), "async-handler")
    assert not found(replace(subject, macros=("Wrapper",)), "async-handler")
    assert not found(replace(subject, runtime="nodejs22.x"), "async-handler")
    assert not found(replace(subject, handler="main."), "async-handler")
    assert not found(replace(subject, handler="elsewhere.handler"), "async-handler")
