"""Gains while running (frames, waypoints, nullspace, joints) and the feed-forward wrench."""

import numpy as np
import pytest
from contact_support import Sensed, well_placed
from hypothesis import given, settings
from hypothesis import strategies as st
from impedance_support import MS, Rig, matrix_of

from takt_impedance import Frame, Mode, Parameters, TickOutput

DIAGONAL = np.array([1200.0, 300.0, 600.0, 40.0, 10.0, 25.0])


def world_stiffness(output: TickOutput) -> np.ndarray:
    """Stiffness in use, in base axes."""
    if output.stiffness_frame == Frame.BASE:
        return np.array(output.stiffness)
    axes = np.kron(np.eye(2), matrix_of(np.array(output.target_pose)))
    return np.array(axes @ output.stiffness @ axes.T)


def at_rest(seed: int = 3, parameters: Parameters | None = None) -> Rig:
    rig = well_placed(seed, parameters or Parameters(7))
    rig.simulate(0.35)
    return rig


def test_another_frame_does_not_step_the_stiffness() -> None:
    """From base to tool and back: the stiffness in the world changes by no more than its ramp."""
    rig = at_rest()
    found = [world_stiffness(rig.controller.output)]
    frames = []
    for frame in (Frame.TOOL, Frame.BASE):
        rig.controller.set_impedance(DIAGONAL, frame=frame)
        for _ in range(900):
            output = rig.tick()
            found.append(world_stiffness(output))
            frames.append(output.stiffness_frame)
    steps = np.linalg.norm(np.diff(found, axis=0)[:, :3, :3], ord=2, axis=(1, 2))
    assert steps.max() <= 3.0  # 2 N/m each on three axes, turned
    assert set(frames) == {Frame.TOOL, Frame.BASE}
    np.testing.assert_allclose(found[900], turned(DIAGONAL, rig), atol=1e-9)
    np.testing.assert_allclose(found[-1], np.diag(DIAGONAL), atol=1e-9)


def turned(diagonal: np.ndarray, rig: Rig) -> np.ndarray:
    axes = np.kron(np.eye(2), matrix_of(np.array(rig.controller.output.target_pose)))
    return np.array(axes @ np.diag(diagonal) @ axes.T)


def test_waypoints_bring_their_stiffness_in_the_tool_frame() -> None:
    rig = at_rest()
    pose = np.array(rig.controller.output.target_pose)
    times = rig.now_ns + np.array([400, 800]) * MS
    rows = np.tile(DIAGONAL, (2, 1))
    result = rig.controller.set_trajectory(times, np.tile(pose, (2, 1)), rig.now_ns, None, rows)
    assert result.accepted
    outputs = [(rig.tick().stiffness_frame, np.array(rig.controller.output.stiffness))]
    for _ in range(700):
        rig.tick()
    output = rig.controller.output
    assert output.stiffness_frame == Frame.TOOL
    np.testing.assert_allclose(output.stiffness, np.diag(DIAGONAL), atol=1e-9)
    # The next trajectory asks for nothing: back to the base stiffness, in its frame.
    assert rig.controller.set_trajectory([rig.now_ns + 900 * MS], [pose], rig.now_ns).accepted
    for _ in range(800):
        output = rig.tick()
    assert output.stiffness_frame == Frame.BASE
    np.testing.assert_allclose(output.stiffness, np.diag([500.0] * 3 + [30.0] * 3), atol=1e-9)
    assert outputs[0][0] == Frame.TOOL


def test_a_change_of_frame_under_load_does_not_bump() -> None:
    rig = at_rest()
    pose = np.array(rig.controller.output.target_pose)
    rig.q = rig.q + 0.1  # a stretched spring, beyond the clip of some axes
    torques = [np.array(rig.tick().torque) for _ in range(600)]
    rig.controller.set_impedance(DIAGONAL, frame=Frame.TOOL)
    torques = [torques[-1]] + [np.array(rig.tick().torque) for _ in range(300)]
    assert np.abs(np.diff(torques, axis=0)).max() < 0.5
    np.testing.assert_array_equal(rig.controller.output.target_pose, pose)


def test_nullspace_stiffness_is_reached_along_a_ramp() -> None:
    rig = at_rest()
    rig.controller.set_nullspace_posture(rig.q + 0.01)
    before = np.array(rig.tick().torque)
    rig.controller.set_nullspace_stiffness(100.0)
    torques = [before] + [np.array(rig.tick().torque) for _ in range(400)]
    assert np.abs(np.diff(torques, axis=0)).max() < 0.02
    assert np.abs(torques[-1] - before).max() > 0.2
    with pytest.raises(ValueError, match="nullspace_stiffness"):
        rig.controller.set_nullspace_stiffness(-1.0)


