"""The pad's displacement field answers each component of the wrench in its own way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sim_worlds import SECOND_NS, blind_simulation, press_on_table

from takt_sim.experts.peg_insertion import STEP_NS, PegInsertionExpert
from takt_sim.simulation import Simulation, SimulationParameters
from takt_sim.tactile import FingertipLoad, TactilePad, TactileParameters
from takt_sim.tasks.base import TaskState
from takt_sim.tasks.peg_insertion import PegInsertion

PAD = TactilePad(TactileParameters())
GRIP = np.array([0.0, 0.0, 15.0, 0.0, 0.0, 0.0])
wrenches = st.tuples(
    st.floats(-8, 8), st.floats(-8, 8), st.floats(10, 30),
    st.floats(-0.02, 0.02), st.floats(-0.02, 0.02), st.floats(-0.05, 0.05),
).map(np.array)  # fmt: skip


def test_nothing_touches_without_pressure() -> None:
    assert not PAD.displacement(np.array([3.0, 1.0, 0.0, 0.1, 0.1, 0.1])).any()
    assert not PAD.displacement(np.array([3.0, 1.0, -5.0, 0.0, 0.0, 0.0])).any()


def test_grip_indents_and_bulges() -> None:
    field = PAD.displacement(GRIP)
    assert field.shape == (8, 8, 3)
    assert field.dtype == np.float32
    assert (field[..., 2] > 0.0005).all()
    assert (field[..., 2] < 0.0020).all()
    assert (field[:, 0, 0] < 0).all()
    assert (field[:, -1, 0] > 0).all()
    np.testing.assert_allclose(field[..., :2].sum(axis=(0, 1)), 0.0, atol=1e-8)


@pytest.mark.parametrize("axis", [0, 1])
def test_shear_moves_all_markers_along_the_force(axis: int) -> None:
    load = GRIP.copy()
    load[axis] = 4.0
    change = PAD.displacement(load) - PAD.displacement(GRIP)
    assert (change[..., axis] > 0.0003).all()
    np.testing.assert_allclose(change[..., 1 - axis], 0.0, atol=1e-7)


def test_spin_turns_the_markers() -> None:
    change = PAD.displacement(GRIP + np.array([0, 0, 0, 0, 0, 0.03])) - PAD.displacement(GRIP)
    rest = PAD.rest_m()
    curl = rest[..., 0] * change[..., 1] - rest[..., 1] * change[..., 0]
    assert (curl > 0).all()
    np.testing.assert_allclose(change.sum(axis=(0, 1)), 0.0, atol=1e-7)


def test_tilt_presses_one_side_more() -> None:
    change = PAD.displacement(GRIP + np.array([0, 0, 0, 0.01, 0, 0])) - PAD.displacement(GRIP)
    rest = PAD.rest_m()
    assert (change[..., 2] * rest[..., 1] > 0).all()


@settings(max_examples=30, deadline=None)
@given(wrenches)
def test_field_tells_the_wrench(wrench: NDArray[np.float64]) -> None:
    """Different loads give different fields: a linear read-out finds the wrench again."""
    basis = np.eye(6) * [1.0, 1.0, 5.0, 0.005, 0.005, 0.01]
    base = PAD.displacement(GRIP).ravel()
    columns = [(PAD.displacement(GRIP + row).ravel() - base) for row in basis]
    matrix = np.stack(columns, axis=1) / np.diag(basis)
    found = np.linalg.lstsq(matrix, PAD.displacement(wrench).ravel() - base, rcond=None)[0]
    np.testing.assert_allclose(found + GRIP, wrench, rtol=0.02, atol=2e-3)


def test_noise_comes_from_the_generator_only() -> None:
    first = PAD.displacement(GRIP, np.random.default_rng(3))
    again = PAD.displacement(GRIP, np.random.default_rng(3))
    np.testing.assert_array_equal(first, again)
    assert np.std(first - PAD.displacement(GRIP)) == pytest.approx(3e-6, rel=0.3)


def test_new_contacts_are_felt_once_their_forces_are_known() -> None:
    simulation = Simulation(parameters=SimulationParameters(cameras=(), tactile_rate_hz=1000.0))
    assert isinstance(simulation.task, PegInsertion)
    expert = PegInsertionExpert(simulation.task)
    largest_m = 0.0
    for seed in (0, 1):
        simulation.reset(seed)
        expert.reset()
        while simulation.task_status.state is TaskState.RUNNING:
            assert simulation.commit(expert.trajectory(simulation)).accepted
            for sample in simulation.advance(STEP_NS):
                if sample.stream == "fingertip/field":
                    field = sample.features["displacement"]
                    largest_m = max(largest_m, float(np.abs(field).max()))
    # 60 N, all that the arm may press with, indents the pad by about 4 mm.
    assert largest_m < 0.01


def test_gripper_presses_the_pad_and_contact_shears_it() -> None:
    simulation = blind_simulation()
    simulation.reset(3)
    simulation.advance(SECOND_NS // 2)
    load = FingertipLoad(simulation.model, "left_finger", "left_fingertip", "hand")
    free = load.wrench(simulation.model, simulation.data)
    assert 5.0 < free[2] < 25.0
    # The table pushes the peg up, along y of the pad.
    press_on_table(simulation)
    pressed = load.wrench(simulation.model, simulation.data)
    assert simulation.wrench[2] > 2.0
    shear = pressed[:2] - free[:2]
    assert np.abs(shear[1]) == pytest.approx(simulation.wrench[2] / 2.0, rel=0.4)
    assert np.abs(shear[0]) < np.abs(shear[1])
