"""Demonstrations from the simulator, perturbed so that they show how to recover.

The demonstrator acts on a wrong belief about the hole much of the time, which carries the
arm to where an imperfect policy would be: beside the hole, onto the rim, turned. The label
is always what it would do if it knew the truth (DART, arXiv 1703.09327). A trained policy
can act instead; the labels stay the teacher's (DAgger, arXiv 1011.0686).
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from takt_core.geometry import Pose, matrix_from_rotation_vector, quaternion_from_matrix
from takt_core.streams import Sample
from takt_core.trajectory import Trajectory, Waypoint
from takt_policy.bundle.schema import PolicySpec
from takt_policy.observation import Observation, ObservationBuilder
from takt_sim.simulation import Simulation
from takt_sim.tasks.base import TaskState
from takt_sim.tasks.peg_insertion import TIP_FROM_PEG, PegInsertion
from takt_training.points import PointProjector
from takt_training.reference import IMAGE_SIDE, specification
from takt_training.shards import Arrays, save_shard
from takt_training.teacher import Teacher

STEP_NS = 100_000_000
TRAINING_SEEDS = 100_000
"""Demonstrations use the seeds from here on; evaluations stay below."""

LEARNER_SEEDS = 50_000
"""How much further on the seeds lie where a policy acts."""

EPISODE_LIMIT_S = 14.0
Progress = Callable[[str], None]


@dataclass(frozen=True)
class CollectConfig:
    """How much to collect, and how wrong the demonstrator's belief is.

    Attributes:
        episodes: in all shards together.
        per_shard: episodes in one shard.
        first_seed: of the first episode.
        workers: processes.
        wrong: part of the segments with a wrong belief.
        kicked: part of the segments that go somewhere else altogether.
        belief_m, belief_rad: standard deviations of the wrong belief.
        kick_m: how far a kick goes, each way.
        bundle: of a policy that acts instead of the demonstrator, or "".
    """

    episodes: int = 300
    per_shard: int = 10
    first_seed: int = TRAINING_SEEDS
    workers: int = 2
    wrong: float = 0.5
    kicked: float = 0.10
    belief_m: tuple[float, float, float] = (0.006, 0.006, 0.003)
    belief_rad: tuple[float, float, float] = (0.02, 0.02, 0.08)
    kick_m: tuple[float, float, float] = (0.05, 0.05, 0.06)
    bundle: str = ""


class Actor(Protocol):
    """Who moves the arm while the teacher labels."""

    def act(self, simulation: Simulation, observation: Observation) -> tuple[Trajectory, int]:
        """The next waypoints, and for how many steps of 0.1 s to follow them."""


@dataclass
class Demonstrator:
    """The teacher, acting on what it believes."""

    config: CollectConfig
    rng: np.random.Generator
    _belief: Pose = field(default_factory=Pose.identity)

    def act(self, simulation: Simulation, observation: Observation) -> tuple[Trajectory, int]:
        teacher = teacher_of(simulation, self._believed(simulation))
        poses = teacher.plan(simulation.robot.base_from_tcp, 12, STEP_NS * 1e-9)
        first_ns = simulation.now_ns + STEP_NS
        waypoints = tuple(Waypoint(first_ns + i * STEP_NS, p) for i, p in enumerate(poses))
        return Trajectory(waypoints, "expert"), int(self.rng.integers(2, 8))

    def _believed(self, simulation: Simulation) -> Pose:
        config, draw = self.config, self.rng.random()
        offset, turn = np.zeros(3), np.zeros(3)
        if draw < config.kicked:
            offset = self.rng.uniform(-1.0, 1.0, 3) * np.asarray(config.kick_m)
            offset[2] = abs(offset[2])
        elif draw < config.kicked + config.wrong:
            offset = self.rng.normal(0.0, config.belief_m)
            turn = self.rng.normal(0.0, config.belief_rad)
        hole = task_of(simulation).base_from_hole
        rotation = hole.rotation() @ matrix_from_rotation_vector(turn)
        return Pose(hole.position_m + offset, quaternion_from_matrix(rotation))


@dataclass
class Learner:
    """A trained policy with a random delay of inference."""

    engine: Any
    rng: np.random.Generator

    def act(self, simulation: Simulation, observation: Observation) -> tuple[Trajectory, int]:
        poses = self.engine.plan(self._normalised(observation)).actions.poses
        delay_ns = int(self.rng.integers(0, 16)) * 10_000_000
        first = self.engine.bundle.spec.horizons.first
        waypoints = [
            Waypoint(observation.reference_ns + (i - first) * STEP_NS, Pose.from_array7(pose))
            for i, pose in enumerate(poses)
        ]
        kept = tuple(w for w in waypoints if w.time_ns > simulation.now_ns + delay_ns)
        return Trajectory(kept, "policy"), int(self.rng.integers(4, 9))

    def _normalised(self, observation: Observation) -> Observation:
        """Rows are kept in units, but a policy sees them normalised."""
        bundle = self.engine.bundle
        arrays = {
            one.name: observation.arrays[one.name]
            if one.dtype == "uint8"
            else bundle.normalizers[one.name].normalize(observation.arrays[one.name])
            for one in bundle.spec.inputs
        }
        return replace(observation, arrays=arrays)


def task_of(simulation: Simulation) -> PegInsertion:
    """The simulation's task, which must be peg insertion."""
    if not isinstance(simulation.task, PegInsertion):
        raise TypeError(f"task {simulation.task.name!r} has no hole; use peg_insertion")
    return simulation.task


