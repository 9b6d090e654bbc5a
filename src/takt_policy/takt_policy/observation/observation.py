"""What a policy sees at one time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_core.geometry import Pose


@dataclass(frozen=True, eq=False)
class Observation:
    """The inputs of one graph, aligned to one time.

    Attributes:
        arrays: the graph's inputs, (1, history, *shape), goals (1, *shape), normalised.
        reference_ns: time that all inputs are aligned to [ns].
        reference_pose: base_from_tcp at that time.
        newest_ns: stamp of the newest sample in it [ns].
        oldest_ns: among each stream's newest sample, the oldest stamp [ns].
        reference_joints: (n,) [rad] at the reference time, where the policy needs it.
        reference_width_m: of the gripper then [m], likewise.
    """

    arrays: dict[str, npt.NDArray[Any]]
    reference_ns: int
    reference_pose: Pose
    newest_ns: int
    oldest_ns: int
    reference_joints: npt.NDArray[np.float64] | None = None
    reference_width_m: float | None = None
