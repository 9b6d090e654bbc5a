"""Demonstrations: what is in a row, and who may act."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from takt_core.geometry import Pose
from takt_sim.simulation import Simulation, SimulationParameters
from takt_training.collect import CollectConfig, Learner, make_actor
from takt_training.episode import FAST_NS, FAST_PLAN, collect_episode
from takt_training.recipes.base import Actor
from takt_training.recipes.peg_insertion import (
    Belief,
    Demonstrator,
    HoleJumps,
    PegInsertionRecipe,
    task_of,
)
from takt_training.shards import Arrays

BUNDLE = Path(__file__).resolve().parents[3] / "models" / "peg_insertion.takt"
RECIPE = PegInsertionRecipe()


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    one = Simulation(RECIPE.make_task(), SimulationParameters(lazy_images=True))
    yield one
    one.close()


def episode(simulation: Simulation, actor: Actor, seed: int) -> tuple[list[Arrays], str]:
    samples = simulation.reset(seed)
    rows, _, ending = collect_episode(simulation, RECIPE, actor, seed, samples)
    return rows, ending


def test_demonstrator_that_knows_the_truth_inserts(simulation: Simulation) -> None:
    sure = Demonstrator(Belief(wrong=0.0, kicked=0.0), np.random.default_rng(0))
    rows, ending = episode(simulation, sure, 7)
    assert ending == "inserted"
    spec = RECIPE.specification()
    for one in spec.inputs:
        value = rows[0][f"input/{one.name}"]
        assert value.shape == (one.history, *one.shape)
        assert value.dtype == one.dtype
    horizon = spec.horizons
    assert rows[0]["actions"].shape == (horizon.prediction, 7)
    # The action for the reference time is the pose at that time.
    assert np.allclose(rows[5]["actions"][horizon.first], rows[5]["reference"])
    assert rows[0]["points/front_image"].shape == (6, 2)
    assert np.isfinite(rows[0]["points/front_image"][:5]).all()


def test_labels_lead_into_the_hole_whatever_the_demonstrator_believes(
    simulation: Simulation,
) -> None:
    wrong = Belief(wrong=1.0, kicked=0.0, belief_m=(0.02, 0.02, 0.0))
    rows, _ = episode(simulation, Demonstrator(wrong, np.random.default_rng(1)), 8)
    teacher = RECIPE.teacher(simulation).towards(task_of(simulation).base_from_hole)

    def beside_m(pose: np.ndarray) -> float:
        tip = teacher.base_from_hole.inverse() @ Pose.from_array7(pose) @ teacher.tcp_from_tip
        return float(np.hypot(*tip.position_m[:2]))

    now = [beside_m(row["reference"]) for row in rows]
    then = [beside_m(row["actions"][-1]) for row in rows]
    assert max(now[len(now) // 2 :]) > 0.004
    assert max(then) < 0.003


def test_fast_rows_tell_of_a_hole_that_jumped(simulation: Simulation) -> None:
    samples = simulation.reset(10)
    rng = np.random.default_rng(3)
    before = task_of(simulation).base_from_hole.position_m.copy()
    actor = RECIPE.slow_demonstrator(simulation, rng)
    jumps = HoleJumps(rng, size_m=(0.004, 0.004))
    rows, fast, _ = collect_episode(simulation, RECIPE, actor, 10, samples, jumps, fast=True)
    moved = task_of(simulation).base_from_hole.position_m - before
    assert np.linalg.norm(moved) > 0.003
    assert moved[2] == 0.0
    assert rows[0]["acted"]
    assert not all(row["acted"] for row in rows)
    times = np.array([row["fast/time_ns"] for row in fast])
    assert (np.diff(times) == FAST_NS).all()
    assert fast[0]["fast/plan"].shape == (FAST_PLAN + 1, 7)
    # Labels know of the jump at once: where the plan ends differs by as much.
    ends = np.array([row["fast/plan"][-1, :2] for row in fast])
    assert np.linalg.norm(ends[-1] - before[:2] - moved[:2]) < 0.002


def test_a_policy_may_act_while_the_teacher_labels(simulation: Simulation) -> None:
    config = CollectConfig("peg_insertion", 1, 1, bundle=str(BUNDLE))
    actor = make_actor(config, RECIPE, simulation, np.random.default_rng(2))
    assert isinstance(actor, Learner)
    rows, ending = episode(simulation, actor, 9)
    assert ending == "inserted"
    assert len(rows) > 15
