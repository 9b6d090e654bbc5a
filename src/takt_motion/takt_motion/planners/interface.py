"""What a planner is: it knows what is free, and finds a way of the joints through it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from takt_core.geometry import Array


@dataclass(frozen=True, eq=False)
class JointLimits:
    """Where the joints may be; infinite for joints that turn for ever.

    Attributes:
        names: (n,) of the joints, in the order of all joint vectors.
        lower_rad, upper_rad: (n,) [rad].
    """

    names: tuple[str, ...]
    lower_rad: Array
    upper_rad: Array

    def broken(self, q: Array) -> tuple[str, ...]:
        """Each limit that ``q`` (n,) breaks, in words."""
        rows = zip(self.names, q, self.lower_rad, self.upper_rad, strict=True)
        return tuple(
            f"{name} at {value:.3f} rad, allowed are {low:.3f} to {high:.3f} rad"
            for name, value, low, high in rows
            if not low <= value <= high
        )


class Space(Protocol):
    """What is free of collisions."""

    def touching(self, q: Array) -> Mapping[str, float]:
        """What touches what at joint angles ``q`` (n,), as "a - b", with the distance [m]
        (negative: they overlap; NaN: unknown). Empty: nothing."""
        ...

    def is_free_between(self, first: Array, second: Array) -> bool:
        """Whether the straight motion of the joints from one to the other touches nothing."""
        ...


class Planner(Space, Protocol):
    """Finds paths of the joints.

    Attributes:
        name: of the backend, for messages.
    """

    name: str

    def find_path(self, start: Array, goal: Array) -> Array:
        """(k, n) corners of a path; the first is ``start``, the last ``goal``, both free.

        Equal questions get equal answers, unless the time runs out.

        Raises:
            TaktError: none was found within the time or the effort allowed.
        """
        ...
