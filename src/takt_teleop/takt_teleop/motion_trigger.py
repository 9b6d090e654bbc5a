"""Has a person moved the device enough to mean a takeover?"""

from __future__ import annotations

import numpy as np

from takt_core.geometry import Pose, pose_error
from takt_teleop.inputs import DeviceCommand
from takt_teleop.settings import ArbiterParameters


class MotionTrigger:
    """Speed beyond a threshold, or for devices with a pose the way from where they rested."""

    def __init__(self, parameters: ArbiterParameters) -> None:
        self._parameters = parameters
        self._rest: Pose | None = None

    def rearm(self) -> None:
        """The next pose of the device counts as its rest."""
        self._rest = None

    def moved(self, command: DeviceCommand) -> bool:
        p = self._parameters
        if not p.takeover_by_motion:
            return False
        if command.displacement is None:
            linear, angular = command.twist[:3], command.twist[3:]
            most = (p.takeover_speed_m_s, p.takeover_speed_rad_s)
        else:
            self._rest = command.displacement if self._rest is None else self._rest
            way = pose_error(command.displacement, self._rest)
            linear, angular = way[:3], way[3:]
            most = (p.takeover_motion_m, p.takeover_motion_rad)
        return bool(np.linalg.norm(linear) > most[0] or np.linalg.norm(angular) > most[1])
