"""The follower of joints: limits under any input, splices, ends, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_core.errors import TaktError
from takt_core.joint_follower import STEP_NS, JointFollower, spread

MS = 1_000_000
LOWER = np.array([-1.0, -0.3, 0.0])
UPPER = np.array([1.0, 2.2, 1.5])
SPEED = np.array([6.0, 4.0, 5.0])
ACCELERATION = np.array([60.0, 40.0, 50.0])
STOP_S = 0.2


def make(**changes: float) -> JointFollower:
    follower = JointFollower(LOWER, UPPER, SPEED, ACCELERATION, STOP_S, **changes)
    follower.start(0, [0.0, 0.1, 0.2])
    return follower


def assert_within_limits(path: np.ndarray, velocity: np.ndarray) -> None:
    """Positions and velocities (k, n) on the follower's grid."""
    step_s = STEP_NS * 1e-9
    assert (path >= LOWER - 1e-9).all()
    assert (path <= UPPER + 1e-9).all()
    assert (np.abs(velocity) <= SPEED + 1e-9).all()
    assert (np.abs(np.diff(velocity, axis=0)) <= ACCELERATION * step_s + 1e-6).all()
    mean = 0.5 * (velocity[1:] + velocity[:-1])
    np.testing.assert_allclose(np.diff(path, axis=0), mean * step_s, atol=1e-8)


class Recorder:
    """Steps a follower along its grid and keeps where it was."""

    def __init__(self, follower: JointFollower) -> None:
        self.follower = follower
        self.now_ns = 0
        self.path = [follower.target.copy()]
        self.velocity = [follower.velocity.copy()]

    def run(self, duration_ns: int) -> None:
        end_ns = self.now_ns + duration_ns
        while self.now_ns < end_ns:
            self.now_ns += STEP_NS
            self.path.append(self.follower.step(self.now_ns).copy())
            self.velocity.append(self.follower.velocity.copy())

    def check(self) -> np.ndarray:
        path = np.array(self.path)
        assert_within_limits(path, np.array(self.velocity))
        return path


def run(follower: JointFollower, from_ns: int, to_ns: int) -> np.ndarray:
    times = range(from_ns, to_ns, STEP_NS)
    return np.array([follower.step(time_ns).copy() for time_ns in times])


