"""Sensors are due at their rate, without drift."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_sim.schedule import Due

TICK_NS = 1_000_000


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([7.0, 30.0, 50.0, 100.0, 333.0]), st.integers(0, 10**10))
def test_count_in_ten_seconds_is_rate_times_ten(rate_hz: float, start_ns: int) -> None:
    due = Due(rate_hz, start_ns)
    taken = [now for now in range(0, 10 * 10**9, TICK_NS) if due.take(start_ns + now)]
    assert len(taken) == pytest.approx(10 * rate_hz, abs=1)
    # Each is taken at the first tick at or after its time.
    for index, now in enumerate(taken):
        assert 0 <= now - index * 1e9 / rate_hz < TICK_NS + 1


def test_phase_delays_the_first() -> None:
    due = Due(100.0, 500, phase_s=0.005)
    assert not due.take(4_000_000)
    assert due.take(5_000_500)
    assert not due.take(5_000_500)
