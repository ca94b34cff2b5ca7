"""What uv's errors mean."""

from __future__ import annotations

import pytest

from cdk_layers.building.uv.error_texts import lacking_wheels, uv_error
from cdk_layers.errors import BuildError, DependencyError, UnreachableError
from cdk_layers.lambda_service.target import Target

TARGET = Target("3.13", "arm64")

NO_WHEEL = """\
error: No solution found when resolving dependencies
  cause: Because docopt==0.6.2 has no usable wheels and you require docopt==0.6.2, we can conclude that it fails.

hint: Wheels are required for `docopt` because building from source is disabled for all packages
"""
NO_WHEEL_BEFORE = """\
  \u00d7 No solution found when resolving dependencies:
  ╰─▶ Because orjson==3.10.0 has no wheels with a matching Python ABI tag (e.g., `cp314`) and you require
      orjson==3.10.0, we can conclude that your requirements are unsatisfiable.

      hint: Wheels are required for `orjson` because building from source is disabled for all packages
"""
UNKNOWN = """\
error: No solution found when resolving dependencies
  cause: Because nosuch was not found in the package registry and you require nosuch==1, we can conclude that it fails.
"""
NO_VERSION = """\
  \u00d7 No solution found when resolving dependencies:
  ╰─▶ Because there is no version of six==99 and you require six==99, we can conclude that your requirements are
      unsatisfiable.
"""
CONFLICT = """\
error: No solution found when resolving dependencies
  cause: Because you require six==1.16.0 and six==1.17.0, we can conclude that your requirements are unsatisfiable.
"""
NO_WHEEL_BY_MARKER = """\
error: No solution found when resolving dependencies
  cause: Because docopt{python_full_version < '4'}==0.6.2 has no usable wheels and you require docopt{python_full_version < '4'}==0.6.2, we can conclude that your requirements are unsatisfiable.
"""  # noqa: E501 - uv's own lines
NO_VERSION_BY_MARKER = """\
error: No solution found when resolving dependencies
  cause: Because there is no version of six[x]{sys_platform == 'linux' or
         python_full_version >= '4'}==99 and you require six[x]{sys_platform == 'linux' or python_full_version >= '4'}==99, we can conclude that your requirements are unsatisfiable.
"""  # noqa: E501 - uv's own lines
CONFLICT_BY_MARKER = """\
error: No solution found when resolving dependencies
  cause: Because app==0.1 has no usable wheels, we can conclude that app==0.1 cannot be used.
         And because botocore==1.29.0 depends on urllib3>=1.25.4,<1.27 and you require urllib3{python_full_version < '4'}==2.2.0, we can conclude that your requirements and botocore{python_full_version < '4'}==1.29.0 are incompatible.
         And because you require botocore{python_full_version < '4'}==1.29.0, we can conclude that your requirements are unsatisfiable.
"""  # noqa: E501 - uv's own lines
NO_NETWORK = """\
error: Failed to fetch: http://user:secret@127.0.0.1:9/simple/six/
  cause: error sending request for url (http://127.0.0.1:9/simple/six/)
  cause: client error (Connect)
"""
GIT = """\
error: Failed to download and build `mine @ git+https://a.example/x.git@main`
  cause: Git operation failed
  cause: failed to clone into: /caches/git-v1/db/4bea88e213c8adb0
  cause: process didn't exit successfully: `/usr/bin/git fetch --force --update-head-ok 'https://a.example/x.git' \
'+refs/tags/main:refs/remotes/origin/tags/main'` (exit status: 128)
         --- stderr
         fatal: REASON
"""
REFUSED = """\
error: Failed to fetch: https://a.example/simple/six/
  cause: HTTP status client error (401 Unauthorized) for url (https://a.example/simple/six/)
"""
HASHES = """\
error: Failed to download `six==1.16.0`
  cause: Hash mismatch for `six==1.16.0`
"""
BACKEND = """\
error: Failed to download and build `markupsafe==1.0`
  cause: The build backend returned an error
  cause: Call to `setuptools.build_meta:__legacy__.build_wheel` failed (exit status: 1)

         [stderr]
         Traceback (most recent call last):
           File "<string>", line 14, in <module>
         ImportError: cannot import name 'Feature' from 'setuptools'

hint: This usually indicates a problem with the package or the build environment.
"""