angles = st.lists(st.floats(-4.0, 4.0), min_size=3, max_size=3)
command = st.tuples(
    st.integers(0, 40),  # sent after [2 ms]
    st.integers(-50, 200),  # first waypoint after that [ms]
    st.lists(st.tuples(st.integers(1, 150), angles), max_size=5),
    st.booleans(),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(command, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_no_command_leads_out_of_the_limits(commands, random) -> None:
    recorder = Recorder(make(max_jump_rad=10.0))
    for wait, lead_ms, points, with_velocities in commands:
        recorder.run(wait * STEP_NS)
        spans = np.cumsum([span for span, _ in points]) if points else np.empty(0)
        times = [recorder.now_ns + int(lead_ms + span) * MS for span in spans]
        velocities = None
        if with_velocities:
            velocities = [[random.uniform(-20.0, 20.0) for _ in LOWER] for _ in points]
        recorder.follower.set_trajectory(
            times, [angle for _, angle in points], recorder.now_ns, velocities
        )
    recorder.run(1500 * MS)
    recorder.check()
    assert not recorder.follower.moving


@settings(max_examples=30, deadline=None)
@given(angles, angles, st.integers(20, 400))
def test_a_stop_takes_no_longer_than_it_may(first, second, stop_ms) -> None:
    follower = make(max_jump_rad=10.0)
    follower.set_trajectory([100 * MS, 400 * MS], [first, second], 0)
    run(follower, 0, stop_ms * MS)
    follower.hold(stop_ms * MS)
    resting = follower.rest_position()
    end_ns = stop_ms * MS + int(STOP_S * 1e9) + STEP_NS
    run(follower, stop_ms * MS, end_ns + STEP_NS)
    assert not follower.moving
    assert not follower.velocity.any()
    assert not follower.starved
    # A joint at the end of its range brakes earlier than the others.
    assert np.abs(follower.target - resting).max() <= 0.5 * STOP_S * SPEED.max()


def wave(time_s: np.ndarray) -> np.ndarray:
    phase = 2.0 * np.pi * np.asarray(time_s)[:, None] + np.array([0.0, 0.6, 1.2])
    return np.array([0.0, 0.9, 0.7]) + 0.3 * np.sin(phase)


def test_a_feasible_motion_is_followed_exactly() -> None:
    follower = make()
    follower.start(0, wave(np.zeros(1))[0])
    times_s = np.arange(0.05, 2.0, 0.05)
    times_ns = (times_s * 1e9).astype(np.int64)
    assert follower.set_trajectory(times_ns, wave(times_s), 0).accepted
    for time_s in np.arange(0.0, 1.9, 0.01):
        target = follower.step(round(time_s * 1e9))
        # It begins at rest, and so has to catch up first.
        if time_s > 0.2:
            assert np.abs(target - wave(np.array([time_s]))[0]).max() < 2e-3


def test_a_new_trajectory_joins_without_a_step() -> None:
    """Chunks of the same motion, each sent before the last ran out."""
    follower = make()
    follower.start(0, wave(np.zeros(1))[0])
    recorder = Recorder(follower)
    for _ in range(10):
        times_s = recorder.now_ns * 1e-9 + np.arange(-0.04, 0.2, 0.02)
        times_ns = (times_s * 1e9).astype(np.int64)
        result = follower.set_trajectory(times_ns, wave(times_s), recorder.now_ns)
        assert result.accepted
        assert result.dropped == 3
        recorder.run(100 * MS)
    path = recorder.check()
    sent = wave(np.arange(len(path)) * STEP_NS * 1e-9)
    assert np.abs(path[200:] - sent[200:]).max() < 3e-3
    assert follower.starvations == 0


def test_how_often_it_is_called_does_not_matter() -> None:
    regular, irregular = make(), make()
    for follower in (regular, irregular):
        follower.set_trajectory([200 * MS, 500 * MS], [[0.5, 0.4, 0.9], [0.1, 0.1, 0.3]], 0)
    run(regular, 0, 600 * MS + STEP_NS)
    for time_ms in (1, 13, 14, 90, 91, 150, 249, 333, 420, 505, 600):
        irregular.step(time_ms * MS)
    np.testing.assert_array_equal(regular.target, irregular.target)


def test_without_more_waypoints_it_is_starved() -> None:
    follower = make()
    follower.set_trajectory([50 * MS, 100 * MS], [[0.1, 0.2, 0.3], [0.2, 0.3, 0.4]], 0)
    run(follower, 0, 100 * MS)
    assert not follower.starved
    run(follower, 100 * MS, 400 * MS)
    assert follower.starved
    assert follower.starvations == 1
    assert not follower.moving
    follower.set_trajectory([500 * MS], [[0.1, 0.2, 0.3]], 400 * MS)
    assert not follower.starved


def test_starved_in_motion_it_stops_in_time() -> None:
    follower = make()
    velocity = [2.0, 1.0, 1.0]
    follower.set_trajectory([100 * MS], [[0.2, 0.2, 0.3]], 0, [velocity])
    run(follower, 0, 104 * MS)
    assert follower.starved
    assert follower.moving
    run(follower, 104 * MS, 304 * MS)
    assert not follower.moving


def test_a_planned_end_is_no_starvation() -> None:
    follower = make()
    end = [0.8, 1.0, 1.4]
    follower.set_trajectory([600 * MS], [end], 0, [[0.0, 0.0, 0.0]])
    run(follower, 0, 1200 * MS)
    np.testing.assert_allclose(follower.target, end, atol=1e-6)
    assert not follower.starved
    assert not follower.moving


def test_a_fast_end_is_reached_within_the_limits() -> None:
    """What comes too soon for the velocity is reached later."""
    follower = make(max_jump_rad=10.0)
    end = [1.0, 2.2, 1.5]
    assert follower.set_trajectory([10 * MS], [end], 0, [[0.0] * 3]).accepted
    recorder = Recorder(follower)
    recorder.run(1500 * MS)
    np.testing.assert_allclose(recorder.check()[-1], end, atol=1e-6)


def test_a_joint_outside_of_its_range_stays_until_it_is_moved() -> None:
    follower = make()
    outside = [1.15, 0.1, -0.1]
    follower.start(0, outside)
    follower.hold(0)
    np.testing.assert_array_equal(run(follower, 0, 100 * MS)[-1], outside)
    follower.set_trajectory([700 * MS], [[2.0, 0.1, -2.0]], 100 * MS, [[0.0] * 3])
    path = run(follower, 100 * MS, 1500 * MS)
    assert (np.diff(path[:, 0]) <= 1e-12).all()
    np.testing.assert_allclose(path[-1], [1.0, 0.1, 0.0], atol=1e-6)


def test_after_a_pause_it_goes_on_without_a_jump() -> None:
    follower = make()
    times = np.arange(50, 2000, 50) * MS
    follower.set_trajectory(times, wave(times * 1e-9), 0)
    before = follower.step(500 * MS).copy()
    after = follower.step(1300 * MS)
    assert np.abs(after - before).max() <= SPEED.max() * 4e-3


def test_a_clock_that_is_set_back_stops_it() -> None:
    follower = make()
    follower.set_trajectory([10_000 * MS + 300 * MS], [[0.5, 0.5, 0.5]], 10_000 * MS)
    follower.step(10_100 * MS)
    follower.step(50 * MS)
    run(follower, 50 * MS, 300 * MS)
    assert not follower.moving


@pytest.mark.parametrize(
    ("times", "positions", "velocities", "reason"),
    [
        ([10, 20], [[0.0] * 3], None, "shape"),
        ([10], [[0.0, 0.0, np.nan]], None, "finite"),
        ([10], [[0.0, 0.1, 0.2]], [[np.inf, 0.0, 0.0]], "finite"),
        ([20, 20], [[0.0] * 3] * 2, None, "ascend"),
        ([-20, -10], [[0.0] * 3] * 2, None, "in the past"),
        ([60_000], [[0.0] * 3], None, "same clock"),
        ([10], [[0.9, 0.1, 0.2]], None, "joint 0 is 0.822 rad"),
    ],
)
def test_what_cannot_be_followed_is_refused(times, positions, velocities, reason) -> None:
    follower = make()
    follower.set_trajectory([300 * MS], [[0.3, 0.3, 0.3]], 0)
    follower.step(100 * MS)
    result = follower.set_trajectory(
        [100 * MS + time * MS for time in times], positions, 100 * MS, velocities
    )
    assert not result.accepted
    assert reason in result.reason
    assert (follower.rejected, follower.last_rejection) == (1, result.reason)
    run(follower, 100 * MS, 302 * MS)
    np.testing.assert_allclose(follower.target, [0.3] * 3, atol=1e-3)


def test_a_far_waypoint_may_be_given_time() -> None:
    assert make().set_trajectory([300 * MS], [[0.9, 0.1, 0.2]], 0).accepted


def test_no_waypoints_stop() -> None:
    follower = make()
    follower.set_trajectory([300 * MS], [[0.3, 0.3, 0.3]], 0)
    run(follower, 0, 100 * MS)
    assert follower.set_trajectory([], np.empty((0, 3)), 100 * MS).accepted
    run(follower, 100 * MS, 400 * MS)
    assert not follower.moving
    assert follower.target[0] < 0.25


@pytest.mark.parametrize(
    ("speed", "upper", "message"), [(13.0, 1.0, "joint 0: a velocity of 13"), (1.0, -2.0, "range")]
)
def test_limits_that_contradict_each_other_are_refused(speed, upper, message) -> None:
    with pytest.raises(TaktError, match=message):
        JointFollower([-1.0], [upper], [speed], [60.0], STOP_S)


def test_spread_fills_in_the_other_joints() -> None:
    values = spread("abc", ["c", "a"], np.array([[1.0, 2.0], [3.0, 4.0]]), [7.0, 8.0, 9.0])
    assert values.tolist() == [[2.0, 8.0, 1.0], [4.0, 8.0, 3.0]]


@pytest.mark.parametrize("names", [["a", "a"], ["d"]])
def test_spread_refuses_names(names) -> None:
    with pytest.raises(TaktError, match="allowed is each of a, b, c once"):
        spread("abc", names, np.zeros((1, len(names))), np.zeros(3))
