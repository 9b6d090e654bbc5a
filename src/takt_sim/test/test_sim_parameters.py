"""Parameters of the simulator node become a task."""

import pytest

from takt_core.errors import TaktError
from takt_sim.arm_controller import ControllerOptions
from takt_sim.nodes.parameters import SimulatorParameters, controller_options, task_options


def test_options_of_the_task_are_yaml_and_the_time_limit_is_one_of_them() -> None:
    parameters = SimulatorParameters(task_options="{shift_m: 0.003}")
    assert task_options(parameters) == {"shift_m": 0.003}
    assert task_options(SimulatorParameters(time_limit_s=3.0)) == {"time_limit_s": 3.0}
    assert task_options(SimulatorParameters()) == {}


@pytest.mark.parametrize("text", ["shift_m", "[1, 2]", "{shift_m: 0.003"])
def test_options_that_are_no_mapping_are_refused(text: str) -> None:
    with pytest.raises(TaktError, match="allowed is a YAML mapping"):
        task_options(SimulatorParameters(task_options=text))


def test_defaults_of_the_node_are_those_of_the_simulation() -> None:
    assert controller_options(SimulatorParameters()) == ControllerOptions()


def test_parameters_reach_the_options_of_the_controller() -> None:
    options = controller_options(
        SimulatorParameters(
            stiffness_frame="tool", max_contact_force_n=12.0, tank=True, wrench_sensor=False,
            keep_outs="[{sphere: [0, 0, 0, 0.1]}]", friction_compensation_nm=(0.5,) * 7,
        )
    )  # fmt: skip
    assert options.stiffness_in_tool
    assert options.tank
    assert not options.wrench_sensor
    assert options.max_contact_force_n == 12.0
    assert options.friction_nm == (0.5,) * 7
    assert len(options.keep_outs) == 1
