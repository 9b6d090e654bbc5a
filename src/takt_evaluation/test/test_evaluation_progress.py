"""What a person is told while it runs."""

from __future__ import annotations

import io

from evaluation_rows import row_of

from takt_evaluation.cell import Cell, Job
from takt_evaluation.progress import TerminalProgress

JOBS = [Job(Cell("x.takt", delay_s=delay), f"k{delay}", seed, "c") for delay in (0.0, 0.1)
        for seed in (1, 2, 3)]  # fmt: skip


class _Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_per_cell_and_the_time_left() -> None:
    stream, clock = io.StringIO(), _Clock()
    progress = TerminalProgress(stream, clock)
    progress.begin(JOBS, skipped=4)
    for job in JOBS:
        clock.now_s += 20.0
        progress.done(row_of(job))
    progress.end()
    lines = stream.getvalue().splitlines()
    assert lines[0] == "6 episodes to run in 2 cells, 4 are there already"
    assert lines[1] == "2 of 6 episodes, 1 min 20 s left"
    assert lines[2] == "x @ 0 ms: 2/3 (3 of 6 episodes, 1 min 00 s left)"
    assert lines[-1] == "x @ 100 ms: 2/3 (6 of 6 episodes, 0 s left)"


def test_a_lost_episode_is_told_and_counted_once() -> None:
    stream = io.StringIO()
    progress = TerminalProgress(stream, _Clock())
    progress.begin(JOBS[:3], skipped=0)
    progress.lost(JOBS[0], "its worker died of SIGKILL", final=False)
    progress.done(row_of(JOBS[1]))
    progress.done(row_of(JOBS[2]))
    progress.lost(JOBS[0], "its worker died of SIGKILL", final=True)
    text = stream.getvalue()
    assert text.count("x @ 0 ms, seed 1: its worker died of SIGKILL") == 2
    assert "tried again" in text
    assert "given up" in text
    assert "x @ 0 ms: 1/2 (3 of 3 episodes" in text


def test_a_terminal_line_is_rewritten() -> None:
    stream, clock = _Terminal(), _Clock()
    progress = TerminalProgress(stream, clock)
    progress.begin(JOBS, skipped=0)
    for job in JOBS[:2]:
        clock.now_s += 1.0
        progress.done(row_of(job))
    progress.end()
    assert "\r\x1b[K1 of 6 episodes, 5 s left\r\x1b[K2 of 6 episodes, 4 s left" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")
