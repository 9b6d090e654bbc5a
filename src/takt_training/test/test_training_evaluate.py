"""The interval of a success rate."""

from __future__ import annotations

import pytest

from takt_training.evaluate import wilson


def test_wilson_interval_of_known_cases() -> None:
    # Against the closed form by hand: z = 1.96.
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(50, 50) == pytest.approx((0.9286, 1.0), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)
