"""Whether a motion between two joint configurations touches anything, for certain.

Every point of the robot moves by at most ``sum_i |dq_i| reach_i`` (see ``CollisionModel.reach_m``).
If that is twice the margin or less between two configurations that are free with the margin,
nothing in between can touch. So a path that was checked here is free, not only probably.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from takt_core.errors import TaktError
from takt_core.geometry import Array
from takt_motion.collision import CollisionModel

# What is left of the margin at the worst place.
_USED = 0.9


class SweptSpace:
    """Free space of a ``CollisionModel``; counts its checks.

    Attributes:
        checks: configurations that were looked at.
        is_cancelled: whether nobody waits for the answers any more.
    """

    def __init__(self, model: CollisionModel) -> None:
        self._model = model
        self._step_m = 2.0 * _USED * model.margin_m
        self.checks = 0
        self.is_cancelled: Callable[[], bool] = lambda: False

    def prepare(self, others: Mapping[str, float], is_cancelled: Callable[[], bool]) -> None:
        """For one plan: where joints stand that are not the arm's, and when to break off."""
        self._model.set_others(others)
        self.is_cancelled = is_cancelled

    @property
    def reach_m(self) -> Array:
        return self._model.reach_m

    @property
    def step_m(self) -> float:
        """The most that a point of the robot may move between two checks [m]."""
        return self._step_m

    def touching(self, q: Array) -> Mapping[str, float]:
        self._go_on()
        self.checks += 1
        return self._model.touching(q)

    def is_free(self, q: Array) -> bool:
        """Whether nothing is nearer than the margin. Raises nothing: planners in C++ call it."""
        self.checks += 1
        return self._model.is_free(q)

    def is_free_between(self, first: Array, second: Array) -> bool:
        """Whether nothing touches between two configurations that are free."""
        self._go_on()
        way_m = float(np.abs(second - first) @ self.reach_m)
        count = math.ceil(way_m / self._step_m)
        return all(
            self.is_free(first + (second - first) * (k / count)) for k in _coarse_to_fine(count)
        )

    def _go_on(self) -> None:
        if self.is_cancelled():
            raise TaktError("the plan was broken off")


def _coarse_to_fine(count: int) -> list[int]:
    """1 ... count-1, the middle first: what is not free is found with few checks."""
    order = []
    spans = [(0, count)]
    for low, high in spans:
        middle = (low + high) // 2
        if middle > low:
            order.append(middle)
            spans += [(low, middle), (middle, high)]
    return order
