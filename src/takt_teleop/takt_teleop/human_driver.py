"""HUMAN: streams the operator's target and keeps what was sent until its time comes."""

from __future__ import annotations

from takt_core.geometry import Pose
from takt_core.trajectory import Trajectory, Waypoint
from takt_teleop.human import HumanTarget
from takt_teleop.inputs import ArmReport, DeviceCommand
from takt_teleop.settings import ArbiterParameters


class HumanDriver:
    """A takeover from its clutch to its end; at rest while the device is silent."""

    def __init__(self, parameters: ArbiterParameters) -> None:
        self._timeout_ns = round(parameters.device_timeout_s * 1e9)
        self._target = HumanTarget(parameters)
        self._sent: list[Waypoint] = []
        self._is_resting = False

    @property
    def pose(self) -> Pose:
        """Where the operator has brought the target."""
        return self._target.pose

    def engage(self, report: ArmReport, command: DeviceCommand | None, now_ns: int) -> None:
        """Begin a takeover where the controller's target is; an old command does not count."""
        self._target.engage(report)
        self._sent.clear()
        self._is_resting = False
        if command is not None and now_ns - command.stamp_ns <= self._timeout_ns:
            self._target.command(command)

    def use(self, command: DeviceCommand, report: ArmReport, now_ns: int) -> None:
        """Take the device's command; after a silence its clutch engages anew."""
        if self._is_resting:
            self.engage(report, command, now_ns)
        else:
            self._target.command(command)

    def stream(self, now_ns: int) -> Trajectory | None:
        """What to send now: waypoints, once an empty trajectory at a silence, then nothing."""
        if self._is_resting:
            return None
        if self._target.is_silent(now_ns) and self._target.is_at_rest():
            self._is_resting = True
            self._sent.clear()
            return Trajectory((), "human")
        waypoints = self._target.advance(now_ns)
        self._sent.append(waypoints[0])
        return Trajectory(waypoints, "human")

    def take_due(self, now_ns: int) -> list[Waypoint]:
        """Remove and return the actions whose time has come."""
        due = [waypoint for waypoint in self._sent if waypoint.time_ns <= now_ns]
        self._sent = self._sent[len(due) :]
        return due

    def clear(self) -> None:
        self._sent.clear()
