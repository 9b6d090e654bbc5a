"""Measuring in turn; on a clock that the test moves."""

from __future__ import annotations

import json

import numpy as np
import pytest

from takt_policy.tune.stopwatch import FEWEST_ROUNDS, Times, interleaved


class Clock:
    """Time passes only by work."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.done: list[str] = []

    def __call__(self) -> float:
        return self.now_s

    def work(self, name: str, seconds: float) -> None:
        self.done.append(name)
        self.now_s += seconds


def test_each_is_done_once_per_round_after_two_that_do_not_count() -> None:
    clock = Clock()
    works = {
        "a": lambda: clock.work("a", 0.001),
        "b": lambda: clock.work("b", 0.002),
        "c": lambda: clock.work("c", 0.003),
    }
    times = interleaved(works, rounds=7, clock=clock)
    rounds = [clock.done[i : i + 3] for i in range(0, len(clock.done), 3)]
    assert len(rounds) == 2 + 7
    assert all(sorted(one) == ["a", "b", "c"] for one in rounds)
    assert len({tuple(one) for one in rounds[2:]}) > 1, "always in the same order"
    for name, wanted_ms in (("a", 1.0), ("b", 2.0), ("c", 3.0)):
        np.testing.assert_allclose(times[name].ms, [wanted_ms] * 7)


def test_what_is_slow_is_measured_less_often_but_never_too_little() -> None:
    clock = Clock()
    times = interleaved({"slow": lambda: clock.work("slow", 10.0)}, 100, 75.0, clock)
    assert len(times["slow"].ms) == 8
    times = interleaved({"slow": lambda: clock.work("slow", 10.0)}, 100, 1.0, clock)
    assert len(times["slow"].ms) == FEWEST_ROUNDS


def test_a_difference_is_taken_round_by_round() -> None:
    # The machine gets slower and slower; the difference does not.
    base = np.linspace(1.0, 100.0, 21)
    one, two = Times(base + 0.5), Times(base)
    assert one.over(two) == pytest.approx(0.5)
    assert two.median == pytest.approx(50.5)


def test_plain_figures_can_be_written() -> None:
    plain = Times(np.array([1.0, 2.0, 3.0, 4.0, 100.0])).plain()
    assert json.loads(json.dumps(plain)) == {
        "median_ms": 3.0, "spread_ms": 1.0, "p95_ms": 80.8, "rounds": 5
    }  # fmt: skip
