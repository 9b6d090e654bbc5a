"""Runs a policy in lock step with a simulated world, without ROS.

It drives the policy node's own runtime; only time is simulated, and so is the delay of inference.
An evaluation gives the same result on any machine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from takt_core.chunk import ActionChunk
from takt_core.streams import Sample
from takt_core.trajectory import Trajectory
from takt_policy.chunks import trajectory_of
from takt_policy.engine import PolicyEngine
from takt_policy.errors import PolicyError
from takt_policy.execution import Execution
from takt_policy.goals import Goal
from takt_policy.jobs import Plan, Reflex
from takt_policy.runtime import FAILURES_ALLOWED, PolicyRuntime, State

TICK_NS = 10_000_000


class World(Protocol):
    """What is needed of a world; ``takt_sim.Simulation`` fits."""

    @property
    def now_ns(self) -> int: ...

    def advance(self, duration_ns: int) -> Iterable[Sample]:
        """Lets time pass; returns the samples delivered meanwhile."""

    def commit(self, trajectory: Trajectory) -> Any:
        """Gives waypoints to the controller."""


@dataclass(frozen=True, eq=False)
class RunReport:
    """What happened in one run.

    Attributes:
        duration_s: simulated [s].
        chunks, revisions, late_actions, over_budget, failed_plans: of the schedule.
        network_calls, rounds: over all plans.
        waiting_s: simulated time in which the policy had nothing to execute and no plan to
            expect, for example for want of an observation [s].
        wall_ns: inference time of each plan on a steady clock [ns].
        reflex_wall_ns: the same of each reflex [ns].
        records: the committed chunks and their revisions, in order.
    """

    duration_s: float
    chunks: int
    revisions: int
    late_actions: int
    over_budget: int
    failed_plans: int
    network_calls: int
    rounds: int
    waiting_s: float
    wall_ns: tuple[int, ...]
    reflex_wall_ns: tuple[int, ...]
    records: tuple[ActionChunk, ...]


class LockStepRunner:
    """One policy, run again and again in worlds that step when told.

    Args:
        engine: the policy; its noise begins anew with every run.
        delay_s: simulated time from observing to committing; a number, or a function of the
            plan's number within the run.
        execution: of the schedule, by default the engine's; the first delay is expected to be
            ``delay_s``.
        reflex_delay_s: the same of a reflex.
        goal: for policies that need one.
        tick_ns: how often the schedule looks [ns]; delays are rounded up to it.
        failures_allowed: so many plans may fail, one after the other.
    """

    def __init__(
        self,
        engine: PolicyEngine,
        delay_s: float | Callable[[int], float] = 0.0,
        execution: Execution | None = None,
        reflex_delay_s: float = 0.0,
        goal: Goal | None = None,
        tick_ns: int = TICK_NS,
        failures_allowed: int = FAILURES_ALLOWED,
    ) -> None:
        self._engine = engine
        self._delay_s = delay_s
        self._reflex_delay_s = reflex_delay_s
        self._execution = replace(
            execution or engine.execution, expected_delay_s=min(self._delay(1), 5.0)
        )
        self._goal = goal
        self._tick_ns = tick_ns
        self._failures_allowed = failures_allowed

    def run(
        self,
        world: World,
        is_over: Callable[[], bool],
        limit_s: float,
        seed: int = 0,
        samples: Iterable[Sample] = (),
    ) -> RunReport:
        """Runs until ``is_over()`` or until ``limit_s`` of simulated time has passed.

        Args:
            samples: what the world delivered before, e.g. at its reset.

        Raises:
            PolicyError: the policy failed: too many plans, or a sample that it cannot use.
        """
        self._engine.reset(seed)
        run = _Run(world, self._delay, self._reflex_delay_s, self._failures_allowed)
        run.runtime.load(self._engine, execution=self._execution)
        if self._goal is not None:
            run.runtime.set_goal(self._goal)
        run.runtime.begin()
        run.push(samples)
        start_ns = world.now_ns
        end_ns = start_ns + round(limit_s * 1e9)
        while not is_over() and world.now_ns < end_ns:
            run.tick(self._tick_ns)
            run.push(world.advance(self._tick_ns))
        return run.report((world.now_ns - start_ns) * 1e-9)

    def _delay(self, number: int) -> float:
        return self._delay_s(number) if callable(self._delay_s) else self._delay_s


class _Run:
    """The state of one run: simulated workers, and what came of them."""

    def __init__(
        self,
        world: World,
        delay_s: Callable[[int], float],
        reflex_delay_s: float,
        failures_allowed: int,
    ) -> None:
        self._world = world
        self._delay_s = delay_s
        self._reflex_delay_ns = round(reflex_delay_s * 1e9)
        self._plans: deque[tuple[int, Callable[[], Plan]]] = deque()
        self._reflexes: deque[tuple[int, Callable[[], Reflex]]] = deque()
        self._started = 0
        self._records: list[ActionChunk] = []
        self._wall_ns: list[int] = []
        self._reflex_wall_ns: list[int] = []
        self._waiting_ns = self._network_calls = self._rounds = 0
        self.runtime = PolicyRuntime(
            self._submit, self._submit_reflex, lambda: world.now_ns, failures_allowed
        )

    def push(self, samples: Iterable[Sample]) -> None:
        for sample in samples:
            self.runtime.push(sample)
        self._check()

    def tick(self, tick_ns: int) -> None:
        now_ns = self._world.now_ns
        self.runtime.tick(now_ns)
        # Without delay a plan is committed in the tick that made it.
        while self._plans and self._plans[0][0] <= now_ns:
            self._finish(self._plans.popleft()[1]())
        while self._reflexes and self._reflexes[0][0] <= now_ns:
            self._finish_reflex(self._reflexes.popleft()[1]())
        self._check()
        if self.runtime.state is State.WAITING:
            self._waiting_ns += tick_ns

    def _submit(self, job: Callable[[], Plan]) -> None:
        self._started += 1
        delay_ns = round(self._delay_s(self._started) * 1e9)
        self._plans.append((self._world.now_ns + delay_ns, job))

    def _submit_reflex(self, job: Callable[[], Reflex]) -> None:
        self._reflexes.append((self._world.now_ns + self._reflex_delay_ns, job))

    def _finish(self, plan: Plan) -> None:
        if plan.prediction is not None:
            self._wall_ns.append(plan.prediction.wall_ns)
            self._network_calls += plan.prediction.network_calls
            self._rounds += plan.prediction.rounds
        self._commit(self.runtime.finish(plan, self._world.now_ns))

    def _finish_reflex(self, reflex: Reflex) -> None:
        self._reflex_wall_ns.append(reflex.wall_ns)
        self._commit(self.runtime.finish_reflex(reflex, self._world.now_ns))

    def _commit(self, chunk: ActionChunk | None) -> None:
        if chunk is not None:
            self._records.append(chunk)
            self._world.commit(trajectory_of(chunk))

    def _check(self) -> None:
        if self.runtime.state is State.FAILED:
            raise PolicyError(self.runtime.reason)

    def report(self, duration_s: float) -> RunReport:
        statistics = self.runtime.statistics
        return RunReport(
            duration_s=duration_s,
            chunks=statistics.chunks,
            revisions=statistics.revisions,
            late_actions=statistics.late_actions,
            over_budget=statistics.over_budget,
            failed_plans=statistics.failed_plans,
            network_calls=self._network_calls,
            rounds=self._rounds,
            waiting_s=self._waiting_ns * 1e-9,
            wall_ns=tuple(self._wall_ns),
            reflex_wall_ns=tuple(self._reflex_wall_ns),
            records=tuple(self._records),
        )
