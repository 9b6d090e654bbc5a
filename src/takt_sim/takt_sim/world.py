"""Builds the MuJoCo world: the robot from its URDF, table, lights, cameras and a task's objects.

The robot stands on the table at the world's origin, so that the base frame is the world
frame and the table top is the plane z = 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from takt_description import (
    ARM_JOINTS,
    FINGER_JOINTS,
    HAND_FINGERS,
    HAND_JOINTS,
    TOOL_FRAME,
    WRIST_CAMERA_FRAME,
    robot_description,
)
from takt_sim.end_effector import MOUNT
from takt_sim.hand import HandParameters
from takt_sim.surroundings import (
    HELD_BIT,
    ROBOT_BIT,
    RUBBER_SOLIMP,
    RUBBER_SOLREF,
    SURROUNDINGS_BIT,
    add_surroundings,
)
from takt_sim.tasks.base import Task

STEP_S = 0.001
FRONT_CAMERA = "front_camera"
WRIST_CAMERA = "wrist_camera"
OVERVIEW_CAMERA = "overview_camera"

FINGER_GAIN_N_M = 3000.0
FINGER_DAMPING_N_S_M = 60.0
FINGER_FORCE_LIMIT_N = 20.0
# Inertia of a hand's motor behind its gear, as its joint feels it.
HAND_ARMATURE_KG_M2 = 0.001


@dataclass(frozen=True)
class CameraView:
    """Where a fixed camera stands, what it looks at (world frame, [m]), and its vertical field."""

    name: str
    position_m: tuple[float, float, float]
    looks_at_m: tuple[float, float, float]
    vertical_field_deg: float


@dataclass(frozen=True)
class PhysicalErrors:
    """What the world has and the model of the controller does not know.

    Attributes:
        payload_kg: at the tool point.
        joint_friction_nm: (7,) dry friction of the arm's joints.
    """

    payload_kg: float = 0.0
    joint_friction_nm: tuple[float, ...] = (0.0,) * len(ARM_JOINTS)


FIXED_VIEWS = (
    CameraView(FRONT_CAMERA, (0.76, 0.38, 0.29), (0.495, 0.0, 0.055), 28.0),
    CameraView(OVERVIEW_CAMERA, (1.28, 0.92, 0.66), (0.26, 0.0, 0.29), 39.0),
)
WRIST_FIELD_DEG = 56.0


def build_world(
    task: Task | None = None,
    views: Sequence[CameraView] = FIXED_VIEWS,
    hand: HandParameters | None = None,
    physics: PhysicalErrors | None = None,
) -> mujoco.MjModel:
    """Compile the world of `task`. Objects of the task are placed by its `reset`, not here.

    Args:
        hand: of the servos, in the world of a task that uses the hand.
        physics: what the controller is not told.
    """
    uses_hand = task is not None and task.uses_hand
    spec = mujoco.MjSpec.from_string(_urdf_for_mujoco(uses_hand))
    _set_options(spec)
    _shape_robot(spec)
    _actuate_arm(spec)
    if uses_hand:
        _shape_hand(spec)
        _actuate_hand(spec, hand or HandParameters())
    else:
        _actuate_gripper(spec)
    _disturb(spec, physics or PhysicalErrors())
    add_surroundings(spec)
    for view in views:
        _add_view(spec, view)
    spec.body(WRIST_CAMERA_FRAME).add_camera(
        name=WRIST_CAMERA, quat=[0.0, 1.0, 0.0, 0.0], fovy=WRIST_FIELD_DEG
    )
    if task is not None:
        task.add_objects(spec)
    return spec.compile()


def _urdf_for_mujoco(hand: bool) -> str:
    """The robot's URDF with MuJoCo's own element, which keeps frames and visual shapes."""
    extension = (
        '<mujoco><compiler fusestatic="false" discardvisual="false" strippath="false"/></mujoco>'
    )
    return robot_description(hand=hand).replace("<link", extension + "<link", 1)


def _set_options(spec: mujoco.MjSpec) -> None:
    spec.modelname = "takt"
    spec.option.timestep = STEP_S
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_PYRAMIDAL
    spec.option.iterations = 20
    spec.option.ls_iterations = 10
    # One sharp light from the side models the faces of white parts; ambient fills the rest.
    spec.visual.headlight.ambient = [0.38, 0.38, 0.38]
    spec.visual.headlight.diffuse = [0.22, 0.22, 0.22]
    spec.visual.headlight.specular = [0.05, 0.05, 0.05]
    spec.visual.global_.offwidth = 1280
    spec.visual.global_.offheight = 960
    spec.visual.map.znear = 0.005
    spec.visual.map.zfar = 10.0
    spec.stat.extent = 1.0
    spec.stat.center = [0.4, 0.0, 0.2]


def _shape_robot(spec: mujoco.MjSpec) -> None:
    """Collision bits of the robot's shapes; joint friction that the arm's own loop removes."""
    for geom in spec.geoms:
        visual = geom.contype == 0 and geom.conaffinity == 0
        geom.group = 0 if visual else 3
        if visual:
            continue
        finger = geom.parent.name.endswith("_finger")
        geom.contype = ROBOT_BIT
        geom.conaffinity = SURROUNDINGS_BIT | (HELD_BIT if finger else 0)
        if finger:
            geom.solref = [0.004, 1.0]
        geom.friction = [1.0, 0.01, 0.001] if finger else [0.3, 0.005, 0.0001]
    for name in ARM_JOINTS:
        # The arm's torque loop compensates dry friction; MuJoCo would add a constraint
        # row for each joint.
        spec.joint(name).frictionloss = 0.0


def _shape_hand(spec: mujoco.MjSpec) -> None:
    """Phalanges with round ends and rubber's friction, which touch what is to be held."""
    for geom in spec.geoms:
        finger = geom.parent.name.startswith(HAND_FINGERS)
        if geom.contype == 0 or not (finger or geom.parent.name == MOUNT):
            continue
        geom.conaffinity = SURROUNDINGS_BIT | HELD_BIT
        if finger:
            geom.type = mujoco.mjtGeom.mjGEOM_CAPSULE
            geom.friction = [1.0, 0.01, 0.001]
            geom.solref, geom.solimp = list(RUBBER_SOLREF), list(RUBBER_SOLIMP)
    for name in HAND_JOINTS:
        joint = spec.joint(name)
        joint.armature = HAND_ARMATURE_KG_M2
        joint.frictionloss = 0.0