@pytest.mark.parametrize(
    ("stderr", "parts"),
    [
        (
            NO_WHEEL,
            ["no wheel of 'docopt' suits Python 3.13 on arm64", "allow_source_builds=['docopt']", "docker=True"],
        ),
        (NO_WHEEL_BEFORE, ["no wheel of 'orjson' suits"]),
        (UNKNOWN, ["the index has no distribution 'nosuch'"]),
        (NO_VERSION, ["the index has no version 'six==99'"]),
        (NO_WHEEL_BY_MARKER, ["allow_source_builds=['docopt']"]),
        (NO_VERSION_BY_MARKER, ["the index has no version 'six==99'"]),
        (CONFLICT_BY_MARKER, ["contradict each other", "you require urllib3==2.2.0, we can conclude"]),
        (CONFLICT, ["contradict each other", "you require six==1.16.0 and six==1.17.0"]),
        (NO_NETWORK, ["http://127.0.0.1:9/simple cannot be reached"]),
        (REFUSED, ["https://a.example/simple rejects the credentials"]),
        (HASHES, ["hash mismatch for 'six'", "the index serves a file that the manifest does not list"]),
        (BACKEND, ["building 'markupsafe' from source failed", "ImportError: cannot import name 'Feature'"]),
        ("error: something new at https://u:secret@a.example/x", ["something new at https://a.example/x"]),
        (UNKNOWN.replace("package registry", "provided package locations"), ["the index has no distribution 'nosuch'"]),
        (NO_VERSION.replace("of six", "of six[fast]"), ["the index has no version 'six==99'"]),
        (
            NO_VERSION.replace("you require six==99", "app==1 depends on six==99 and you require app==1"),
            ["contradict each other", "app==1 depends on six==99"],
        ),
        (
            NO_VERSION.replace("is no version of six==99", "are no versions of six"),
            ["contradict each other", "there are no versions of six and"],
        ),
        (REFUSED.replace("401 Unauthorized", "Forbidden"), ["https://a.example/simple rejects the credentials"]),
        (REFUSED.replace("HTTP status client error (401 Unauthorized)", "Missing credentials"), ["or requires some"]),
        (f"error: size 140312 of https://a.example/{'simple/six'}", ["uv could not install it", "size 140312"]),
        (
            "error: Building source distributions is disabled",
            ["by an address without the name", "Write 'name @ address'"],
        ),
        (
            "error: The built wheel `x-1.0-cp311-cp311-linux_x86_64.whl` is not compatible with the target",
            ["linux_x86_64.whl, which was built from source, cannot be loaded on Python 3.13 on arm64"],
        ),
        (f"{HASHES}hint: see file:///a/b", ["the index serves a file that the manifest does not list"]),
    ],
)
def test_uv_error(stderr: str, parts: list[str]) -> None:
    """Every failure of uv becomes a dependency error that names the manifest and what to do, without credentials."""
    error = uv_error(stderr, "requirements.txt", TARGET)
    assert isinstance(error, DependencyError)
    assert str(error).startswith("requirements.txt: ")
    assert [part for part in parts if part not in str(error)] == []
    assert "secret" not in str(error)


