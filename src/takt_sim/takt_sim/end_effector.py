"""What can be mounted on the arm: the names that the rest of the simulator needs to know."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco

from takt_description import FINGER_JOINTS, FINGERTIP_FRAMES, HAND_FINGERTIP_FRAMES, HAND_JOINTS

MOUNT = "hand"


@dataclass(frozen=True)
class EndEffector:
    """A gripper or a hand, beyond the flange.

    Attributes:
        joints: in the order of its commands.
        fingertip: surface frame of the pad with the tactile sensor, z into the finger.
        pressed: body whose contacts press that pad.
        carrier: body that a weld holds objects to; its load is shared by two fingers. None: objects
            are held by contact alone.
    """

    joints: tuple[str, ...]
    fingertip: str
    pressed: str
    carrier: str | None


GRIPPER = EndEffector(FINGER_JOINTS, FINGERTIP_FRAMES[0], "left_finger", MOUNT)
HAND = EndEffector(HAND_JOINTS, HAND_FINGERTIP_FRAMES[0], "index_distal", None)


def mounted_on(uses_hand: bool) -> EndEffector:
    """What a task needs at the end of the arm."""
    return HAND if uses_hand else GRIPPER


def bodies_beyond_flange(model: mujoco.MjModel) -> tuple[str, ...]:
    """Names of the moving or colliding bodies from the mount on, in the model's order."""
    mount = model.body(MOUNT).id
    names = []
    for index in range(mount, model.nbody):
        body, above = model.body(index), index
        while above > mount:
            above = int(model.body_parentid[above])
        if above == mount and (body.geomnum[0] > 0):
            names.append(body.name)
    return tuple(names)
