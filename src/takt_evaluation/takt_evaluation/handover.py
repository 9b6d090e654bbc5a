"""What changes where one chunk takes over from another, from the committed chunks alone.

A chunk takes over at its first action. What had been committed before says where the tool
would have been then and how fast; the chunk says where it is to be. Follower and controller
smooth the difference, but a policy that continues its own motion makes none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takt_core.chunk import ActionChunk

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Handovers:
    """All of a run.

    Attributes:
        position_m: distance between the old and the new position at each hand-over [m].
        velocity_m_s: length of the difference of both velocities, each over the first step
            after the hand-over [m/s].
        gaps: hand-overs before which the old chunk had run out.
    """

    position_m: tuple[float, ...]
    velocity_m_s: tuple[float, ...]
    gaps: int


def handovers(records: Iterable[ActionChunk]) -> Handovers:
    """The hand-overs in a run's chunks, given in the order of their commitment.

    A revision of a chunk (the same id) is a reaction, not a hand-over; it only replaces what was
    committed before.
    """
    position_m: list[float] = []
    velocity_m_s: list[float] = []
    gaps = 0
    committed = _Course(np.empty(0, np.int64), np.empty((0, 3)))
    last_id: int | None = None
    for chunk in records:
        new = _Course.of(chunk)
        if last_id is not None and chunk.id != last_id:
            start_ns = chunk.start_ns
            if start_ns > committed.end_ns:
                gaps += 1
            else:
                jump = new.at(start_ns) - committed.at(start_ns)
                position_m.append(float(np.linalg.norm(jump)))
                until_ns = min(start_ns + chunk.step_ns, committed.end_ns, new.end_ns)
                if until_ns > start_ns:
                    change = new.velocity(start_ns, until_ns)
                    change = change - committed.velocity(start_ns, until_ns)
                    velocity_m_s.append(float(np.linalg.norm(change)))
        committed = committed.followed_by(new)
        last_id = chunk.id
    return Handovers(tuple(position_m), tuple(velocity_m_s), gaps)


@dataclass(frozen=True, eq=False)
class _Course:
    """Positions (n, 3) [m] of the tool at rising times (n,) [ns], straight in between."""

    times_ns: npt.NDArray[np.int64]
    positions_m: Array

    @staticmethod
    def of(chunk: ActionChunk) -> _Course:
        times = chunk.start_ns + chunk.step_ns * np.arange(len(chunk.poses), dtype=np.int64)
        return _Course(times, np.array([pose.position_m for pose in chunk.poses]))

    @property
    def end_ns(self) -> int:
        return int(self.times_ns[-1])

    def at(self, time_ns: int) -> Array:
        """(3,) position; before the first time, that of the first."""
        since = (self.times_ns - self.times_ns[0]).astype(np.float64)
        moment = float(time_ns - self.times_ns[0])
        return np.array([np.interp(moment, since, column) for column in self.positions_m.T])

    def velocity(self, from_ns: int, to_ns: int) -> Array:
        """(3,) mean velocity between two times [m/s]."""
        return (self.at(to_ns) - self.at(from_ns)) / ((to_ns - from_ns) * 1e-9)

    def followed_by(self, new: _Course) -> _Course:
        """This one until the other begins, then the other."""
        kept = self.times_ns < new.times_ns[0]
        # Of what was executed long ago nothing is needed.
        times = self.times_ns[kept][-2:]
        return _Course(
            np.concatenate([times, new.times_ns]),
            np.concatenate([self.positions_m[kept][-2:], new.positions_m]),
        )
