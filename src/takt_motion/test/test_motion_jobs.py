"""Plans in their thread: broken off when nobody waits, and not for long at the end."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from motion_arm import HOME, LEFT, RIGHT, TABLE, limits, space, start_at, workshop

from takt_core.errors import TaktError
from takt_motion.jobs import IsCancelled, PlanningThread
from takt_motion.planners.ompl import OmplPlanner
from takt_motion.planning import Planned, Start
from takt_motion.request import Request

LONG_S = 60.0


class Endless:
    """A plan that goes on until it is cancelled."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.ended = threading.Event()

    def plan(self, start: Start, request: Request, is_cancelled: IsCancelled) -> Planned:
        self.began.set()
        while not is_cancelled():
            pass
        self.ended.set()
        raise TaktError("broken off")


def test_a_cancelled_plan_makes_way_for_the_next() -> None:
    endless = Endless()
    thread = PlanningThread(endless.plan)
    job = thread.submit(start_at(HOME), Request("home"))
    assert endless.began.wait(LONG_S)
    assert not job.done()
    job.cancel()
    assert endless.ended.wait(LONG_S)
    with pytest.raises(TaktError, match="broken off"):
        job.result()
    thread.close()


def test_closing_does_not_wait_for_a_plan() -> None:
    endless = Endless()
    thread = PlanningThread(endless.plan)
    job = thread.submit(start_at(HOME), Request("home"))
    assert endless.began.wait(LONG_S)
    thread.close()
    assert endless.ended.is_set()
    assert job.done()


def test_a_search_is_broken_off() -> None:
    """Between two walls without a way around them, which would be searched for long."""
    closed = f"{TABLE}\ncage: {{box: [3.0, 0.02, 3.0], position: [1.6, 0.0, 1.0]}}"
    closed += "\nback: {box: [3.0, 0.02, 3.0], position: [-1.6, 0.0, 1.0]}"
    swept = space(closed)
    asked = 0

    def is_cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 200

    swept.prepare({}, is_cancelled)
    with pytest.raises(TaktError, match="broken off"):
        OmplPlanner(swept, limits()).find_path(LEFT, RIGHT)
    assert 200 < asked < 300
    swept.prepare({}, lambda: False)
    assert not swept.is_free_between(LEFT, RIGHT)


def test_a_joint_that_was_never_measured_does_no_harm() -> None:
    made = workshop()
    unknown = {"finger_joint1": float("nan"), "finger_joint2": float("inf")}
    for others in (unknown, {"finger_joint1": 0.04, "finger_joint2": 0.04}):
        start = start_at(LEFT)
        planned = made.plan(Start(start.joints, start.target, others), Request("home"))
        goal = planned.motion.at(planned.motion.duration_s).joints
        assert goal is not None
        np.testing.assert_array_equal(goal, HOME)
