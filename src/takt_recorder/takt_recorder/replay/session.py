"""One replay from the first look at the robot to the result, as a state machine.

Time is an argument; the node calls `tick` often and publishes what it returns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from takt_core.chunk import ActionChunk
from takt_core.errors import TaktError
from takt_core.geometry import Array, Pose
from takt_recorder.replay.compare import PathDifference, TcpPath, compare
from takt_recorder.replay.guards import ReplayLimits, check_plan, check_start
from takt_recorder.replay.plan import ReplayPlan, chunk_lead_ns

HOLD, POLICY, MOTION = 0, 1, 6
START_DELAY_NS = 300_000_000
LEAD_NS = 250_000_000
OFFER_TIMEOUT_NS = 3_000_000_000


class Phase(Enum):
    """Where a replay stands."""

    WAITING = "waiting for the robot"
    OFFERING = "asking the arbiter"
    PLAYING = "playing"
    ENDED = "ended"


@dataclass(frozen=True)
class Output:
    """What is to be published now."""

    running: bool
    chunk: ActionChunk | None = None


@dataclass
class _Path:
    times_ns: list[int] = field(default_factory=list)
    poses: list[Array] = field(default_factory=list)


class ReplaySession:
    """Guards, plays and measures.

    Attributes:
        phase: where it stands.
        problem: why it ended early; empty if it went through.
    """

    def __init__(self, plan: ReplayPlan, limits: ReplayLimits) -> None:
        check_plan(plan, limits)
        self._plan = plan
        self._limits = limits
        self.phase = Phase.WAITING
        self.problem = ""
        self._mode: tuple[int, int, str] | None = None
        self._pose: tuple[Pose, Array] | None = None
        self._start_ns = 0
        self._asked_ns = 0
        self._number = 0
        self._measured = _Path()

    def arm(self, stamp_ns: int, pose: Pose, joints: Array) -> None:
        """The robot's newest state."""
        self._pose = (pose, joints)
        if self.phase is Phase.PLAYING and stamp_ns >= self._start_ns:
            self._measured.times_ns.append(stamp_ns - self._start_ns)
            self._measured.poses.append(pose.array7())

    def mode(self, mode: int, epoch: int, reason: str) -> None:
        """The arbiter's newest mode."""
        self._mode = (mode, epoch, reason)

    def problem_at_start(self) -> str | None:
        """Why the robot does not stand where the recording began; empty: it does; None: it has
        not been seen, or a planned motion brings it there."""
        if self._mode is None or self._pose is None or self._mode[0] == MOTION:
            return None
        try:
            check_start(self._plan, *self._pose, self._limits)
        except TaktError as error:
            return str(error)
        return ""

    def tick(self, now_ns: int) -> Output:
        """Go on; to be called at least fifty times a second."""
        if self.phase is Phase.WAITING:
            self._look(now_ns)
        elif self.phase is Phase.OFFERING:
            self._offer(now_ns)
        elif self.phase is Phase.PLAYING:
            return self._play(now_ns)
        return Output(running=self.phase in (Phase.OFFERING, Phase.PLAYING))

    def difference(self) -> PathDifference:
        """How far the replayed path was from the recorded one.

        Raises:
            TaktError: nothing was replayed.
        """
        replayed = TcpPath(
            np.array(self._measured.times_ns, dtype=np.int64),
            np.array(self._measured.poses).reshape(-1, 7),
        )
        return compare(self._plan.slowed_path(), replayed)

    def _look(self, now_ns: int) -> None:
        if self._mode is None or self._pose is None:
            return
        mode, _, reason = self._mode
        try:
            if mode != HOLD:
                raise TaktError(
                    f"the arbiter is in mode {mode} ({reason}); a replay begins only in HOLD (0). "
                    "Stop what commands the robot, or reset with control/reset"
                )
            check_start(self._plan, *self._pose, self._limits)
        except TaktError as error:
            self._end(str(error))
            return
        self._asked_ns = now_ns
        self.phase = Phase.OFFERING

    def _offer(self, now_ns: int) -> None:
        if self._mode is not None and self._mode[0] == POLICY:
            self._start_ns = now_ns + START_DELAY_NS
            self.phase = Phase.PLAYING
        elif now_ns - self._asked_ns > OFFER_TIMEOUT_NS:
            why = "" if self._mode is None else self._mode[2]
            self._end(f"the arbiter did not accept the replay within 3 s: {why}")

    def _play(self, now_ns: int) -> Output:
        mode, epoch, reason = self._mode or (HOLD, 0, "")
        if now_ns >= self._start_ns + self._plan.duration_ns:
            self._end("")
            return Output(running=False)
        if mode != POLICY:
            self._end(f"the arbiter left the replay: {reason}")
            return Output(running=False)
        due_ns = self._start_ns + chunk_lead_ns(self._number, self._plan.step_ns) - LEAD_NS
        if now_ns < due_ns:
            return Output(running=True)
        chunk = self._plan.chunk(self._number, self._start_ns, now_ns, epoch)
        self._number += 1
        return Output(running=True, chunk=chunk)

    def _end(self, problem: str) -> None:
        self.problem = problem
        self.phase = Phase.ENDED
