"""Speed tricks of the constructs: what a synthesis costs without each, against the same with all of them.

`python -m benchmarks.tricks WITHOUT FUNCTIONS OUT LAYER ...` synthesizes the app of `benchmarks.app` without one trick.
CPU seconds of all processes are compared, in pairs that alternate, so that a busy machine changes little.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.app import NAMES
from benchmarks.pairs import Pair, seconds_of, show

if TYPE_CHECKING:
    from collections.abc import Callable

_FUNCTIONS: Final = 200
_ROUNDS: Final = 5
_LAYERS: Final = 4
_WORTHWHILE: Final = 1.02
"""A trick that saves less of a synthesis is removed."""


class _Forgetful(dict[Any, Any]):
    """A dictionary whose entries are never found."""

    def __contains__(self, _: object) -> bool:
        return False


class _Unthreaded(threading.Thread):
    """A thread that runs before `start` returns."""

    def start(self) -> None:
        """Run to the end."""
        self.run()

    def join(self, timeout: float | None = None) -> None:
        """Return, since it has ended."""


def _without_pairing() -> None:
    from cdk_layers.cdk.follow import consumers  # noqa: PLC0415

    consumers.pair_by_position = lambda *_: {}


def _without_remembered_findings() -> None:
    from cdk_layers.check import pipeline  # noqa: PLC0415

    pipeline.recall = lambda *_: None  # type: ignore[attr-defined]
    pipeline.remember = lambda *_: None  # type: ignore[attr-defined]


def _without_names() -> None:
    from cdk_layers.cdk.model import runtimes  # noqa: PLC0415

    runtimes._names = _Forgetful()  # type: ignore[misc]  # noqa: SLF001


def _without_parts(*kinds: tuple[str, str]) -> Callable[[], None]:
    """Return a function that makes parts of an app's state forget at once."""

    def replace() -> None:
        for module, name in kinds:
            __import__(module)
            kind = getattr(sys.modules[module], name)
            kind.__contains__ = _Forgetful.__contains__

    return replace


def _without_states() -> None:
    from cdk_layers.cdk import state  # noqa: PLC0415

    state._BY_CONSTRUCT = _Forgetful()  # type: ignore[misc]  # noqa: SLF001


def _without_one_entry() -> None:
    from cdk_layers.app import metadata  # noqa: PLC0415
    from cdk_layers.cdk import declaration  # noqa: PLC0415

    def declare(stack: Any, path: str, declared: Any) -> None:
        text = metadata.functions_text({path: declared}, stack.resolve)
        stack.node.add_metadata(metadata.FUNCTIONS, text, stack_trace=False)

    declaration.declare = declare  # type: ignore[attr-defined]


def _without_thread() -> None:
    threads = threading.Thread
    threading.Thread = _Unthreaded  # type: ignore[misc]
    import cdk_layers.cdk  # noqa: F401, PLC0415

    # The pools that build layers need threads that run at the same time.
    threading.Thread = threads  # type: ignore[misc]


_MODEL: Final = "cdk_layers.cdk.model"
_TRICKS: Final[dict[str, Callable[[], None]]] = {
    "functions paired with resources by position": _without_pairing,
    "findings of an unchanged assembly remembered": _without_remembered_findings,
    "names of runtimes requested once": _without_names,
    "models and ARNs of layers requested once": _without_parts(
        (f"{_MODEL}.layers", "_Arns"), (f"{_MODEL}.layers", "_Models")
    ),
    "scopes read once": _without_parts((f"{_MODEL}.known_scope", "_KnownScopes")),
    "shared code measured once": _without_parts(("cdk_layers.cdk.asset.function_code", "_Measured")),
    "state of an app by construct": _without_states,
    "declarations of a stack in one entry": _without_one_entry,
    "Node and Python load at the same time": _without_thread,
}


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["CDK_LAYERS_CACHE_DIR"] = str(folder / "cache")
        for _ in range(2):
            _cpu_seconds("", folder)
        show("A synthesis without each speed trick", [_pair(trick, folder) for trick in _TRICKS])


def _pair(trick: str, folder: Path) -> Pair:
    seconds = [(_cpu_seconds(trick, folder), _cpu_seconds("", folder)) for _ in range(_ROUNDS)]
    ratio = statistics.median(without / with_all for without, with_all in seconds)
    with_all = statistics.median(with_all for _, with_all in seconds)
    return Pair(trick, with_all, with_all * ratio, "without it, CPU time", _WORTHWHILE, faster=True)


def _cpu_seconds(trick: str, folder: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    names = [str(folder / f"{name}.zip") for name in NAMES[:_LAYERS]]
    seconds_of([sys.executable, "-m", "benchmarks.tricks", trick, str(_FUNCTIONS), folder / "out", *names])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _synthesize() -> None:
    """Synthesize the app that the command line describes."""
    program, trick, *arguments = sys.argv
    if trick:
        _TRICKS[trick]()
    sys.argv = [program, "ours", *arguments]
    from benchmarks import app  # noqa: PLC0415

    app.main()


if __name__ == "__main__":
    _synthesize()
