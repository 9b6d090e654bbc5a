"""Collisions of the reference arm with itself and its surroundings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motion_arm import HOME, TABLE, above, arm, collision_model, limits

from takt_core.errors import TaktError
from takt_description import ARM_JOINTS, robot_description
from takt_motion.collision import CollisionModel
from takt_motion.planners.swept import SweptSpace
from takt_motion.scene import obstacles_from_yaml


def test_home_is_free_and_the_table_is_not() -> None:
    model = collision_model()
    assert model.is_free(HOME)
    assert model.touching(HOME) == {}
    low = arm().solve(above(0.5, 0.0, 0.0), HOME)
    assert low is not None
    found = model.touching(low)
    assert not model.is_free(low)
    assert set(found) == {"left_finger - table", "right_finger - table"}
    assert all(distance < 0.0 for distance in found.values())


def test_within_the_margin_counts_as_touching() -> None:
    near = arm().solve(above(0.5, 0.0, 0.025), HOME)
    assert near is not None
    (gap,) = set(np.round(list(collision_model(margin_m=0.05).touching(near).values()), 4))
    assert gap > 0.0
    assert collision_model(margin_m=gap - 0.001).is_free(near)
    assert not collision_model(margin_m=gap + 0.001).is_free(near)


def test_a_folded_arm_touches_itself() -> None:
    folded = HOME.copy()
    folded[[1, 3]] = -1.7, -3.0
    pairs = set(collision_model().touching(folded))
    assert pairs
    assert all("table" not in pair for pair in pairs)


def test_neighbours_and_exempt_pairs_may_touch() -> None:
    bent = HOME.copy()
    bent[5] = 0.6
    free = CollisionModel(robot_description(), ARM_JOINTS)
    assert "link5 - link7" in free.touching(bent)
    assert "link5 - link7" not in collision_model().touching(bent)
    assert not any(
        set(pair.split(" - ")) == {f"link{i}", f"link{i + 1}"}
        for pair in free.touching(bent)
        for i in range(1, 7)
    )


def test_what_the_tool_holds_and_open_fingers_count() -> None:
    held = f"{TABLE}\npeg: {{cylinder: [0.01, 0.1], position: [0.0, 0.0, 0.05], frame: tcp}}"
    above_table = arm().solve(above(0.5, 0.0, 0.08), HOME)
    assert above_table is not None
    assert collision_model().is_free(above_table)
    assert set(collision_model(held).touching(above_table)) == {"table - peg"}
    beside = f"post: {{box: [0.02, 0.02, 0.5], position: [{0.45}, 0.045, 0.25]}}"
    model = CollisionModel(
        robot_description(), ARM_JOINTS, obstacles_from_yaml(beside), allowed=["link5 - link7"]
    )
    q = arm().solve(above(0.45, 0.0, 0.4), HOME)
    assert q is not None
    closed = {name for name in model.touching(q) if "finger" in name}
    model.set_others({"finger_joint1": 0.04, "finger_joint2": 0.04, "joint1": 9.0, "no": 1.0})
    opened = {name for name in model.touching(q) if "finger" in name}
    assert closed < opened


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.floats(1e-3, 0.3))
def test_no_point_of_the_robot_moves_farther_than_the_bound(seed: int, step: float) -> None:
    """What `SweptSpace` relies on, measured by the distance to a far sphere: it changes by no
    more than the way of any point."""
    rng = np.random.default_rng(seed)
    model = _with_ball(tuple(np.round(rng.uniform(-1.0, 1.0, 3), 1)))
    q = rng.uniform(limits().lower_rad, limits().upper_rad)
    turned = q + step * rng.uniform(-1.0, 1.0, 7)
    bound = float(np.abs(turned - q) @ model.reach_m)
    before, after = model.touching(q), model.touching(turned)
    for name in set(before) & set(after):
        assert abs(before[name] - after[name]) <= bound + 1e-6, name


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"joint_names": ["joint1", "elbow"]}, "'elbow'"),
        ({"allowed": ["link1 - link99"]}, "link99"),
        ({"allowed": ["link1"]}, "allowed is 'a - b'"),
        ({"obstacles": obstacles_from_yaml("a: {sphere: 1.0, frame: nose}")}, "'nose'"),
    ],
)
def test_what_does_not_exist_is_refused(changes: dict, words: str) -> None:
    values = {"joint_names": ARM_JOINTS, **changes}
    with pytest.raises(TaktError, match=words):
        CollisionModel(robot_description(), **values)


def test_motions_through_thin_things_are_seen() -> None:
    """The ends are free, and a wall of 2 mm stands between."""
    wall = "sheet: {box: [0.6, 0.002, 0.6], position: [0.5, 0.0, 0.3]}"
    model = CollisionModel(
        robot_description(), ARM_JOINTS, obstacles_from_yaml(wall), allowed=["link5 - link7"]
    )
    space = SweptSpace(model)
    left, right = HOME.copy(), HOME.copy()
    left[0], right[0] = 0.7, -0.7
    assert space.is_free(left)
    assert space.is_free(right)
    assert not space.is_free_between(left, right)
    assert space.is_free_between(left, left)
    assert arm().pose(left).position_m[1] > 0.1


def _with_ball(centre: tuple[float, ...]) -> CollisionModel:
    scene = f"ball: {{sphere: 0.1, position: [{', '.join(map(str, centre))}]}}"
    return collision_model(scene, 5.0)
