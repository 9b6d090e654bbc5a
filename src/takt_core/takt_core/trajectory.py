"""Stamped waypoints: what the arbiter sends to a controller and to a hand."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from takt_core.geometry import Array, Pose


@dataclass(frozen=True, eq=False)
class Waypoint:
    """Where the tool, or each joint, is to be at one time.

    Attributes:
        time_ns: ROS time [ns].
        base_from_tcp: the pose; with joints, where they lead.
        twist: (6,) in the axes of the base frame [m/s, rad/s], or None to let the follower choose.
        stiffness: (6,) diagonal in the tool frame [N/m, N m/rad], or None to keep the present one.
        gripper_width_m: distance between the fingers [m], or None to leave it.
        joint_position: (n,) in the order of ArmState.joint_names [rad], followed with joint
            impedance, or None to follow the pose with Cartesian impedance.
    """

    time_ns: int
    base_from_tcp: Pose
    twist: Array | None = None
    stiffness: Array | None = None
    gripper_width_m: float | None = None
    joint_position: Array | None = None


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Waypoints in ascending time; none at all means: decelerate now and hold.

    Attributes:
        waypoints: in ascending time.
        source: who commands: policy, human, shared, replay, motion, hold.
        chunk_id: of the ActionChunk it came from, 0 if none.
        start_ns: until then the present trajectory goes on [ns]; 0: it is replaced at once. Arms
            that are sent the same start set out together.
    """

    waypoints: tuple[Waypoint, ...]
    source: str
    chunk_id: int = 0
    start_ns: int = 0

    def after(self, now_ns: int) -> Trajectory:
        """The waypoints that are still to come."""
        kept = tuple(w for w in self.waypoints if w.time_ns > now_ns)
        return Trajectory(kept, self.source, self.chunk_id, self.start_ns)


@dataclass(frozen=True, eq=False)
class HandTrajectory:
    """Joint positions of a hand over time; none at all means: stop and hold.

    Attributes:
        joint_names: (n,) a subset of the hand's joints.
        times_ns: (k,) ascending ROS times [ns].
        positions: (k, n) [rad].
        velocities: (k, n) [rad/s], or None to let the follower choose; only a last waypoint with
            a velocity of zero is a planned end.
    """

    joint_names: tuple[str, ...] = ()
    times_ns: tuple[int, ...] = ()
    positions: Array = field(default_factory=lambda: np.empty((0, 0)))
    velocities: Array | None = None
