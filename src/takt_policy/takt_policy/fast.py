"""The fast graphs of a policy: a latent becomes actions, and actions get corrected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takt_core.geometry import matrix_from_quaternion, rotation_vector_from_matrix
from takt_policy.errors import PolicyError
from takt_policy.execution import Execution
from takt_policy.model import PolicyModel
from takt_policy.observation import Observation
from takt_policy.samplers import Float

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FastGraphs:
    """Decodes and corrects with the newest fast observation.

    Attributes:
        residual: whether corrections are made.
    """

    model: PolicyModel
    residual: bool

    @staticmethod
    def of(model: PolicyModel, execution: Execution) -> FastGraphs:
        return FastGraphs(model, execution.residual and model.spec.residual is not None)

    @property
    def decodes(self) -> bool:
        return self.model.spec.decode is not None

    def decode(self, latents: Float, reference_ns: int, fast: Observation | None) -> Float:
        """Actions (N, H, D) of latents (N, L, S).

        Args:
            reference_ns: time at which the chunk's time begins [ns].

        Raises:
            PolicyError: there is no fast observation.
        """
        if fast is None:
            raise PolicyError(
                f"policy {self.model.spec.name!r} decodes with fast inputs, but got none; "
                "pass the newest observation of ObservationBuilder.fast_of as `fast`"
            )
        # A chunk for an arm at rest begins later than what was felt before it; and no decoder
        # has seen times before the beginning.
        elapsed_s = max(0.0, (fast.reference_ns - reference_ns) * 1e-9)
        return self.model.decode(latents, fast.arrays, elapsed_s)

    def correct(self, actions: Float, fast: Observation | None) -> Float:
        """Actions (n, D) with the residual's correction, where there is one."""
        if not self.residual or fast is None or not len(actions):
            return actions
        return actions + self.model.correct(actions, fast.arrays)


def difference(corrected: Array, base: Array) -> Array:
    """(H, 6) from poses ``base`` to ``corrected``, both (H, 7): position [m], rotation [rad].

    Both in base axes, as ``takt_core.geometry.pose_error``.
    """
    turned = matrix_from_quaternion(corrected[:, 3:]) @ np.swapaxes(
        matrix_from_quaternion(base[:, 3:]), 1, 2
    )
    moved = corrected[:, :3] - base[:, :3]
    return np.concatenate([moved, rotation_vector_from_matrix(turned)], axis=1)
