"""Intervals and tests against SciPy, the literature, and what they promise."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from takt_evaluation.statistics import Paired, mcnemar, paired_interval, wilson

_COUNT = st.integers(0, 60)


@given(st.integers(0, 200), st.integers(1, 200))
def test_wilson_is_that_of_scipy(successes: int, more: int) -> None:
    episodes = successes + more
    expected = stats.binomtest(successes, episodes).proportion_ci(method="wilson")
    assert wilson(successes, episodes) == pytest.approx(expected, abs=1e-9)


def test_wilson_at_the_ends() -> None:
    assert wilson(50, 50)[1] == 1.0
    assert wilson(0, 50)[0] == 0.0
    assert wilson(0, 0) == (0.0, 1.0)


@given(_COUNT, _COUNT)
def test_mcnemar_is_the_binomial_test_of_the_disagreements(first: int, second: int) -> None:
    expected = stats.binomtest(first, first + second).pvalue if first + second else 1.0
    assert mcnemar(first, second) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("counts", "interval"),
    [
        # Newcombe (1998), method 10; Altman et al., Statistics with Confidence (2000), table 6.2.
        ((36, 2, 12, 0), (0.0569, 0.3404)),
        ((14, 0, 5, 22), (0.0115, 0.2265)),
    ],
)
def test_paired_interval_of_published_examples(
    counts: tuple[int, int, int, int], interval: tuple[float, float]
) -> None:
    assert paired_interval(*counts) == pytest.approx(interval, abs=1e-4)


@given(_COUNT, _COUNT, _COUNT, _COUNT)
def test_paired_interval_holds_the_difference_and_turns_with_the_order(
    both: int, first: int, second: int, neither: int
) -> None:
    low, high = paired_interval(both, first, second, neither)
    episodes = both + first + second + neither
    difference = (second - first) / episodes if episodes else 0.0
    assert -1.0 <= low <= difference + 1e-12
    assert difference - 1e-12 <= high <= 1.0
    assert paired_interval(both, second, first, neither) == pytest.approx((-high, -low), abs=1e-9)


@pytest.mark.parametrize(
    ("both", "first", "second", "most"),
    # Where disagreements are rare, the interval is known to be wider than it has to be.
    [(0.85, 0.02, 0.08, 1.0), (0.5, 0.2, 0.2, 0.97), (0.9, 0.05, 0.0, 1.0)],
)
def test_paired_interval_covers_the_truth_as_often_as_it_says(
    both: float, first: float, second: float, most: float
) -> None:
    episodes, truth, covered = 25, second - first, 0.0
    shares = (both, first, second, 1.0 - both - first - second)
    for a in range(episodes + 1):
        for b in range(episodes + 1 - a):
            for c in range(episodes + 1 - a - b):
                d = episodes - a - b - c
                chance = _multinomial((a, b, c, d), shares)
                if chance < 1e-9:
                    continue
                low, high = paired_interval(a, b, c, d)
                covered += chance * (low <= truth <= high)
    assert 0.93 <= covered <= most


def _multinomial(counts: tuple[int, ...], shares: tuple[float, ...]) -> float:
    log = math.lgamma(sum(counts) + 1)
    for count, share in zip(counts, shares, strict=True):
        if count and share <= 0.0:
            return 0.0
        log += count * math.log(share) if count else 0.0
        log -= math.lgamma(count + 1)
    return math.exp(log)


def test_pairs_are_made_of_common_seeds_only() -> None:
    first = {1: True, 2: True, 3: False, 4: False, 9: True}
    second = {1: True, 2: False, 3: True, 4: False, 8: False}
    paired = Paired.of(first, second)
    assert (paired.both, paired.only_first, paired.only_second, paired.neither) == (1, 1, 1, 1)
    assert paired.episodes == 4
    assert paired.difference == 0.0
    assert paired.p_value == 1.0


def test_nothing_in_common_says_nothing() -> None:
    paired = Paired.of({1: True}, {2: False})
    assert paired.episodes == 0
    assert paired.interval == (-1.0, 1.0)
    assert paired.p_value == 1.0
