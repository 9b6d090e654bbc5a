"""One chunk of a policy's actions, with the times at which it came about."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from takt_core.geometry import Array, Pose


@dataclass(frozen=True, eq=False)
class ActionChunk:
    """Mirror of takt_msgs/ActionChunk; action i is for ``start_ns + i * step_ns``.

    Attributes:
        id: counts up from 1 within the life of the policy's process.
        epoch: of the control mode when the policy observed.
        start_ns: time of the first action [ns].
        step_ns: time between actions [ns].
        poses: base_from_tcp of each action.
        gripper_width_m: (len(poses),) [m], or None.
        first_index: index of the first action within the predicted horizon.
        observed_newest_ns, observed_oldest_ns: stamps of the observation [ns].
        reference_ns: time the observation was aligned to [ns].
        reference_pose: base_from_tcp at that time.
        inference_start_ns, inference_end_ns: ROS time [ns].
        inference_wall_ns: on a steady clock [ns].
        published_ns: ROS time of publishing [ns].
        raw: (H, D) the whole prediction in normalised action space.
        scores: of the candidates, empty if there was one.
        uncertainty: NaN if the policy does not say.
        revision: 0 as planned; a later one replaces what is still ahead of the same chunk.
        joint_position: (len(poses), joints) [rad, m], or None.
        hand_joint_names: of the hand that the policy moves, empty without one.
        hand_position: (len(poses), len(hand_joint_names)) [rad], or None.
        residual: (len(poses), 6) what a residual network added to each action, axes of the base
            frame [m, rad]; ``poses`` contain it. None without such a network.
        rounds: of network calls, one after the other.
        previous_id: of the chunk that it was planned to continue; 0: none.
        takeover_ns: when it was expected to take over from that one [ns].
        reflex_ns: time of the fast observation of this revision [ns]; 0 for revision 0.
    """

    id: int
    epoch: int
    policy: str
    policy_hash: str
    goal: str
    start_ns: int
    step_ns: int
    poses: tuple[Pose, ...]
    gripper_width_m: Array | None
    stiffness: Array | None
    first_index: int
    observed_newest_ns: int
    observed_oldest_ns: int
    reference_ns: int
    reference_pose: Pose
    inference_start_ns: int
    inference_end_ns: int
    inference_wall_ns: int
    published_ns: int
    network_calls: int
    raw: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    uncertainty: float = float("nan")
    revision: int = 0
    joint_position: Array | None = None
    residual: Array | None = None
    rounds: int = 0
    previous_id: int = 0
    takeover_ns: int = 0
    reflex_ns: int = 0
    hand_joint_names: tuple[str, ...] = ()
    hand_position: Array | None = None

    def time_ns(self, index: int) -> int:
        """Time for which ``poses[index]`` is meant [ns]."""
        return self.start_ns + index * self.step_ns
