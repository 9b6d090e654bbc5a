"""Success rates: their intervals, and two policies compared on the same seeds.

Pairs are counted as a 2x2 table. Of n seeds, ``both`` succeeded under both policies, ``only_first``
and ``only_second`` under one, and the rest under none; only the seeds on which the policies
disagree say which is better.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

Z_95 = 1.959963984540054


def wilson(successes: int, episodes: int) -> tuple[float, float]:
    """95 % interval of a success rate (Wilson, 1927); (0, 1) without episodes."""
    if episodes == 0:
        return 0.0, 1.0
    z, p = Z_95, successes / episodes
    middle = (p + z * z / (2 * episodes)) / (1 + z * z / episodes)
    half = z * math.sqrt(p * (1 - p) / episodes + z * z / (4 * episodes**2))
    half /= 1 + z * z / episodes
    # At the ends of the range the formula gives them but for rounding.
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == episodes else min(1.0, middle + half)
    return low, high


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided p-value of the exact McNemar test; 1 where the policies never disagree.

    Under the null hypothesis a disagreement favours either policy with equal chance: a binomial
    distribution over the disagreements (McNemar, 1947, without his approximation).
    """
    disagreements = only_first + only_second
    fewer = min(only_first, only_second)
    tail = sum(math.comb(disagreements, count) for count in range(fewer + 1))
    return float(min(1.0, 2 * tail / 2**disagreements))


def paired_interval(
    both: int, only_first: int, only_second: int, neither: int
) -> tuple[float, float]:
    """95 % interval of the difference of two paired success rates, second minus first.

    Newcombe's method 10 (Statistics in Medicine 17, 1998, p. 2635): the Wilson intervals of both
    rates, joined with regard to their correlation, which is corrected towards zero where it
    is positive. (-1, 1) without pairs.
    """
    episodes = both + only_first + only_second + neither
    if episodes == 0:
        return -1.0, 1.0
    first, second = both + only_first, both + only_second
    first_rate, second_rate = first / episodes, second / episodes
    first_low, first_high = wilson(first, episodes)
    second_low, second_high = wilson(second, episodes)
    phi = _correlation(both, only_first, only_second, neither)
    difference = second_rate - first_rate
    below = _joined(second_rate - second_low, first_high - first_rate, phi)
    above = _joined(second_high - second_rate, first_rate - first_low, phi)
    return max(-1.0, difference - below), min(1.0, difference + above)


def _correlation(both: int, only_first: int, only_second: int, neither: int) -> float:
    """Correlation of the two outcomes, corrected as Newcombe says."""
    product = float(both * neither - only_first * only_second)
    if product > 0:
        product = max(product - (both + only_first + only_second + neither) / 2.0, 0.0)
    sides = (
        (both + only_first)
        * (only_second + neither)
        * (both + only_second)
        * (only_first + neither)
    )
    return product / math.sqrt(sides) if sides else 0.0


def _joined(one: float, other: float, phi: float) -> float:
    return math.sqrt(max(one * one - 2.0 * phi * one * other + other * other, 0.0))


@dataclass(frozen=True)
class Paired:
    """Two policies on the same seeds; the first is the one compared with.

    Attributes:
        difference: success rate of the second minus that of the first, on the common seeds.
        interval: 95 %, of the difference.
        p_value: of the exact McNemar test.
    """

    both: int
    only_first: int
    only_second: int
    neither: int

    @staticmethod
    def of(first: Mapping[int, bool], second: Mapping[int, bool]) -> Paired:
        """From success by seed; seeds that only one of them has do not count."""
        pairs = [(first[seed], second[seed]) for seed in first.keys() & second.keys()]
        return Paired(
            both=pairs.count((True, True)),
            only_first=pairs.count((True, False)),
            only_second=pairs.count((False, True)),
            neither=pairs.count((False, False)),
        )

    @property
    def episodes(self) -> int:
        return self.both + self.only_first + self.only_second + self.neither

    @property
    def difference(self) -> float:
        return (self.only_second - self.only_first) / self.episodes if self.episodes else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        return paired_interval(self.both, self.only_first, self.only_second, self.neither)

    @property
    def p_value(self) -> float:
        return mcnemar(self.only_first, self.only_second)
