"""Demonstrations: what a row holds, and who may act."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from takt_core.geometry import Pose
from takt_sim.simulation import Simulation
from takt_training.collect import (
    CollectConfig,
    Demonstrator,
    Learner,
    collect_episode,
    make_actor,
    teacher_of,
)
from takt_training.points import COUNT
from takt_training.reference import specification

BUNDLE = Path(__file__).resolve().parents[3] / "models" / "peg_insertion.takt"


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    one = Simulation()
    yield one
    one.close()


def test_demonstrator_that_knows_the_truth_inserts(simulation: Simulation) -> None:
    spec = specification()
    sure = CollectConfig(wrong=0.0, kicked=0.0)
    actor = Demonstrator(sure, np.random.default_rng(0))
    rows, ending = collect_episode(simulation, actor, spec, seed=7)
    assert ending == "inserted"
    for one in spec.inputs:
        value = rows[0][f"input/{one.name}"]
        assert value.shape == (one.history, *one.shape)
        assert value.dtype == one.dtype
    horizon = spec.horizons
    assert rows[0]["actions"].shape == (horizon.prediction, 7)
    # The action for the reference time is the pose at that time.
    assert np.allclose(rows[5]["actions"][horizon.first], rows[5]["reference"])
    assert rows[0]["points/front_image"].shape == (COUNT, 2)
    assert np.isfinite(rows[0]["points/front_image"][:5]).all()


def test_labels_lead_into_the_hole_whatever_the_demonstrator_believes(
    simulation: Simulation,
) -> None:
    wrong = CollectConfig(wrong=1.0, kicked=0.0, belief_m=(0.02, 0.02, 0.0))
    actor = Demonstrator(wrong, np.random.default_rng(1))
    rows, _ = collect_episode(simulation, actor, specification(), seed=8)
    teacher = teacher_of(simulation)

    def beside_m(pose: np.ndarray) -> float:
        tip = teacher.base_from_hole.inverse() @ Pose.from_array7(pose) @ teacher.tcp_from_tip
        return float(np.hypot(*tip.position_m[:2]))

    now = [beside_m(row["reference"]) for row in rows]
    then = [beside_m(row["actions"][-1]) for row in rows]
    assert max(now[len(now) // 2 :]) > 0.004
    assert max(then) < 0.003


def test_a_policy_may_act_while_the_teacher_labels(simulation: Simulation) -> None:
    actor = make_actor(CollectConfig(bundle=str(BUNDLE)), np.random.default_rng(2))
    assert isinstance(actor, Learner)
    rows, ending = collect_episode(simulation, actor, specification(), seed=9)
    assert ending == "inserted"
    assert len(rows) > 15
