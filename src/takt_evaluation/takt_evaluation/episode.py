"""One episode: a policy in lock step with a simulated world, and what is noted of it."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, Generic, TypeVar

import numpy as np

from takt_core.errors import TaktError
from takt_core.streams import Sample
from takt_core.trajectory import Trajectory
from takt_evaluation.cell import Cell, Job, as_row
from takt_evaluation.handover import handovers
from takt_evaluation.results import Episode
from takt_policy.bundle import load_bundle
from takt_policy.engine import PolicyEngine
from takt_policy.errors import PolicyError
from takt_policy.goals import Goal
from takt_policy.observation import goal_problem
from takt_policy.runner import LockStepRunner, RunReport
from takt_sim.arm_commands import CommandResult
from takt_sim.simulation import ARM_STREAM, Simulation, SimulationParameters
from takt_sim.tasks import make_task
from takt_sim.tasks.base import TaskState

Made = TypeVar("Made")


class EpisodeRunner:
    """Runs episodes in one process; what several of them need is made once and kept."""

    def __init__(self) -> None:
        self._engines: _Kept[PolicyEngine] = _Kept(8, lambda engine: None)
        self._worlds: _Kept[Simulation] = _Kept(2, Simulation.close)

    def __call__(self, job: Job) -> Episode:
        cell = job.cell
        engine = self._engines.get((cell.bundle, cell.execution), lambda: make_engine(cell))
        simulation = self._worlds.get(
            cell.world,
            lambda: Simulation(
                make_task(cell.task, **cell.task_options), SimulationParameters(lazy_images=True)
            ),
        )
        return run_episode(engine, simulation, job)

    def close(self) -> None:
        """Gives back the graphics memory."""
        self._worlds.clear()


def make_engine(cell: Cell) -> PolicyEngine:
    """The cell's policy, warmed up, with one thread.

    Raises:
        TaktError: the bundle is bad, or cannot be executed so.
    """
    bundle = load_bundle(cell.bundle)
    problem = goal_problem(bundle.spec, _goal(cell))
    if problem is not None:
        raise TaktError(f"{problem}; an evaluation can give a text: --goal, or `goal` in the plan")
    engine = PolicyEngine(bundle, cell.execution, threads=1)
    engine.warm_up()
    return engine


def run_episode(engine: PolicyEngine, simulation: Simulation, job: Job) -> Episode:
    """One episode; the same job gives the same one but for wall times."""
    world = _WatchedWorld(simulation)
    # The noise of a chunk follows from the time of its observation.
    samples = world.watched(simulation.reset(job.seed, restart_clock=True))
    start_ns = simulation.now_ns
    report, failure = _NOTHING, ""
    try:
        report = LockStepRunner(engine, job.cell.delay_s, goal=_goal(job.cell)).run(
            world,
            lambda: simulation.task_status.state != TaskState.RUNNING,
            # The task ends an episode itself; this is for one that forgets to.
            simulation.task.time_limit_s + 1.0,
            seed=job.seed,
            samples=samples,
        )
    except PolicyError as error:
        # On a robot this run would have ended with the arm holding still.
        failure = f"policy failed: {error}"
        report = replace(_NOTHING, duration_s=(simulation.now_ns - start_ns) * 1e-9)
    status = simulation.task_status
    return Episode(
        key=job.key,
        **as_row(job.cell),
        bundle_hash=engine.bundle.hash,
        code=job.code,
        seed=job.seed,
        success=status.state == TaskState.SUCCEEDED,
        reason=failure or status.reason or "time is up",
        **_figures(report),
        rejected=world.rejected,
        rejection=world.rejection,
        peak_force_n=world.peak_force_n,
        measures=dict(status.measures),
        load=os.getloadavg()[0],
    )


_NOTHING = RunReport(0.0, 0, 0, 0, 0, 0, 0, 0, 0.0, (), (), ())
"""Of a run that the policy's failure ended: what there was of it is not known."""


def _figures(report: RunReport) -> dict[str, Any]:
    """What a row says of a run."""
    changes = handovers(report.records)
    reflexes_ns = report.reflex_wall_ns
    return {
        "duration_s": report.duration_s,
        "waiting_s": report.waiting_s,
        "plans": len(report.wall_ns),
        "chunks": report.chunks,
        "revisions": report.revisions,
        "failed_plans": report.failed_plans,
        "network_calls": report.network_calls,
        "rounds": report.rounds,
        "wall_ms": tuple(ns * 1e-6 for ns in report.wall_ns),
        "reflex_wall_ms": float(np.median(reflexes_ns)) * 1e-6 if reflexes_ns else 0.0,
        "late_actions": report.late_actions,
        "over_budget": report.over_budget,
        "jumps_m": changes.position_m,
        "jumps_m_s": changes.velocity_m_s,
        "gaps": changes.gaps,
    }


def _goal(cell: Cell) -> Goal | None:
    return Goal(text=cell.goal) if cell.goal else None


class _WatchedWorld:
    """A simulation, with a look at what passes between it and the policy."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self.peak_force_n = 0.0
        self.rejected = 0
        self.rejection = ""

    @property
    def now_ns(self) -> int:
        return self._simulation.now_ns

    def advance(self, duration_ns: int) -> list[Sample]:
        return self.watched(self._simulation.advance(duration_ns))

    def commit(self, trajectory: Trajectory) -> CommandResult:
        result = self._simulation.commit(trajectory)
        if not result.accepted:
            self.rejected += 1
            self.rejection = self.rejection or str(result.reason)
        return result

    def watched(self, samples: list[Sample]) -> list[Sample]:
        """The samples, once the forces in them are noted."""
        for sample in samples:
            if sample.stream == ARM_STREAM:
                force_n = float(np.linalg.norm(sample.features["wrench"][:3]))
                self.peak_force_n = max(self.peak_force_n, force_n)
        return samples


class _Kept(Generic[Made]):
    """Things that are costly to make; the one that was not asked for longest goes first."""

    def __init__(self, capacity: int, give_up: Callable[[Made], None]) -> None:
        self._capacity = capacity
        self._give_up = give_up
        self._things: OrderedDict[Hashable, Made] = OrderedDict()

    def get(self, name: Hashable, make: Callable[[], Made]) -> Made:
        if name not in self._things:
            while len(self._things) >= self._capacity:
                self._give_up(self._things.popitem(last=False)[1])
            self._things[name] = make()
        self._things.move_to_end(name)
        return self._things[name]

    def clear(self) -> None:
        """Gives up all of them."""
        while self._things:
            self._give_up(self._things.popitem()[1])
