"""How regular the ticks of a loop are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from takt_impedance import TickStatistics

periods = st.lists(st.floats(1e-4, 1e-2), min_size=1, max_size=200)


@given(periods=periods)
def test_agrees_with_numpy_while_the_window_fills(periods: list[float]) -> None:
    statistics = TickStatistics(1e9)
    computes = [0.3 * period for period in periods]
    for period, compute in zip(periods, computes, strict=True):
        statistics.add(period, period > 5e-3, compute)
    summary = statistics.summary()
    assert summary.ticks == len(periods)
    assert summary.overruns == sum(period > 5e-3 for period in periods)
    assert summary.period_mean_s == pytest.approx(np.mean(periods))
    assert summary.period_deviation_s == pytest.approx(np.std(periods), abs=1e-12)
    assert summary.period_max_s == max(periods)
    assert summary.compute_mean_s == pytest.approx(np.mean(computes))
    assert summary.compute_max_s == pytest.approx(max(computes))


def test_a_window_stays_until_the_next_is_complete() -> None:
    statistics = TickStatistics(0.1)
    for _ in range(101):
        statistics.add(1e-3, False)
    for _ in range(50):
        statistics.add(1e-3, True)
    assert statistics.summary().overruns == 0
    for _ in range(60):
        statistics.add(1e-3, True)
    assert statistics.summary().overruns >= 99


def test_nothing_measured_is_nan() -> None:
    statistics = TickStatistics()
    assert statistics.summary().ticks == 0
    assert np.isnan(statistics.summary().period_mean_s)
    statistics.add(1e-3, False)
    assert np.isnan(statistics.summary().compute_mean_s)
    statistics.add(np.nan, False)
    assert statistics.summary().ticks == 1
