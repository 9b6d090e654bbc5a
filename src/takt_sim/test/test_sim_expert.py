"""The expert inserts, gently, from wherever it is."""

import numpy as np
import pytest
from sim_worlds import blind_simulation, insert, line

from takt_sim.experts.peg_insertion import STEP_NS, PegInsertionExpert
from takt_sim.tasks.base import TaskState
from takt_sim.tasks.peg_insertion import PegInsertion


@pytest.mark.parametrize("seed", [0, 1, 2, 17, 100_001])
def test_expert_inserts_gently(seed: int) -> None:
    simulation = blind_simulation()
    status, force_n = insert(simulation, seed)
    assert status.state is TaskState.SUCCEEDED
    assert status.elapsed_s < 10.0
    assert force_n < 45.0
    assert simulation.robot.torque_violations == 0
    assert simulation.robot.controller.counters.starvations == 0


def test_expert_speed_stays_within_its_limits() -> None:
    simulation = blind_simulation()
    assert isinstance(simulation.task, PegInsertion)
    expert = PegInsertionExpert(simulation.task)
    simulation.reset(3)
    for _ in range(30):
        simulation.commit(expert.trajectory(simulation))
        for sample in simulation.advance(STEP_NS):
            if sample.stream == "arm/state":
                twist = sample.features["tcp_twist"]
                assert np.linalg.norm(twist[:3]) < 0.16
                assert np.linalg.norm(twist[3:]) < 0.9


def test_expert_finds_the_hole_after_landing_on_the_rim() -> None:
    """Pushed 8 mm aside, the tip comes down on the block; the search takes it in."""
    simulation = blind_simulation()
    assert isinstance(simulation.task, PegInsertion)
    expert = PegInsertionExpert(simulation.task)
    simulation.reset(8)
    while simulation.task.insertion(simulation.data).depth_m < -0.004:
        simulation.commit(expert.trajectory(simulation))
        simulation.advance(STEP_NS)
    simulation.commit(line(simulation, (0.008, 0.0, -0.010), 0.6))
    simulation.advance(7 * STEP_NS)
    assert simulation.task.insertion(simulation.data).lateral_m > 0.002
    while simulation.task_status.state is TaskState.RUNNING:
        simulation.commit(expert.trajectory(simulation))
        simulation.advance(STEP_NS)
    assert simulation.task_status.state is TaskState.SUCCEEDED
