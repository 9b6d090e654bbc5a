"""Asynchronous receding horizon with stamped actions.

A pure state machine: no thread, no clock, no network. The node drives it with ROS time and a
worker, the lock-step runner with simulated time and a simulated delay.

Each chunk is planned while the one before is still being executed, early enough for the delay
that was measured lately. Action i of a chunk is for a fixed time (see ``Horizons``); when the
chunk is ready, actions whose time has passed are dropped, never squeezed in. (Diffusion Policy,
arXiv 2303.04137, executes ``x[To-1 : To-1+Ta]``; UMI, arXiv 2402.10329, drops late ones.)
"""

from __future__ import annotations

from dataclasses import dataclass

from takt_policy.bundle.schema import Horizons
from takt_policy.schedules.delay import DelayEstimate


@dataclass(frozen=True)
class RecedingSettings:
    """How the schedule trades freshness against running dry.

    Attributes:
        margin_s: how much before it is needed a chunk should be ready [s].
        lead_s: actions less than this ahead count as late; no controller gets there [s].
        reserve: predicted actions beyond Ta that are committed, too. They are executed only if
            the next chunk is later than expected, as that replaces them.
        initial_delay_s: delay to expect before any was measured [s].
    """

    margin_s: float = 0.02
    lead_s: float = 0.01
    reserve: int = 4
    initial_delay_s: float = 0.1


@dataclass(frozen=True)
class Ticket:
    """One plan in the making; a discarded one is no longer honoured."""

    number: int
    start_ns: int


@dataclass(frozen=True)
class Commit:
    """Actions to send: indices ``first`` to ``first + count`` of the prediction.

    Attributes:
        start_ns: time of the first of them [ns].
        late: of the Ta actions, how many were dropped because their time had passed.
    """

    first: int
    count: int
    start_ns: int
    late: int

    @property
    def over_budget(self) -> bool:
        """All actions were late; there is nothing to send."""
        return self.count == 0


@dataclass(frozen=True)
class ScheduleStatistics:
    """Since the schedule was made.

    Attributes:
        chunks: committed.
        late_actions: dropped because their time had passed; the one for the time of the
            observation is not counted, since no plan could be in time for it.
        over_budget: plans all of whose actions were late.
    """

    chunks: int = 0
    late_actions: int = 0
    over_budget: int = 0


class RecedingHorizon:
    """Decides when to plan, and what of a finished plan is still worth sending."""

    def __init__(self, horizons: Horizons, settings: RecedingSettings | None = None) -> None:
        self._horizons = horizons
        self._settings = settings or RecedingSettings()
        self._delay = DelayEstimate(round(self._settings.initial_delay_s * 1e9))
        self._planning: Ticket | None = None
        self._numbers = 0
        self._end_ns: int | None = None
        self.statistics = ScheduleStatistics()

    @property
    def expected_delay_ns(self) -> int:
        """From starting a plan to committing it [ns]."""
        return self._delay.expected_ns

    @property
    def planning(self) -> bool:
        return self._planning is not None

    def discard(self) -> None:
        """Forgets the running chunk and the plan in the making; planning begins anew."""
        self._planning = None
        self._end_ns = None

    def wants_plan(self, now_ns: int) -> bool:
        """Whether to observe and plan now."""
        if self._planning is not None:
            return False
        if self._end_ns is None:
            return True
        margin_ns = round(self._settings.margin_s * 1e9)
        return now_ns + self.expected_delay_ns + margin_ns >= self._end_ns

    def started(self, now_ns: int) -> Ticket:
        """Records that a plan is in the making from now on."""
        self._numbers += 1
        self._planning = Ticket(self._numbers, now_ns)
        return self._planning

    def abandoned(self, ticket: Ticket) -> bool:
        """The plan failed, another may start; False if it was discarded meanwhile."""
        if ticket != self._planning:
            return False
        self._planning = None
        return True

    def finished(self, ticket: Ticket, now_ns: int, reference_ns: int) -> Commit | None:
        """The plan is ready: what of it to commit, or None if it was discarded meanwhile.

        Args:
            reference_ns: time of the observation that it was made from [ns].
        """
        if ticket != self._planning:
            return None
        self._planning = None
        self._delay.add(now_ns - ticket.start_ns)
        commit = self._commit(now_ns, reference_ns)
        before = self.statistics
        self.statistics = ScheduleStatistics(
            before.chunks + (not commit.over_budget),
            before.late_actions + commit.late,
            before.over_budget + commit.over_budget,
        )
        if commit.over_budget:
            self._end_ns = None
        else:
            last = self._horizons.execute - 1
            end_ns = reference_ns + last * self._horizons.step_ns
            # If only reserve is left of it, the next plan is wanted at once.
            self._end_ns = max(end_ns, now_ns)
        return commit

    def _commit(self, now_ns: int, reference_ns: int) -> Commit:
        horizons = self._horizons
        step_ns = horizons.step_ns
        earliest_ns = now_ns + round(self._settings.lead_s * 1e9)
        # Number of actions from the reference time on whose time is not after `earliest_ns`.
        passed = max(0, (earliest_ns - reference_ns) // step_ns + 1)
        first = horizons.first + passed
        stop = min(horizons.first + horizons.execute + self._settings.reserve, horizons.prediction)
        return Commit(
            first=first,
            count=max(0, stop - first),
            start_ns=reference_ns + passed * step_ns,
            # The action for the reference time itself is over before anybody could plan it.
            late=min(max(passed - 1, 0), horizons.execute - 1),
        )
