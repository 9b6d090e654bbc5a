"""How a run of a policy ends: what the task, the arbiter, the clock and the operator say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

# ROS time that goes back by less is jitter between messages of /clock, not a restart.
CLOCK_JITTER_NS = 50_000_000


class Outcome(IntEnum):
    """Values of takt_msgs/RunPolicy."""

    SUCCEEDED = 0
    TIMED_OUT = 1
    CANCELLED = 2
    FAILED = 3
    TASK_FAILED = 4


class TaskState(IntEnum):
    """Values of takt_msgs/TaskStatus."""

    IDLE = 0
    RUNNING = 1
    SUCCEEDED = 2
    FAILED = 3


class Mode(IntEnum):
    """Values of takt_msgs/ControlMode."""

    HOLD = 0
    POLICY = 1
    HUMAN = 2
    SHARED = 3
    GUIDE = 4
    STOPPED = 5
    MOTION = 6


@dataclass(frozen=True)
class Ending:
    """Why a run ended, for the result of policy/run."""

    outcome: Outcome
    message: str


class RunWatch:
    """Collects reasons to end one run; the first one counts.

    Args:
        start_ns: ROS time at which the run began [ns].
        limit_s: how long it may take, 0 for no limit [s].
    """

    def __init__(self, start_ns: int, limit_s: float) -> None:
        self._start_ns = start_ns
        self._limit_s = limit_s
        self._newest_ns = start_ns
        self.ending: Ending | None = None

    def elapsed_s(self, now_ns: int) -> float:
        return (now_ns - self._start_ns) * 1e-9

    def task(self, state: int, stamp_ns: int, reason: str) -> None:
        """The task's word. A latched one from before the run says nothing about it."""
        if stamp_ns < self._start_ns:
            return
        if state == TaskState.SUCCEEDED:
            self._end(Outcome.SUCCEEDED, reason or "the task is done")
        elif state == TaskState.FAILED:
            self._end(Outcome.TASK_FAILED, reason or "the task failed")

    def mode(self, mode: int, stamp_ns: int, reason: str) -> None:
        """The arbiter's mode. Only a stop ends a run: after all else it can go on."""
        if mode == Mode.STOPPED and stamp_ns >= self._start_ns:
            self._end(Outcome.FAILED, f"the robot was stopped: {reason}")

    def failed(self, reason: str) -> None:
        """The policy's own failure."""
        self._end(Outcome.FAILED, reason)

    def cancelled(self, reason: str) -> None:
        self._end(Outcome.CANCELLED, reason)

    def tick(self, now_ns: int) -> None:
        """Looks at the clock. One that goes back ends the run: its start means nothing any more."""
        back_ns = self._newest_ns - now_ns
        if back_ns > CLOCK_JITTER_NS:
            self._end(Outcome.FAILED, f"ROS time went back by {back_ns * 1e-9:.2f} s")
        self._newest_ns = max(self._newest_ns, now_ns)
        if self._limit_s > 0.0 and self.elapsed_s(now_ns) >= self._limit_s:
            self._end(Outcome.TIMED_OUT, f"the limit of {self._limit_s:g} s has passed")

    def _end(self, outcome: Outcome, message: str) -> None:
        if self.ending is None:
            self.ending = Ending(outcome, message)
