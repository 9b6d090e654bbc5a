"""Goals: what is planned, and what is refused with which words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motion_arm import (
    HOME,
    LEFT,
    TABLE,
    WALL,
    above,
    arm,
    collision_model,
    free_joints,
    limits,
    start_at,
    workshop,
)

from takt_core.errors import TaktError
from takt_core.geometry import pose_error
from takt_motion.motions import JointMotion, LineMotion
from takt_motion.request import Request

WORKSHOP = workshop()


def test_home_is_reached_exactly_from_where_the_arm_is() -> None:
    planned = WORKSHOP.plan(start_at(LEFT), Request("home"))
    motion = planned.motion
    assert isinstance(motion, JointMotion)
    np.testing.assert_array_equal(motion.at(0.0).joints, LEFT)
    np.testing.assert_array_equal(motion.at(motion.duration_s).joints, HOME)
    np.testing.assert_allclose(
        motion.at(0.3).pose.array7(), arm().pose(motion.at(0.3).joints).array7(), atol=1e-9
    )


def test_speed_scale_slows_down() -> None:
    times = [
        WORKSHOP.plan(start_at(LEFT), Request("home", speed_scale=scale)).motion.duration_s
        for scale in (1.0, 0.5, 0.1)
    ]
    assert times[0] < times[1] < times[2]


def test_joints_that_are_not_named_stay() -> None:
    motion = WORKSHOP.plan(start_at(HOME), Request(joints={"joint3": 0.4})).motion
    goal = motion.at(motion.duration_s).joints
    assert goal is not None
    assert goal[2] == 0.4
    np.testing.assert_array_equal(np.delete(goal, 2), np.delete(HOME, 2))


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**31))
def test_a_pose_is_reached_within_limits_and_by_the_nearest_way(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pose = arm().pose(free_joints(rng))
    try:
        motion = WORKSHOP.plan(start_at(HOME), Request(pose=pose)).motion
    except TaktError:
        return
    goal = motion.at(motion.duration_s).joints
    assert goal is not None
    assert np.abs(pose_error(arm().pose(goal), pose)).max() < 1e-5
    assert not limits().broken(goal)
    assert collision_model().is_free(goal)


def test_the_solution_nearest_to_the_start_is_taken() -> None:
    pose = arm().pose(LEFT)
    seeds = [HOME, *(arm().random(np.random.default_rng(k), HOME) for k in range(20))]
    found = arm().solutions(pose, seeds, HOME)
    assert len(found) > 1
    ways = [float(np.linalg.norm(q - HOME)) for q in found]
    assert ways == sorted(ways)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Request("nowhere"), "allowed are home, up, retreat"),
        (Request(joints={"joint1": 2.73}), r"joint1 at 2\.730 rad, allowed are -2\.714 to"),
        (Request(joints={"joint9": 0.0}), "'joint9'"),
        (Request(joints={"joint2": 1.6}), r"goal is in collision.*link5 - table \(-\d+ mm\)"),
        (Request(pose=above(1.5, 0.0, 0.3)), "out of reach"),
        (Request(pose=above(0.5, 0.0, -0.02)), r"goal is in collision.*finger - table"),
    ],
)
def test_goals_that_cannot_be_are_refused(request_: Request, words: str) -> None:
    with pytest.raises(TaktError, match=words):
        WORKSHOP.plan(start_at(HOME), request_)


def test_a_start_in_collision_is_refused_by_name_but_retreats() -> None:
    low = arm().solve(above(0.5, 0.0, 0.0), HOME)
    assert low is not None
    with pytest.raises(TaktError, match=r"start is in collision.*left_finger - table.*retreat"):
        WORKSHOP.plan(start_at(low), Request("home"))
    motion = WORKSHOP.plan(start_at(low), Request("retreat")).motion
    end = motion.at(motion.duration_s)
    assert end.joints is None
    np.testing.assert_allclose(end.pose.position_m, [0.5, 0.0, 0.15], atol=1e-4)


def test_a_retreat_out_of_contact_makes_up_for_what_lies_behind_the_surface() -> None:
    """The target of the controller is 3 cm inside the table; the tool is to come 15 cm up."""
    low = arm().solve(above(0.5, 0.0, 0.01), HOME)
    assert low is not None
    start = start_at(low)
    pressed = type(start)(low, above(0.5, 0.0, -0.02), {})
    motion = WORKSHOP.plan(pressed, Request("retreat")).motion
    assert isinstance(motion, LineMotion)
    np.testing.assert_allclose(motion.at(0.0).pose.position_m, [0.5, 0.0, -0.02], atol=1e-6)
    end = motion.at(motion.duration_s).pose
    np.testing.assert_allclose(end.position_m, [0.5, 0.0, 0.16], atol=1e-4)


def test_a_retreat_goes_along_the_tool_and_up_where_that_is_down() -> None:
    level = HOME.copy()
    level[5] = 3.8
    tool = arm().pose(level)
    axis = tool.rotation()[:, 2]
    assert axis[0] > 0.95
    motion = WORKSHOP.plan(start_at(level), Request("retreat")).motion
    way = motion.at(motion.duration_s).pose.position_m - tool.position_m
    np.testing.assert_allclose(way, -0.15 * axis, atol=1e-4)
    up = workshop(retreat_direction="up").plan(start_at(level), Request("retreat")).motion
    way = up.at(up.duration_s).pose.position_m - tool.position_m
    np.testing.assert_allclose(way, [0.0, 0.0, 0.15], atol=1e-4)
    raised = HOME.copy()
    raised[5] = 4.3
    assert arm().pose(raised).rotation()[2, 2] > 0.3
    motion = WORKSHOP.plan(start_at(raised), Request("retreat")).motion
    way = motion.at(motion.duration_s).pose.position_m - arm().pose(raised).position_m
    np.testing.assert_allclose(way / np.linalg.norm(way), [0.0, 0.0, 1.0], atol=1e-3)


def test_a_retreat_ends_before_what_is_in_its_way() -> None:
    shelf = f"{TABLE}\nshelf: {{box: [0.4, 0.4, 0.02], position: [0.5, 0.0, 0.72]}}"
    blocked = workshop(scene=shelf, retreat_m=0.3)
    q = arm().solve(above(0.5, 0.0, 0.15), HOME)
    assert q is not None
    planned = blocked.plan(start_at(q), Request("retreat"))
    assert "shelf" in planned.words
    risen = planned.motion.at(planned.motion.duration_s).pose.position_m[2] - 0.15
    assert 0.01 < risen < 0.25
    low = f"{TABLE}\nlid: {{box: [0.4, 0.4, 0.02], position: [0.5, 0.0, {0.725 - risen:.3f}]}}"
    with pytest.raises(TaktError, match="no retreat"):
        workshop(scene=low).plan(start_at(q), Request("retreat"))


def test_around_a_wall_the_motion_itself_touches_nothing() -> None:
    around = workshop(scene=WALL)
    right = np.array([-0.6, 0.3, 0.0, -2.45, 0.0, 2.25, 0.7854])
    names = around.names
    goal = Request(joints=dict(zip(names, right.tolist(), strict=True)))
    motion = around.plan(start_at(LEFT), goal).motion
    touching = collision_model(WALL, 0.001)
    for t in np.arange(0.0, motion.duration_s, 0.01):
        joints = motion.at(float(t)).joints
        assert joints is not None
        assert touching.is_free(joints)
    stopped = motion.stopped(0.4 * motion.duration_s)
    end = stopped.at(stopped.duration_s).joints
    assert end is not None
    assert touching.is_free(end)
    assert stopped.duration_s < motion.duration_s


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"places": "home: [1.0]"}, "allowed are 7 joint angles"),
        ({"places": "retreat: [0, 0, 0, -1, 0, 1, 0]"}, "any name but 'retreat'"),
        ({"places": "home: [0, 0, 0, 0, 0, 1, 0]"}, "place 'home' breaks limits: joint4"),
        ({"places": "- 1"}, "joint angles by name"),
        ({"max_velocity_rad_s": (1.0, 2.0)}, "max_velocity_rad_s has 2 values; allowed are 1"),
        ({"tool_frame": "nose"}, "'nose'"),
        ({"joint_names": ("joint1", "knee")}, "'knee'"),
    ],
)
def test_parameters_that_do_not_fit_the_robot_are_refused(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(TaktError, match=words):
        workshop(**changes)