@pytest.mark.parametrize(("stderr", "parts"), [
    ("error: In `--require-hashes` mode, all requirements must have a hash, but none were provided for: six==1.17.0",
     ["six==1.17.0 has none", "--generate-hashes"]),
    ("error: Invalid hash digest length (expected 64 hexadecimal characters, found 2)",
     ["contains an invalid hash", "found 2", "--generate-hashes"]),
    (("error: Failed to install: a-1.0-py3-none-any.whl (a==1.0)\n"
     "  cause: Wheel version does not match filename (2.0 != 1.0), which indicates a malformed wheel. If this is "
     "intentional, set `UV_SKIP_WHEEL_FILENAME_CHECK=1`."),
     ["its version does not match filename (2.0 != 1.0)", "build the wheel again"]),
    ("error: File not found: `/nope/c.txt`", ["'/nope/c.txt', which does not exist", "UV_CONSTRAINT"]),
    (("error: Failed to install: b-1.0-py3-none-any.whl (b==1.0)\n"
     "  cause: failed to create directory `/scratch/tree/things/two`: File exists (os error 17)"),
     ["'things/two', one as a file and one as a folder", "Drop one"]),
    (("error: Failed to install: a-1.0-py3-none-any.whl\n  cause: failed to open file `/scratch/tree/two`: "
     "Is a directory (os error 21)"), ["'two', one as a file"]),
    (("error: Failed to download and build `main @ https://a.example/main.zip`\n  cause: Package metadata name `mine` "
     "does not match given name `main`"), ["'main' is called 'mine'", "Write 'mine @ address'"]),
    (("error: Failed to read `lib @ file:///w/lib-1.0-py3-none-any.whl`\n  cause: Hash mismatch for "
     "`lib @ file:///w/lib-1.0-py3-none-any.whl`"), ["hash mismatch for 'lib'", "Write that hash"]),
])  # fmt: skip
def test_what_is_misconfigured_comes_with_a_remedy(stderr: str, parts: list[str]) -> None:
    """What settings and files get wrong is not a conflict of versions, and each has its own way out."""
    message = str(uv_error(stderr, "requirements.txt", TARGET))
    assert [part for part in parts if part not in message] == []
    assert "uv could not install" not in message
    assert "/scratch" not in message


@pytest.mark.parametrize("line", [
    "LookupError: setuptools-scm was unable to detect version for /w/lib.",
    "FileNotFoundError: [Errno 2] No such file or directory: '../VERSION'",
    "OSError: Readme file does not exist: ../../README.md",
])  # fmt: skip
def test_local_sources_that_need_more_than_their_folder(line: str) -> None:
    """A source on this machine has no other version: the way out is its folder, or the version by a variable."""
    stderr = BACKEND.replace("download and build `markupsafe==1.0`", "build `lib @ file:///w/lib`")
    stderr = stderr.replace("ImportError: cannot import name 'Feature' from 'setuptools'", line)
    message = str(uv_error(stderr, "requirements.txt", TARGET))
    assert "building 'lib' from source failed" in message
    assert "a copy of its folder alone" in message
    assert "SETUPTOOLS_SCM_PRETEND_VERSION" in message
    assert "Choose a version" not in message


@pytest.mark.parametrize("line", [
    "Modules/common.h:15:10: fatal error: lber.h: No such file or directory",
    "src/x.c:7: error: unknown type name 'PyUnicodeObject'",
    "/usr/bin/ld: cannot find -llber: No such file or directory",
])  # fmt: skip
def test_errors_of_compilers(line: str) -> None:
    """The error of a compiler is the reason, and not its command, which setuptools prints after it."""
    printed = (
        f"{line}\n         compilation terminated.\n         error: command '/usr/bin/gcc' failed with exit code 1"
    )
    cause = "ImportError: cannot import name 'Feature' from 'setuptools'"
    message = str(uv_error(BACKEND.replace(cause, printed), "requirements.txt", TARGET))
    assert f"failed on this machine: {line}. Choose" in message
    probed = str(uv_error(BACKEND.replace(cause, f"{line}\n         {cause}"), "requirements.txt", TARGET))
    assert f"failed on this machine: {cause}. Choose" in probed


def test_disk_full() -> None:
    """A full disk is no trouble with the requirements; the error names the file."""
    error = uv_error("error: failed to write `/a/b`: No space left on device (os error 28)", "requirements.txt", TARGET)
    assert isinstance(error, BuildError)
    assert "disk is full" in str(error)
    assert "/a/b" in str(error)


