"""Recording one episode of demonstrations: what a policy would have seen, and what is right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from takt_core.geometry import Pose
from takt_core.streams import Sample
from takt_policy.observation import Missing, Observation, ObservationBuilder
from takt_sim.simulation import Simulation
from takt_sim.tasks.base import TaskState
from takt_training.points import PointProjector
from takt_training.recipes.base import Actor, Disturbance, Recipe, Teacher
from takt_training.shards import Arrays

STEP_NS = 100_000_000
FAST_NS = 50_000_000
FAST_AGE_NS = 20_000_000
"""Fast observations are of a moment ago, for which every fast stream surely has a sample."""

FAST_PLAN = 44
"""Steps of ``FAST_NS`` that the teacher plans ahead for a fast observation."""


class EpisodeRecorder:
    """Builds the rows of one episode; see ``shards`` for what is in them."""

    def __init__(self, simulation: Simulation, recipe: Recipe, teacher: Teacher, seed: int) -> None:
        self._spec = recipe.specification()
        self._simulation, self._teacher, self._seed = simulation, teacher, seed
        self._builder = ObservationBuilder(self._spec)
        self._projectors = {
            name: PointProjector(simulation, place, self._spec.input(name).shape[-1])
            for name, place in recipe.cameras.items()
        }
        self.rows: list[Arrays] = []

    def push(self, samples: Iterable[Sample]) -> None:
        for sample in samples:
            self._builder.push(sample)

    def observe(self) -> Observation | None:
        """What the policy would see now, in units; None while something is missing."""
        reference = self._builder.reference(self._simulation.now_ns)
        if isinstance(reference, Missing):
            return None
        seen = self._builder.build(reference)
        return None if isinstance(seen, Missing) else seen

    def record(self, seen: Observation) -> None:
        """Adds a row with the teacher's answer to an observation."""
        horizon, now = self._spec.horizons, seen.reference_pose
        kept = horizon.first + 1
        plan = self._teacher.plan(now, horizon.prediction - kept, horizon.step_s)
        row: Arrays = {f"input/{name}": value[0] for name, value in seen.arrays.items()}
        row["reference"] = now.array7()
        row["actions"] = np.stack([pose.array7() for pose in ([now] * kept + list(plan.poses))])
        if plan.widths_m is not None:
            row["widths"] = np.concatenate([np.repeat(plan.widths_m[:1], kept), plan.widths_m])
        row["landmark"] = self._teacher.landmark(now)
        row["episode"] = np.array(self._seed)
        row["time_ns"] = np.array(seen.reference_ns)
        points_m = self._teacher.points_m(now)
        for name, projector in self._projectors.items():
            row[f"points/{name}"] = projector.pixels(points_m, now).astype(np.float32)
        self.rows.append(row)


class FastRecorder:
    """Rows at 20 Hz: what was felt, and what would be right from there.

    The pose and the wrench are kept in base axes and without history; ``felt`` turns
    neighbouring rows into what the fast inputs are.
    """

    def __init__(self, simulation: Simulation, recipe: Recipe, teacher: Teacher, seed: int) -> None:
        inputs = tuple(
            replace(one, history=1, preprocess=replace(one.preprocess, frame="base"))
            for one in recipe.fast_inputs()
        )
        spec = recipe.specification()
        pose = next(one.name for one in inputs if one.preprocess.kind == "pose")
        self._builder = ObservationBuilder(replace(spec, inputs=inputs, reference_pose=pose))
        self._simulation, self._teacher, self._seed = simulation, teacher, seed
        self.rows: list[Arrays] = []

    def push(self, samples: Iterable[Sample]) -> None:
        for sample in samples:
            self._builder.push(sample)

    def record(self) -> None:
        """Adds a row, unless something is missing yet."""
        seen = self._builder.build(self._simulation.now_ns - FAST_AGE_NS)
        if isinstance(seen, Missing):
            return
        now = seen.reference_pose
        # From where the arm is commanded to be: a plan from where it is, made 20 times a second,
        # would add up what the arm lags behind.
        wanted = Pose.from_array7(self._simulation.robot.target_pose)
        plan = self._teacher.plan(wanted, FAST_PLAN, FAST_NS * 1e-9)
        row: Arrays = {f"fast/{name}": value[0, 0] for name, value in seen.arrays.items()}
        row["fast/reference"] = now.array7()
        row["fast/plan"] = np.stack([pose.array7() for pose in (wanted, *plan.poses)])
        row["fast/plan_ns"] = np.array(self._simulation.now_ns)
        row["fast/episode"] = np.array(self._seed)
        row["fast/time_ns"] = np.array(seen.reference_ns)
        self.rows.append(row)


def collect_episode(
    simulation: Simulation,
    recipe: Recipe,
    actor: Actor,
    seed: int,
    samples: Sequence[Sample],
    disturbance: Disturbance | None = None,
    fast: bool = False,
) -> tuple[list[Arrays], list[Arrays], str]:
    """One episode that was just reset, giving ``samples``: rows, fast rows, how it ended."""
    teacher = recipe.felt_teacher(simulation) if fast else recipe.teacher(simulation)
    slow = EpisodeRecorder(simulation, recipe, teacher, seed)
    quick = FastRecorder(simulation, recipe, teacher, seed) if fast else None
    slow.push(samples)
    if quick is not None:
        quick.push(samples)
    left = 0
    for _ in range(round(recipe.time_limit_s * 1e9 / STEP_NS)):
        seen = slow.observe()
        if seen is not None:
            slow.record(seen)
            slow.rows[-1]["acted"] = np.array(left <= 0)
            if left <= 0:
                trajectory, left = actor.act(simulation, seen)
                simulation.commit(trajectory)
            left -= 1
        for _ in range(STEP_NS // FAST_NS):
            samples = simulation.advance(FAST_NS)
            slow.push(samples)
            if quick is not None:
                quick.push(samples)
                quick.record()
            if disturbance is not None:
                disturbance.disturb(simulation)
        if simulation.task_status.state != TaskState.RUNNING:
            break
    status = simulation.task_status
    return slow.rows, [] if quick is None else quick.rows, status.reason or "time is up"
