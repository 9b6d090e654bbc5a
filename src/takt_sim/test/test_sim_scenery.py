"""Images that are drawn when somebody looks at them are the same images."""

from __future__ import annotations

import numpy as np
import pytest
from sim_worlds import SECOND_NS, SMALL_CAMERAS

from takt_core.errors import TaktError
from takt_core.streams import Sample
from takt_sim.simulation import Simulation, SimulationParameters
from takt_sim.tasks import TASK_NAMES, make_task


def _run(task: str, lazy: bool) -> tuple[Simulation, list[Sample]]:
    parameters = SimulationParameters(cameras=SMALL_CAMERAS, lazy_images=lazy)
    simulation = Simulation(make_task(task), parameters)
    samples = simulation.reset(4)
    simulation.faults.freeze_camera("front_camera")
    return simulation, samples + simulation.advance(3 * SECOND_NS // 10)


@pytest.mark.parametrize("task", TASK_NAMES)
def test_everything_is_the_same_whenever_it_is_looked_at(task: str) -> None:
    eager_world, eager = _run(task, lazy=False)
    lazy_world, lazy = _run(task, lazy=True)
    assert len(eager) == len(lazy) > 40
    # Backwards: what is drawn must not depend on what is drawn before it.
    for one, other in zip(reversed(eager), reversed(lazy), strict=True):
        assert (one.stream, one.stamp_ns) == (other.stream, other.stamp_ns)
        for name, value in one.features.items():
            drawn = np.asarray(other.features[name])
            assert np.array_equal(value, drawn, equal_nan=value.dtype.kind == "f"), one.stream
    eager_world.close()
    lazy_world.close()


def test_an_image_of_an_earlier_episode_is_refused() -> None:
    simulation, samples = _run("peg_insertion", lazy=True)
    images = [one.features["image"] for one in samples if "image" in one.features]
    assert np.asarray(images[0]).shape == images[0].shape
    simulation.reset(5)
    assert np.asarray(images[0]).any()  # it was looked at in time
    with pytest.raises(TaktError, match="earlier episode"):
        np.asarray(images[1])
    simulation.close()