def test_joint_impedance_is_reached_along_a_ramp() -> None:
    p = Parameters(7)
    p.joint_stiffness = 100.0
    rig = at_rest(parameters=p)
    rig.controller.set_mode(Mode.JOINT)
    rig.simulate(0.4)
    rig.q = rig.q + 0.01
    for _ in range(100):
        rig.tick()
    bias = rig.arm.terms(rig.q, rig.dq).bias
    soft = np.array(rig.controller.output.torque)
    np.testing.assert_allclose(soft - bias, -1.0, atol=0.02)
    rig.controller.set_joint_impedance(300.0, 0.7)
    torques = [soft] + [np.array(rig.tick().torque) for _ in range(600)]
    assert np.abs(np.diff(torques, axis=0)).max() < 0.01
    np.testing.assert_allclose(torques[-1] - bias, -3.0, atol=0.02)
    for stiffness, ratio in ((-1.0, 1.0), (1.0, np.nan)):
        with pytest.raises(ValueError, match="joint_"):
            rig.controller.set_joint_impedance(stiffness, ratio)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(-1e4, 1e4), min_size=6, max_size=6), st.integers(0, 2**31))
def test_feed_forward_keeps_its_limits_and_rate(wrench: list[float], seed: int) -> None:
    p = Parameters(7)
    rng = np.random.default_rng(seed)
    rig = well_placed(3, p)
    rig.tick()
    last = np.zeros(6)
    for k in range(120):
        if k % 40 == 0:
            rig.controller.set_wrench(rng.permutation(wrench), rig.now_ns)
        now = np.array(rig.tick().feed_forward)
        assert np.linalg.norm(now[:3]) <= p.max_feed_forward_n * (1 + 1e-9)
        assert np.linalg.norm(now[3:]) <= p.max_feed_forward_nm * (1 + 1e-9)
        assert (np.abs(now - last) <= np.array(p.feed_forward_rate) * 1e-3 + 1e-9).all()
        last = now


def test_feed_forward_presses_and_goes_when_nobody_asks() -> None:
    """20 N on top of a spring of 500 N/m move the tool by 4 cm; half a second later it returns."""
    sensed = Sensed(well_placed(3, Parameters(7)))
    rig = sensed.rig
    sensed.run(0.1)
    start = rig.arm.forward(rig.q)[:3, 3].copy()
    for _ in range(20):
        rig.controller.set_wrench([0, 20.0, 0, 0, 0, 0], rig.now_ns)
        output = sensed.run(0.1)
    np.testing.assert_allclose(output.feed_forward, [0, 20.0, 0, 0, 0, 0], atol=1e-9)
    np.testing.assert_allclose(rig.arm.forward(rig.q)[:3, 3] - start, [0, 0.04, 0], atol=3e-3)
    output = sensed.run(2.0)
    np.testing.assert_array_equal(output.feed_forward, 0)
    np.testing.assert_allclose(rig.arm.forward(rig.q)[:3, 3], start, atol=3e-3)


@pytest.mark.parametrize("mode", [Mode.HOLD, Mode.GUIDE, Mode.JOINT])
def test_feed_forward_fades_in_other_modes(mode: Mode) -> None:
    rig = at_rest()
    rig.controller.set_wrench([0, 20.0, 0, 0, 0, 0], rig.now_ns)
    for _ in range(200):
        rig.tick()
    assert rig.controller.output.feed_forward[1] == pytest.approx(20.0)
    rig.controller.set_mode(mode)
    for _ in range(200):
        rig.controller.set_wrench([0, 20.0, 0, 0, 0, 0], rig.now_ns)
        rig.tick()
    np.testing.assert_allclose(rig.controller.output.feed_forward, 0, atol=0.3)


@pytest.mark.parametrize("back_s", [0.1, 3600.0])
def test_feed_forward_does_not_outlive_a_clock_that_is_set_back(back_s: float) -> None:
    rig = at_rest()
    rig.controller.set_wrench([0, 20.0, 0, 0, 0, 0], rig.now_ns)
    for _ in range(200):
        rig.tick()
    rig.now_ns -= round(back_s * 1e9)
    for _ in range(200):
        rig.tick()
    np.testing.assert_allclose(rig.controller.output.feed_forward, 0, atol=1e-9)


def test_feed_forward_of_another_clock_is_not_obeyed() -> None:
    rig = at_rest()
    rig.controller.set_wrench([0, 20.0, 0, 0, 0, 0], rig.now_ns + 10_000_000_000)
    for _ in range(200):
        rig.tick()
    np.testing.assert_array_equal(rig.controller.output.feed_forward, 0)


def test_feed_forward_must_be_finite() -> None:
    rig = at_rest()
    with pytest.raises(ValueError, match="wrench"):
        rig.controller.set_wrench([np.nan, 0, 0, 0, 0, 0], rig.now_ns)


def test_another_law_before_the_first_tick_does_not_let_the_arm_sag() -> None:
    rig = well_placed(3, Parameters(7))
    rig.controller.set_mode(Mode.JOINT)
    np.testing.assert_allclose(rig.tick().torque, rig.arm.terms(rig.q, rig.dq).bias, atol=1e-9)
