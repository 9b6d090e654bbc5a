"""Joint waypoints: splices, limits joint by joint, starvation, refusals, the change of law."""

import numpy as np
import pytest
from follower_support import REST, Track, moved, with_limits
from hypothesis import given, settings
from hypothesis import strategies as st
from impedance_support import MS, Rig, posture, random_arm

from takt_impedance import Mode, Parameters

RAMP = np.array([0.1, -0.2, 0.05, 0.0, 0.15, -0.1, 0.2])


def test_goes_through_joint_waypoints_with_their_velocities() -> None:
    track = Track()
    times = 0.1 * np.arange(1, 6)
    offsets = (3 * (times / 0.5) ** 2 - 2 * (times / 0.5) ** 3)[:, None] * RAMP
    speeds = (6 * times / 0.25 - 6 * times**2 / 0.125)[:, None] * RAMP
    assert track.send_joints(times, offsets, velocities=speeds).accepted
    assert track.controller.mode == Mode.JOINT
    for offset, speed in zip(offsets, speeds, strict=True):
        track.run(100)
        np.testing.assert_allclose(track.joints[-1], REST + offset, atol=1e-9)
        np.testing.assert_allclose(track.joint_velocities[-1], speed, atol=5e-3)
    track.run(150).assert_joints_smooth()
    output = track.controller.output
    assert not output.starved  # the last velocity is 0: planned
    assert not output.moving
    np.testing.assert_array_equal(track.joint_velocities[-1], 0)


