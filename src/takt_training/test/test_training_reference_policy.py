"""The published bundles work in the simulator as it is now.

A camera that is moved, a gain that is changed or a frame that is turned does not break any
interface, but it breaks the policy: this test notices. It needs no PyTorch.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from takt_evaluation.cell import Cell, Job
from takt_evaluation.episode import EpisodeRunner
from takt_policy.bundle import load_bundle

MODELS = Path(__file__).resolve().parents[3] / "models"
TASKS = ("peg_insertion", "pick_place")


@pytest.mark.parametrize("task", TASKS)
def test_bundle_says_where_it_comes_from_and_how_good_it_is(task: str) -> None:
    provenance = load_bundle(MODELS / f"{task}.takt").spec.provenance
    assert len(provenance.dataset_hash) == 64
    assert provenance.training_commit
    measured = provenance.success[0]
    assert measured.episodes >= 50
    assert measured.successes >= 0.9 * measured.episodes


@pytest.mark.parametrize("delay_s", [0.05, 0.15])
@pytest.mark.parametrize("task", TASKS)
def test_bundle_succeeds_in_the_present_simulator(task: str, delay_s: float) -> None:
    cell = Cell(str(MODELS / f"{task}.takt"), delay_s=delay_s, task=task)
    runner = EpisodeRunner()
    rows = [runner(Job(cell, "", seed, "")) for seed in range(2000, 2004)]
    runner.close()
    endings = [(row.seed, row.reason) for row in rows]
    assert sum(row.success for row in rows) >= 3, endings
