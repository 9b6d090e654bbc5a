"""The target that an operator steers: a point with a velocity and bounded acceleration.

It starts with the pose and the velocity of the controller's present target, so that a
takeover makes a step in neither (clutch), and goes over to what the device asks for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from takt_core.geometry import Array, Pose, pose_error
from takt_core.trajectory import Waypoint
from takt_teleop.inputs import ArmReport, DeviceCommand
from takt_teleop.plan import corrected
from takt_teleop.settings import ArbiterParameters

_PREVIEW = 3
# Time in which the target follows the displacement of a device with a pose.
_TRACKING_S = 0.15
_STILL = 1e-4


@dataclass(frozen=True, eq=False)
class _Motion:
    time_ns: int
    pose: Pose
    twist: Array


class HumanTarget:
    """Waypoints from a device's velocity or displacement, within speed and workspace."""

    def __init__(self, parameters: ArbiterParameters) -> None:
        self._parameters = parameters
        self._lead_ns = round(parameters.stream_lead_s * 1e9)
        self._period_ns = round(1e9 / parameters.stream_hz)
        self._timeout_ns = round(parameters.device_timeout_s * 1e9)
        self._motion = _Motion(0, Pose.identity(), np.zeros(6))
        self._command: DeviceCommand | None = None
        self._clutch: tuple[Pose, Pose] | None = None
        self._low = np.zeros(3)
        self._high = np.zeros(3)

    def engage(self, arm: ArmReport) -> None:
        """Start from the controller's present target; the device's zero is its next command."""
        p = self._parameters
        self._motion = _Motion(arm.stamp_ns, arm.target, np.array(arm.target_twist))
        self._command = None
        self._clutch = None
        # A start outside the box must not become a jump to its wall.
        start = arm.target.position_m
        self._low = np.minimum(np.array(p.workspace_min_m), start)
        self._high = np.maximum(np.array(p.workspace_max_m), start)

    def command(self, command: DeviceCommand) -> None:
        """Take what the device asks for from now on."""
        self._command = command
        if command.displacement is not None and self._clutch is None:
            self._clutch = (self._motion.pose, command.displacement)

    @property
    def pose(self) -> Pose:
        """The target at the time of the last waypoint that was committed."""
        return self._motion.pose

    @property
    def gripper_width_m(self) -> float | None:
        return None if self._command is None else self._command.gripper_width_m

    def is_silent(self, now_ns: int) -> bool:
        """The device has not been heard of for too long."""
        command = self._command
        return command is None or now_ns - command.stamp_ns > self._timeout_ns

    def is_at_rest(self) -> bool:
        return bool(np.linalg.norm(self._motion.twist) < _STILL)

    def advance(self, now_ns: int) -> tuple[Waypoint, ...]:
        """Waypoints for the next moments; the first is committed, the rest is a preview."""
        time_ns = now_ns + self._lead_ns
        motion = self._step(self._motion, time_ns, now_ns)
        self._motion = motion
        waypoints = []
        for i in range(_PREVIEW):
            # Without a velocity the last one is a resting point, should nothing follow.
            twist = motion.twist if i + 1 < _PREVIEW else None
            waypoints.append(
                Waypoint(motion.time_ns, motion.pose, twist, None, self.gripper_width_m)
            )
            motion = self._step(motion, motion.time_ns + self._period_ns, now_ns)
        return tuple(waypoints)

    def _step(self, motion: _Motion, time_ns: int, now_ns: int) -> _Motion:
        p = self._parameters
        dt = max(time_ns - motion.time_ns, 0) / 1e9
        wanted = limit(self._wanted(motion, now_ns), p.human_speed_m_s, p.human_speed_rad_s)
        wanted[:3] = self._brake_at_walls(wanted[:3], motion.pose.position_m)
        change = limit(
            wanted - motion.twist,
            p.human_acceleration_m_s2 * dt,
            p.human_acceleration_rad_s2 * dt,
        )
        twist = motion.twist + change
        pose = corrected(motion.pose, (motion.twist + twist) / 2 * dt)
        inside = np.clip(pose.position_m, self._low, self._high)
        twist[:3] = np.where(inside == pose.position_m, twist[:3], 0.0)
        return _Motion(max(time_ns, motion.time_ns), Pose(inside, pose.quaternion_xyzw), twist)

    def _wanted(self, motion: _Motion, now_ns: int) -> Array:
        command = self._command
        if command is None or self.is_silent(now_ns):
            return np.zeros(6)
        if command.displacement is not None and self._clutch is not None:
            start, zero = self._clutch
            goal = displaced(start, zero, command.displacement, command.in_tool_frame)
            return pose_error(goal, motion.pose) / _TRACKING_S
        return in_base(command.twist, command.in_tool_frame, motion.pose)

    def _brake_at_walls(self, velocity: Array, position: Array) -> Array:
        """Slow enough to stop at the wall: v^2 = 2 a s, half the acceleration in reserve."""
        a = self._parameters.human_acceleration_m_s2 / 2
        up = np.sqrt(2 * a * np.maximum(self._high - position, 0.0))
        down = np.sqrt(2 * a * np.maximum(position - self._low, 0.0))
        return np.clip(velocity, -down, up)


def limit(twist: Array, linear: float, angular: float) -> Array:
    """The twist (6,) with the norms of its two halves limited."""
    out = np.array(twist, dtype=np.float64)
    for part, most in ((slice(0, 3), linear), (slice(3, 6), angular)):
        norm = float(np.linalg.norm(out[part]))
        if norm > most:
            out[part] *= most / norm
    return out


def in_base(twist: Array, in_tool_frame: bool, base_from_tcp: Pose) -> Array:
    """A twist (6,) of the tool point turned into the axes of the base frame."""
    if not in_tool_frame:
        return np.array(twist, dtype=np.float64)
    rotation = base_from_tcp.rotation()
    return np.concatenate([rotation @ twist[:3], rotation @ twist[3:]])


def displaced(start: Pose, zero: Pose, displacement: Pose, in_tool_frame: bool) -> Pose:
    """Where the tool is to be when the device has moved from ``zero`` to ``displacement``."""
    if in_tool_frame:
        return start @ (zero.inverse() @ displacement)
    turn = Rotation.from_quat(displacement.quaternion_xyzw) * (
        Rotation.from_quat(zero.quaternion_xyzw).inv()
    )
    return Pose(
        start.position_m + displacement.position_m - zero.position_m,
        (turn * Rotation.from_quat(start.quaternion_xyzw)).as_quat(),
    )
