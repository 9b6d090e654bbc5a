"""Closed loop on the simulated arm: what the controller promises in free space and in contact."""

import numpy as np
import pytest

from takt_impedance import Parameters
from takt_sim.experiments.contact import (
    FOAM,
    STEEL,
    Contact,
    careful,
    contact,
    first_touch_s,
    press_by_client,
    touch_down,
    with_tank,
)
from takt_sim.experiments.free_space import (
    carry,
    gains,
    late_targets,
    push_and_release,
    step,
    targets_cease,
    track,
    with_jitter,
)
from takt_sim.experiments.ideal import damping_of, respond
from takt_sim.experiments.insertion import insert_beside
from takt_sim.experiments.log import Log


def speed(log: Log, name: str = "twist") -> np.ndarray:
    return np.asarray(np.linalg.norm(log[name][:, :3], axis=1))


def test_the_ideal_is_a_spring_with_a_damper() -> None:
    """Against the closed form for one mass: x = 1 - (1 + w t) exp(-w t) at critical damping."""
    inertia, stiffness = np.tile(4.0 * np.eye(6), (600, 1, 1)), 400.0 * np.eye(6)
    np.testing.assert_allclose(damping_of(inertia[0], stiffness, 0.5), 40.0 * np.eye(6))
    motion = respond(inertia, stiffness, 1.0, np.ones((600, 6)), np.zeros((600, 6)))
    wt = 10.0 * 1e-3 * np.arange(600)
    np.testing.assert_allclose(motion[:, 0], 1.0 - (1.0 + wt) * np.exp(-wt), atol=1e-3)


@pytest.mark.parametrize(
    ("stiffness", "ratio", "offset"),
    [
        (300.0, 1.0, (-0.02, 0.0, 0.0)),
        (900.0, 0.7, (0.0, -0.02, 0.0)),
        (900.0, 1.0, (0.0, 0.0, -0.02)),
        (2000.0, 1.0, (0.012, 0.012, 0.01)),
    ],
)
def test_step_is_that_of_the_ideal_spring_damper(
    stiffness: float, ratio: float, offset: tuple[float, float, float]
) -> None:
    response = step(gains(stiffness, ratio), offset)
    assert response.deviation <= 0.02
    assert np.linalg.norm(response.motion_m[-1] + offset) < 1e-3  # arrived


def test_step_tells_damping_ratios_apart() -> None:
    """The comparison is not so blunt that any damping would do."""
    response = step(gains(900.0, 0.9))
    target = np.zeros((len(response.time_s), 6))
    target[:, :3] = response.target_m
    stiffness = gains(900.0).stiffness
    other = respond(response.log["inertia"], stiffness, 1.0, target, np.zeros_like(target))
    deviation = np.linalg.norm(response.motion_m - other[:, :3], axis=1).max()
    assert response.deviation < 0.02 < deviation / response.size_m


def test_tracks_a_quarter_of_a_metre_per_second() -> None:
    response = track(gains(900.0))
    assert np.abs(response.log["twist"][:, 1]).max() > 0.24
    assert response.deviation <= 0.02
    assert response.lag_m <= 0.02 * response.size_m


def test_stops_when_targets_cease() -> None:
    log = targets_cease(gains(900.0))
    assert speed(log)[0] > 0.48
    assert speed(log, "target_twist")[100] == 0.0  # stop_s
    assert speed(log)[300:].max() < 0.015
    sideways = log["position"][:, 1] - log["position"][0, 1]
    assert sideways[300] == pytest.approx(sideways.max(), abs=1.5e-3)
    assert sideways[300] < 0.035


def test_energy_falls_after_a_push() -> None:
    pushed, released = push_and_release(gains(900.0))
    moved = pushed["position"][-1] - pushed["position"][0]
    np.testing.assert_allclose(moved, [0.0, 25.0 / 900.0, 10.0 / 900.0], atol=5e-4)
    energy = released["kinetic"] + released["spring"]
    assert energy[0] > 0.3
    assert np.diff(energy).max() <= 1e-6 * energy[0]
    assert energy[-1] < 1e-3 * energy[0]


