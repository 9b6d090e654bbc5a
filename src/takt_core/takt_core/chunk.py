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

    def time_ns(self, index: int) -> int:
        """Time for which ``poses[index]`` is meant [ns]."""
        return self.start_ns + index * self.step_ns