def _disturb(spec: mujoco.MjSpec, physics: PhysicalErrors) -> None:
    for name, friction_nm in zip(ARM_JOINTS, physics.joint_friction_nm, strict=True):
        spec.joint(name).frictionloss = friction_nm
    if physics.payload_kg > 0.0:
        spec.body(TOOL_FRAME).add_geom(
            name="payload",
            type=mujoco.mjtGeom.mjGEOM_SPHERE,
            size=[0.02, 0.0, 0.0],
            mass=physics.payload_kg,
            group=3,
            contype=0,
            conaffinity=0,
        )


def _actuate_arm(spec: mujoco.MjSpec) -> None:
    """Torque motors without any gain."""
    for name in ARM_JOINTS:
        spec.add_actuator(
            name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT, gainprm=_first(1.0)
        )


def _actuate_gripper(spec: mujoco.MjSpec) -> None:
    for name in FINGER_JOINTS:
        _add_servo(spec, name, FINGER_GAIN_N_M, FINGER_DAMPING_N_S_M, FINGER_FORCE_LIMIT_N)


def _actuate_hand(spec: mujoco.MjSpec, hand: HandParameters) -> None:
    for name in HAND_JOINTS:
        _add_servo(spec, name, hand.stiffness_nm_rad, hand.damping_nms_rad, hand.torque_limit_nm)


def _add_servo(spec: mujoco.MjSpec, joint: str, gain: float, damping: float, limit: float) -> None:
    """A position servo whose force or torque is limited."""
    spec.add_actuator(
        name=joint,
        target=joint,
        trntype=mujoco.mjtTrn.mjTRN_JOINT,
        gainprm=_first(gain),
        biastype=mujoco.mjtBias.mjBIAS_AFFINE,
        biasprm=_first(0.0, -gain, -damping),
        forcelimited=True,
        forcerange=[-limit, limit],
    )


def _first(*values: float) -> list[float]:
    return [*values, *[0.0] * (10 - len(values))]


def _add_view(spec: mujoco.MjSpec, view: CameraView) -> None:
    spec.worldbody.add_camera(
        name=view.name,
        pos=list(view.position_m),
        quat=_looking_at(np.asarray(view.position_m), np.asarray(view.looks_at_m)),
        fovy=view.vertical_field_deg,
    )


def _looking_at(position: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quaternion (wxyz, MuJoCo's order) of a camera that looks along -z with y up."""
    backward = (position - target) / np.linalg.norm(position - target)
    right = np.cross([0.0, 0.0, 1.0], backward)
    right /= np.linalg.norm(right)
    rotation = np.column_stack([right, np.cross(backward, right), backward])
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, rotation.flatten())
    return quaternion