def teacher_of(simulation: Simulation, base_from_hole: Pose | None = None) -> Teacher:
    """The teacher of this episode, who knows the hole or believes it somewhere else."""
    task = task_of(simulation)
    tcp_from_tip = task.tcp_from_peg @ Pose(TIP_FROM_PEG, np.array([0.0, 0.0, 0.0, 1.0]))
    return Teacher(base_from_hole or task.base_from_hole, tcp_from_tip)


class EpisodeRecorder:
    """Builds the rows of one episode; see ``shards`` for what is in them."""

    def __init__(self, simulation: Simulation, spec: PolicySpec, seed: int) -> None:
        self._simulation, self._spec, self._seed = simulation, spec, seed
        self._builder = ObservationBuilder(spec)
        self._teacher = teacher_of(simulation)
        self._projectors = {
            "wrist_image": PointProjector(simulation, "wrist_camera", IMAGE_SIDE, moving=True),
            "front_image": PointProjector(simulation, "front_camera", IMAGE_SIDE, moving=False),
        }
        self.rows: list[Arrays] = []

    def push(self, samples: Iterable[Sample]) -> None:
        for sample in samples:
            self._builder.push(sample)

    def observe(self) -> Observation | None:
        """The observation now, or None while the cameras have not delivered."""
        reference = self._builder.reference(self._simulation.now_ns)
        built = self._builder.build(reference) if isinstance(reference, int) else reference
        return built if isinstance(built, Observation) else None

    def record(self, seen: Observation) -> None:
        """Adds a row with the teacher's answer to an observation."""
        task = task_of(self._simulation)
        horizon = self._spec.horizons
        now = seen.reference_pose
        plan = self._teacher.plan(now, horizon.prediction - horizon.first - 1, horizon.step_s)
        actions = [now] * (horizon.first + 1) + plan
        tcp_from_hole = now.inverse() @ task.base_from_hole
        rotation = tcp_from_hole.rotation()
        yaw = np.arctan2(rotation[1, 0], rotation[0, 0])
        row: Arrays = {f"input/{name}": value[0] for name, value in seen.arrays.items()}
        row["reference"] = now.array7()
        row["actions"] = np.stack([pose.array7() for pose in actions])
        row["landmark"] = np.array([*tcp_from_hole.position_m, yaw])
        row["episode"] = np.array(self._seed)
        for name, projector in self._projectors.items():
            row[f"points/{name}"] = projector.pixels(now, task).astype(np.float32)
        self.rows.append(row)


def collect_episode(
    simulation: Simulation, actor: Actor, spec: PolicySpec, seed: int
) -> tuple[list[Arrays], str]:
    """One episode: its rows and how it ended."""
    samples = simulation.reset(seed)
    recorder = EpisodeRecorder(simulation, spec, seed)
    recorder.push(samples)
    left = 0
    limit = round(EPISODE_LIMIT_S * 1e9 / STEP_NS)
    for _ in range(limit):
        seen = recorder.observe()
        if seen is not None:
            recorder.record(seen)
            if left <= 0:
                trajectory, left = actor.act(simulation, seen)
                simulation.commit(trajectory)
            left -= 1
        recorder.push(simulation.advance(STEP_NS))
        if simulation.task_status.state != TaskState.RUNNING:
            break
    status = simulation.task_status
    return recorder.rows, status.reason or "time is up"


def collect_shard(job: tuple[CollectConfig, int, Path]) -> str:
    """One shard, in its own process; returns a line about it."""
    config, number, path = job
    spec = specification()
    simulation = Simulation()
    rows: list[Arrays] = []
    inserted = 0
    first = number * config.per_shard
    seeds = range(first, min(first + config.per_shard, config.episodes))
    for index in seeds:
        seed = config.first_seed + index
        actor = make_actor(config, np.random.default_rng([seed, 2]))
        got, ending = collect_episode(simulation, actor, spec, seed)
        rows += got
        inserted += ending == "inserted"
    simulation.close()
    save_shard(path, {name: np.stack([row[name] for row in rows]) for name in rows[0]})
    return f"{path.name}: {len(rows)} rows, {inserted}/{len(seeds)} inserted"


def make_actor(config: CollectConfig, rng: np.random.Generator) -> Actor:
    """Who acts, by the configuration."""
    if not config.bundle:
        return Demonstrator(config, rng)
    from takt_policy.bundle import load_bundle
    from takt_policy.engine import PolicyEngine

    return Learner(PolicyEngine(load_bundle(config.bundle)), rng)


def collect(config: CollectConfig, folder: Path, progress: Progress) -> Sequence[Path]:
    """All shards that are not there yet; a second call costs nothing."""
    count = -(-config.episodes // config.per_shard)
    prefix = "learner" if config.bundle else "teacher"
    paths = [folder / f"{prefix}_{config.first_seed}_{n:03d}.npz" for n in range(count)]
    jobs = [(config, n, path) for n, path in enumerate(paths) if not path.exists()]
    if not jobs:
        progress(f"{count} shards are there already in {folder}")
        return paths
    os.environ.setdefault("MUJOCO_GL", "egl")
    context = multiprocessing.get_context("spawn")
    with context.Pool(max(1, min(config.workers, len(jobs)))) as pool:
        for done, line in enumerate(pool.imap_unordered(collect_shard, jobs), 1):
            progress(f"[{done}/{len(jobs)}] {line}")
    return paths
