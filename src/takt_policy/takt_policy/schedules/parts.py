"""What schedules are made of: settings, plans in the making, what is committed, what is counted."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from takt_policy.actions import Actions
from takt_policy.execution import Execution
from takt_policy.prediction import Prediction


@dataclass(frozen=True)
class Timing:
    """How a schedule trades freshness against running dry; see ``Execution`` for the meanings.

    Attributes:
        margin_ns: how much before it is needed a chunk should be ready [ns].
        lead_ns: actions less than this ahead count as late; no controller gets there [ns].
        reserve: predicted actions beyond Ta that are committed, too. They are executed only if
            the next chunk is later than expected, as that replaces them.
        initial_delay_ns: delay to expect before any was measured [ns].
    """

    margin_ns: int
    lead_ns: int
    reserve: int
    initial_delay_ns: int

    @staticmethod
    def of(execution: Execution) -> Timing:
        return Timing(
            round(execution.margin_s * 1e9),
            round(execution.lead_s * 1e9),
            execution.reserve,
            round(execution.expected_delay_s * 1e9),
        )


@dataclass(frozen=True, eq=False)
class Ticket:
    """One plan in the making; a discarded one is no longer honoured.

    Attributes:
        previous: the prediction that is being executed, if there is one.
        takeover_ns: when the new chunk is expected to take over from it, not after the last of
            its actions that was sent [ns].
    """

    number: int
    start_ns: int
    previous: Prediction | None
    takeover_ns: int


@dataclass(frozen=True, eq=False)
class Commit:
    """Actions to send; action i is for ``start_ns + i * step_ns``.

    Attributes:
        prediction: that they come from, with the times at which it is executed.
        first: index of the first of them within its horizon.
        actions: those to send, and only those.
        residual: (count, 6) what a residual network added to each, or None.
        late: of the Ta actions, how many were dropped because their time had passed.
    """

    prediction: Prediction
    first: int
    actions: Actions
    residual: npt.NDArray[np.float64] | None
    start_ns: int
    step_ns: int
    late: int

    @property
    def count(self) -> int:
        return len(self.actions.poses)

    @property
    def end_ns(self) -> int:
        """Time of the last action [ns]."""
        return self.start_ns + (self.count - 1) * self.step_ns

    @property
    def over_budget(self) -> bool:
        """All actions were late; there is nothing to send."""
        return self.count == 0


@dataclass(frozen=True)
class ScheduleStatistics:
    """Since the schedule was made.

    Attributes:
        chunks: committed.
        revisions: of chunks, by a reflex.
        late_actions: dropped because their time had passed; the one for the time of the
            observation is not counted, since no plan could be in time for it.
        over_budget: plans all of whose actions were late.
        failed_plans: plans that gave nothing.
    """

    chunks: int = 0
    revisions: int = 0
    late_actions: int = 0
    over_budget: int = 0
    failed_plans: int = 0

    def __add__(self, other: ScheduleStatistics) -> ScheduleStatistics:
        return self._with(other, 1)

    def __sub__(self, other: ScheduleStatistics) -> ScheduleStatistics:
        return self._with(other, -1)

    def _with(self, other: ScheduleStatistics, sign: int) -> ScheduleStatistics:
        names = [one.name for one in fields(self)]
        return ScheduleStatistics(
            **{name: getattr(self, name) + sign * getattr(other, name) for name in names}
        )


def slice_actions(actions: Actions, first: int, stop: int) -> Actions:
    """The actions from ``first`` to before ``stop``."""
    widths, joints = actions.gripper_width_m, actions.joint_position
    hand = actions.hand_position
    return replace(
        actions,
        poses=actions.poses[first:stop],
        gripper_width_m=None if widths is None else widths[first:stop],
        joint_position=None if joints is None else joints[first:stop],
        hand_position=None if hand is None else hand[first:stop],
    )
