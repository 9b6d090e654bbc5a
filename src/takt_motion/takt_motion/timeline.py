"""What the arm is to do over ROS time: one motion after another, at rest in between."""

from __future__ import annotations

from dataclasses import dataclass

from takt_motion.motions import Motion, Target

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, eq=False)
class Scheduled:
    """A motion and the ROS time of its start [ns]."""

    motion: Motion
    start_ns: int

    @property
    def end_ns(self) -> int:
        return self.start_ns + round(self.motion.duration_s * 1e9)

    def at(self, time_ns: int) -> Target:
        return self.motion.at((time_ns - self.start_ns) / _SECOND_NS)

    def fraction(self, time_ns: int) -> float:
        """How much of its time has passed, from 0 to 1."""
        passed = (time_ns - self.start_ns) / max(self.end_ns - self.start_ns, 1)
        return min(max(passed, 0.0), 1.0)


class Timeline:
    """The present motion, and before the next begins the one that it follows."""

    def __init__(self, first: Scheduled) -> None:
        self._parts = [first]

    @property
    def present(self) -> Scheduled:
        """The newest motion."""
        return self._parts[-1]

    def at(self, time_ns: int) -> Target:
        """The target at a time; at rest before the first motion and after the last."""
        part = next((one for one in reversed(self._parts) if one.start_ns <= time_ns), None)
        return (part or self._parts[0]).at(time_ns)

    def append(self, motion: Motion, earliest_ns: int) -> None:
        """Go on with a motion that begins where the present one ends, when that has ended."""
        start_ns = max(earliest_ns, self.present.end_ns)
        self._parts = [self.present, Scheduled(motion, start_ns)]

    def stop(self, from_ns: int) -> None:
        """Brake the present motion from a time on."""
        present = self.present
        from_s = max((from_ns - present.start_ns) / _SECOND_NS, 0.0)
        self._parts[-1] = Scheduled(present.motion.stopped(from_s), present.start_ns)
