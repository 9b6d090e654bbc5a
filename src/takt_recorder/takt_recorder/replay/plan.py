"""From a bag to chunks that repeat it, and the conditions under which they may be sent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_core.chunk import ActionChunk
from takt_core.errors import TaktError
from takt_core.geometry import Array, Pose, pose_error
from takt_core.trajectory import Trajectory, Waypoint
from takt_recorder import episode
from takt_recorder.reader import BagReader
from takt_recorder.replay.compare import TcpPath
from takt_recorder.replay.timeline import SentTrajectory, executed_waypoints, resample

POLICY = "replay"
STEP_NS = 50_000_000
HORIZON = 16
STRIDE = 8
_TRAJECTORY, _CHUNK = "takt_msgs/msg/PoseTrajectory", "takt_msgs/msg/ActionChunk"
_ARM = "takt_msgs/msg/ArmState"
_NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class ReplayLimits:
    """What a replay may ask of the robot, and how near it must start.

    Attributes:
        start_m, start_rad: of the tool's pose from the recorded start.
        start_joint_rad: of every joint: the arm must be in the same configuration.
        speed_m_s, speed_rad_s: of the tool.
        joint_speed_rad_s: of any joint, as it was recorded (times the speed of the replay).
    """

    start_m: float = 0.02
    start_rad: float = 0.15
    start_joint_rad: float = 0.25
    speed_m_s: float = 0.6
    speed_rad_s: float = 2.0
    joint_speed_rad_s: float = 2.0


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
        )


def chunk_lead_ns(number: int, step_ns: int) -> int:
    """How long after the very first waypoint's time chunk `number` begins [ns]."""
    return number * STRIDE * step_ns


def load_plan(bag: Path, speed: float = 1.0) -> ReplayPlan:
    """Read the commands and the path of the one arm in a bag.

    Raises:
        TaktError: the bag has no commands, no arm state, or those of several arms.
    """
    if not 0.05 <= speed <= 1.0:
        raise TaktError(f"speed is {speed:g}; allowed is 0.05 to 1: a replay is never faster")
    reader = BagReader(bag)
    waypoints = executed_waypoints(_sent(reader))
    if len(waypoints) < 2:
        raise TaktError(
            f"{bag} has no motion to repeat: arm/trajectory and policy/chunk hold "
            f"{len(waypoints)} waypoints that were executed; at least 2 are needed"
        )
    topic = _one_topic(reader, _ARM, required=True)
    arm = sorted((m for _, m in reader.decoded([topic])), key=lambda m: _ns(m.header.stamp))
    times = np.array([_ns(message.header.stamp) for message in arm], dtype=np.int64)
    start_ns = waypoints[0].time_ns
    if times.size == 0 or times[0] > start_ns + STEP_NS:
        raise TaktError(f"{bag} does not have arm/state at the time of its first waypoint")
    index = max(int(np.searchsorted(times, start_ns, side="right")) - 1, 0)
    poses = np.array([_array7(message.tcp_pose) for message in arm])
    path = TcpPath(times, poses).shifted(-start_ns)
    grid = tuple(resample(waypoints, STEP_NS))
    return ReplayPlan(
        bag=reader.bag,
        waypoints=grid,
        path=path.between(0, grid[-1].time_ns - start_ns),
        start=Pose.from_array7(poses[index]),
        start_joints=np.array(arm[index].joint_position, dtype=np.float64),
        joint_speed_rad_s=_joint_speed(arm[index:]),
        seed=_seed(reader.bag),
        speed=speed,
    )


def check_plan(plan: ReplayPlan, limits: ReplayLimits) -> None:
    """Whether the motion itself is within the limits.

    Raises:
        TaktError: it is too fast; the message says where.
    """
    step_s = plan.step_ns / _NS_PER_S
    for before, after in zip(plan.waypoints, plan.waypoints[1:], strict=False):
        twist = pose_error(after.base_from_tcp, before.base_from_tcp) / step_s
        way, turn = float(np.linalg.norm(twist[:3])), float(np.linalg.norm(twist[3:]))
        if way > limits.speed_m_s or turn > limits.speed_rad_s:
            at_s = (before.time_ns - plan.waypoints[0].time_ns) / _NS_PER_S
            raise TaktError(
                f"{plan.bag} moves at {way:.2f} m/s and {turn:.2f} rad/s {at_s:.2f} s after its "
                f"start; allowed are {limits.speed_m_s:g} m/s and {limits.speed_rad_s:g} rad/s. "
                "Replay it slower (--speed)"
            )
    joint_speed = plan.joint_speed_rad_s * plan.speed
    if joint_speed > limits.joint_speed_rad_s:
        raise TaktError(
            f"{plan.bag} moves a joint at {joint_speed:.2f} rad/s; allowed are "
            f"{limits.joint_speed_rad_s:g} rad/s. Replay it slower (--speed)"
        )