@pytest.mark.parametrize(
    "stderr",
    [
        "error: Failed to initialize cache at `/a/uv`\n  cause: failed to create directory `/a/uv`: Not a directory",
        "error: Failed to initialize cache at `/a/uv`\n  cause: failed to create directory `/a/uv`: File exists",
        'error: Could not acquire lock\n  cause: Permission denied (os error 13) at path "/a/uv"',
    ],
)
def test_cache_of_uv_that_cannot_be_written(stderr: str) -> None:
    """A cache that uv cannot write, as in a container without a home folder, is no trouble with the requirements."""
    error = uv_error(stderr, "requirements.txt", TARGET)
    assert type(error) is BuildError
    assert "requirements.txt" not in str(error)
    assert "/a/uv" in str(error)
    assert "UV_CACHE_DIR" in str(error)


@pytest.mark.parametrize(
    ("stderr", "names"),
    [
        (NO_WHEEL, {"docopt"}),
        ("Because all versions of Foo_Bar have no usable wheels and you require Foo_Bar", {"foo-bar"}),
        ("  cause: Building source distributions for `docopt` is disabled", {"docopt"}),
        ("error: Building source distributions is disabled, but attempted to build `mylib`", {"mylib"}),
        ("Because foo[bar]==1.0 has no usable wheels and you require foo[bar]==1.0", {"foo"}),
        ("A path (file:///w/my_lib-1.0-cp39-cp39-win_amd64.whl) dependency is incompatible with it", {"my-lib"}),
        (CONFLICT, set()),
    ],
)
def test_lacking_wheels(stderr: str, names: set[str]) -> None:
    """The distributions without a wheel are read from every form of message by uv."""
    assert lacking_wheels(stderr) == names
    if len(names) == 1 and stderr is not NO_WHEEL:
        assert f"no wheel of '{min(names)}' suits" in str(uv_error(stderr, "pylock.toml", TARGET))


MANY_VERSIONS = """\
error: No solution found when resolving dependencies
  cause: Because boto3<=0.0.1 depends on botocore==0.68.0 and botocore==0.68.0 has no usable wheels, we can conclude that boto3<=0.0.1 cannot be used.
         Because botocore>=1.44.8 depends on python-dateutil>=2.1,<3.0.0 and boto3>=1.44.8 depends on botocore>=1.44.8, we can conclude that boto3>=1.44.8 depends on python-dateutil>=2.1,<3.0.0.
         And because we know from (3) that boto3<=1.44.7 depends on python-dateutil>=2.1,<3.0.0, we can conclude that all versions of boto3 depend on python-dateutil>=2.1,<3.0.0.
         And because you require python-dateutil==4.0.0 and boto3, we can conclude that your requirements are unsatisfiable.

hint: Wheels are required for `botocore` because building from source is disabled for all packages (i.e., with `--no-build`)
"""  # noqa: E501 - uv's own lines
CONFLICT_BY_RANGE = """\
error: No solution found when resolving dependencies
  cause: Because only the following versions of app are available:
             app<=0.1
             app==0.2
         and app<=0.1 has no usable wheels, we can conclude that app<=0.1 cannot be used.
         And because app==0.2 depends on idna>=3 and you require app and idna<3, we can conclude that your requirements are unsatisfiable.

hint: Wheels are required for `app` because building from source is disabled for `app` (i.e., with `--no-build-package app`)
"""  # noqa: E501 - uv's own lines
NEEDED_BY_ANOTHER = """\
error: No solution found when resolving dependencies
  cause: Because docopt==0.6.2 has no usable wheels and app==1.0 depends on docopt==0.6.2, we can conclude that app==1.0 cannot be used.
         And because you require app==1.0, we can conclude that your requirements are unsatisfiable.

hint: Wheels are required for `docopt` because building from source is disabled for all packages (i.e., with `--no-build`)
"""  # noqa: E501 - uv's own lines


