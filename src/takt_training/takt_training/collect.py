"""Demonstrations from the simulator, perturbed so that they show how to recover.

The demonstrator acts on a wrong belief much of the time, which carries the arm to where an
imperfect policy would be. The label is always what it would do if it knew the truth (DART,
arXiv 1703.09327). A trained policy can act instead; the labels stay the teacher's (DAgger,
arXiv 1011.0686).

Two kinds of shards: ``seen`` for policies that look, and ``felt``, with what the fast
graphs need: rows at 20 Hz, and a world that changes between two looks.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from takt_core.geometry import Pose
from takt_core.trajectory import Trajectory, Waypoint
from takt_policy.observation import Observation
from takt_sim.simulation import Simulation, SimulationParameters
from takt_training.episode import STEP_NS, collect_episode
from takt_training.recipes.base import Actor, Recipe
from takt_training.recipes.registry import recipe_named
from takt_training.shards import Arrays, save_shard

TRAINING_SEEDS = 100_000
"""Demonstrations use the seeds from here on; evaluations stay below."""

FELT_SEEDS = 25_000
"""How much further on the seeds of ``felt`` lie."""

LEARNER_SEEDS = 50_000
"""How much further on the seeds lie where a policy acts."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class CollectConfig:
    """How much to collect.

    Attributes:
        recipe: name of the task's.
        episodes: in all shards together.
        per_shard: episodes in one shard.
        first_seed: of the first episode.
        workers: processes.
        felt: with fast rows and disturbances.
        bundle: of a policy that acts instead of the demonstrator, or "".
    """

    recipe: str
    episodes: int
    per_shard: int
    first_seed: int = TRAINING_SEEDS
    workers: int = 2
    felt: bool = False
    bundle: str = ""

    @property
    def prefix(self) -> str:
        """Of the shards' file names."""
        return "learner" if self.bundle else ("felt" if self.felt else "teacher")


@dataclass
class Learner:
    """A trained policy with a random delay of inference."""

    engine: Any
    rng: np.random.Generator

    def act(self, simulation: Simulation, observation: Observation) -> tuple[Trajectory, int]:
        actions = self.engine.plan(self._normalised(observation)).actions
        delay_ns = int(self.rng.integers(0, 16)) * 10_000_000
        first = self.engine.bundle.spec.horizons.first
        widths = actions.gripper_width_m
        waypoints = [
            Waypoint(
                observation.reference_ns + (i - first) * STEP_NS,
                Pose.from_array7(pose),
                gripper_width_m=None if widths is None else float(widths[i]),
            )
            for i, pose in enumerate(actions.poses)
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


def collect_shard(job: tuple[CollectConfig, int, Path]) -> str:
    """One shard, in its own process; returns a line about it."""
    config, number, path = job
    recipe = recipe_named(config.recipe)
    task = recipe.felt_task(number) if config.felt else recipe.make_task()
    simulation = Simulation(task, SimulationParameters(lazy_images=True))
    rows: list[Arrays] = []
    fast: list[Arrays] = []
    succeeded = 0
    first = number * config.per_shard
    seeds = range(first, min(first + config.per_shard, config.episodes))
    for index in seeds:
        seed = config.first_seed + index
        samples = simulation.reset(seed)
        rng = np.random.default_rng([seed, 2])
        actor = make_actor(config, recipe, simulation, rng)
        disturbance = recipe.disturbance(simulation, rng) if config.felt else None
        got, quick, _ = collect_episode(
            simulation, recipe, actor, seed, samples, disturbance, config.felt
        )
        rows += got
        fast += quick
        succeeded += simulation.task_status.state.name == "SUCCEEDED"
    simulation.close()
    save_shard(path, stacked(rows) | stacked(fast))
    return f"{path.name}: {len(rows)} rows, {succeeded}/{len(seeds)} succeeded"


def stacked(rows: Sequence[Arrays]) -> Arrays:
    """Rows as arrays with one more axis."""
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]} if rows else {}


def make_actor(
    config: CollectConfig, recipe: Recipe, simulation: Simulation, rng: np.random.Generator
) -> Actor:
    """Who acts, by the configuration."""
    if config.bundle:
        from takt_policy.bundle import load_bundle
        from takt_policy.engine import PolicyEngine

        return Learner(PolicyEngine(load_bundle(config.bundle)), rng)
    if config.felt:
        return recipe.slow_demonstrator(simulation, rng)
    return recipe.demonstrator(simulation, rng)


def collect(config: CollectConfig, folder: Path, progress: Progress) -> Sequence[Path]:
    """All shards that are not there yet; a second call costs nothing."""
    count = -(-config.episodes // config.per_shard)
    paths = [folder / f"{config.prefix}_{config.first_seed}_{n:03d}.npz" for n in range(count)]
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
