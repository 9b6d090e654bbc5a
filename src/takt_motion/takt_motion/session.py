"""One robot's planned motions, from the goal to the result. Without ROS; time is an argument.

The motion node commands as a policy does: heartbeats, and chunks that the arbiter follows in
the mode MOTION. Chunks reach a little ahead, so that a motion that breaks off stops by itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from takt_core.chunk import ActionChunk
from takt_core.errors import TaktError
from takt_core.geometry import pose_error
from takt_motion.chunks import LEAD_NS, chunk_of, on_grid
from takt_motion.planning import Planned, Start
from takt_motion.request import Request
from takt_motion.settings import MotionParameters
from takt_motion.timeline import Scheduled, Timeline
from takt_motion.views import ArmView, ModeView, Output, Phase, PlanningJob, Result

HOLD, MOTION = 0, 6
# ROS time that goes back by less is jitter between messages of /clock.
_CLOCK_JITTER_NS = 50_000_000
_CHUNK_PERIOD_NS = 100_000_000
_ARM_TIMEOUT_NS = 500_000_000
_REST_TIMEOUT_NS = 3_000_000_000
# Slower than this an arm is at rest [rad/s].
_REST_RAD_S = 0.05
# The arm stands where it did when the motion was planned [rad].
_SAME_PLACE_RAD = 0.05


class MotionSession:
    """Plans, offers, moves, and says how it went; a new goal takes over from the present one.

    Args:
        submit: begins to plan elsewhere; called with the start and the goal.

    Attributes:
        phase: where the present goal stands.
        run: counts offers to the arbiter.
    """

    def __init__(
        self, parameters: MotionParameters, submit: Callable[[Start, Request], PlanningJob]
    ) -> None:
        self._parameters = parameters
        self._submit = submit
        self.phase = Phase.IDLE
        self.run = 0
        self._arm: ArmView | None = None
        self._mode: ModeView | None = None
        self._others: dict[str, float] = {}
        self._request = Request()
        self._job: PlanningJob | None = None
        self._planned: Planned | None = None
        self._start: Start | None = None
        self._timeline: Timeline | None = None
        self._since_ns = self._next_chunk_ns = self._now_ns = 0
        self._chunks = 0
        self._stopped: Result | None = None
        self._result: Result | None = None

    # --- inputs ---------------------------------------------------------------------------

    def arm(self, view: ArmView) -> None:
        self._arm = view

    def mode(self, view: ModeView) -> None:
        """The arbiter's newest mode; a motion ends when the arbiter leaves it.

        So does a goal that has not begun to move: who took over or stopped the robot meanwhile, and
        gave it back, does not expect it.
        """
        before, self._mode = self._mode, view
        if self._timeline is not None:
            if view.mode != MOTION:
                self._end(Result(False, f"the arbiter left the motion: {view.reason}"))
            return
        # Also if more than one change came between two that were heard.
        went_on = view.mode in (HOLD, MOTION) and (
            before is None or 0 <= view.epoch - before.epoch <= 1
        )
        if self.phase is not Phase.IDLE and not went_on:
            self._end(Result(False, f"the arbiter has left HOLD meanwhile: {view.reason}"))

    def others(self, positions: dict[str, float]) -> None:
        """Positions of joints, by name; those of the arm do no harm."""
        self._others.update(positions)

    def refusal(self, now_ns: int) -> str:
        """Why no goal is taken now; empty if one is."""
        arm, mode = self._arm, self._mode
        if arm is None or now_ns - arm.stamp_ns > _ARM_TIMEOUT_NS:
            return "arm/state is silent"
        if arm.fault:
            return f"the controller reports a fault: {arm.fault}"
        if mode is None:
            return "control/mode was never seen; does the arbiter run?"
        # The last motion may have ended just now: planning waits for HOLD.
        allowed = (HOLD,) if self.run == 0 else (HOLD, MOTION)
        if mode.mode not in allowed:
            return (
                f"the arbiter is in mode {mode.mode} ({mode.reason}); a motion begins only in HOLD "
                "(0). End what commands the robot, or reset with control/reset"
            )
        return ""

    def begin(self, request: Request, now_ns: int) -> Result | None:
        """Take a goal, which nothing refuses; the result of the one that it takes over from."""
        # One that has ended since the last beat.
        before, self._result = self._result, None
        if self.phase is Phase.STOPPING:
            before = self._stopped
        elif self.phase is not Phase.IDLE:
            before = Result(False, f"another goal took over: {request}")
        self._request, self._since_ns = request, now_ns
        self._drop_job()
        self._planned = self._start = None
        self.phase = Phase.PLANNING
        if self._timeline is not None:
            self._brake(now_ns)
        return before

    def cancel(self, now_ns: int) -> None:
        """End the present goal: at once before it moves, else after braking."""
        if self.phase is not Phase.IDLE:
            where = "before it moved" if self._timeline is None else "on the way"
            self._stop(Result(False, f"cancelled {where}", cancelled=True), now_ns)

    # --- the beat -------------------------------------------------------------------------

    def tick(self, now_ns: int) -> Output:
        """Go on; to be called at a steady rate."""
        if now_ns < self._now_ns - _CLOCK_JITTER_NS and self.phase is not Phase.IDLE:
            self._end(Result(False, "ROS time went backwards"))
        self._now_ns = now_ns
        try:
            self._go_on(now_ns)
        except TaktError as error:
            self._stop(Result(False, str(error)), now_ns)
        result, self._result = self._result, None
        fraction = 0.0 if self._timeline is None else self._timeline.present.fraction(now_ns)
        running = self.phase is Phase.OFFERING or self._timeline is not None
        return Output(running, self._chunk(now_ns), fraction, result)

    def _go_on(self, now_ns: int) -> None:
        if self.phase is Phase.PLANNING:
            self._plan(now_ns)
        elif self.phase is Phase.OFFERING:
            self._offer(now_ns)
        elif self.phase is Phase.MOVING:
            self._look_at_arrival(now_ns)
        elif self.phase is Phase.STOPPING:
            assert self._timeline is not None
            assert self._stopped is not None
            if now_ns >= self._timeline.present.end_ns:
                self._end(self._stopped)

    def _plan(self, now_ns: int) -> None:
        if self._start is None:
            self._start = self._find_start(now_ns)
        elif self._planned is not None:
            self._begin_motion(self._planned, now_ns)
        elif self._job is None:
            self._job = self._submit(self._start, self._request)
        elif self._job.done():
            self._planned, self._since_ns = _result_of(self._job), now_ns
            self._begin_motion(self._planned, now_ns)

    def _begin_motion(self, planned: Planned, now_ns: int) -> None:
        """Go on after the braked motion, or offer the motion once the arbiter holds."""
        assert self._mode is not None
        if self._timeline is not None:
            self._timeline.append(planned.motion, on_grid(now_ns + LEAD_NS))
            self.phase = Phase.MOVING
        elif self._mode.mode == HOLD:
            self.run += 1
            self._since_ns = now_ns
            self.phase = Phase.OFFERING
        else:
            self._refuse_to_wait(now_ns)

    def _find_start(self, now_ns: int) -> Start | None:
        """Where the motion begins; None until that is known, or until the arm rests there."""
        arm, timeline = self._arm, self._timeline
        assert arm is not None
        rest_ns = self._since_ns
        if timeline is not None:
            rest_ns = timeline.present.end_ns
            rest = timeline.at(rest_ns)
            if rest.joints is not None:
                return Start(rest.joints, rest.pose, dict(self._others))
        # Where the tool was led, only the measured joints say where that ended.
        if arm.stamp_ns >= rest_ns and np.abs(arm.velocity).max() <= _REST_RAD_S:
            return Start(arm.from_joints, arm.target, dict(self._others))
        if now_ns - rest_ns > _REST_TIMEOUT_NS:
            raise TaktError("the arm does not come to rest; a motion begins at rest")
        return None

    def _offer(self, now_ns: int) -> None:
        mode, arm, start, planned = self._mode, self._arm, self._start, self._planned
        assert mode is not None
        assert arm is not None
        assert start is not None
        assert planned is not None
        if mode.mode == MOTION:
            off = float(np.abs(arm.from_joints - start.joints).max())
            if off > _SAME_PLACE_RAD:
                raise TaktError(
                    f"the arm has moved by {off:.2f} rad since the motion was planned; allowed are "
                    f"{_SAME_PLACE_RAD:g} rad. Ask again"
                )
            self._timeline = Timeline(Scheduled(planned.motion, on_grid(now_ns + 2 * LEAD_NS)))
            self._next_chunk_ns = now_ns
            self.phase = Phase.MOVING
        else:
            self._refuse_to_wait(now_ns)

    def _refuse_to_wait(self, now_ns: int) -> None:
        if self._mode and now_ns - self._since_ns > round(self._parameters.offer_timeout_s * 1e9):
            raise TaktError(f"the arbiter did not accept the motion: {self._mode.reason}")

    def _look_at_arrival(self, now_ns: int) -> None:
        timeline, arm, planned = self._timeline, self._arm, self._planned
        assert timeline is not None
        assert arm is not None
        assert planned is not None
        end_ns = timeline.present.end_ns
        if now_ns < end_ns or arm.stamp_ns < end_ns:
            return
        p, goal = self._parameters, timeline.at(end_ns)
        if goal.joints is None:
            off = float(np.linalg.norm(pose_error(arm.pose, goal.pose)[:3]))
            allowed, unit = p.arrived_m, "m"
        else:
            off = float(np.abs(arm.joints - goal.joints).max())
            allowed, unit = p.arrived_rad, "rad"
        if off <= allowed:
            self._end(Result(True, f"arrived: {planned.words}; {off:.4f} {unit} from the goal"))
        elif now_ns > end_ns + round(p.settle_s * 1e9):
            raise TaktError(
                f"the motion has ended {off:.3f} {unit} from its goal; allowed are {allowed:g} "
                f"{unit}. Is something in the way?"
            )

    def _chunk(self, now_ns: int) -> ActionChunk | None:
        if self._timeline is None or self._mode is None or now_ns < self._next_chunk_ns:
            return None
        self._next_chunk_ns = now_ns + _CHUNK_PERIOD_NS
        self._chunks += 1
        return chunk_of(self._timeline, self._chunks, self._mode.epoch, str(self._request), now_ns)

    # --- ends -----------------------------------------------------------------------------

    def _brake(self, now_ns: int) -> None:
        if self._timeline is not None:
            self._timeline.stop(now_ns + LEAD_NS)
            self._next_chunk_ns = now_ns

    def _stop(self, result: Result, now_ns: int) -> None:
        """Brake, then end; end at once if nothing moves."""
        self._brake(now_ns)
        if self._timeline is None:
            self._end(result)
            return
        self._drop_job()
        self._stopped = result
        self.phase = Phase.STOPPING

    def _end(self, result: Result) -> None:
        self._result = result
        self.phase = Phase.IDLE
        self._drop_job()
        self._timeline = self._planned = self._start = self._stopped = None

    def _drop_job(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.cancel()


def _result_of(job: PlanningJob) -> Planned:
    """
    Raises:
        TaktError: whatever went wrong; a library's error must not end the beat.
    """
    try:
        return job.result()
    except TaktError:
        raise
    except Exception as error:
        raise TaktError(f"planning failed: {type(error).__name__}: {error}") from error
