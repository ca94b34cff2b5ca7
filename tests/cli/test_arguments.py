"""Values of arguments, as they are read."""

from __future__ import annotations

import pytest

import cdk_layers
from cdk_layers.cli import main
from cdk_layers.cli.arguments import parser


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("NAME=value", ("NAME", "value")),
        ("URL=https://host/?a=b&c=d", ("URL", "https://host/?a=b&c=d")),
        ("KEY=c2VjcmV0==", ("KEY", "c2VjcmV0==")),
        ("EMPTY=", ("EMPTY", "")),
    ],
)
def test_a_value_may_contain_the_sign(text: str, pair: tuple[str, str]) -> None:
    """Addresses and Base64 have "=" in them, and a variable may be set to nothing."""
    arguments = parser().parse_args(["run", "Report", "--env", text, "--layer", text])
    assert arguments.env == arguments.layer == [pair]


@pytest.mark.parametrize("option", ["--env", "--layer"])
@pytest.mark.parametrize("text", ["NAME", "=value", "="])
def test_what_is_not_a_pair(capsys: pytest.CaptureFixture[str], option: str, text: str) -> None:
    """The message has the form that is expected."""
    with pytest.raises(SystemExit):
        parser().parse_args(["run", "Report", option, text])
    assert f"{text!r} is not of the form " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "option", "good", "bad"),
    [
        (["serve"], "--port", ["0", "1", "65535"], ["-1", "65536", "x", "80.0"]),
        (["run", "Report"], "--debug", ["1", "65535"], ["0", "65536", "", "+80"]),
    ],
)
def test_ports(
    capsys: pytest.CaptureFixture[str], command: list[str], option: str, good: list[str], bad: list[str]
) -> None:
    """A service may listen on a free port, which 0 stands for; a debugger has to know its port."""
    for text in good:
        assert getattr(parser().parse_args([*command, option, text]), option[2:]) == int(text)
    for text in bad:
        with pytest.raises(SystemExit):
            parser().parse_args([*command, f"{option}={text}"])
        assert f"{text!r} is not a port" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "seconds"), [("90m", 5_400), ("12h", 43_200), ("7d", 604_800), ("2 w", 1_209_600)])
def test_ages(text: str, seconds: int) -> None:
    """Each unit that the help of `cache prune` names."""
    assert parser().parse_args(["cache", "prune", "--older-than", text]).older_than == seconds


@pytest.mark.parametrize(("argv", "listed"), [([], "try-imports"), (["cache"], "verify")])
def test_without_a_command_the_commands_are_listed(
    capsys: pytest.CaptureFixture[str], argv: list[str], listed: str
) -> None:
    """On the error output and with the status of an error, so that a script does not take it for success."""
    with pytest.raises(SystemExit) as stopped:
        main(argv)
    printed = capsys.readouterr()
    assert (stopped.value.code, printed.out) == (2, "")
    assert f"\n    {listed} " in printed.err


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        (["chek"], "Did you mean 'check'?"), (["cache", "prun"], "Did you mean 'prune'?"),
        (["check", "--format", "jsn"], "Did you mean 'json'?"), (["zzz"], ")"),
    ],
)  # fmt: skip
def test_the_nearest_choice_is_suggested(capsys: pytest.CaptureFixture[str], argv: list[str], hint: str) -> None:
    """Of commands and of the values of options; nothing if none is near."""
    with pytest.raises(SystemExit):
        main(argv)
    assert capsys.readouterr().err.rstrip().endswith(hint)


def test_an_unknown_option_is_shown_with_the_usage_of_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The usage of the whole program has none of its options."""
    with pytest.raises(SystemExit):
        main(["check", "--formt", "json"])
    printed = capsys.readouterr().err
    assert "usage: cdk-layers check" in printed
    assert printed.endswith("cdk-layers check: error: unrecognized arguments: --formt\n")


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_version(capsys: pytest.CaptureFixture[str], option: str) -> None:
    """By the short option of uv and pip, too."""
    with pytest.raises(SystemExit):
        main([option])
    assert capsys.readouterr().out == f"cdk-layers {cdk_layers.__version__}\n"
