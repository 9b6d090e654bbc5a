"""The external wrench is zero in free space and Newton's third law in contact."""

import mujoco
import numpy as np
import pytest
from sim_worlds import SECOND_NS, blind_simulation, line, press_on_table


def test_zero_in_free_space_even_while_moving() -> None:
    simulation = blind_simulation()
    simulation.reset(2)
    simulation.commit(line(simulation, (0.05, 0.03, 0.05), 1.0))
    for _ in range(20):
        simulation.advance(SECOND_NS // 20)
        np.testing.assert_allclose(simulation.wrench, 0.0, atol=1e-6)


def test_table_pushes_back_with_what_it_carries() -> None:
    simulation = blind_simulation()
    press_on_table(simulation)
    mujoco.mj_forward(simulation.model, simulation.data)
    on_table = np.zeros(3)
    table = simulation.model.geom("table").id
    for index, contact in enumerate(simulation.data.contact):
        if table in (contact.geom1, contact.geom2):
            force = np.zeros(6)
            mujoco.mj_contactForce(simulation.model, simulation.data, index, force)
            frame = np.array(contact.frame).reshape(3, 3)
            sign = 1.0 if contact.geom2 == table else -1.0
            on_table += sign * frame.T @ force[:3]
    assert on_table[2] < -2.0
    np.testing.assert_allclose(simulation.wrench[:3], -on_table, atol=0.05)


def test_filter_settles_within_its_cutoff() -> None:
    simulation = blind_simulation()
    simulation.reset(2)
    model, data = simulation.model, simulation.data
    peg = model.body("peg").id
    data.xfrc_applied[peg, :3] = [0.0, 4.0, 0.0]
    simulation.advance(2_000_000)
    early = simulation.wrench[1]
    simulation.advance(50_000_000)
    data.xfrc_applied[peg] = 0.0
    assert 0.0 < early < 3.0
    assert simulation.wrench[1] == pytest.approx(4.0, abs=0.1)
    # The peg's centre is 15 mm beyond the tool point, which looks down: r x f.
    assert simulation.wrench[3] == pytest.approx(4.0 * 0.015, abs=0.01)