def check_start(plan: ReplayPlan, pose: Pose, joints: Array, limits: ReplayLimits) -> None:
    """Whether the robot stands where the recording began.

    Raises:
        TaktError: it does not; the message says how far it is off.
    """
    error = pose_error(pose, plan.start)
    way, turn = float(np.linalg.norm(error[:3])), float(np.linalg.norm(error[3:]))
    if way > limits.start_m or turn > limits.start_rad:
        raise TaktError(
            f"the tool is {1e3 * way:.1f} mm and {np.degrees(turn):.1f}° from where the recording "
            f"began; allowed are {1e3 * limits.start_m:.0f} mm and "
            f"{np.degrees(limits.start_rad):.0f}°. Move it to {plan.start.position_m.round(3)}, "
            "or reset the simulated task (--reset)"
        )
    if joints.shape != plan.start_joints.shape:
        raise TaktError(f"the arm has {joints.size} joints; {plan.start_joints.size} were recorded")
    off = np.abs(joints - plan.start_joints)
    worst = int(np.argmax(off)) if off.size else 0
    if off.size and off[worst] > limits.start_joint_rad:
        raise TaktError(
            f"joint {worst + 1} is {off[worst]:.2f} rad from where the recording began; allowed "
            f"are {limits.start_joint_rad:g} rad: the arm is in another configuration"
        )


def _sent(reader: BagReader) -> list[SentTrajectory]:
    """Trajectories to the arm; chunks of the policy if there are none."""
    topic = _one_topic(reader, _TRAJECTORY)
    if topic:
        found = [
            SentTrajectory(_ns(message.header.stamp), _trajectory(message))
            for _, message in reader.decoded([topic])
        ]
        if found:
            return sorted(found, key=lambda sent: sent.sent_ns)
    topic = _one_topic(reader, _CHUNK)
    chunks = reader.decoded([topic]) if topic else ()
    found = [
        SentTrajectory(_ns(message.header.stamp), _trajectory_of_chunk(message))
        for _, message in chunks
    ]
    return sorted(found, key=lambda sent: sent.sent_ns)


def _one_topic(reader: BagReader, kind: str, required: bool = False) -> str:
    names = [topic.name for topic in reader.topics().values() if topic.type_name == kind]
    if len(names) > 1 or (required and not names):
        raise TaktError(
            f"{reader.bag} has {len(names)} topics of type {kind} "
            f"({', '.join(names) or 'none'}); a replay needs exactly one arm"
        )
    return names[0] if names else ""


def _trajectory(message: Any) -> Trajectory:
    waypoints = tuple(
        Waypoint(
            _ns(w.time),
            Pose.from_array7(_array7(w.pose)),
            twist=_twist(w.twist) if w.has_twist else None,
            gripper_width_m=None if np.isnan(w.gripper_width) else float(w.gripper_width),
        )
        for w in message.waypoints
    )
    return Trajectory(waypoints, str(message.source), int(message.chunk_id))


def _trajectory_of_chunk(message: Any) -> Trajectory:
    start_ns, step_ns = _ns(message.start), _ns(message.step)
    waypoints = tuple(
        Waypoint(start_ns + i * step_ns, Pose.from_array7(_array7(pose)))
        for i, pose in enumerate(message.poses)
    )
    return Trajectory(waypoints, "policy", int(message.id))


def _joint_speed(arm: list[Any]) -> float:
    speeds: npt.NDArray[np.float64] = np.array([np.asarray(m.joint_velocity) for m in arm])
    return float(np.abs(speeds).max()) if speeds.size else 0.0


def _seed(bag: Path) -> int | None:
    values = episode.read(bag) or {}
    tagged = (values.get("tags") or {}).get("seed")
    seed = tagged if tagged is not None else (values.get("task_status") or {}).get("seed")
    try:
        return None if seed is None else int(seed)
    except ValueError as error:
        raise TaktError(
            f"{bag / episode.FILE_NAME}: tag seed is {seed!r}; allowed is a whole number"
        ) from error


def _array7(pose: Any) -> Array:
    p, q = pose.position, pose.orientation
    return np.array([p.x, p.y, p.z, q.x, q.y, q.z, q.w], dtype=np.float64)


def _twist(twist: Any) -> Array:
    a, b = twist.linear, twist.angular
    return np.array([a.x, a.y, a.z, b.x, b.y, b.z], dtype=np.float64)


def _ns(time: Any) -> int:
    return int(time.sec) * _NS_PER_S + int(time.nanosec)