def test_velocities_that_are_not_given_come_from_the_neighbours() -> None:
    track = Track()
    times = 0.1 * np.arange(1, 7)
    assert track.send_joints(times, times[:, None] * RAMP).accepted
    track.run(300)
    np.testing.assert_allclose(track.joint_velocities[-1], RAMP, atol=1e-6)
    np.testing.assert_allclose(track.joints[-1], REST + 0.3 * RAMP, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    velocity=st.floats(0.1, 3.0),
    acceleration=st.floats(1.0, 30.0),
    ratio=st.floats(20.0, 2000.0),
    seed=st.integers(0, 10_000),
)
def test_limits_hold_for_any_joint_commands(
    velocity: float, acceleration: float, ratio: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    p = with_limits(velocity, acceleration, ratio * acceleration)
    p.joint_lower_rad, p.joint_upper_rad = REST - 0.4, REST + 0.4
    track = Track(p)
    track.send_joints([0.1], np.zeros((1, 7)))
    track.run(1)
    begin = len(track.joints)  # the law changed before
    for _ in range(6):
        kind = rng.integers(4)
        if kind == 0:
            track.controller.set_joint_target(REST + rng.uniform(-0.8, 0.8, 7), track.now)
        elif kind == 1:
            track.stop()
        else:
            n = rng.integers(1, 8)
            times = np.cumsum(rng.uniform(0.005, 0.2, n)) - 0.03
            velocities = rng.uniform(-3, 3, (n, 7)) if kind == 2 else None
            track.send_joints(times, rng.uniform(-0.4, 0.4, (n, 7)), velocities)
        track.run(int(rng.integers(1, 150)))
    del track.joints[:begin], track.joint_velocities[:begin]
    track.assert_joints_smooth()
    joints = np.array(track.joints)
    assert (joints >= p.joint_lower_rad - 1e-12).all()
    assert (joints <= p.joint_upper_rad + 1e-12).all()


def test_joint_target_is_reached_without_overshoot_and_stops_at_limits() -> None:
    p = Parameters(7)
    p.joint_lower_rad, p.joint_upper_rad = REST - 0.5, REST + 0.5
    track = Track(p)
    goal = REST + np.array([0.4, -0.4, 0.9, -0.9, 0.01, 0.0, 0.5])
    assert track.controller.set_joint_target(goal, track.now).accepted
    track.run(1200).assert_joints_smooth()
    reached = np.clip(goal, REST - 0.5, REST + 0.5)
    np.testing.assert_allclose(track.joints[-1], reached, atol=1e-9)
    moved_by = np.abs(np.array(track.joints) - REST)
    assert (np.diff(moved_by, axis=0) >= -1e-8).all()  # nothing but rounding at a limit
    assert not track.controller.output.moving


def test_continuous_joint_has_no_limit() -> None:
    p = Parameters(7)
    lower, upper = REST - 0.5, REST + 0.5
    lower[6] = upper[6] = np.nan
    p.joint_lower_rad, p.joint_upper_rad = lower, upper
    track = Track(p)
    assert track.controller.set_joint_target(REST + [0, 0, 0, 0, 0, 0, 4.0], track.now).accepted
    track.run(3500)
    assert track.joints[-1][6] == pytest.approx(REST[6] + 4.0, abs=1e-9)


def test_starvation_stops_within_stop_s() -> None:
    track = Track()
    times = np.array([0.1, 0.2])
    speeds = np.tile(5 * RAMP, (2, 1))
    assert track.send_joints(times, times[:, None] * speeds, velocities=speeds).accepted
    track.run(200)
    assert not track.controller.starved
    track.run(1)
    assert track.controller.starved
    track.run(99)
    held = track.joints[-1]
    np.testing.assert_array_equal(track.joint_velocities[-1], 0)
    track.run(100)
    np.testing.assert_array_equal(track.joints[-1], held)
    assert track.controller.counters.starvations == 1
    track.assert_joints_smooth()


def test_refusals_name_joint_and_limit() -> None:
    p = Parameters(7)
    p.joint_lower_rad, p.joint_upper_rad = REST - 0.6, REST + 0.6
    p.max_joint_jump_rad = [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.2]
    track = Track(p)
    one = np.eye(7)
    cases = [
        (0.3 * one[6], "joint 6.*max_joint_jump_rad = 0.2"),
        (0.7 * one[2], "joint 2.*joint_upper_rad"),
        (-0.7 * one[3], "joint 3.*joint_lower_rad"),
        (np.nan * one[1], "not finite"),
    ]
    for offset, reason in cases:
        result = track.send_joints([0.1], offset[None])
        assert not result.accepted
        assert_matches(result.reason, reason)
    assert track.controller.mode == Mode.CARTESIAN
    broken = track.send_joints([0.1], np.zeros((1, 7)), velocities=np.array([[0.0] * 6 + [np.inf]]))
    assert "velocity" in broken.reason
    assert "not finite" in track.controller.set_joint_target(np.full(7, np.nan), track.now).reason
    past = track.send_joints([-0.2, -0.1], np.zeros((2, 7)))
    assert "past" in past.reason
    assert past.dropped == 2
    with pytest.raises(ValueError, match="positions"):
        track.controller.set_joint_trajectory([track.now + MS], np.zeros((1, 6)), track.now)


def assert_matches(text: str, pattern: str) -> None:
    with pytest.raises(ValueError, match=pattern):
        raise ValueError(text)


def test_modes_refuse_and_select_the_law() -> None:
    track = Track()
    for mode in (Mode.HOLD, Mode.GUIDE):
        track.controller.set_mode(mode)
        result = track.send_joints([0.1], np.zeros((1, 7)))
        assert not result.accepted
        assert "JOINT" in result.reason
        assert track.stop().accepted
    track.controller.set_mode(Mode.JOINT)
    assert track.send([0.1], np.zeros((1, 6))).accepted
    assert track.controller.mode == Mode.CARTESIAN
    assert track.send_joints([0.1], np.zeros((1, 7))).accepted
    assert track.controller.mode == Mode.JOINT


def test_change_of_law_starts_from_the_measured_state() -> None:
    """Back and forth between the laws while the arm moves; each starts where the arm is."""
    rig = Rig.start(random_arm(2), Parameters(7), posture(2, 7))
    start = np.array(rig.tick().target_pose)
    rig.controller.set_target(moved(start, np.array([0.05, 0, 0, 0, 0, 0])), rig.now_ns)
    rig.simulate(0.15)
    assert rig.controller.set_joint_trajectory(
        [rig.now_ns + 300 * MS], [rig.q], rig.now_ns
    ).accepted
    torques = [np.array(rig.controller.output.torque)]
    q, dq = rig.q.copy(), rig.dq.copy()
    output = rig.tick()
    np.testing.assert_allclose(output.joint_target, q + 1e-3 * dq, atol=1e-3)
    rig.simulate(0.4, observe=lambda o: torques.append(np.array(o.torque)))
    assert np.abs(np.diff(torques, axis=0)).max() <= 1.0  # Nm, what the rate limit allows
    pose = rig.arm.terms(rig.q, rig.dq)
    assert rig.controller.set_target(
        np.array(rig.controller.output.target_pose), rig.now_ns
    ).accepted
    output = rig.tick()
    assert output.mode == Mode.CARTESIAN
    np.testing.assert_allclose(output.target_pose[:3], pose.position, atol=1e-4)
