"""The arm of a policy that commands joints, from the robot's description."""

from __future__ import annotations

from takt_impedance.kinematics import ArmModel
from takt_policy.bundle.schema import PolicySpec
from takt_policy.errors import PolicyError


def arm_of(spec: PolicySpec, robot_description: str, tcp_frame: str) -> ArmModel | None:
    """Forward kinematics of the joints that a policy commands; None if it commands none.

    Args:
        robot_description: text of the URDF.
        tcp_frame: link whose pose the inputs call the tool's.

    Raises:
        PolicyError: the description is missing, or lacks a joint or the tool.
    """
    group = next((one for one in spec.actions if one.kind == "joints"), None)
    if group is None:
        return None
    if not robot_description:
        raise PolicyError(
            f"policy {spec.name!r} commands joints, but the robot's description is not known; "
            "set the parameter 'robot_description' to the text of its URDF"
        )
    try:
        return ArmModel(robot_description, tcp_frame, group.names)
    except ValueError as error:
        raise PolicyError(
            f"policy {spec.name!r}, action group {group.name!r}: {error}. Change the names in "
            "policy.yaml, or the parameter 'tcp_frame'"
        ) from None