@pytest.mark.parametrize("payload_kg", [0.5, 2.0])
def test_unknown_payload_hangs_on_the_spring(payload_kg: float) -> None:
    log = carry(gains(900.0), payload_kg)
    sag = log["position"][-1] - log["target"][-1]
    np.testing.assert_allclose(sag, [0.0, 0.0, -9.81 * payload_kg / 900.0], atol=3e-4)
    assert speed(log)[-1] < 1e-3


@pytest.mark.parametrize("delay_s", [0.1, 0.3])
def test_late_targets_do_not_jerk(delay_s: float) -> None:
    rig = late_targets(gains(900.0), delay_s)
    counters = rig.controller.counters
    assert counters.dropped_waypoints > 0
    assert counters.rejected_trajectories == counters.starvations == 0
    assert np.abs(np.diff(rig.log["target_twist"], axis=0)).max() < 12e-3 + 1e-9
    assert np.linalg.norm(rig.log["pose_error"][:, :3], axis=1).max() < 5e-3


def test_jitter_of_the_loop_does_no_harm() -> None:
    rig = with_jitter(gains(900.0))
    assert rig.controller.counters.overruns == 0
    assert np.linalg.norm(rig.log["pose_error"][:, :3], axis=1).max() < 6e-3
    assert speed(rig.log)[-1] < 2e-3


def after_impact(log: Log, wait_s: float) -> Contact:
    return contact(log, first_touch_s(log) + wait_s)


@pytest.mark.parametrize(("stiffness", "push"), [(900.0, 0.0), (900.0, 1.0), (3000.0, 1.0)])
def test_touching_steel_does_not_bounce(stiffness: float, push: float) -> None:
    """Not at the impact, and not as the target comes to rest behind the surface."""
    parameters = careful(gains(stiffness))
    parameters.inertia_feed_forward = push
    log = touch_down(parameters, STEEL, speed_m_s=0.05)
    assert contact(log).losses == 0
    assert contact(log, first_touch_s(log)).share == 1.0
    assert log["wall_force"][-1, 2] == pytest.approx(0.01 * stiffness, rel=0.05)


def test_touching_foam_sinks_in() -> None:
    log = touch_down(careful(gains(900.0)), FOAM)
    assert contact(log).losses == 0
    shared = 900.0 * 1000.0 / 1900.0  # two springs in series
    assert log["wall_force"][-1, 2] == pytest.approx(0.01 * shared, rel=0.05)


def test_tank_stops_what_bounces_without_it() -> None:
    """The same gains, the same client whose force loop is too lively for steel."""
    without = press_by_client(careful(gains(900.0)))
    assert contact(without, 0.0, 2.0).losses >= 5
    assert contact(without, 2.0).losses >= 5  # it does not end by itself
    assert contact(without).largest_n > 50.0
    log = press_by_client(with_tank(careful(gains(900.0))))
    settled = after_impact(log, 0.0)
    assert settled.losses == 0
    assert after_impact(log, 0.1).largest_n < 25.0
    assert contact(log, 2.0).mean_n == pytest.approx(10.0, abs=0.5)  # and the client has its force
    assert contact(log, 2.0).deviation_n < 1.0
    assert log["tank_level"].min() > 0.0


def test_client_of_the_tank_test_is_fine_on_foam() -> None:
    assert contact(press_by_client(careful(gains(900.0)), FOAM), 1.0).losses == 0


@pytest.mark.parametrize("towards_rad", [0.0, 0.8, 1.57, 4.0])
def test_peg_finds_its_hole_a_millimetre_beside(towards_rad: float) -> None:
    insertion = insert_beside(0.001, towards_rad)
    assert insertion.inserted
    assert insertion.force_n < 25.0


def test_peg_beside_the_chamfer_stays_outside() -> None:
    assert not insert_beside(0.005).inserted


def test_parameters_of_experiments_are_valid() -> None:
    careful(with_tank(Parameters(7))).validate()
