"""The external wrench on the tool point: what the surroundings push with.

MuJoCo sums the contact and weld forces on each body. Over the hand, the fingers and what
they hold, the forces between them cancel, gravity and inertia are not part of the sum, and
what stays is the push of everything else.
"""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray


class ExternalWrench:
    """Low-passed external wrench at a tool point, axes of the base frame.

    Args:
        bodies: names of the bodies from the wrist on, held objects included.
        tool: name of the body whose origin is the tool point.
        cutoff_hz: of the first-order filter, as a force sensor has one.
    """

    # Reading the forces costs as much as the step itself; half its rate is still far above
    # the cutoff.
    STRIDE = 2

    def __init__(
        self, model: mujoco.MjModel, bodies: Sequence[str], tool: str, cutoff_hz: float
    ) -> None:
        self._bodies = np.array([model.body(name).id for name in bodies])
        self._roots = model.body_rootid[self._bodies]
        self._tool = model.body(tool).id
        period_s = self.STRIDE * model.opt.timestep
        self._steps = 0
        self._smoothing = float(1.0 - np.exp(-2.0 * np.pi * cutoff_hz * period_s))
        self.value: NDArray[np.float64] = np.zeros(6)

    def reset(self) -> None:
        self.value = np.zeros(6)
        self._steps = 0

    def update(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Take in the forces of the last step. Call once per step."""
        self._steps += 1
        if self._steps % self.STRIDE:
            return
        mujoco.mj_rnePostConstraint(model, data)
        forces = data.cfrc_ext[self._bodies]
        lever = data.subtree_com[self._roots] - data.xpos[self._tool]
        force = forces[:, 3:]
        # Written out: numpy's cross product of three-vectors costs six times as much.
        moment = np.empty_like(force)
        moment[:, 0] = lever[:, 1] * force[:, 2] - lever[:, 2] * force[:, 1]
        moment[:, 1] = lever[:, 2] * force[:, 0] - lever[:, 0] * force[:, 2]
        moment[:, 2] = lever[:, 0] * force[:, 1] - lever[:, 1] * force[:, 0]
        now = np.concatenate([force.sum(axis=0), (forces[:, :3] + moment).sum(axis=0)])
        self.value += self._smoothing * (now - self.value)
