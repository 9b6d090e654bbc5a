"""The hand has the published layout of joints, in the order of its motors, and moves as named."""

import numpy as np
import pinocchio
import pytest
from numpy.typing import NDArray

from takt_description import (
    ARM_JOINTS,
    HAND_FINGERS,
    HAND_FINGERTIP_FRAMES,
    HAND_JOINTS,
    TOOL_FRAME,
    robot_description,
)

# As the description of the LEAP hand (v1) has them, by motor.
FINGER_LOWER = [-1.047, -0.314, -0.506, -0.366]
FINGER_UPPER = [1.047, 2.230, 1.885, 2.042]
THUMB_LOWER = [-0.349, -0.470, -1.200, -1.340]
THUMB_UPPER = [2.094, 2.443, 1.900, 1.880]


@pytest.fixture(scope="module")
def model() -> pinocchio.Model:
    return pinocchio.buildModelFromXML(robot_description(hand=True))


def fingertip(model: pinocchio.Model, finger: str, **joints: float) -> NDArray[np.float64]:
    """Of a fingertip in the frame of the hand [m]."""
    q = pinocchio.neutral(model)
    for name, value in joints.items():
        q[model.joints[model.getJointId(name)].idx_q] = value
    data = model.createData()
    pinocchio.framesForwardKinematics(model, data, q)
    hand = data.oMf[model.getFrameId("hand")]
    tip = hand.actInv(data.oMf[model.getFrameId(f"{finger}_fingertip")])
    return np.array(tip.translation)


def test_sixteen_joints_follow_the_arm_with_the_published_limits(model: pinocchio.Model) -> None:
    names = list(model.names)[1:]
    assert tuple(names[:7]) == ARM_JOINTS
    assert sorted(names[7:]) == sorted(HAND_JOINTS)
    index = [model.joints[model.getJointId(name)].idx_q for name in HAND_JOINTS]
    lower, upper = model.lowerPositionLimit[index], model.upperPositionLimit[index]
    np.testing.assert_allclose(lower, FINGER_LOWER * 3 + THUMB_LOWER)
    np.testing.assert_allclose(upper, FINGER_UPPER * 3 + THUMB_UPPER)


@pytest.mark.parametrize("finger", HAND_FINGERS[:3])
@pytest.mark.parametrize("joint", ["knuckle", "bend", "tip"])
def test_positive_is_towards_the_palm(model: pinocchio.Model, finger: str, joint: str) -> None:
    bent = fingertip(model, finger, **{f"{finger}_{joint}": 0.3}) - fingertip(model, finger)
    assert bent[0] > 0.005
    assert bent[2] < 0.0
    assert abs(bent[1]) < 1e-9


def test_positive_side_is_towards_the_index(model: pinocchio.Model) -> None:
    assert fingertip(model, "index")[1] > fingertip(model, "ring")[1]
    for finger in HAND_FINGERS[:3]:
        aside = fingertip(model, finger, **{f"{finger}_side": 0.3}) - fingertip(model, finger)
        assert aside[1] > 0.02


def test_the_thumb_meets_the_middle_finger_at_the_tool_point(model: pinocchio.Model) -> None:
    thumb = fingertip(model, "thumb", thumb_side=np.pi / 2, thumb_knuckle=1.5, thumb_bend=0.5)
    middle = fingertip(model, "middle", middle_knuckle=0.3, middle_bend=0.3)
    q = pinocchio.neutral(model)
    data = model.createData()
    pinocchio.framesForwardKinematics(model, data, q)
    hand = data.oMf[model.getFrameId("hand")]
    tool = np.array(hand.actInv(data.oMf[model.getFrameId(TOOL_FRAME)]).translation)
    assert np.linalg.norm(thumb - middle) < 0.04
    assert np.linalg.norm(0.5 * (thumb + middle) - tool) < 0.025


def test_pads_look_out_of_the_finger_towards_the_palm(model: pinocchio.Model) -> None:
    data = model.createData()
    pinocchio.framesForwardKinematics(model, data, pinocchio.neutral(model))
    hand = data.oMf[model.getFrameId("hand")].rotation
    for name in HAND_FINGERTIP_FRAMES[:3]:
        into_finger = data.oMf[model.getFrameId(name)].rotation[:, 2]
        np.testing.assert_allclose(into_finger, -hand[:, 0], atol=1e-9)


def test_all_inertias_are_physical_and_the_hand_is_as_heavy_as_published(
    model: pinocchio.Model,
) -> None:
    for inertia in list(model.inertias)[1:]:
        moments = np.linalg.eigvalsh(inertia.inertia)
        assert moments[0] > 0.0
        assert moments[2] <= moments[0] + moments[1] + 1e-9
    gripper = pinocchio.buildModelFromXML(robot_description())
    arm_only = sum(i.mass for i in list(gripper.inertias)[1:]) - 0.6544 - 2 * 0.0291
    whole = sum(inertia.mass for inertia in list(model.inertias)[1:])
    assert whole - arm_only == pytest.approx(0.6, abs=0.1)


def test_prefix_reaches_every_name() -> None:
    model = pinocchio.buildModelFromXML(robot_description("left_", hand=True))
    names = list(model.names)[1:]
    names += [frame.name for frame in model.frames if frame.name != "universe"]
    assert all(name.startswith("left_") for name in names)
