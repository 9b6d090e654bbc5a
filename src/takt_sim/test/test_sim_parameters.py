"""Parameters of the simulator node become a task."""

import pytest

from takt_core.errors import TaktError
from takt_sim.nodes.parameters import SimulatorParameters, task_options


def test_options_of_the_task_are_yaml_and_the_time_limit_is_one_of_them() -> None:
    parameters = SimulatorParameters(task_options="{shift_m: 0.003}")
    assert task_options(parameters) == {"shift_m": 0.003}
    assert task_options(SimulatorParameters(time_limit_s=3.0)) == {"time_limit_s": 3.0}
    assert task_options(SimulatorParameters()) == {}


@pytest.mark.parametrize("text", ["shift_m", "[1, 2]", "{shift_m: 0.003"])
def test_options_that_are_no_mapping_are_refused(text: str) -> None:
    with pytest.raises(TaktError, match="allowed is a YAML mapping"):
        task_options(SimulatorParameters(task_options=text))
