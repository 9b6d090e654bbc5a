"""What torque sensors between the motors and the links of an arm would show."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray


class JointTorqueSensor:
    """Torque that each joint puts on its link: the motor's, less what friction takes of it.

    Args:
        count: of the arm's joints, which are the model's first.

    Attributes:
        torque: (count,) of the last step [N m].
    """

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, count: int) -> None:
        self._data = data
        self._count = count
        self._rubs = bool((model.dof_frictionloss[:count] > 0.0).any())
        self.torque: NDArray[np.float64] = np.zeros(count)

    def reset(self, torque: NDArray[np.float64]) -> None:
        """At rest under the torques that hold it."""
        self.torque[:] = torque

    def read(self) -> None:
        """After `mj_step2`, whose forces it takes; `mj_step1` would overwrite them."""
        data, count = self._data, self._count
        self.torque[:] = data.qfrc_actuator[:count] + data.qfrc_passive[:count]
        if self._rubs:
            rows = data.efc_type == mujoco.mjtConstraint.mjCNSTR_FRICTION_DOF
            for joint, friction in zip(data.efc_id[rows], data.efc_force[rows], strict=True):
                if joint < count:
                    self.torque[joint] += friction
