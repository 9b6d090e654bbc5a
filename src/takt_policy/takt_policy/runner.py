"""Runs a policy in lock step with a simulated world, without ROS.

The schedule, the observations and the chunks are those of the policy node; only time is
simulated, and so is the delay of inference. An evaluation gives the same result on any machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from takt_core.chunk import ActionChunk
from takt_core.streams import Sample
from takt_core.trajectory import Trajectory
from takt_policy.chunks import ChunkOrigin, make_chunk, trajectory_of
from takt_policy.engine import PolicyEngine, Prediction
from takt_policy.observation import Missing, Observation, ObservationBuilder
from takt_policy.schedules.receding import RecedingHorizon, RecedingSettings, Ticket

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
        chunks, late_actions, over_budget: of the schedule.
        waiting_s: simulated time without a complete observation where one was wanted [s].
        wall_ns: inference time of each plan on a steady clock [ns].
        records: the committed chunks, in order.
    """

    duration_s: float
    chunks: int
    late_actions: int
    over_budget: int
    waiting_s: float
    wall_ns: tuple[int, ...]
    records: tuple[ActionChunk, ...]


@dataclass(frozen=True, eq=False)
class _Plan:
    ticket: Ticket
    ready_ns: int
    observation: Observation
    prediction: Prediction


class LockStepRunner:
    """One policy, run again and again in worlds that step when told.

    Args:
        engine: the policy; its noise begins anew with every run.
        delay_s: simulated time from observing to committing; a number, or a function of the
            plan's number within the run.
        settings: of the schedule; the first delay is expected to be ``delay_s``.
        tick_ns: how often the schedule looks [ns]; delays are rounded up to it.
    """

    def __init__(
        self,
        engine: PolicyEngine,
        delay_s: float | Callable[[int], float] = 0.0,
        settings: RecedingSettings | None = None,
        tick_ns: int = TICK_NS,
    ) -> None:
        self._engine = engine
        self._delay_s = delay_s
        self._settings = settings or RecedingSettings(initial_delay_s=self._delay(1))
        self._tick_ns = tick_ns

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
            PolicyError: inference failed; the world has got nothing of that chunk.
        """
        run = _Run(self._engine, self._settings, self._delay)
        self._engine.reset(seed)
        run.push(samples)
        start_ns = world.now_ns
        end_ns = start_ns + round(limit_s * 1e9)
        while not is_over() and world.now_ns < end_ns:
            run.tick(world, self._tick_ns)
            run.push(world.advance(self._tick_ns))
        return run.report((world.now_ns - start_ns) * 1e-9)

    def _delay(self, number: int) -> float:
        return self._delay_s(number) if callable(self._delay_s) else self._delay_s


class _Run:
    """The state of one run."""

    def __init__(
        self, engine: PolicyEngine, settings: RecedingSettings, delay_s: Callable[[int], float]
    ) -> None:
        self._engine = engine
        self._delay_s = delay_s
        self._schedule = RecedingHorizon(engine.bundle.spec.horizons, settings)
        self._builder = ObservationBuilder.of(engine.bundle)
        self._plan: _Plan | None = None
        self._records: list[ActionChunk] = []
        self._wall_ns: list[int] = []
        self._waiting_ns = 0

    def push(self, samples: Iterable[Sample]) -> None:
        for sample in samples:
            self._builder.push(sample)

    def tick(self, world: World, tick_ns: int) -> None:
        if self._plan is None and self._schedule.wants_plan(world.now_ns):
            self._start(world.now_ns, tick_ns)
        # Not `elif`: without delay a plan is committed in the tick that made it.
        if self._plan is not None and world.now_ns >= self._plan.ready_ns:
            self._finish(world, self._plan)

    def _start(self, now_ns: int, tick_ns: int) -> None:
        reference = self._builder.reference(now_ns)
        built = reference if isinstance(reference, Missing) else self._builder.build(reference)
        if isinstance(built, Missing):
            self._waiting_ns += tick_ns
            return
        ticket = self._schedule.started(now_ns)
        prediction = self._engine.plan(built)
        self._wall_ns.append(prediction.wall_ns)
        ready_ns = now_ns + round(self._delay_s(ticket.number) * 1e9)
        self._plan = _Plan(ticket, ready_ns, built, prediction)

    def _finish(self, world: World, plan: _Plan) -> None:
        self._plan = None
        now_ns = world.now_ns
        commit = self._schedule.finished(plan.ticket, now_ns, plan.observation.reference_ns)
        if commit is None or commit.over_budget:
            return
        bundle = self._engine.bundle
        origin = ChunkOrigin(
            id=len(self._records) + 1,
            epoch=0,
            policy=bundle.spec.name,
            policy_hash=bundle.hash,
            goal="",
            inference_start_ns=plan.ticket.start_ns,
            inference_end_ns=now_ns,
            published_ns=now_ns,
        )
        step_ns = bundle.spec.horizons.step_ns
        chunk = make_chunk(plan.prediction, plan.observation, commit, step_ns, origin)
        self._records.append(chunk)
        world.commit(trajectory_of(chunk))

    def report(self, duration_s: float) -> RunReport:
        statistics = self._schedule.statistics
        return RunReport(
            duration_s=duration_s,
            chunks=statistics.chunks,
            late_actions=statistics.late_actions,
            over_budget=statistics.over_budget,
            waiting_s=self._waiting_ns * 1e-9,
            wall_ns=tuple(self._wall_ns),
            records=tuple(self._records),
        )
