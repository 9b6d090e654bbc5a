"""Stamped waypoints: what the arbiter sends to a controller."""

from __future__ import annotations

from dataclasses import dataclass

from takt_core.geometry import Array, Pose


@dataclass(frozen=True, eq=False)
class Waypoint:
    """Where the tool is to be at one time.

    Attributes:
        time_ns: ROS time [ns].
        base_from_tcp: the pose.
        twist: (6,) in the axes of the base frame [m/s, rad/s], or None to let the follower choose.
        stiffness: (6,) diagonal in the tool frame [N/m, N m/rad], or None to keep the present one.
        gripper_width_m: distance between the fingers [m], or None to leave it.
    """

    time_ns: int
    base_from_tcp: Pose
    twist: Array | None = None
    stiffness: Array | None = None
    gripper_width_m: float | None = None


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Waypoints in ascending time; none at all means: decelerate now and hold.

    Attributes:
        waypoints: in ascending time.
        source: who commands: policy, human, shared, replay, hold.
        chunk_id: of the ActionChunk it came from, 0 if none.
    """

    waypoints: tuple[Waypoint, ...]
    source: str
    chunk_id: int = 0

    def after(self, now_ns: int) -> Trajectory:
        """The waypoints that are still to come."""
        kept = tuple(w for w in self.waypoints if w.time_ns > now_ns)
        return Trajectory(kept, self.source, self.chunk_id)
