"""MuJoCo's world is the URDF: same kinematics and dynamics as Pinocchio computes from it."""

import mujoco
import numpy as np
import pinocchio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sim_worlds import blind_simulation

from takt_description import ARM_JOINTS, TOOL_FRAME, WRIST_CAMERA_FRAME, robot_description
from takt_sim.world import WRIST_CAMERA

MODEL = pinocchio.buildModelFromXML(robot_description())
DATA = MODEL.createData()
Q_LOW, Q_HIGH = MODEL.lowerPositionLimit, MODEL.upperPositionLimit

fractions = st.lists(st.floats(0.0, 1.0), min_size=9, max_size=9).map(np.array)
speeds = st.lists(st.floats(-1.0, 1.0), min_size=9, max_size=9).map(np.array)


def configured(
    fraction: NDArray[np.float64], speed: NDArray[np.float64]
) -> tuple[mujoco.MjModel, mujoco.MjData, NDArray[np.float64]]:
    model = blind_simulation().model
    data = mujoco.MjData(model)
    q = Q_LOW + fraction * (Q_HIGH - Q_LOW)
    data.qpos[:9], data.qvel[:9] = q, speed
    mujoco.mj_forward(model, data)
    return model, data, q


@settings(max_examples=15, deadline=None)
@given(fractions)
def test_frames_agree_with_pinocchio(fraction: NDArray[np.float64]) -> None:
    _, data, q = configured(fraction, np.zeros(9))
    pinocchio.framesForwardKinematics(MODEL, DATA, q)
    for name in (TOOL_FRAME, WRIST_CAMERA_FRAME, "left_fingertip"):
        expected = DATA.oMf[MODEL.getFrameId(name)]
        np.testing.assert_allclose(data.body(name).xpos, expected.translation, atol=1e-9)
        np.testing.assert_allclose(data.body(name).xmat.reshape(3, 3), expected.rotation, atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(fractions, speeds)
def test_dynamics_agree_with_pinocchio(
    fraction: NDArray[np.float64], speed: NDArray[np.float64]
) -> None:
    model, data, q = configured(fraction, speed)
    mass = np.zeros((model.nv, model.nv))
    mujoco.mj_fullM(model, data, mass)
    expected = pinocchio.crba(MODEL, DATA, q)
    expected = np.triu(expected) + np.triu(expected, 1).T
    np.testing.assert_allclose(mass[:9, :9], expected, atol=1e-8)
    bias = pinocchio.nonLinearEffects(MODEL, DATA, q, speed)
    np.testing.assert_allclose(data.qfrc_bias[:9], bias, atol=1e-7)


def test_motors_have_no_gain_of_their_own() -> None:
    model, data, _ = configured(np.full(9, 0.5), np.zeros(9))
    data.ctrl[:7] = np.arange(1.0, 8.0)
    mujoco.mj_forward(model, data)
    np.testing.assert_allclose(data.qfrc_actuator[:7], np.arange(1.0, 8.0))
    assert [model.actuator(i).name for i in range(7)] == list(ARM_JOINTS)


def test_wrist_camera_sits_on_its_optical_frame() -> None:
    _, data, _ = configured(np.full(9, 0.4), np.zeros(9))
    frame = data.body(WRIST_CAMERA_FRAME)
    camera = data.cam(WRIST_CAMERA)
    np.testing.assert_allclose(camera.xpos, frame.xpos, atol=1e-12)
    # MuJoCo's cameras look along -z with y up; optical frames along +z with y down.
    optical = frame.xmat.reshape(3, 3)
    np.testing.assert_allclose(
        camera.xmat.reshape(3, 3), optical @ np.diag([1.0, -1.0, -1.0]), atol=1e-12
    )


def test_hole_is_as_wide_as_it_says() -> None:
    """A ray down beside the edge of the hole meets the chamfer; inside it meets the floor."""
    simulation = blind_simulation()
    simulation.reset(0)
    data, model = simulation.data, simulation.model
    data.mocap_pos[0], data.mocap_quat[0] = [0.5, 0.0, 0.035], [1.0, 0.0, 0.0, 0.0]
    mujoco.mj_forward(model, data)

    def height(x: float, y: float) -> float:
        start = np.array([0.5 + x, y, 0.1])
        hit = np.full(1, -1, dtype=np.int32)
        distance = mujoco.mj_ray(
            model, data, start, np.array([0.0, 0.0, -1.0]), None, 1,
            model.body("hand").id, hit,
        )  # fmt: skip
        return float(0.1 - distance)

    for sign in (-1.0, 1.0):
        assert height(sign * 0.0104, 0.0) == pytest.approx(0.005, abs=1e-6)
        assert height(0.0, sign * 0.0104) == pytest.approx(0.005, abs=1e-6)
        assert height(sign * 0.0125, 0.0) == pytest.approx(0.033, abs=1e-6)
        assert height(sign * 0.0150, 0.0) == pytest.approx(0.035, abs=1e-6)
    # The chamfers of two sides meet in a mitre.
    assert height(0.0125, 0.0115) == pytest.approx(0.033, abs=1e-6)
