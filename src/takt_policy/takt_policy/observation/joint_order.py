"""Joints in the order in which a policy commands them, whatever the order of the stream."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from takt_core.streams import Sample
from takt_policy.bundle.schema import InputSpec, PolicySpec
from takt_policy.errors import PolicyError

NAMES = "joint_names"
"""Feature of a sample that names its joints, in the order of its other features."""


def in_joint_order(
    spec: PolicySpec, one: InputSpec, values: npt.NDArray[Any], sample: Sample
) -> npt.NDArray[Any]:
    """Those of the joints that the policy commands, in its order; (n,).

    Relative joint actions are added to them: one joint in the place of another would move the arm
    to where nobody meant it to be. A stream that has no names at all, as from an environment
    that is not ROS, is taken as it is.

    Raises:
        PolicyError: a joint is not among the names, or values and names differ in number.
    """
    names = sample.features.get(NAMES)
    wanted = next((group.names for group in spec.actions if group.kind == "joints"), ())
    if names is None or not wanted:
        return values
    found = names.tolist()
    if missing := [name for name in wanted if name not in found]:
        raise PolicyError(
            f"input {one.name!r}: stream {one.stream!r} has no joint {missing[0]!r}; it has "
            f"{', '.join(found) or 'none with a name'}. Change the names of the action group in "
            "policy.yaml, or what publishes the stream"
        )
    if values.shape != names.shape:
        raise PolicyError(
            f"input {one.name!r}: stream {one.stream!r} has {values.size} values for {len(found)} "
            "joints; allowed is one for each"
        )
    return np.array([values[found.index(name)] for name in wanted])
