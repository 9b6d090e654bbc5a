"""Success of a bundle in lock-step episodes with a simulated delay of inference."""

from __future__ import annotations

import math
import multiprocessing
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from takt_policy.bundle import MeasuredSuccess, load_bundle, write_success
from takt_policy.engine import PolicyEngine, override_sampler
from takt_policy.runner import LockStepRunner
from takt_sim.simulation import Simulation
from takt_sim.tasks.base import TaskState
from takt_training.reference import TASK

Progress = Callable[[str], None]
EVALUATION_SEEDS = 1000
"""Evaluations use the seeds from here on; no demonstration does."""


@dataclass(frozen=True)
class EvaluateConfig:
    """What to run.

    Attributes:
        bundle: folder of the bundle.
        delays_s: of inference [s]; episode i gets the i-th of them, round robin.
        sampler, steps: instead of the bundle's own; "" and 0 keep it.
    """

    bundle: str
    episodes: int = 50
    first_seed: int = EVALUATION_SEEDS
    delays_s: tuple[float, ...] = (0.05, 0.1, 0.15)
    workers: int = 2
    limit_s: float = 15.0
    sampler: str = ""
    steps: int = 0


@dataclass(frozen=True)
class EpisodeResult:
    """One episode."""

    seed: int
    delay_s: float
    inserted: bool
    reason: str
    elapsed_s: float
    depth_m: float
    lateral_m: float
    chunks: int
    late_actions: int
    wall_ms: tuple[float, ...]


def wilson(successes: int, episodes: int) -> tuple[float, float]:
    """95 % interval of a success rate (Wilson, 1927)."""
    if episodes == 0:
        return 0.0, 1.0
    z, p = 1.959964, successes / episodes
    middle = (p + z * z / (2 * episodes)) / (1 + z * z / episodes)
    half = z * math.sqrt(p * (1 - p) / episodes + z * z / (4 * episodes**2))
    half /= 1 + z * z / episodes
    return max(0.0, middle - half), min(1.0, middle + half)


def run_seeds(job: tuple[EvaluateConfig, Sequence[int]]) -> list[EpisodeResult]:
    """Some episodes in one process."""
    config, indices = job
    bundle = load_bundle(config.bundle)
    sampler = override_sampler(bundle.spec.require_sampler(), config.sampler, config.steps)
    engine = PolicyEngine(bundle, sampler=sampler)
    simulation = Simulation()
    results = [run_episode(config, engine, simulation, index) for index in indices]
    simulation.close()
    return results


def run_episode(
    config: EvaluateConfig, engine: PolicyEngine, simulation: Simulation, index: int
) -> EpisodeResult:
    """One episode in lock step."""
    seed = config.first_seed + index
    delay_s = config.delays_s[index % len(config.delays_s)]
    samples = simulation.reset(seed)
    report = LockStepRunner(engine, delay_s).run(
        simulation,
        lambda: simulation.task_status.state != TaskState.RUNNING,
        config.limit_s,
        seed=seed,
        samples=samples,
    )
    status = simulation.task_status
    return EpisodeResult(
        seed=seed,
        delay_s=delay_s,
        inserted=status.state == TaskState.SUCCEEDED,
        reason=status.reason or "time is up",
        elapsed_s=status.elapsed_s,
        depth_m=status.measures["insertion_depth_m"],
        lateral_m=status.measures["lateral_error_m"],
        chunks=report.chunks,
        late_actions=report.late_actions,
        wall_ms=tuple(ns * 1e-6 for ns in report.wall_ns),
    )


def evaluate(config: EvaluateConfig, progress: Progress) -> list[EpisodeResult]:
    """All episodes, a line for each, and a summary."""
    os.environ.setdefault("MUJOCO_GL", "egl")
    jobs = [
        (config, range(start, min(start + 5, config.episodes)))
        for start in range(0, config.episodes, 5)
    ]
    results: list[EpisodeResult] = []
    context = multiprocessing.get_context("spawn")
    with context.Pool(max(1, min(config.workers, len(jobs)))) as pool:
        for part in pool.imap_unordered(run_seeds, jobs):
            results += part
            for one in part:
                progress(
                    f"seed {one.seed}  {one.reason:<28} {one.elapsed_s:5.2f} s  "
                    f"depth {1e3 * one.depth_m:6.1f} mm  sideways {1e3 * one.lateral_m:4.1f} mm"
                )
    successes = sum(one.inserted for one in results)
    low, high = wilson(successes, len(results))
    walls = np.concatenate([one.wall_ms for one in results])
    progress(
        f"{successes}/{len(results)} inserted, 95 % interval {low:.2f} to {high:.2f}; inference "
        f"{np.median(walls):.1f} ms median, {np.percentile(walls, 95):.1f} ms p95"
    )
    return sorted(results, key=lambda one: one.seed)


def enter_success(config: EvaluateConfig, results: Sequence[EpisodeResult]) -> None:
    """Writes the measured success into the bundle's provenance."""
    successes = sum(one.inserted for one in results)
    low, high = wilson(successes, len(results))
    spec = load_bundle(Path(config.bundle)).spec.require_sampler()
    delays = ", ".join(f"{1e3 * delay:g}" for delay in config.delays_s)
    last = config.first_seed + config.episodes - 1
    setting = (
        f"lock-step simulation, seeds {config.first_seed} to {last}, "
        f"{config.sampler or spec.kind} {config.steps or spec.inference_steps}, "
        f"delay of inference {delays} ms"
    )
    write_success(
        config.bundle,
        MeasuredSuccess(TASK, len(results), successes, (round(low, 4), round(high, 4)), setting),
    )
