"""`takt film`: every task has an expert that can be watched."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from takt_sim.cli.film import cameras, film, save
from takt_sim.simulation import Simulation, SimulationParameters
from takt_sim.tasks import TASK_NAMES, make_task
from takt_sim.tasks.base import TaskState


@pytest.mark.parametrize("task", TASK_NAMES)
def test_the_expert_of_each_task_is_filmed_to_its_success(task: str, tmp_path: Path) -> None:
    simulation = Simulation(make_task(task), SimulationParameters(cameras=cameras(24)))
    simulation.reset(7)
    pictures = film(simulation, 24)
    simulation.close()
    assert simulation.task_status.state is TaskState.SUCCEEDED
    assert {pair[0].shape for pair in pictures} == {(24, 32, 3)}
    assert {pair[1].shape for pair in pictures} == {(24, 24, 3)}
    save(pictures, tmp_path / "a.gif", tmp_path / "a.png")
    with Image.open(tmp_path / "a.gif") as moving, Image.open(tmp_path / "a.png") as strip:
        # Equal pictures in a row are kept as one that is shown for longer.
        assert 1 < moving.n_frames <= len(pictures)
        assert moving.size == (56, 24)
        assert strip.size == (6 * 12, 24)
