"""Planned motions, joints and hands through the arbiter, case by case."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from teleop_world import MS, World

from takt_core.chunk import ActionChunk
from takt_core.trajectory import HandTrajectory, Trajectory
from takt_teleop.commanders import Origin
from takt_teleop.inputs import PolicyState
from takt_teleop.transitions import Event, Mode

HAND = ("thumb", "index")


def moving(**parameters: Any) -> World:
    world = World(**parameters)
    world.step(50)
    world.run_motion()
    return world


def joint_chunk(world: World, **changes: Any) -> ActionChunk:
    joints = world.joints + np.linspace(0.0, 0.2, 8)[:, None]
    return world.chunk(**{"policy": "motion", "joint_position": joints, **changes})


def test_a_motion_commands_by_its_own_topic_only() -> None:
    world = moving()
    assert world.mode is Mode.MOTION
    world.send(joint_chunk(world), Origin.POLICY)
    assert world.arbiter.discarded_chunks == 1
    world.send(joint_chunk(world), Origin.MOTION)
    sent = world.last(Trajectory)
    assert (sent.source, len(sent.waypoints)) == ("motion", 8)
    np.testing.assert_allclose(sent.waypoints[-1].joint_position, np.full(7, 0.2))
    world.step(300)
    record = world.records[-1]
    assert (record.mode, record.source, record.policy) == (Mode.MOTION, "motion", "motion")
    assert record.joint_position is not None


def test_a_policy_that_runs_keeps_the_robot() -> None:
    world = World()
    world.step(50)
    world.run_policy()
    world.send()
    world.run_motion()
    assert world.mode is Mode.POLICY
    world.send(joint_chunk(world), Origin.MOTION)
    assert world.last(Trajectory).source == "policy"


def test_a_motion_goes_before_a_policy_that_could_start_as_well() -> None:
    world = World()
    world.motion_state, world.motion_run = PolicyState.RUNNING, 1
    world.policy_state, world.run = PolicyState.RUNNING, 1
    world.beat()
    world.beat_motion()
    world.step(20)
    assert world.mode is Mode.MOTION
    world.motion_state = PolicyState.READY
    world.step(20)
    assert world.events[-2:] == [Event.MOTION_ENDED, Event.POLICY_RUNS]


@pytest.mark.parametrize(
    ("trouble", "event"),
    [
        (lambda w: setattr(w, "motion_state", None), Event.MOTION_LOST),
        (lambda w: setattr(w, "motion_state", PolicyState.WAITING), Event.MOTION_ENDED),
        (lambda w: setattr(w, "arm_fault", "SINGULAR"), Event.ARM_FAULT),
        (lambda w: setattr(w, "arm_alive", False), Event.ARM_SILENT),
        (lambda w: setattr(w, "rejected", 1), Event.TRAJECTORY_REJECTED),
        (lambda w: None, Event.PLAN_EXHAUSTED),
    ],
)
def test_what_goes_wrong_holds_and_the_motion_does_not_come_back(
    trouble: Any, event: Event
) -> None:
    world = moving()
    world.send(joint_chunk(world), Origin.MOTION)
    world.step(200)
    trouble(world)
    world.step(1500)
    assert event in world.events
    assert world.mode is Mode.HOLD
    assert world.last(Trajectory).waypoints == ()
    world.arm_alive, world.arm_fault = True, ""
    world.motion_state = PolicyState.RUNNING
    world.step(500)
    assert world.mode is Mode.HOLD, "the same run"
    world.run_motion()
    assert world.mode is Mode.MOTION


def test_no_motion_starts_before_a_pause_is_lifted() -> None:
    world = World()
    world.step(50)
    world.ask(Event.PAUSE)
    world.run_motion()
    assert world.mode is Mode.HOLD
    world.ask(Event.RELEASE)
    world.step(20)
    assert world.mode is Mode.MOTION


@pytest.mark.parametrize(
    ("joints", "words"),
    [
        (np.full((8, 7), 0.5), "joint 1 0.50 rad from where it is"),
        (np.zeros((8, 6)), "it is for 6 joints; the arm has 7"),
        (np.arange(8)[:, None] * np.full(7, 0.29), "2.90 rad/s of a joint"),
    ],
)
def test_joints_that_jump_or_rush_are_refused(joints: np.ndarray, words: str) -> None:
    world = moving()
    world.send(joint_chunk(world, joint_position=joints), Origin.MOTION)
    assert world.events[-1] is Event.CHUNK_REFUSED
    assert words in world.arbiter.reason


def test_joints_are_compared_with_joints_not_with_the_pose() -> None:
    """Pressed against something the target of the pose is far behind the arm."""
    world = moving()
    far = world.chunk(policy="motion", count=8)
    shifted = tuple(type(p)(p.position_m + 0.3, p.quaternion_xyzw) for p in far.poses)
    world.send(joint_chunk(world, poses=shifted), Origin.MOTION)
    assert world.mode is Mode.MOTION
    world.send(world.chunk(policy="motion", poses=shifted), Origin.MOTION)
    assert world.events[-1] is Event.CHUNK_REFUSED


def test_a_policy_of_joints_is_followed_by_joints_and_in_shared_by_its_poses() -> None:
    for shared in (False, True):
        world = World(shared=shared)
        world.step(50)
        world.run_policy()
        world.send(joint_chunk(world, policy="peg"))
        by_joints = [w.joint_position is not None for w in world.last(Trajectory).waypoints]
        assert by_joints == [not shared] * 8


def test_a_bad_chunk_ends_only_its_own_kind() -> None:
    world = moving()
    world.apply(world.arbiter.bad_chunk("nothing", world.now_ns, Origin.POLICY))
    assert world.mode is Mode.MOTION
    world.apply(world.arbiter.bad_chunk("nothing", world.now_ns, Origin.MOTION))
    assert world.mode is Mode.HOLD


def hand_chunk(world: World, **changes: Any) -> ActionChunk:
    positions = np.arange(16.0).reshape(8, 2) / 100.0
    values = {"hand_joint_names": HAND, "hand_position": positions, **changes}
    return world.chunk(**values)


def test_a_hand_is_sent_what_is_still_to_come_and_recorded() -> None:
    world = World(actuator_latency_s=0.03)
    world.step(50)
    world.run_policy()
    world.send(hand_chunk(world, start_ns=world.now_ns - 150 * MS))
    sent = world.last(HandTrajectory)
    arm = world.last(Trajectory)
    assert sent.joint_names == HAND
    assert sent.times_ns == tuple(w.time_ns for w in arm.waypoints)
    np.testing.assert_array_equal(sent.positions[-1], [0.14, 0.15])
    world.step(300)
    assert world.records[-1].hand_position is not None


@pytest.mark.parametrize("event", [Event.STOP, Event.PAUSE, Event.TAKE_OVER, Event.GUIDE])
def test_a_hand_holds_when_its_policy_ends_and_only_then(event: Event) -> None:
    world = World()
    world.step(50)
    world.run_policy()
    world.send(hand_chunk(world))
    world.ask(event)
    assert world.last(HandTrajectory).times_ns == ()
    assert len(world.all(HandTrajectory)) == 2
    world.ask(Event.RESET)
    world.ask(Event.RELEASE)
    world.step(100)
    assert len(world.all(HandTrajectory)) == 2


def test_no_hand_is_commanded_where_somebody_else_does() -> None:
    world = World(commands_hand=False)
    world.step(50)
    world.run_policy()
    world.send(hand_chunk(world))
    world.ask(Event.STOP)
    assert world.all(HandTrajectory) == []
