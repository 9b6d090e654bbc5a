"""What all schedules share: plans in the making, measured delay, failures, the cut of a chunk.

A schedule is a pure state machine: no thread, no clock, no network. The node drives it with ROS
time and a worker, the lock-step runner with simulated time and a simulated delay.

Action i of a prediction is for a fixed time (``Prediction.time_ns``). When a plan is ready, the
actions whose time has passed, or is less than ``lead_s`` ahead, are dropped, never squeezed in. A
commit replaces everything that was committed before from its own first action on.

An arm at rest is another matter: while nothing was executed, no action was consumed. Dropping
those of that time would make it jump to where the policy meant it to be by now. So time in which
the arm stood does not count: a chunk's times are moved by as much.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace

from takt_policy.bundle.schema import Horizons
from takt_policy.prediction import Prediction
from takt_policy.schedules.delay import DelayEstimate
from takt_policy.schedules.parts import Commit, ScheduleStatistics, Ticket, Timing, slice_actions

RETRY_NS = 100_000_000
"""After a plan that failed, the next begins so much later [ns]: a broken graph is no busy loop."""


class Schedule(ABC):
    """Decides when to plan, and what of a finished plan is still worth sending.

    Args:
        warm: whether the policy was warmed up; if not, its first plan says nothing about its delay.
    """

    def __init__(self, horizons: Horizons, timing: Timing, warm: bool = True) -> None:
        self.horizons = horizons
        self.timing = timing
        self.statistics = ScheduleStatistics()
        self.planning: Ticket | None = None
        self.current: Prediction | None = None
        self._delay = DelayEstimate(timing.initial_delay_ns, skip=0 if warm else 1)
        self._numbers = 0
        self._retry_ns = self._sent_until_ns = 0
        self._started_ns: int | None = None

    # What differs between schedules

    @property
    @abstractmethod
    def budget_ns(self) -> int:
        """How long a plan may take, from starting to committing, for the rate asked for [ns]."""

    @property
    def earliest_reference_ns(self) -> int:
        """Observations from before are of no use for the next plan [ns]."""
        return 0

    @abstractmethod
    def _is_due(self, now_ns: int) -> bool:
        """Whether another plan is wanted, given that none is in the making."""

    @abstractmethod
    def _place(self, prediction: Prediction, now_ns: int) -> Commit:
        """What of a new prediction to send; the schedule takes it as the current one."""

    @abstractmethod
    def _replace(self, revision: Prediction, now_ns: int) -> Commit:
        """What of a revision of the current prediction to send."""

    @abstractmethod
    def _forget(self) -> None:
        """Forgets what was committed."""

    # What they have in common

    @property
    def expected_delay_ns(self) -> int:
        """From starting a plan to committing it [ns]."""
        return self._delay.expected_ns

    @property
    def load(self) -> float:
        """Fraction of the budget that plans take; 0 until one was measured."""
        return self._delay.expected_ns / self.budget_ns if self._delay.measured else 0.0

    def is_ahead(self, now_ns: int) -> bool:
        """Whether something of the current chunk can still be changed."""
        return now_ns + self.timing.lead_ns < self._sent_until_ns

    def discard(self) -> None:
        """Forgets the running chunk and the plan in the making; planning begins anew."""
        self.planning = None
        self.current = None
        self._retry_ns = self._sent_until_ns = 0
        self._started_ns = None
        self._forget()

    def wants_plan(self, now_ns: int) -> bool:
        """Whether to observe and plan now."""
        return self.planning is None and now_ns >= self._retry_ns and self._is_due(now_ns)

    def started(self, now_ns: int) -> Ticket:
        """Records that a plan is in the making from now on."""
        self._numbers += 1
        self._started_ns = now_ns
        previous, h = self.current, self.horizons
        # Of an arm that has come to rest, nothing is to be continued.
        until_ns = self._sent_until_ns
        if previous is not None:
            until_ns = min(until_ns, previous.time_ns(h.prediction - 1))
            previous = previous if now_ns < until_ns else None
        # One slow plan must not have the next chunks repeat all that there is of the previous.
        free_ns = max(h.prediction - h.first - h.execute, 1) * h.step_ns
        takeover_ns = now_ns + min(self.expected_delay_ns, free_ns) + self.timing.lead_ns
        if previous is not None:
            # What was predicted but never sent is not going to be executed.
            takeover_ns = min(takeover_ns, until_ns)
        self.planning = Ticket(self._numbers, now_ns, previous, takeover_ns)
        return self.planning

    def failed(self, ticket: Ticket, now_ns: int) -> bool:
        """The plan gave nothing, another may start a little later; False if it was discarded."""
        if ticket is not self.planning:
            return False
        self.planning = None
        self._retry_ns = now_ns + RETRY_NS
        self._count(failed_plans=1)
        return True

    def finished(self, ticket: Ticket, now_ns: int, prediction: Prediction) -> Commit | None:
        """The plan is ready: what to commit, or None if it was discarded meanwhile."""
        if ticket is not self.planning:
            return None
        self.planning = None
        self._delay.add(now_ns - ticket.start_ns)
        stood_ns = self._stood_ns(prediction, now_ns)
        if stood_ns > 0:
            # What is left of older predictions is for an arm that did not stand.
            self._forget()
            prediction = replace(prediction, reference_ns=prediction.reference_ns + stood_ns)
        commit = self._place(prediction, now_ns)
        if not commit.over_budget:
            self.current, self._sent_until_ns = commit.prediction, commit.end_ns
        self._count(
            chunks=not commit.over_budget, late_actions=commit.late, over_budget=commit.over_budget
        )
        return commit

    def revised(self, base: Prediction, revision: Prediction, now_ns: int) -> Commit | None:
        """A reflex has revised ``base``: what to commit, or None if it is too late for that."""
        if base is not self.current:
            return None
        commit = self._replace(revision, now_ns)
        if commit.over_budget:
            return None
        self.current = commit.prediction
        self._count(revisions=1)
        return commit

    def _stood_ns(self, prediction: Prediction, now_ns: int) -> int:
        """How long the arm has stood since the observation when the prediction takes over [ns].

        0 if all actions are late: what it saw is too old to act on, so that it stays as it is.
        """
        begin_ns = now_ns + self.timing.lead_ns
        if self._cut(prediction, now_ns, self.timing.reserve).over_budget:
            return 0
        return max(0, begin_ns - max(prediction.reference_ns, self._sent_until_ns))

    def _count(self, **more: int) -> None:
        self.statistics += ScheduleStatistics(**{name: int(n) for name, n in more.items()})

    def _cut(self, prediction: Prediction, now_ns: int, reserve: int) -> Commit:
        """The actions of a prediction that are still ahead."""
        h, step_ns = self.horizons, self.horizons.step_ns
        earliest_ns = now_ns + self.timing.lead_ns
        # Number of actions from the reference time on whose time is not after `earliest_ns`.
        passed = max(0, (earliest_ns - prediction.reference_ns) // step_ns + 1)
        first = h.first + passed
        stop = max(min(h.first + h.execute + reserve, h.prediction), first)
        residual = prediction.residual
        return Commit(
            prediction=prediction,
            first=first,
            actions=slice_actions(prediction.actions, first, stop),
            residual=None if residual is None else residual[first:stop],
            start_ns=prediction.reference_ns + passed * step_ns,
            step_ns=step_ns,
            # The action for the reference time itself is over before anybody could plan it.
            late=min(max(passed - 1, 0), h.execute - 1),
        )