@pytest.mark.parametrize(
    ("stderr", "part"),
    [
        (MANY_VERSIONS, "all versions of boto3 depend on python-dateutil>=2.1,<3.0.0. And because you require"),
        (CONFLICT_BY_RANGE, "app==0.2 depends on idna>=3 and you require app and idna<3"),
    ],
)
def test_conflict_beside_versions_without_wheels(stderr: str, part: str) -> None:
    """Requirements that exclude each other are reported with uv's reason, also beside versions without a wheel."""
    message = str(uv_error(stderr, "requirements.txt", TARGET))
    assert "contradict each other" in message
    assert part in message
    assert "no wheel" not in message.partition("And because")[0]


@pytest.mark.parametrize("more", ["", " and docopt==0.6.2"])
def test_wheel_that_another_needs(more: str) -> None:
    """A wheel that is missing somewhere below what is required is still the cause, also if it is required itself."""
    stderr = NEEDED_BY_ANOTHER.replace("you require app==1.0", f"you require app==1.0{more}")
    assert "no wheel of 'docopt'" in str(uv_error(stderr, "requirements.txt", TARGET))


def test_reason_of_a_conflict() -> None:
    """Uv's warnings, hints and headline add nothing to its reason, of which the end is what matters."""
    stderr = f"warning: `VIRTUAL_ENV` is ignored\n{CONFLICT}hint: try another\n"
    message = str(uv_error(stderr, "requirements.txt", TARGET))
    assert message == (
        "requirements.txt: the requirements contradict each other for Python 3.13 on arm64. Because you require "
        "six==1.16.0 and six==1.17.0, we can conclude that your requirements are unsatisfiable. Change one of them."
    )
    long = CONFLICT.replace("Because you", f"Because {'a' * 600} is b. And because you")
    assert "on arm64. ... And because you require six==1.16.0" in str(uv_error(long, "requirements.txt", TARGET))


def test_reason_of_a_failed_build_is_of_limited_length() -> None:
    """A command line in the last line of a build may be longer than everything else."""
    message = str(uv_error(BACKEND.replace("'Feature'", "x" * 5000), "requirements.txt", TARGET))
    assert "ImportError: cannot import name xxx" in message
    assert len(message) < 1000


@pytest.mark.parametrize("cause", ["there is no version of foo==2.0", "only foo==1.0 is available"])
def test_version_on_an_index_that_is_not_looked_at(cause: str) -> None:
    """A version that the first index hides is reported with uv's hint and the setting that changes it."""
    stderr = (
        f"error: No solution found when resolving dependencies\n  cause: Because {cause} and you require foo>=2.0, we "
        "can conclude that your requirements are unsatisfiable.\n\nhint: `foo` was found on https://u:secret@a.example/"
        "simple, but not at the requested version (foo==2.0). A compatible version may be available on a subsequent "
        "index (e.g., https://b.example/simple). If all indexes are equally trusted, use `--index-strategy "
        "unsafe-best-match` to consider all versions from all indexes."
    )
    message = str(uv_error(stderr, "requirements.txt", TARGET))
    assert "found on https://a.example/simple" in message
    assert "https://b.example/simple" in message
    assert "UV_INDEX_STRATEGY=unsafe-best-match" in message


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("unable to access 'https://a.example/x.git/': Could not resolve host: a.example", UnreachableError),
        ("unable to access 'https://a.example/x.git/': The requested URL returned error: 403", DependencyError),
        ("couldn't find remote ref refs/tags/main", DependencyError),
    ],
)
def test_repository_that_cannot_be_fetched(reason: str, kind: type[Exception]) -> None:
    """The error of a repository has git's reason and what to check, and no paths in the cache of uv."""
    error = uv_error(GIT.replace("REASON", reason), "requirements.txt", TARGET)
    assert type(error) is kind
    assert str(error).startswith(f"requirements.txt: git cannot fetch from https://a.example/x.git: {reason}. Check")
    assert "git-v1" not in str(error)
