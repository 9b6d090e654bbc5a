"""The descriptions of real arms: makers' names, published lengths and limits."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pinocchio
import pytest

from takt_description import REAL_ARMS, home_posture, real_arm_description

# Base frame and tool frame of each.
TOOLS = {
    "fr3": ("fr3_link0", "fr3_hand_tcp"),
    "gen3": ("base_link", "end_effector_link"),
    "iiwa14": ("lbr_link_0", "lbr_link_ee"),
    "ur5e": ("base_link", "tool0"),
}
# Tool position [m] at q = 0 by the published dimensions: Franka's and Universal Robots' DH tables,
# KUKA's 360 + 420 + 400 + 126 mm, Kinova's DH table, which is rounded to 0.1 mm per joint.
PLACES = {
    "fr3": [0.088, 0.0, 0.333 + 0.316 + 0.384 - 0.107 - 0.1034],
    "gen3": [0.0, -0.0246, 1.1873],
    "iiwa14": [0.0, 0.0, 0.36 + 0.42 + 0.4 + 0.126],
    # In `base_link`, which is turned by pi about z against the DH table's base.
    "ur5e": [0.8172, 0.2329, 0.0628],
}


def _model(arm: str) -> pinocchio.Model:
    return pinocchio.buildModelFromXML(real_arm_description(arm))


@pytest.mark.parametrize("arm", REAL_ARMS)
def test_tool_is_where_the_published_kinematics_put_it(arm: str) -> None:
    model = _model(arm)
    data = model.createData()
    configuration = pinocchio.neutral(model)
    pinocchio.framesForwardKinematics(model, data, configuration)
    base, tool = (data.oMf[model.getFrameId(name)] for name in TOOLS[arm])
    found = base.actInv(tool).translation
    np.testing.assert_allclose(found, PLACES[arm], atol=3e-4)


@pytest.mark.parametrize("arm", REAL_ARMS)
def test_inertias_are_physical(arm: str) -> None:
    for inertia in list(_model(arm).inertias)[1:]:
        moments = np.linalg.eigvalsh(inertia.inertia)
        assert moments[0] > 0.0
        assert moments[2] <= moments[0] + moments[1] + 1e-9


@pytest.mark.parametrize("arm", REAL_ARMS)
def test_home_is_within_the_limits(arm: str) -> None:
    model = _model(arm)
    home = home_posture(real_arm_description(arm))
    for name, angle in home.items():
        joint = model.joints[model.getJointId(name)]
        if joint.nq == 1:
            assert model.lowerPositionLimit[joint.idx_q] < angle
            assert angle < model.upperPositionLimit[joint.idx_q]


@pytest.mark.parametrize("arm", REAL_ARMS)
def test_mock_system_offers_what_a_controller_claims(arm: str) -> None:
    (system,) = ElementTree.fromstring(real_arm_description(arm)).findall("ros2_control")
    assert system.findtext("hardware/plugin") == "mock_components/GenericSystem"
    for joint in system.findall("joint"):
        commands = {each.get("name") for each in joint.findall("command_interface")}
        states = {each.get("name") for each in joint.findall("state_interface")}
        assert commands == {"position", "effort"}
        assert states == {"position", "velocity", "effort"}


def test_an_unknown_arm_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="fr3, gen3, iiwa14, ur5e"):
        real_arm_description("panda")
