"""The energy tank: what the controller gives to the robot never exceeds what was paid for."""

import numpy as np
import pytest
from impedance_support import Float, Rig, random_arm

from takt_impedance import Mode, Parameters

SEEDS = [1, 3, 5]


def parameters(start_j: float, tank: bool = True) -> Parameters:
    p = Parameters(7)
    p.tank = tank
    p.tank_capacity_j, p.tank_start_j, p.tank_floor_j, p.tank_margin_j = 2.0, start_j, 0.1, 0.2
    p.nullspace_stiffness, p.activation_blend_s = 0.0, 1e-3
    return p


def well_placed(seed: int, p: Parameters) -> Rig:
    """A rig in the posture, out of many, with the best conditioned Jacobian."""
    arm = random_arm(seed)
    rng = np.random.default_rng(seed)
    candidates = [rng.uniform(-2, 2, 7) for _ in range(100)]
    best = min(candidates, key=lambda q: np.linalg.cond(arm.terms(q, np.zeros(7)).jacobian))
    rig = Rig.start(arm, p, best)
    rig.gravity_only = True  # exact power balance: kinetic energy changes by dq . tau alone
    return rig


def kinetic(rig: Rig) -> float:
    return float(0.5 * rig.dq @ rig.arm.terms(rig.q, rig.dq).mass @ rig.dq)


def shake(rig: Rig, target: Float, k: int) -> None:
    """Targets that jump to and fro and a stiffness that swings: as active as a client can be."""
    goal = target.copy()
    goal[:3] += 0.08 * np.array([np.sin(0.02 * k), np.cos(0.017 * k), np.sin(0.013 * k)])
    rig.controller.set_target(goal, rig.now_ns)
    if k % 150 == 0:
        stiffness = [300.0, 2000.0][k // 150 % 2]
        rig.controller.set_impedance(stiffness * np.array([1, 1, 1, 0.05, 0.05, 0.05]))
    rig.controller.set_wrench([20.0 * np.sin(0.01 * k), 15.0, 0, 0, 0, 0], rig.now_ns)


def run_shaken(seed: int, p: Parameters, ticks: int = 800) -> tuple[Rig, list[float], list[float]]:
    """Kinetic energy and content of the tank [J] after each tick."""
    rig = well_placed(seed, p)
    energies: list[float] = []
    contents: list[float] = []
    rig.tick()
    start = np.array(rig.controller.output.target_pose)
    for k in range(ticks):
        shake(rig, start, k)
        rig.simulate(1e-3)
        energies.append(kinetic(rig))
        contents.append(rig.controller.output.tank_level * p.tank_capacity_j)
    return rig, energies, contents


@pytest.mark.parametrize("seed", SEEDS)
def test_kinetic_energy_never_exceeds_what_the_tank_paid(seed: int) -> None:
    """Kinetic energy plus tank, that is all storage but the spring, stays below the start."""
    p = parameters(start_j=0.5)
    _, energies, contents = run_shaken(seed, p)
    storage = np.array(energies) + np.array(contents)
    # What is left of the sum: gravity is compensated at the tick's q, the arm moves on in it.
    assert storage.max() <= 0.5 + 0.02
    assert max(energies) <= 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_without_a_tank_the_same_client_injects_more(seed: int) -> None:
    """The bound above is the tank's doing."""
    _, energies, contents = run_shaken(seed, parameters(start_j=0.5, tank=False))
    assert max(energies) > 0.6
    assert np.isnan(contents).all()


def test_an_empty_tank_lets_nothing_in() -> None:
    rig, energies, _ = run_shaken(1, parameters(start_j=0.1))
    assert rig.controller.output.tank_scale < 0.3
    assert max(energies) < 0.05


def test_a_stretched_spring_gives_back_what_it_took() -> None:
    """Pulled away by hand and let go at a fixed target, nothing is taken from the tank."""
    p = parameters(start_j=1.0)
    rig = well_placed(3, p)
    rig.simulate(0.05)
    level = rig.controller.output.tank_level

    def pull(_: float) -> Float:
        return np.array(rig.arm.terms(rig.q, rig.dq).jacobian.T @ [0, 15.0, 0, 0, 0, 0])

    rig.simulate(0.6, external=pull)
    rig.simulate(0.6)
    assert rig.controller.output.tank_level >= level - 0.01
    assert rig.controller.output.tank_scale == 1.0


def test_dissipation_fills_the_tank_up_to_its_capacity() -> None:
    p = parameters(start_j=1.95)
    rig = well_placed(3, p)
    levels: list[float] = []

    def push(time_s: float) -> Float:
        sign = 1.0 if int(time_s / 0.2) % 2 == 0 else -1.0
        return np.array(rig.arm.terms(rig.q, rig.dq).jacobian.T @ [0, sign * 30.0, 0, 0, 0, 0])

    rig.simulate(1.5, external=push, observe=lambda o: levels.append(o.tank_level))
    assert levels[-1] > 0.99
    assert max(levels) <= 1.0 + 1e-12


def test_refill_is_the_only_power_from_nowhere() -> None:
    p = parameters(start_j=0.5)
    p.tank_refill_w = 0.5
    rig = well_placed(3, p)
    rig.simulate(1.0)
    assert rig.controller.output.tank_level * 2.0 == pytest.approx(1.0, abs=0.01)


def test_nonsense_is_a_bounded_debt() -> None:
    p = parameters(start_j=1.0)
    rig = well_placed(3, p)
    rig.tick()
    good = rig.q.copy()
    rig.q = good + 1e12
    rig.tick()
    rig.q = good
    for _ in range(5):
        output = rig.tick()
    assert -1.0 <= output.tank_level <= 1.0


def test_joint_impedance_is_paid_too() -> None:
    p = parameters(start_j=0.3)
    p.joint_stiffness = 300.0
    rig = well_placed(5, p)
    rig.tick()
    home = rig.q.copy()
    energies: list[float] = []
    for k in range(30):
        goal = home + 0.4 * (-1.0) ** k
        assert rig.controller.set_joint_target(goal, rig.now_ns).accepted
        rig.simulate(0.03, observe=lambda _: energies.append(kinetic(rig)))
    assert rig.controller.mode == Mode.JOINT
    assert 0.01 < max(energies) <= 0.3
