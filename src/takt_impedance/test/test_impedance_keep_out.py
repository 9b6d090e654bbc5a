"""Bodies that the target stays out of: never entered, slid along, left if it starts inside."""

import numpy as np
import pinocchio
import pytest
from follower_support import TERMS, Track, moved, with_limits
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_impedance import KeepOut, Parameters

HERE = np.array(TERMS.position)
unit = st.lists(st.floats(-1, 1), min_size=3, max_size=3).map(np.array)


def far_from(body: KeepOut, margin: float) -> bool:
    return body.distance(HERE) > margin + 1e-3


@st.composite
def bodies(draw: st.DrawFn) -> KeepOut:
    """A body somewhere around the tool, which is outside of it."""
    centre = HERE + 0.25 * draw(unit)
    kind = draw(st.sampled_from(["box", "sphere", "half_space"]))
    if kind == "box":
        rotation = pinocchio.exp3(3 * draw(unit))
        return KeepOut.box(centre, 0.02 + 0.1 * np.abs(draw(unit)), rotation)
    if kind == "sphere":
        return KeepOut.sphere(centre, draw(st.floats(0.02, 0.2)))
    normal = draw(unit) + np.array([0.0, 0.0, 1e-3])
    return KeepOut.half_space(HERE - 0.1 * normal / np.linalg.norm(normal), normal)


def test_distance_of_the_shapes() -> None:
    rotation = pinocchio.exp3(np.array([0, 0, np.pi / 4]))
    box = KeepOut.box([1, 0, 0], [0.1, 0.2, 0.3], rotation)
    along = rotation @ [1, 0, 0]
    assert box.distance([1, 0, 0]) == pytest.approx(-0.1)
    assert box.distance(np.array([1, 0, 0]) + 0.3 * along) == pytest.approx(0.2)
    corner = rotation @ [0.1, 0.2, 0.3]
    diagonal = rotation @ np.array([2.0, 1.0, 2.0]) / 3
    assert box.distance(np.array([1, 0, 0]) + corner + 0.06 * diagonal) == pytest.approx(0.06)
    sphere = KeepOut.sphere([0, 0, 1], 0.5)
    assert sphere.distance([0, 0, 1]) == pytest.approx(-0.5)
    assert sphere.distance([0, 1, 1]) == pytest.approx(0.5)
    plane = KeepOut.half_space([0, 0, 0.2], [0, 0, 5])
    assert plane.distance([3, 4, 0.5]) == pytest.approx(0.3)
    assert plane.distance([3, 4, 0.0]) == pytest.approx(-0.2)


@settings(max_examples=60, deadline=None)
@given(
    placed=st.lists(bodies(), min_size=1, max_size=4),
    margin=st.sampled_from([0.0, 0.02]),
    seed=st.integers(0, 10_000),
    jerk=st.floats(100, 5000),
)
def test_target_never_enters(placed: list[KeepOut], margin: float, seed: int, jerk: float) -> None:
    rng = np.random.default_rng(seed)
    p = with_limits(1.0, 12.0, jerk)
    p.keep_outs = [body for body in placed if far_from(body, margin)]
    p.keep_out_margin_m = margin
    track = Track(p)
    for _ in range(5):
        goal = moved(track.pose, np.zeros(6))
        goal[:3] = HERE + rng.uniform(-0.4, 0.4, 3)
        if rng.integers(3):
            track.controller.set_target(goal, track.now)
        else:
            shift = (goal[:3] - track.pose[:3]) / 5
            offsets = np.array([[*(shift * i), 0, 0, 0] for i in range(1, 6)])
            track.send(0.1 * np.arange(1, 6), offsets)
        track.run(int(rng.integers(50, 250)))
    for pose in track.poses:
        for body in p.keep_outs:
            assert body.distance(pose[:3]) >= margin - 1e-12
    speeds = np.linalg.norm(np.array(track.twists)[:, :3], axis=1)
    assert speeds.max() <= p.max_linear_velocity_m_s * (1 + 1e-9)


@settings(max_examples=40, deadline=None)
@given(body=bodies(), seed=st.integers(0, 10_000), jerk=st.floats(100, 5000))
def test_limits_hold_before_a_single_body(body: KeepOut, seed: int, jerk: float) -> None:
    """Stopping before it and sliding along it is done within the limits of the motion."""
    rng = np.random.default_rng(seed)
    p = with_limits(1.0, 12.0, jerk)
    p.keep_outs = [body] if far_from(body, 0.0) else []
    track = Track(p)
    for _ in range(4):
        goal = moved(track.pose, np.zeros(6))
        goal[:3] = HERE + rng.uniform(-0.4, 0.4, 3)
        track.controller.set_target(goal, track.now)
        track.run(int(rng.integers(50, 250)))
    twists = np.array(track.twists)[:, :3]
    changes = np.linalg.norm(np.diff(twists, axis=0), axis=1) / 1e-3
    assert changes.max() <= 1.02 * p.max_linear_acceleration_m_s2
    jerks = np.linalg.norm(np.diff(twists, 2, axis=0), axis=1) / 1e-6
    assert jerks.max() <= p.max_linear_jerk_m_s3 * (1 + 1e-6)


