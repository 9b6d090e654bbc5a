"""A recorded motion as chunks that repeat it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from takt_core.chunk import ActionChunk
from takt_core.geometry import Array, Pose
from takt_core.trajectory import Waypoint
from takt_recorder.replay.compare import TcpPath

POLICY = "replay"
STEP_NS = 50_000_000
HORIZON = 16
STRIDE = 8


@dataclass(frozen=True, eq=False)
class ReplayPlan:
    """A recorded motion, ready to be repeated.

    Attributes:
        waypoints: on a regular grid; times are those of the recording [ns].
        path: the tool's measured path; times from the first waypoint on [ns].
        start: measured base_from_tcp at the first waypoint.
        start_joints: (n,) measured at the first waypoint [rad].
        joint_speed_rad_s: the largest that was measured.
        seed: of the task, None if it was not recorded.
        speed: 1 repeats at the recorded speed, less is slower.
    """

    bag: Path
    waypoints: tuple[Waypoint, ...]
    path: TcpPath
    start: Pose
    start_joints: Array
    joint_speed_rad_s: float
    seed: int | None
    speed: float = 1.0

    @property
    def step_ns(self) -> int:
        return round(STEP_NS / self.speed)

    @property
    def duration_ns(self) -> int:
        return (len(self.waypoints) - 1) * self.step_ns

    def slowed_path(self) -> TcpPath:
        """The path as it would be at the speed of the replay."""
        return self.path.stretched(1.0 / self.speed)

    def chunk(self, number: int, start_ns: int, now_ns: int, epoch: int) -> ActionChunk | None:
        """The chunk with this number (from 0), None after the last.

        Args:
            start_ns: ROS time for which the very first waypoint is meant [ns].
            now_ns: ROS time of publishing [ns].
        """
        first = number * STRIDE
        part = self.waypoints[first : first + HORIZON]
        if not part or (number > 0 and first + HORIZON - STRIDE >= len(self.waypoints)):
            return None
        widths = [w.gripper_width_m for w in part]
        known = [width for width in widths if width is not None]
        joints = [w.joint_position for w in part if w.joint_position is not None]
        return ActionChunk(
            id=number + 1,
            epoch=epoch,
            policy=POLICY,
            policy_hash="",
            goal=self.bag.name,
            start_ns=start_ns + first * self.step_ns,
            step_ns=self.step_ns,
            poses=tuple(w.base_from_tcp for w in part),
            gripper_width_m=np.array(known) if len(known) == len(part) else None,
            stiffness=None,
            first_index=0,
            observed_newest_ns=now_ns,
            observed_oldest_ns=now_ns,
            reference_ns=now_ns,
            reference_pose=part[0].base_from_tcp,
            inference_start_ns=now_ns,
            inference_end_ns=now_ns,
            inference_wall_ns=0,
            published_ns=now_ns,
            network_calls=0,
            raw=np.empty((0, 0), np.float32),
            joint_position=np.array(joints) if len(joints) == len(part) else None,
        )


def chunk_lead_ns(number: int, step_ns: int) -> int:
    """How long after the very first waypoint's time chunk `number` begins [ns]."""
    return number * STRIDE * step_ns
