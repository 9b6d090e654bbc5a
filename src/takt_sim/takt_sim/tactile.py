"""A soft pad on a fingertip: the displacement of its markers under force and torque.

The pad is a layer of rubber on a rigid back, pressed by a face that covers it: springs
under each marker, softer towards the free edge, and rubber that escapes sideways when it
is pressed. That is linear in the wrench, and it keeps all six of its components apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TactileParameters:
    """One pad.

    Attributes:
        size_m: edge of the square field of markers [m].
        normal_stiffness_n_m: of the whole pad against a flat face [N/m].
        shear_stiffness_n_m: of the whole pad [N/m].
        bulge: sideways motion of the edge markers per indentation.
        noise_m: standard deviation of each marker's measured displacement [m].
    """

    rows: int = 8
    columns: int = 8
    size_m: float = 0.016
    normal_stiffness_n_m: float = 18_000.0
    shear_stiffness_n_m: float = 9_000.0
    bulge: float = 0.25
    noise_m: float = 3e-6


class TactilePad:
    """Displacement field of one pad.

    Surface frame: origin in the middle of the pad, z into the skin, columns along x, rows
    along y.
    """

    def __init__(self, parameters: TactileParameters) -> None:
        self.parameters = p = parameters
        x = np.linspace(-0.5, 0.5, p.columns) * p.size_m
        y = np.linspace(-0.5, 0.5, p.rows) * p.size_m
        self._x, self._y = np.meshgrid(x, y)
        edge = 2.0 * np.maximum(np.abs(self._x), np.abs(self._y)) / p.size_m
        self._softness = 1.0 + 0.3 * edge**2
        self._second_moment = float(np.mean(self._x**2))
        self._polar_moment = float(np.mean(self._x**2 + self._y**2))

    def rest_m(self) -> NDArray[np.float32]:
        """(rows, columns, 2) position of the markers without load, xy of the surface frame."""
        return np.stack([self._x, self._y], axis=-1).astype(np.float32)

    def displacement(
        self, wrench: NDArray[np.float64], rng: np.random.Generator | None = None
    ) -> NDArray[np.float32]:
        """(rows, columns, 3) displacement of the markers [m].

        Args:
            wrench: (6,) force and torque on the pad, in the surface frame [N, N m]. A pad
                cannot be pulled: with force_z <= 0 nothing touches it.
            rng: source of the measurement noise; None measures without.
        """
        p = self.parameters
        field = np.zeros((p.rows, p.columns, 3))
        if wrench[2] > 0.0:
            self._load(field, wrench)
        if rng is not None:
            field += rng.normal(0.0, p.noise_m, field.shape)
        return field.astype(np.float32)

    def _load(self, field: NDArray[np.float64], wrench: NDArray[np.float64]) -> None:
        p = self.parameters
        fx, fy, fz, tx, ty, tz = wrench
        # A torque about x or y tilts the face; the springs' second moment answers it.
        tilt = (tx * self._y - ty * self._x) / self._second_moment
        indentation = np.maximum((fz + tilt) / p.normal_stiffness_n_m, 0.0) * self._softness
        spin = tz / self._polar_moment
        field[..., 0] = (fx - spin * self._y) / p.shear_stiffness_n_m * self._softness
        field[..., 1] = (fy + spin * self._x) / p.shear_stiffness_n_m * self._softness
        middle = 2.0 / p.size_m
        field[..., 0] += p.bulge * indentation * self._x * middle
        field[..., 1] += p.bulge * indentation * self._y * middle
        field[..., 2] = indentation


class FingertipLoad:
    """The wrench on the pad of one finger, from MuJoCo's forces.

    The finger's own contacts count in full. What the weld of a firm grasp carries is shared
    by the two fingers.

    Args:
        finger: body whose contacts press the pad.
        fingertip: surface frame of the pad, z into the finger.
        hand: body that a weld holds the object to; None: only contact holds it.
    """

    def __init__(
        self, model: mujoco.MjModel, finger: str, fingertip: str, hand: str | None
    ) -> None:
        self._finger = model.body(finger).id
        self._tip = model.body(fingertip).id
        self._hand = None if hand is None else int(model.body(hand).id)

    def wrench(self, model: mujoco.MjModel, data: mujoco.MjData) -> NDArray[np.float64]:
        """(6,) force and torque on the pad in its surface frame [N, N m]; see `TactilePad`.

        To be called after `mj_step2` or `mj_forward`: `mj_step1` finds new contacts, whose forces
        are whatever was in the memory until they are solved for.
        """
        mujoco.mj_rnePostConstraint(model, data)
        load = self._about_tip(model, data, self._finger)
        if self._hand is not None:
            load += 0.5 * self._about_tip(model, data, self._hand)
        base_from_tip = data.xmat[self._tip].reshape(3, 3)
        return np.concatenate([load[:3] @ base_from_tip, load[3:] @ base_from_tip])

    def _about_tip(
        self, model: mujoco.MjModel, data: mujoco.MjData, body: int
    ) -> NDArray[np.float64]:
        torque, force = data.cfrc_ext[body, :3], data.cfrc_ext[body, 3:]
        lever = data.subtree_com[model.body_rootid[body]] - data.xpos[self._tip]
        return np.concatenate([force, torque + np.cross(lever, force)])
