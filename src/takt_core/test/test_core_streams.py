"""The buffer answers with what was measured, or with nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_core.geometry import Pose
from takt_core.streams import TimedBuffer

MS = 1_000_000


def filled(stamps_ms: list[int], capacity: int = 100) -> TimedBuffer:
    buffer = TimedBuffer(capacity)
    for stamp in stamps_ms:
        buffer.append(stamp * MS, np.array([float(stamp)]))
    return buffer


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=40, unique=True),
    st.integers(-50, 1100),
    st.integers(1, 200),
)
def test_hold_is_the_newest_past_value_within_tolerance(stamps, time, tolerance) -> None:
    found = filled(stamps).hold(time * MS, tolerance * MS)
    past = [stamp for stamp in stamps if stamp <= time]
    if past and time - max(past) <= tolerance:
        assert found is not None
        assert found[0] == max(past) * MS
        assert found[1][0] == max(past)
    else:
        assert found is None


@settings(max_examples=100, deadline=None)
@given(st.permutations(list(range(0, 300, 10))), st.integers(0, 290))
def test_linear_does_not_depend_on_the_order_of_arrival(stamps, time) -> None:
    found = filled(stamps).linear(time * MS, 10 * MS)
    assert found is not None
    assert found[1][0] == pytest.approx(time)


def test_a_hole_is_not_bridged() -> None:
    buffer = filled([0, 10, 100])
    assert buffer.linear(50 * MS, 20 * MS) is None
    assert buffer.linear(50 * MS, 50 * MS) is not None


def test_nothing_is_extrapolated() -> None:
    buffer = filled([0, 10])
    assert buffer.linear(-1 * MS, 20 * MS) is None
    held = buffer.linear(15 * MS, 5 * MS)
    assert held is not None
    assert held == (10 * MS, np.array([10.0]))
    assert buffer.linear(16 * MS, 5 * MS) is None


def test_capacity_drops_the_oldest_and_an_equal_stamp_replaces() -> None:
    buffer = filled([1, 2, 3, 4], capacity=3)
    assert len(buffer) == 3
    assert buffer.hold(1 * MS, 100 * MS) is None
    buffer.append(4 * MS, np.array([9.0]))
    assert buffer.latest is not None
    assert buffer.latest[1][0] == 9.0
    assert len(buffer) == 3


def test_pose_turns_halfway() -> None:
    buffer = TimedBuffer(4)
    buffer.append(0, Pose.identity().array7())
    buffer.append(10 * MS, np.array([1.0, 0, 0, 0, 0, 1, 0]))
    found = buffer.pose(5 * MS, 10 * MS)
    assert found is not None
    np.testing.assert_allclose(found[1], [0.5, 0, 0, 0, 0, np.sqrt(0.5), np.sqrt(0.5)], atol=1e-9)
