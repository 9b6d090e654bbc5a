"""The teacher's plan: it ends in the hole, at bounded speed, and enters only when aligned."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_core.geometry import Pose, matrix_from_rotation_vector, pose_error, quaternion_from_matrix
from takt_training.recipes.peg_teacher import Teacher, TeacherParameters

DOWN = np.array([1.0, 0.0, 0.0, 0.0])
TIP_M = 0.045
STEP_S = 0.1
within = st.floats(-1.0, 1.0)


def teacher(x: float = 0.5, y: float = 0.0, yaw: float = 0.0) -> Teacher:
    turn = np.array([0.0, 0.0, np.sin(yaw / 2), np.cos(yaw / 2)])
    return Teacher(
        Pose(np.array([x, y, 0.035]), turn),
        Pose(np.array([0.0, 0.0, TIP_M]), np.array([0.0, 0.0, 0.0, 1.0])),
    )


def start(offset: np.ndarray, turn: np.ndarray) -> Pose:
    rotation = matrix_from_rotation_vector(turn) @ np.diag([1.0, -1.0, -1.0])
    return Pose(np.array([0.5, 0.0, 0.22]) + offset, quaternion_from_matrix(rotation))


@settings(max_examples=15, deadline=None)
@given(st.tuples(within, within, within), st.tuples(within, within, within), within)
def test_plan_ends_at_the_bottom_of_the_hole(offset, turn, yaw) -> None:
    one = teacher(yaw=0.26 * yaw)
    begin = start(np.multiply(offset, [0.08, 0.08, 0.05]), np.multiply(turn, [0.05, 0.05, 0.2]))
    last = one.plan(begin, 90, STEP_S)[-1]
    tip = one.base_from_hole.inverse() @ last @ one.tcp_from_tip
    assert np.allclose(tip.position_m, [0.0, 0.0, -one.parameters.goal_depth_m], atol=5e-4)
    assert np.abs(tip.rotation()[2, 2] + 1.0) < 1e-3


@settings(max_examples=15, deadline=None)
@given(st.tuples(within, within, within), within)
def test_plan_is_slow_enough_and_enters_only_when_aligned(offset, yaw) -> None:
    one = teacher(yaw=0.26 * yaw)
    limits = TeacherParameters()
    poses = [start(np.multiply(offset, [0.06, 0.06, 0.05]), np.zeros(3))]
    poses += one.plan(poses[0], 40, STEP_S)
    for before, after in itertools.pairwise(poses):
        moved = pose_error(after, before)
        assert np.linalg.norm(moved[3:]) <= limits.turn_speed_rad_s * STEP_S * 1.01
        tip = one.base_from_hole.inverse() @ after @ one.tcp_from_tip
        if tip.position_m[2] < 0.0:
            assert np.hypot(*tip.position_m[:2]) <= limits.lateral_slack_m


def test_plan_lifts_a_tip_that_rests_beside_the_hole() -> None:
    one = teacher()
    beside = Pose(np.array([0.52, 0.0, 0.035 + TIP_M]), DOWN)
    heights = [pose.position_m[2] for pose in one.plan(beside, 4, STEP_S)]
    assert heights[0] > beside.position_m[2]


def test_plan_depends_on_the_present_pose_only() -> None:
    one = teacher()
    poses = one.plan(Pose(np.array([0.45, 0.03, 0.2]), DOWN), 6, STEP_S)
    again = one.plan(poses[1], 4, STEP_S)
    for first, second in zip(poses[2:], again, strict=True):
        assert np.linalg.norm(pose_error(first, second)) < 1e-9
