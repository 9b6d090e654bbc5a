"""The map from device to host time under jitter, drift and resets."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_cameras.clock_map import ClockMap

MS = 1_000_000
PERIOD_NS = 33 * MS


@settings(max_examples=40, deadline=None)
@given(
    offset_ns=st.integers(-(10**15), 10**15),
    delays_ms=st.lists(st.integers(0, 900), min_size=1, max_size=200),
)
def test_a_stamp_is_never_after_arrival_nor_later_than_the_best_delay(offset_ns, delays_ms):
    clock = ClockMap()
    best = None
    for index, delay in enumerate(delays_ms):
        device_ns = index * PERIOD_NS
        arrival_ns = device_ns + offset_ns + delay * MS
        host_ns = clock.host_ns(device_ns, arrival_ns)
        best = delay if best is None else min(best, delay)
        assert host_ns <= arrival_ns
        assert host_ns == device_ns + offset_ns + best * MS


def test_jitter_of_the_arrival_does_not_reach_the_stamps():
    random = np.random.default_rng(1)
    clock = ClockMap()
    delays = random.exponential(4 * MS, 300).astype(int)
    stamps = [
        clock.host_ns(index * PERIOD_NS, index * PERIOD_NS + delay)
        for index, delay in enumerate(delays.tolist())
    ]
    settled = np.diff(stamps[50:])
    assert np.abs(settled - PERIOD_NS).max() < 0.5 * MS
    assert np.abs(np.diff(delays[50:])).max() > 10 * MS


def test_drift_is_followed():
    clock = ClockMap()
    drift = 1e-4
    for index in range(2000):
        device_ns = index * PERIOD_NS
        true_ns = round(device_ns * (1.0 + drift))
        host_ns = clock.host_ns(device_ns, true_ns)
    # Ten seconds of window: a drift of 0.1 ms per second may lag behind by 1 ms.
    assert 0 <= true_ns - host_ns <= 1.05 * MS


def test_a_reset_of_the_device_starts_again():
    clock = ClockMap()
    clock.host_ns(100_000 * MS, 500_000 * MS)
    assert clock.host_ns(33 * MS, 500_033 * MS) == 500_033 * MS
    assert clock.resets == 1
