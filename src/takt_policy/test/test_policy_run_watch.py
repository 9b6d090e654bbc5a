"""Ends of a run: each by its cause, the first one counts, old news do not."""

from __future__ import annotations

import pytest

from takt_policy.run_watch import Ending, Mode, Outcome, RunWatch, TaskState

START = 10_000_000_000


@pytest.mark.parametrize(
    ("state", "outcome"),
    [(TaskState.SUCCEEDED, Outcome.SUCCEEDED), (TaskState.FAILED, Outcome.TASK_FAILED)],
)
def test_the_task_ends_it(state: TaskState, outcome: Outcome) -> None:
    watch = RunWatch(START, 0.0)
    watch.task(state, START - 1, "of the episode before")
    watch.task(TaskState.RUNNING, START + 1, "")
    assert watch.ending is None
    watch.task(state, START + 2, "because")
    assert watch.ending == Ending(outcome, "because")


def test_only_a_stop_of_now_ends_it() -> None:
    watch = RunWatch(START, 0.0)
    for mode in (Mode.HOLD, Mode.POLICY, Mode.HUMAN, Mode.SHARED, Mode.GUIDE):
        watch.mode(mode, START + 1, "")
    watch.mode(Mode.STOPPED, START - 1, "earlier")
    assert watch.ending is None
    watch.mode(Mode.STOPPED, START + 1, "button")
    assert watch.ending == Ending(Outcome.FAILED, "the robot was stopped: button")


def test_a_clock_that_goes_back_ends_it() -> None:
    watch = RunWatch(START, 2.0)
    watch.tick(START + 1_000_000_000)
    watch.tick(START + 960_000_000)
    assert watch.ending is None
    watch.tick(0)
    assert watch.ending == Ending(Outcome.FAILED, "ROS time went back by 11.00 s")


def test_the_clock_ends_it_if_there_is_a_limit() -> None:
    watch = RunWatch(START, 2.0)
    watch.tick(START + 1_999_999_999)
    assert watch.ending is None
    watch.tick(START + 2_000_000_000)
    assert watch.ending == Ending(Outcome.TIMED_OUT, "the limit of 2 s has passed")
    endless = RunWatch(START, 0.0)
    endless.tick(START + 10**15)
    assert endless.ending is None


def test_the_first_reason_counts() -> None:
    watch = RunWatch(START, 1.0)
    watch.cancelled("by the client")
    watch.failed("later")
    watch.tick(START + 10**10)
    assert watch.ending == Ending(Outcome.CANCELLED, "by the client")
