"""Planned motions under the arbiter: taken over, stopped, preempted, cancelled, starved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from motion_world import MS, MotionWorld, distance_m

from takt_core.geometry import Pose
from takt_description import robot_description
from takt_motion.request import Request
from takt_motion.settings import MotionParameters
from takt_motion.views import Phase
from takt_teleop.transitions import Event, Mode

CONFIG = Path(__file__).parents[1] / "config" / "motion.yaml"
HOME = np.array([0.0, -0.20, 0.0, -2.45, 0.0, 2.25, 0.7854])
LEFT = np.array([0.9, -0.20, 0.0, -2.45, 0.0, 2.25, 0.7854])
RIGHT = {"joint1": -0.9}


@pytest.fixture
def world() -> MotionWorld:
    values = yaml.safe_load(CONFIG.read_text())["/**"]["ros__parameters"]
    return MotionWorld(robot_description(), MotionParameters(**values), LEFT)


def test_the_arm_goes_home_and_the_arbiter_holds_again(world: MotionWorld) -> None:
    assert world.go(Request("home")) == ""
    result = world.until_result()
    assert result.success, result.message
    np.testing.assert_allclose(world.joints, HOME, atol=1e-6)
    world.step(200)
    assert world.events == [None, Event.MOTION_RUNS, Event.MOTION_ENDED]
    assert world.mode is Mode.HOLD
    assert {source for _, t in world.sent for source in [t.source]} == {"motion", "hold"}


def test_each_action_is_recorded_with_its_joints(world: MotionWorld) -> None:
    world.go(Request("home"))
    world.until_result()
    assert len(world.records) > 50
    for record in world.records:
        assert (record.mode, record.source, record.policy) == (Mode.MOTION, "motion", "motion")
        assert record.joint_position is not None
    times = [record.time_ns for record in world.records]
    assert times == sorted(set(times))


def test_the_motion_begins_and_ends_smoothly(world: MotionWorld) -> None:
    world.go(Request("home"))
    world.until_result()
    velocity = np.diff(np.array(world.path), axis=0) / 0.01
    acceleration = np.diff(velocity, axis=0) / 0.01
    # Waypoints every 20 ms, linear in between: steps of speed of one period at most.
    assert np.abs(velocity).max() <= 1.2
    assert np.abs(acceleration).max() <= 3.0 * 2.2


def test_a_takeover_ends_the_motion_where_the_arm_is(world: MotionWorld) -> None:
    world.go(Request("home"))
    world.until_moving()
    world.ask(Event.TAKE_OVER)
    result = world.until_result()
    assert not result.success
    assert "take_over" in result.message
    assert world.mode is Mode.HUMAN
    world.step(500)
    assert world.mode is Mode.HUMAN
    assert np.abs(world.joints - HOME).max() > 0.1
    world.ask(Event.RELEASE)
    world.step(1000)
    assert world.events[-1] is Event.RELEASE


def test_a_device_that_moves_takes_over(world: MotionWorld) -> None:
    world.go(Request("home"))
    world.until_moving()
    world.device(np.array([0.0, 0.0, 0.1, 0.0, 0.0, 0.0]))
    assert world.mode is Mode.HUMAN


@pytest.mark.parametrize("event", [Event.STOP, Event.PAUSE, Event.GUIDE])
def test_the_operator_ends_a_motion_and_it_does_not_go_on(world: MotionWorld, event: Event) -> None:
    world.go(Request("home"))
    world.until_moving()
    world.ask(event)
    assert not world.until_result().success
    world.ask(Event.RESET)
    world.ask(Event.RELEASE)
    world.step(1000)
    assert world.mode is Mode.HOLD
    assert world.go(Request("home")) == ""
    assert world.until_result().success


def test_a_new_goal_takes_over_from_where_the_arm_comes_to_rest(world: MotionWorld) -> None:
    world.go(Request("home"))
    world.until_moving()
    world.step(300)
    assert world.go(Request(joints=RIGHT)) == ""
    assert world.results[-1].message.startswith("another goal took over")
    result = world.until_result()
    assert result.success, result.message
    assert world.joints[0] == pytest.approx(-0.9, abs=1e-6)
    # In between it came to rest, and the arbiter never left the motion.
    assert world.events == [None, Event.MOTION_RUNS, Event.MOTION_ENDED]
    speeds = np.abs(np.diff(np.array(world.path)[:, 0])) / 0.01
    moving = np.flatnonzero(speeds > 0.05)
    assert (np.diff(moving) > 3).sum() == 1
    steps = np.abs(np.diff(speeds, n=1))
    assert steps.max() < 0.15


def test_a_cancelled_motion_brakes_on_its_way(world: MotionWorld) -> None:
    world.go(Request("home"))
    world.until_moving()
    world.step(300)
    speed = float(np.abs(world.velocity).max())
    world.session.cancel(world.now_ns)
    result = world.until_result()
    assert result.cancelled
    assert np.abs(world.velocity).max() < 0.05 * speed
    world.step(100)
    assert world.mode is Mode.HOLD
    assert 0.05 < world.joints[0] < 0.85


def test_a_goal_is_cancelled_before_it_moves(world: MotionWorld) -> None:
    world.go(Request("home"))
    world.step(30)
    world.session.cancel(world.now_ns)
    assert world.until_result().cancelled
    assert world.session.phase is Phase.IDLE
    world.step(500)
    assert world.events == [None]


def test_a_goal_after_a_cancelled_one_need_not_wait(world: MotionWorld) -> None:
    world.go(Request("home"))
    world.until_moving()
    world.session.cancel(world.now_ns)
    assert world.go(Request(joints=RIGHT)) == ""
    assert world.results[-1].cancelled
    assert world.until_result().success


def test_a_node_that_dies_leaves_the_arm_at_rest(world: MotionWorld) -> None:
    world.go(Request("home"))
    world.until_moving()
    world.node_alive = False
    world.step(300)
    assert world.events[-1] is Event.MOTION_LOST
    assert world.mode is Mode.HOLD
    assert np.abs(world.velocity).max() == 0.0


def test_a_motion_is_refused_while_a_policy_commands(world: MotionWorld) -> None:
    world.policy_runs = True
    world.step(50)
    assert world.mode is Mode.POLICY
    assert "begins only in HOLD" in world.go(Request("home"))


def test_a_policy_that_is_started_meanwhile_waits_for_the_end(world: MotionWorld) -> None:
    world.go(Request("home"))
    world.until_moving()
    world.policy_runs = True
    world.step(300)
    assert world.mode is Mode.MOTION
    assert world.until_result().success
    world.step(100)
    assert world.events[-2:] == [Event.MOTION_ENDED, Event.POLICY_RUNS]


def test_a_policy_does_not_start_where_a_motion_broke_off(world: MotionWorld) -> None:
    world.go(Request("home"))
    world.until_moving()
    world.policy_runs = True
    world.step(100)
    world.node_alive = False
    world.step(500)
    assert world.events[-1] is Event.MOTION_LOST
    assert world.mode is Mode.HOLD


def test_the_start_of_a_retreat_is_the_target_not_the_arm(world: MotionWorld) -> None:
    """Pressed against something, the arm stays behind its target; nothing jumps."""
    before = world.target
    world.go(Request("retreat"))
    result = world.until_result()
    assert result.success, result.message
    first = next(t for _, t in world.sent if t.waypoints)
    assert distance_m(first.waypoints[0].base_from_tcp, before) < 1e-6
    assert all(w.joint_position is None for w in first.waypoints)
    up: Pose = world.arm.pose(world.joints)
    assert up.position_m[2] - before.position_m[2] == pytest.approx(0.15, abs=1e-3)


def test_a_goal_takes_over_from_a_retreat_and_back(world: MotionWorld) -> None:
    world.go(Request("retreat"))
    world.until_moving()
    world.step(200)
    assert world.go(Request("home")) == ""
    world.until_moving()
    world.step(1500)
    assert world.go(Request("retreat")) == ""
    result = world.until_result()
    assert result.success, result.message
    assert world.events == [None, Event.MOTION_RUNS, Event.MOTION_ENDED]


def test_the_motion_is_refused_if_the_arm_moved_meanwhile(world: MotionWorld) -> None:
    world.planning_ms = 300
    world.go(Request("home"))
    world.step(100)
    world.joints = world.joints + 0.1
    result = world.until_result()
    assert not result.success
    assert "has moved" in result.message or "first waypoint" in result.message


def test_what_cannot_be_planned_is_said_and_nothing_moves(world: MotionWorld) -> None:
    world.go(Request("nowhere"))
    result = world.until_result()
    assert "nowhere" in result.message
    assert world.events == [None]


def test_a_failed_plan_while_moving_brakes_first(world: MotionWorld) -> None:
    world.go(Request("home"))
    world.until_moving()
    world.go(Request("nowhere"))
    result = world.until_result()
    assert "nowhere" in result.message
    assert np.abs(world.velocity).max() < 0.02
    world.step(100)
    assert world.mode is Mode.HOLD


def test_an_arm_that_does_not_arrive_is_reported(world: MotionWorld) -> None:
    world.go(Request("home"))
    world.until_moving()
    report = world._report

    def held_back() -> None:
        joints, world.joints = world.joints, world.joints + 0.1
        report()
        world.joints = joints

    world._report = held_back  # type: ignore[method-assign]
    result = world.until_result()
    assert not result.success
    assert "Is something in the way?" in result.message


def test_time_that_goes_back_ends_the_goal(world: MotionWorld) -> None:
    world.planning_ms = 10_000
    world.go(Request("home"))
    world.step(50)
    world.now_ns -= 900 * MS
    assert "backwards" in world.until_result().message


@pytest.mark.parametrize("event", [Event.TAKE_OVER, Event.GUIDE, Event.STOP])
def test_who_stopped_the_robot_while_a_motion_was_planned_is_not_surprised(
    world: MotionWorld, event: Event
) -> None:
    world.planning_ms = 1000
    world.go(Request("home"))
    world.step(300)
    world.ask(event)
    world.step(50)
    world.ask(Event.RESET if event is Event.STOP else Event.RELEASE)
    world.step(50)
    assert event.value in world.results[-1].message
    before = world.joints
    world.step(3000)
    assert world.mode is Mode.HOLD
    np.testing.assert_array_equal(world.joints, before)


def test_a_stop_that_was_lifted_between_two_beats_counts(world: MotionWorld) -> None:
    """The newest mode is all that is kept for a subscriber that was busy."""
    world.planning_ms = 1000
    world.go(Request("home"))
    world.step(300)
    hear, world.session.mode = world.session.mode, lambda _: None  # type: ignore[method-assign]
    world.ask(Event.STOP)
    world.session.mode = hear  # type: ignore[method-assign]
    world.ask(Event.RESET)
    assert "reset" in world.until_result().message
    world.step(3000)
    assert Event.MOTION_RUNS not in world.events


def test_a_goal_right_after_a_stopped_one_gets_its_own_result(world: MotionWorld) -> None:
    """Asked for before the beat that tells how the one before ended."""
    world.go(Request("home"))
    world.until_moving()
    world.ask(Event.TAKE_OVER)
    world.ask(Event.RELEASE)
    assert world.results == []
    assert world.go(Request(joints=RIGHT)) == ""
    assert "take_over" in world.results[-1].message
    result = world.until_result()
    assert result.success, result.message
    assert world.joints[0] == pytest.approx(-0.9, abs=1e-6)


@pytest.mark.parametrize("fails", [True, False])
def test_a_policy_does_not_start_after_a_motion_that_has_not_arrived(
    world: MotionWorld, fails: bool
) -> None:
    world.go(Request("home"))
    world.until_moving()
    world.policy_runs = True
    world.step(100)
    if fails:
        world.go(Request("nowhere"))
    else:
        world.session.cancel(world.now_ns)
    assert not world.until_result().success
    world.step(500)
    assert world.events[-1] is Event.MOTION_ENDED
    assert world.mode is Mode.HOLD
    world.ask(Event.RELEASE)
    world.step(50)
    assert world.mode is Mode.POLICY


def test_what_a_library_raises_while_planning_ends_the_goal_only(world: MotionWorld) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("of a library")

    plan = world.workshop.planning.plan
    object.__setattr__(world.workshop.planning, "plan", broken)
    world.go(Request("home"))
    assert world.until_result().message == "planning failed: RuntimeError: of a library"
    object.__setattr__(world.workshop.planning, "plan", plan)
    assert world.go(Request("home")) == ""
    assert world.until_result().success


def test_a_plan_that_nobody_waits_for_is_broken_off(world: MotionWorld) -> None:
    world.planning_ms = 5000
    world.go(Request("home"))
    world.step(50)
    ((_, first, *_),) = world._jobs
    world.go(Request(joints=RIGHT))
    assert first.cancelled()
    world.step(50)
    world.session.cancel(world.now_ns)
    assert all(job.cancelled() for _, job, *_ in world._jobs)
