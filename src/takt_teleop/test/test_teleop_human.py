"""The operator's target: bumpless at the start, bounded ever after."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from teleop_world import HOME, MS

from takt_core.geometry import Pose, matrix_from_rotation_vector, pose_error, quaternion_from_matrix
from takt_teleop.human import HumanTarget, displaced, in_base, limit
from takt_teleop.inputs import ArmReport, DeviceCommand
from takt_teleop.settings import ArbiterParameters

START_NS = 1_000 * MS
floats = st.floats(-1.0, 1.0)
twists = st.lists(floats, min_size=6, max_size=6).map(np.array)


def engaged(twist: np.ndarray | None = None, pose: Pose = HOME) -> HumanTarget:
    target = HumanTarget(ArbiterParameters())
    target.engage(ArmReport(START_NS, pose, np.zeros(6) if twist is None else twist))
    return target


@given(moving=twists, wanted=st.lists(twists, min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_velocity_and_place_stay_within_limits(
    moving: np.ndarray, wanted: list[np.ndarray]
) -> None:
    p = ArbiterParameters()
    moving = limit(moving, p.human_speed_m_s, p.human_speed_rad_s)
    target = engaged(moving)
    last_ns, last, last_twist = START_NS, HOME, moving
    for i, twist in enumerate(wanted):
        now_ns = START_NS + i * 40 * MS
        target.command(DeviceCommand(now_ns, 10 * twist))
        first = target.advance(now_ns)[0]
        dt = (first.time_ns - last_ns) / 1e9
        step = pose_error(first.base_from_tcp, last)
        assert np.linalg.norm(step[:3]) <= p.human_speed_m_s * dt * (1 + 1e-9)
        assert np.linalg.norm(step[3:]) <= p.human_speed_rad_s * dt * (1 + 1e-6)
        assert first.twist is not None
        assert np.linalg.norm(first.twist[:3]) <= p.human_speed_m_s * (1 + 1e-9)
        change = np.linalg.norm(first.twist[3:] - last_twist[3:])
        assert change <= p.human_acceleration_rad_s2 * dt * (1 + 1e-9)
        position = first.base_from_tcp.position_m
        assert np.all(position >= np.array(p.workspace_min_m) - 1e-12)
        assert np.all(position <= np.array(p.workspace_max_m) + 1e-12)
        last_ns, last, last_twist = first.time_ns, first.base_from_tcp, first.twist


def test_the_first_waypoint_continues_the_motion_it_takes_over() -> None:
    moving = np.array([0.1, 0.0, 0.0, 0.0, 0.0, 0.2])
    waypoints = engaged(moving).advance(START_NS)
    first = waypoints[0]
    dt = (first.time_ns - START_NS) / 1e9
    step = pose_error(first.base_from_tcp, HOME)
    assert 0 < step[0] <= 0.1 * dt
    assert 0 < step[5] <= 0.2 * dt
    assert [w.time_ns - first.time_ns for w in waypoints] == [0, 40 * MS, 80 * MS]
    assert waypoints[-1].twist is None


def test_it_brakes_before_the_wall_and_stays_there() -> None:
    target = engaged()
    p = ArbiterParameters()
    for i in range(200):
        now_ns = START_NS + i * 40 * MS
        target.command(DeviceCommand(now_ns, np.array([0.0, 1.0, 0.0, 0.0, 0.0, 0.0])))
        target.advance(now_ns)
    assert target.pose.position_m[1] == pytest.approx(p.workspace_max_m[1], abs=2e-3)


def test_a_start_outside_the_box_is_no_jump_to_its_wall() -> None:
    outside = Pose(np.array([0.9, 0.0, 0.3]), HOME.quaternion_xyzw)
    first = engaged(pose=outside).advance(START_NS)[0]
    np.testing.assert_allclose(first.base_from_tcp.position_m, outside.position_m)


@pytest.mark.parametrize("in_tool_frame", [False, True])
def test_a_device_with_a_pose_is_followed_from_its_clutch(in_tool_frame: bool) -> None:
    target = engaged()
    zero = Pose(np.array([3.0, 2.0, 1.0]), np.array([0.0, 0.0, 0.0, 1.0]))
    turned = quaternion_from_matrix(matrix_from_rotation_vector([0.0, 0.0, 0.3]))
    moved = Pose(zero.position_m + np.array([0.05, 0.0, 0.02]), turned)
    for i in range(150):
        now_ns = START_NS + i * 40 * MS
        displacement = zero if i == 0 else moved
        target.command(
            DeviceCommand(
                now_ns, np.zeros(6), displacement=displacement, in_tool_frame=in_tool_frame
            )
        )
        target.advance(now_ns)
    error = pose_error(target.pose, HOME)
    # The tool looks down: its y and z axes are turned over in the base.
    side = -1.0 if in_tool_frame else 1.0
    np.testing.assert_allclose(error, [0.05, 0, side * 0.02, 0, 0, side * 0.3], atol=1e-4)


def test_twists_and_displacements_turn_with_the_tool() -> None:
    np.testing.assert_allclose(in_base(np.arange(6.0), True, HOME), [0, -1, -2, 3, -4, -5])
    np.testing.assert_allclose(in_base(np.arange(6.0), False, HOME), np.arange(6.0))
    zero = Pose.identity()
    still = displaced(HOME, zero, zero, False)
    np.testing.assert_allclose(still.matrix(), HOME.matrix(), atol=1e-12)
