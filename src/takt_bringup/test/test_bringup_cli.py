"""The `takt` command: finding subcommands and launch files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from takt_bringup.cli import launch_files, main, teleop, up
from takt_core.errors import TaktError


def test_help_lists_every_subcommand(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([]) == 0
    said = capsys.readouterr().out
    assert all(" ".join(command.words) in said for command in main.SUBCOMMANDS)


@pytest.mark.parametrize("words", [["policy"], ["policy", "--help"], ["policy", "-h"]])
def test_help_lists_a_group(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(words) == 0
    said = capsys.readouterr().out
    assert "policy export" in said
    assert "bag info" not in said


@pytest.mark.parametrize(
    ("words", "hint"),
    [(["dcotor"], "doctor"), (["bag", "x"], "bag info"), (["policy", "x"], "inspect")],
)
def test_unknown_commands_get_a_suggestion(
    words: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(words) == 2
    said = capsys.readouterr().err.splitlines()[0]
    assert "did you mean" in said
    assert hint in said


def test_two_words_and_the_rest() -> None:
    found = main.find(["bag", "info", "folder", "--all"])
    assert found is not None
    command, rest = found
    assert command.module == "takt_recorder.cli.info"
    assert rest == ["folder", "--all"]


def test_errors_are_printed_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = ModuleType("takt_bringup.cli.doctor")

    def raising(arguments: list[str]) -> int:
        raise TaktError(f"found {arguments}")

    fake.main = raising  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "takt_bringup.cli.doctor", fake)
    assert main.run(["doctor", "x"]) == 1
    assert capsys.readouterr().err == "takt doctor: found ['x']\n"


def test_a_missing_library_says_how_to_get_it() -> None:
    command = main.Subcommand(("some", "thing"), "no_such_package.module", "")
    with pytest.raises(TaktError, match=r"takt some thing.*no_such_package.*make setup"):
        main.load(command)


@pytest.fixture
def installation(tmp_path: Path) -> dict[str, str]:
    """An environment in which takt_bringup is installed with one launch file."""
    index = tmp_path / "share/ament_index/resource_index/packages"
    index.mkdir(parents=True)
    (index / "takt_bringup").touch()
    launch = tmp_path / "share/takt_bringup/launch"
    launch.mkdir(parents=True)
    text = (
        'launch:\n  - arg: {name: what, default: "x", description: "to say"}\n'
        '  - executable: {cmd: "echo $(var what)", name: "echoer"}\n  - log: {message: "hi"}\n'
    )
    (launch / "small.launch.yaml").write_text(text, encoding="utf-8")
    return {**os.environ, "AMENT_PREFIX_PATH": str(tmp_path)}


def test_launch_files_are_found_by_name_or_path(
    installation: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "share/takt_bringup/launch/small.launch.yaml"
    assert launch_files.find_launch_file("small", installation) == path
    assert launch_files.find_launch_file("small.launch.yaml", installation) == path
    assert launch_files.find_launch_file(str(path), {}) == path
    with pytest.raises(TaktError, match=r"no launch file `big`.*there are: small"):
        launch_files.find_launch_file("big", installation)


@pytest.fixture
def installed(installation: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMENT_PREFIX_PATH", installation["AMENT_PREFIX_PATH"])
    monkeypatch.setenv("ROS_LOG_DIR", installation["AMENT_PREFIX_PATH"])


@pytest.mark.usefixtures("installed")
def test_up_shows_arguments_and_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert up.main(["small", "--show-args"]) == 0
    assert "what:=  (default: x)" in capsys.readouterr().out
    assert up.main(["-n", "small", "what:=hello"]) == 0
    said = capsys.readouterr().out
    assert "echo hello" in said
    assert "# hi" in said


@pytest.mark.usefixtures("installed")
def test_up_runs_and_logs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert up.main(["small"]) == 0
    assert "[takt] hi" in capsys.readouterr().out
    (log,) = tmp_path.glob("takt-small-*.log")
    assert "[echoer] x" in log.read_text(encoding="utf-8")


@pytest.mark.usefixtures("installed")
def test_up_refuses_words_that_are_not_arguments() -> None:
    with pytest.raises(TaktError, match="`what=1` is not a launch argument"):
        up.main(["small", "what=1"])


@pytest.mark.usefixtures("installed")
def test_teleop_needs_its_package() -> None:
    with pytest.raises(TaktError, match="`takt_teleop` is not installed"):
        teleop.main([])
