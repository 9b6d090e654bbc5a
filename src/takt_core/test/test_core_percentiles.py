"""Percentiles of latencies."""

import math

import pytest

from takt_core.percentiles import Window, summary


def test_summary_of_a_ramp() -> None:
    found = summary(range(101))
    assert found == {"count": 101, "p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0}


def test_nothing_measured_is_not_zero() -> None:
    found = summary([])
    assert found["count"] == 0
    assert math.isnan(found["p50"])


def test_window_forgets_what_is_old() -> None:
    window = Window(capacity=10)
    for value in [1000.0] * 5 + [1.0] * 10:
        window.add(value)
    assert window.summary()["max"] == pytest.approx(1.0)
