"""Targets of consecutive ticks, on an arm that stays where it is: the follower does not care."""

import numpy as np
import pinocchio
from impedance_support import MS, Float, matrix_of, pose7, posture, random_arm

from takt_impedance import Controller, Parameters, TrajectoryResult

ARM = random_arm(1)
REST = posture(1, 7)
TERMS = ARM.terms(REST, np.zeros(7))
STILL = np.zeros(7)


def moved(pose: Float, offset: Float) -> Float:
    """The pose shifted by `offset[:3]` and turned by the rotation vector `offset[3:]`."""
    return pose7(pose[:3] + offset[:3], pinocchio.exp3(np.array(offset[3:])) @ matrix_of(pose))


class Track:
    """What the controller's targets did in each tick."""

    def __init__(self, parameters: Parameters | None = None, dt_ms: int = 1) -> None:
        self.parameters = parameters or Parameters(7)
        self.controller = Controller(self.parameters)
        self.dt_ms = dt_ms
        self.now = 1000 * MS
        self.poses: list[Float] = []
        self.twists: list[Float] = []
        self.joints: list[Float] = []
        self.joint_velocities: list[Float] = []
        self.controller.activate(self.now, REST, TERMS.position, TERMS.rotation)
        self.run(1)

    @property
    def pose(self) -> Float:
        return np.array(self.controller.output.target_pose)

    @property
    def dt_s(self) -> float:
        return 1e-3 * self.dt_ms

    def run(self, ticks: int) -> "Track":
        for _ in range(ticks):
            self.now += self.dt_ms * MS
            output = self.controller.tick(
                self.now, self.dt_s, REST, STILL, None, TERMS.jacobian, TERMS.mass, TERMS.bias,
                TERMS.position, TERMS.rotation,
            )  # fmt: skip
            self.poses.append(np.array(output.target_pose))
            self.twists.append(np.array(output.target_twist))
            self.joints.append(np.array(output.joint_target))
            self.joint_velocities.append(np.array(output.joint_target_velocity))
        return self

    def times(self, times_s: list[float] | Float) -> list[int]:
        return [self.now + round(t * 1e9) for t in times_s]

    def send(
        self,
        times_s: list[float] | Float,
        offsets: Float,
        origin: Float | None = None,
        twists: Float | None = None,
        stiffness: Float | None = None,
        start_s: float | None = None,
    ) -> TrajectoryResult:
        """Waypoints at times from now, as position and rotation vector from `origin`."""
        origin = self.pose if origin is None else origin
        poses = [moved(origin, offset) for offset in offsets]
        start_ns = 0 if start_s is None else self.times([start_s])[0]
        return self.controller.set_trajectory(
            self.times(times_s), poses, self.now, twists, stiffness, start_ns
        )

    def send_joints(
        self,
        times_s: list[float] | Float,
        offsets: Float,
        velocities: Float | None = None,
        start_s: float | None = None,
    ) -> TrajectoryResult:
        """Joint waypoints at times from now, as offsets from where the arm stands."""
        start_ns = 0 if start_s is None else self.times([start_s])[0]
        return self.controller.set_joint_trajectory(
            self.times(times_s), REST + offsets, self.now, velocities, start_ns
        )

    def stop(self) -> TrajectoryResult:
        return self.controller.set_trajectory([], np.zeros((0, 7)), self.now)

    def assert_smooth(self) -> None:
        """Position is the integral of the twist, and the twist keeps all limits."""
        p, dt = self.parameters, self.dt_s
        twists, poses = np.array(self.twists), np.array(self.poses)
        np.testing.assert_allclose(np.diff(poses[:, :3], axis=0), twists[1:, :3] * dt, atol=1e-12)
        np.testing.assert_allclose(turns(poses), twists[1:, 3:] * dt, atol=1e-9)
        for part, velocity, acceleration, jerk in (
            (slice(0, 3), p.max_linear_velocity_m_s, p.max_linear_acceleration_m_s2,
             p.max_linear_jerk_m_s3),
            (slice(3, 6), p.max_angular_velocity_rad_s, p.max_angular_acceleration_rad_s2,
             p.max_angular_jerk_rad_s3),
        ):  # fmt: skip
            assert largest(twists[:, part]) <= velocity * (1 + 1e-9)
            assert largest(np.diff(twists[:, part], axis=0)) <= acceleration * dt * (1 + 1e-6)
            assert largest(np.diff(twists[:, part], 2, axis=0)) <= jerk * dt**2 * (1 + 1e-6)

    def assert_joints_smooth(self) -> None:
        """The same of the joints' target, each joint with its own limits."""
        p, dt = self.parameters, self.dt_s
        q, dq = np.array(self.joints), np.array(self.joint_velocities)
        np.testing.assert_allclose(np.diff(q, axis=0), dq[1:] * dt, atol=1e-9)
        for order, limit in (
            (0, p.max_joint_velocity_rad_s),
            (1, p.max_joint_acceleration_rad_s2 * dt),
            (2, p.max_joint_jerk_rad_s3 * dt**2),
        ):
            assert (np.abs(np.diff(dq, order, axis=0)).max(axis=0) <= limit * (1 + 1e-6)).all()


def turns(poses: Float) -> Float:
    """Rotation vectors (N - 1, 3) from each of N poses to the next, base axes."""
    v, w = poses[:, 3:6], poses[:, 6:]
    sine = w[:-1] * v[1:] - w[1:] * v[:-1] - np.cross(v[1:], v[:-1])
    cosine = w[1:] * w[:-1] + np.sum(v[1:] * v[:-1], axis=1, keepdims=True)
    size = np.linalg.norm(sine, axis=1, keepdims=True)
    angle = 2 * np.arctan2(size, np.abs(cosine))
    return (
        np.sign(cosine) * sine * np.divide(angle, size, out=np.full_like(size, 2), where=size > 0)
    )


def largest(rows: Float) -> float:
    return float(np.linalg.norm(rows, axis=1).max())


def with_limits(velocity: float, acceleration: float, jerk: float) -> Parameters:
    """Parameters with these linear limits, angular and joint ones to match, and time for a stop."""
    p = Parameters(7)
    p.max_linear_velocity_m_s, p.max_angular_velocity_rad_s = velocity, 3 * velocity
    p.max_linear_acceleration_m_s2, p.max_angular_acceleration_rad_s2 = (
        acceleration,
        3 * acceleration,
    )
    p.max_linear_jerk_m_s3, p.max_angular_jerk_rad_s3 = jerk, 3 * jerk
    p.max_joint_velocity_rad_s = velocity
    p.max_joint_acceleration_rad_s2 = acceleration
    p.max_joint_jerk_rad_s3 = jerk
    p.max_joint_jump_rad, p.max_jump_m, p.max_jump_rad = 10.0, 10.0, 4.0
    p.stop_s = velocity / acceleration + 2 * acceleration / jerk
    return p