def test_slides_along_a_wall_to_the_nearest_point() -> None:
    p = Parameters(7)
    p.keep_outs = [KeepOut.half_space(HERE - [0, 0, 0.03], [0, 0, 1])]
    track = Track(p)
    goal = moved(track.pose, np.array([0.15, -0.05, -0.2, 0, 0, 0]))
    track.controller.set_target(goal, track.now)
    track.run(3)
    assert track.controller.output.keepout_limited
    track.run(1500)
    np.testing.assert_allclose(track.pose[:3], HERE + [0.15, -0.05, -0.03], atol=1e-6)
    assert not track.controller.output.moving


def test_goes_round_a_ball_in_its_way() -> None:
    """Not through it; a goal straight behind it would be waited for before it."""
    p = Parameters(7)
    ball = KeepOut.sphere(HERE + [0.1, 0, 0.01], 0.04)
    p.keep_outs = [ball]
    p.keep_out_margin_m = 0.01
    track = Track(p)
    goal = moved(track.pose, np.array([0.25, 0, 0, 0, 0, 0]))
    track.controller.set_target(goal, track.now)
    track.run(4000)
    np.testing.assert_allclose(track.pose, goal, atol=1e-6)
    closest = min(ball.distance(pose[:3]) for pose in track.poses)
    assert 0.01 - 1e-12 <= closest < 0.011  # it went along the ball


@settings(max_examples=30, deadline=None)
@given(offset=unit, seed=st.integers(0, 10_000))
def test_target_that_starts_inside_may_only_leave(offset: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = Parameters(7)
    ball = KeepOut.sphere(HERE + 0.08 * offset / max(1.0, float(np.linalg.norm(offset))), 0.1)
    p.keep_outs = [ball]
    track = Track(p)
    for _ in range(3):
        goal = moved(track.pose, np.zeros(6))
        goal[:3] = HERE + rng.uniform(-0.4, 0.4, 3)
        track.controller.set_target(goal, track.now)
        track.run(200)
    distances = np.array([ball.distance(pose[:3]) for pose in track.poses])
    inside = distances < 0
    assert (np.diff(distances)[inside[:-1]] >= -1e-12).all()
    assert not (inside[1:] & ~inside[:-1]).any()


def test_stop_before_a_wall_is_short_enough() -> None:
    """A stop that would take longer than the room allows is made shorter."""
    p = with_limits(1.0, 12.0, 2000.0)
    p.stop_s = 0.5
    p.keep_outs = [KeepOut.half_space(HERE + [0.2, 0, 0], [-1, 0, 0])]
    track = Track(p)
    v = np.array([0.8, 0, 0, 0, 0, 0])
    times = 0.05 * np.arange(1, 6)
    track.send(times, times[:, None] * v, twists=np.tile(v, (5, 1)))
    track.run(200)
    assert track.twists[-1][0] > 0.1
    track.stop()
    track.run(500)
    np.testing.assert_array_equal(track.twists[-1], 0)
    assert max(pose[0] for pose in track.poses) <= HERE[0] + 0.2 + 1e-12


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (KeepOut.sphere([0, 0, 0], -1.0), r"keep_outs\[0\] radius"),
        (KeepOut.box([0, 0, 0], [0.1, 0, 0.1]), r"keep_outs\[0\] half_size\[1\]"),
        (KeepOut.half_space([0, 0, 0], [0, 0, 0]), r"keep_outs\[0\] normal"),
        (KeepOut.sphere([0, np.nan, 0], 1.0), r"keep_outs\[0\] centre"),
    ],
)
def test_bodies_that_are_none_are_refused(body: KeepOut, reason: str) -> None:
    p = Parameters(7)
    p.keep_outs = [body]
    with pytest.raises(ValueError, match=reason):
        p.validate()


def test_there_is_room_for_sixteen_bodies() -> None:
    p = Parameters(7)
    p.keep_outs = [KeepOut.sphere([5, 0, i], 0.1) for i in range(16)]
    p.validate()
    p.keep_outs = [*p.keep_outs, KeepOut.sphere([5, 0, 99], 0.1)]
    with pytest.raises(ValueError, match=r"keep_outs.*17.*at most 16"):
        p.validate()
