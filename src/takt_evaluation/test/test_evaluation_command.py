"""`takt eval`: the command line, without episodes."""

from __future__ import annotations

from pathlib import Path

import pytest
from evaluation_rows import FakeRunner

from takt_core.errors import TaktError
from takt_evaluation.cell import Cell
from takt_evaluation.cli import evaluate as command
from takt_evaluation.evaluate import evaluate
from takt_policy.testing import write_tiny_bundle


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    return str(write_tiny_bundle(tmp_path / "tiny.takt").path)


def test_help_lists_the_fields_of_a_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        command.main(["--help"])
    words = capsys.readouterr().out
    assert "rtc_weight" in words
    assert "--baseline" in words


def test_what_is_there_is_shown_without_running(
    tmp_path: Path, bundle: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    evaluate([Cell(bundle)], range(1000, 1010), out / "episodes.jsonl", 1, None, FakeRunner)
    arguments = [bundle, "--task", "peg_insertion", "--episodes", "4", "--out", str(out)]
    assert command.main([*arguments, "--show"]) == 0
    words = capsys.readouterr().out
    assert "3/4" in words
    assert (out / "success.png").exists()


def test_complete_results_are_reported_without_workers(
    tmp_path: Path, bundle: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    cells = [Cell(bundle, delay_s=delay_s, name="tiny") for delay_s in (0.0, 0.1)]
    evaluate(cells, range(5, 8), out / "episodes.jsonl", 1, None, FakeRunner)
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        f"{{title: T, task: peg_insertion, episodes: 3, first_seed: 5, baseline: tiny@0,\n"
        f"cells: [{{bundle: {bundle}, delay_s: [0, 0.1]}}]}}"
    )
    assert command.main([str(plan), "--out", str(out)]) == 0
    captured = capsys.readouterr()
    assert "0 episodes to run in 0 cells, 6 are there already" in captured.err
    assert "vs baseline" in captured.out
    assert (out / "table.md").read_text().startswith("# T\n")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["BUNDLE", "--setting", "shedule=rtc"], "did you mean 'schedule'"),
        (["BUNDLE", "--delay", "slow"], "--delay 'slow'"),
        (["plan.yaml", "BUNDLE"], "stands alone"),
        (["plan.yaml", "--delay", "0.1"], "belong into it"),
        (["BUNDLE", "--task", "peg_insertion", "--baseline", "nobody"], "baseline 'nobody'"),
    ],
)
def test_a_bad_command_line_is_refused(
    tmp_path: Path, bundle: str, arguments: list[str], named: str
) -> None:
    out = tmp_path / "out"
    given = [bundle if one == "BUNDLE" else one for one in arguments]
    with pytest.raises(TaktError, match=named):
        command.main([*given, "--out", str(out), "--episodes", "1"])
    assert not (out / "episodes.jsonl").exists()


def test_ctrl_c_says_how_to_go_on(
    tmp_path: Path,
    bundle: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "evaluate", interrupted)
    code = command.main([bundle, "--task", "peg_insertion", "--out", str(tmp_path)])
    assert code == 130
    assert "the same command goes on" in capsys.readouterr().err
