"""The controller on simulated rigid arms: tracking, pushing and letting go, jitter of the loop."""

import numpy as np
import pytest
from impedance_support import MS, Rig, random_arm

from takt_impedance import Parameters, TickOutput

# Arms and postures (by seed) away from singularities, where the tool can follow.
SEEDS = [1, 3, 5]


def well_placed(seed: int) -> Rig:
    """A rig in the posture, out of many, with the best conditioned Jacobian."""
    arm = random_arm(seed)
    rng = np.random.default_rng(seed)
    candidates = [rng.uniform(-2, 2, 7) for _ in range(200)]
    still = np.zeros(7)
    best = min(candidates, key=lambda q: np.linalg.cond(arm.terms(q, still).jacobian))
    parameters = Parameters(7)
    parameters.stiffness = [900, 900, 900, 45, 45, 45]
    rig = Rig.start(arm, parameters, best)
    rig.simulate(0.05)
    return rig


@pytest.mark.parametrize("seed", SEEDS)
def test_follows_a_moving_target(seed: int) -> None:
    """10 Hz waypoints at 0.1 m/s: the tool stays within millimetres."""
    rig = well_placed(seed)
    start = np.array(rig.controller.output.target_pose)
    times = [rig.now_ns + 100 * MS * i for i in range(1, 11)]
    poses = np.tile(start, (10, 1))
    poses[:, 0] += 0.01 * np.arange(1, 11)
    assert rig.controller.set_trajectory(times, poses, rig.now_ns).accepted
    errors: list[float] = []
    rig.simulate(1.0, observe=lambda o: errors.append(float(np.linalg.norm(o.pose_error[:3]))))
    assert max(errors) < 6e-3
    reached = rig.arm.forward(rig.q)[:3, 3]
    assert np.linalg.norm(reached - poses[-1, :3]) < 3e-3


@pytest.mark.parametrize("seed", SEEDS)
def test_gives_way_like_its_spring_and_returns(seed: int) -> None:
    """A constant push of 9 N against 900 N/m moves the tool by a centimetre; letting go returns."""
    rig = well_placed(seed)
    start = rig.arm.forward(rig.q)[:3, 3]

    def push(_: float) -> np.ndarray:
        jacobian = rig.arm.terms(rig.q, rig.dq).jacobian
        return np.array(jacobian.T @ np.array([0, 9.0, 0, 0, 0, 0]))

    rig.simulate(2.5, external=push)
    moved = rig.arm.forward(rig.q)[:3, 3] - start
    np.testing.assert_allclose(moved, [0, 0.01, 0], atol=1e-3)
    rig.simulate(2.5)
    np.testing.assert_allclose(rig.arm.forward(rig.q)[:3, 3], start, atol=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_jitter_of_the_loop_does_no_harm(seed: int) -> None:
    rig = well_placed(seed)
    rng = np.random.default_rng(seed)
    goal = np.array(rig.controller.output.target_pose)
    goal[:3] += [0.05, -0.03, 0.02]
    assert rig.controller.set_target(goal, rig.now_ns).accepted
    outputs: list[TickOutput] = []
    for _ in range(1500):
        dt = float(np.round(rng.uniform(0.6e-3, 1.4e-3), 9))
        rig.simulate(dt, dt_s=dt, observe=outputs.append)
    assert rig.controller.counters.overruns == 0
    assert np.linalg.norm(rig.arm.forward(rig.q)[:3, 3] - goal[:3]) < 2e-3
    assert np.abs(rig.dq).max() < 0.05
