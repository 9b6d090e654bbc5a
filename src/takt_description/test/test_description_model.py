"""The robot model has the published numbers, and all frames that others rely on."""

import numpy as np
import pinocchio
import pytest

from takt_description import (
    ARM_JOINTS,
    BASE_FRAME,
    FINGER_JOINTS,
    FINGERTIP_FRAMES,
    TOOL_FRAME,
    WRIST_CAMERA_FRAME,
    robot_description,
    urdf_directory,
)

# Published by the manufacturer: https://frankarobotics.github.io/docs (FR3).
READY_RAD = np.array([0.0, -np.pi / 4, 0.0, -3 * np.pi / 4, 0.0, np.pi / 2, np.pi / 4])
LOWER_RAD = [-2.7437, -1.7837, -2.9007, -3.0421, -2.8065, 0.5445, -3.0159]
UPPER_RAD = [2.7437, 1.7837, 2.9007, -0.1518, 2.8065, 4.5169, 3.0159]
TORQUE_NM = [87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0]
VELOCITY_RAD_S = [2.62, 2.62, 2.62, 2.62, 5.26, 4.18, 5.26]


@pytest.fixture(scope="module")
def model() -> pinocchio.Model:
    return pinocchio.buildModelFromXML(robot_description())


def test_joints_are_the_arm_then_the_fingers(model: pinocchio.Model) -> None:
    assert tuple(model.names)[1:] == ARM_JOINTS + FINGER_JOINTS


def test_limits_are_the_published_ones(model: pinocchio.Model) -> None:
    np.testing.assert_allclose(model.lowerPositionLimit[:7], LOWER_RAD)
    np.testing.assert_allclose(model.upperPositionLimit[:7], UPPER_RAD)
    np.testing.assert_allclose(model.effortLimit[:7], TORQUE_NM)
    np.testing.assert_allclose(model.velocityLimit[:7], VELOCITY_RAD_S)


def test_tool_is_where_the_published_kinematics_put_it(model: pinocchio.Model) -> None:
    data = model.createData()
    pinocchio.framesForwardKinematics(model, data, np.concatenate([READY_RAD, [0.0, 0.0]]))
    base_from_tcp = data.oMf[model.getFrameId(TOOL_FRAME)]
    np.testing.assert_allclose(base_from_tcp.translation, [0.306891, 0.0, 0.486882], atol=1e-6)
    np.testing.assert_allclose(base_from_tcp.rotation, np.diag([1.0, -1.0, -1.0]), atol=1e-9)


def test_all_inertias_are_physical(model: pinocchio.Model) -> None:
    for inertia in list(model.inertias)[1:]:
        moments = np.linalg.eigvalsh(inertia.inertia)
        assert moments[0] > 0.0
        assert moments[2] <= moments[0] + moments[1] + 1e-9


def test_fingertips_face_each_other(model: pinocchio.Model) -> None:
    data = model.createData()
    pinocchio.framesForwardKinematics(model, data, np.concatenate([READY_RAD, [0.01, 0.01]]))
    left, right = (data.oMf[model.getFrameId(name)] for name in FINGERTIP_FRAMES)
    across = left.translation - right.translation
    assert np.linalg.norm(across) == pytest.approx(0.02)
    # z of each pad points into its own finger, away from the other one.
    np.testing.assert_allclose(left.rotation[:, 2], across / 0.02, atol=1e-9)
    np.testing.assert_allclose(right.rotation[:, 2], -across / 0.02, atol=1e-9)


def test_wrist_camera_looks_past_the_tool(model: pinocchio.Model) -> None:
    data = model.createData()
    pinocchio.framesForwardKinematics(model, data, np.concatenate([READY_RAD, [0.0, 0.0]]))
    camera = data.oMf[model.getFrameId(WRIST_CAMERA_FRAME)]
    tool = data.oMf[model.getFrameId(TOOL_FRAME)]
    beyond_tool = tool.translation + 0.045 * tool.rotation[:, 2]
    ray = camera.rotation.T @ (beyond_tool - camera.translation)
    assert ray[2] > 0.05
    assert np.arctan2(np.hypot(ray[0], ray[1]), ray[2]) < np.deg2rad(28.0)


def test_prefix_reaches_every_name() -> None:
    model = pinocchio.buildModelFromXML(robot_description("left_"))
    names = list(model.names)[1:]
    names += [frame.name for frame in model.frames if frame.name not in ("universe", "root_joint")]
    assert all(name.startswith("left_") for name in names)
    assert f"left_{BASE_FRAME}" in names


def test_folder_is_the_one_with_the_xacro_files() -> None:
    assert {path.name for path in urdf_directory().glob("*.xacro")} >= {
        "arm.xacro",
        "gripper.xacro",
        "shapes.xacro",
        "takt_arm.urdf.xacro",
    }
