"""Kinematics and dynamics of one arm, from its URDF, by Pinocchio.

Owns everything that the controller has to be told about the arm in each tick, and forward and
inverse kinematics. Poses are `base_from_tcp`; the base is the URDF's root.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pinocchio
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]


class ArmTerms(NamedTuple):
    """State-dependent terms of an arm with n joints, as `Controller.tick` wants them."""

    position: Float  # (3,) base_from_tcp [m]
    rotation: Float  # (3, 3)
    jacobian: Float  # (6, n) of the tool point, base axes, linear rows first
    mass: Float  # (n, n) [kg m^2]
    bias: Float  # (n,) gravity and Coriolis torques [Nm]


class ArmModel:
    """A serial arm with revolute joints (limited or continuous); other joints are locked.

    Args:
        urdf_xml: text of the URDF.
        tcp_frame: name of the link whose frame is the tool point.
        joint_names: the arm's joints, in the order of all joint vectors here. None: all movable
            joints of the model in its order.
        locked: position [rad, m] of joints outside `joint_names`, by name; 0 where not given
            (the mass of a gripper counts, its motion does not).

    Raises:
        ValueError: a joint or frame that the URDF does not have.
    """

    def __init__(
        self,
        urdf_xml: str,
        tcp_frame: str,
        joint_names: Sequence[str] | None = None,
        locked: dict[str, float] | None = None,
    ) -> None:
        model = pinocchio.buildModelFromXML(urdf_xml)
        movable = list(model.names)[1:]
        names = list(movable if joint_names is None else joint_names)
        missing = sorted(set(names) - set(movable))
        if missing:
            raise ValueError(f"joints {missing} are not in the URDF; it has {movable}")
        configuration = pinocchio.neutral(model)
        for name, value in (locked or {}).items():
            if name not in movable or name in names:
                raise ValueError(f"locked joint {name!r} is not one of {movable} outside {names}")
            configuration[model.joints[model.getJointId(name)].idx_q] = value
        others = [model.getJointId(name) for name in movable if name not in names]
        if others:
            model = pinocchio.buildReducedModel(model, others, configuration)
        self._attach(model, tcp_frame, names)

    @classmethod
    def from_pinocchio(
        cls, model: pinocchio.Model, tcp_frame: str, joint_names: Sequence[str] | None = None
    ) -> "ArmModel":
        """The same for a Pinocchio model that has just the arm's joints."""
        arm = cls.__new__(cls)
        arm._attach(model, tcp_frame, list(joint_names or list(model.names)[1:]))
        return arm

    def _attach(self, model: pinocchio.Model, tcp_frame: str, names: list[str]) -> None:
        if not model.existFrame(tcp_frame):
            frames = [frame.name for frame in model.frames]
            raise ValueError(f"tool frame {tcp_frame!r} is not in the URDF; it has {frames}")
        self.model = model
        self.data = model.createData()
        self.joint_names: tuple[str, ...] = tuple(names)
        self.n_joints = model.nv
        self._frame = model.getFrameId(tcp_frame)
        joints = [model.joints[model.getJointId(name)] for name in names]
        # Our order of joints against the model's, and continuous joints (cosine and sine).
        order = np.array([joint.idx_v for joint in joints])
        self._order = None if np.array_equal(order, np.arange(len(order))) else order
        self._index_q = np.array([joint.idx_q for joint in joints])
        self._continuous = np.array([joint.nq == 2 for joint in joints])
        self._plain = model.nq == model.nv and self._order is None
        self._q: Float = pinocchio.neutral(model)
        self._dq: Float = np.zeros(model.nv)
        # The names that both Pinocchio 3 (ROS) and 4 (PyPI) have.
        self.torque_limit_nm: Float = self._ordered(model.effortLimit)
        self.velocity_limit_rad_s: Float = self._ordered(model.velocityLimit)
        self.lower_rad: Float = np.where(
            self._continuous, np.nan, model.lowerPositionLimit[self._index_q]
        )
        self.upper_rad: Float = np.where(
            self._continuous, np.nan, model.upperPositionLimit[self._index_q]
        )

    def _ordered(self, values: Float) -> Float:
        return np.array(values if self._order is None else values[self._order])

    def _configuration(self, q: ArrayLike) -> Float:
        """Pinocchio's configuration vector for joint angles `q` (n,)."""
        if self._plain:
            return np.asarray(q, dtype=np.float64)
        angles = np.asarray(q, dtype=np.float64)
        self._q[self._index_q] = np.where(self._continuous, np.cos(angles), angles)
        self._q[self._index_q[self._continuous] + 1] = np.sin(angles[self._continuous])
        return self._q

    def _velocity(self, dq: ArrayLike) -> Float:
        if self._order is None:
            return np.asarray(dq, dtype=np.float64)
        self._dq[self._order] = dq
        return self._dq

    def terms(self, q: ArrayLike, dq: ArrayLike) -> ArmTerms:
        """What the controller needs at angles `q` (n,) [rad] and velocities `dq` (n,) [rad/s].

        For speed, position, rotation and bias are views that the next call overwrites.
        """
        model, data = self.model, self.data
        configuration, velocity = self._configuration(q), self._velocity(dq)
        pinocchio.computeJointJacobians(model, data, configuration)
        pose = pinocchio.updateFramePlacement(model, data, self._frame)
        jacobian = pinocchio.getFrameJacobian(
            model, data, self._frame, pinocchio.ReferenceFrame.LOCAL_WORLD_ALIGNED
        )
        mass = pinocchio.crba(model, data, configuration)
        bias = pinocchio.nonLinearEffects(model, data, configuration, velocity)
        if self._order is not None:
            order = self._order
            jacobian, mass, bias = jacobian[:, order], mass[np.ix_(order, order)], bias[order]
        return ArmTerms(pose.translation, pose.rotation, jacobian, mass, bias)

    def gravity(self, q: ArrayLike) -> Float:
        """Gravity torques (n,) [Nm]."""
        torque = pinocchio.computeGeneralizedGravity(self.model, self.data, self._configuration(q))
        return self._ordered(torque)

    def forward(self, q: ArrayLike) -> Float:
        """`base_from_tcp` (4, 4) at joint angles `q` (n,)."""
        pinocchio.forwardKinematics(self.model, self.data, self._configuration(q))
        pose = pinocchio.updateFramePlacement(self.model, self.data, self._frame)
        return np.array(pose.homogeneous)

    def inverse(
        self,
        base_from_tcp: ArrayLike,
        seed_q: ArrayLike,
        *,
        damping: float = 1e-3,
        tolerance: float = 1e-6,
        max_iterations: int = 200,
    ) -> Float | None:
        """Joint angles (n,) within the limits that reach a pose (4, 4), near `seed_q`.

        Damped least squares; null space motion stays towards the seed. None if it does not get
        within `tolerance` [m, rad].
        """
        desired = np.asarray(base_from_tcp, dtype=np.float64)
        seed = np.array(seed_q, dtype=np.float64)
        lower = np.where(np.isnan(self.lower_rad), -np.inf, self.lower_rad)
        upper = np.where(np.isnan(self.upper_rad), np.inf, self.upper_rad)
        q = np.clip(seed, lower, upper)
        still = np.zeros(self.n_joints)
        for _ in range(max_iterations):
            terms = self.terms(q, still)
            error = np.concatenate(
                [
                    desired[:3, 3] - terms.position,
                    pinocchio.log3(desired[:3, :3] @ terms.rotation.T),
                ]
            )
            if np.abs(error).max() < tolerance:
                return q
            jacobian = terms.jacobian
            # Damp more while far away; the square of the error keeps the last steps exact.
            regular = jacobian @ jacobian.T + damping * min(1.0, float(error @ error)) * np.eye(6)
            step = jacobian.T @ np.linalg.solve(regular + 1e-10 * np.eye(6), error)
            back = seed - q
            back -= jacobian.T @ np.linalg.solve(regular + 1e-10 * np.eye(6), jacobian @ back)
            step += 0.05 * back
            largest = float(np.abs(step).max())
            q = np.clip(q + step * min(1.0, 0.3 / max(largest, 1e-12)), lower, upper)
        return None
