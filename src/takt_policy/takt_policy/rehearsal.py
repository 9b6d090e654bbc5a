"""An observation that stands for any, to warm up with and to measure."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from takt_core.geometry import Pose
from takt_policy.bundle.schema import PolicySpec
from takt_policy.observation import Observation


def example_observation(spec: PolicySpec, arrays: dict[str, npt.NDArray[Any]]) -> Observation:
    """Of some arrays, with the tool and the joints at the origin and the time 0.

    Args:
        arrays: for example ``takt_policy.golden.golden_observation``.
    """
    joints = next((group.size for group in spec.actions if group.kind == "joints"), 0)
    return Observation(
        arrays=arrays,
        reference_ns=0,
        reference_pose=Pose.identity(),
        newest_ns=0,
        oldest_ns=0,
        reference_joints=np.zeros(joints),
        reference_width_m=0.0,
    )
