"""One planned chunk: what was drawn, what it means, and what it cost."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from takt_core.geometry import Pose
from takt_policy.actions import ActionCodec, Actions
from takt_policy.observation import Observation

Float = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reference:
    """What relative actions are relative to: the state at the observation's time.

    Attributes:
        pose: base_from_tcp.
        joints: (n,) [rad], if the policy needs them.
        width_m: of the gripper [m], if the policy needs it.
    """

    pose: Pose
    joints: Array | None = None
    width_m: float | None = None

    @staticmethod
    def of(observation: Observation) -> Reference:
        return Reference(
            observation.reference_pose, observation.reference_joints, observation.reference_width_m
        )

    def decode(self, codec: ActionCodec, vectors: Float) -> Actions:
        """Actions of normalised vectors (H, D)."""
        return codec.decode(vectors, self.pose, self.joints, self.width_m)

    def encode(self, codec: ActionCodec, actions: Actions) -> Float:
        """Normalised vectors (H, D) of actions."""
        return codec.encode(
            actions.poses,
            actions.gripper_width_m,
            self.pose,
            joint_position=actions.joint_position,
            reference_joints=self.joints,
            reference_width_m=self.width_m,
            hand_position=actions.hand_position,
        )


@dataclass(frozen=True, eq=False)
class Prediction:
    """One chunk, with what a later plan or reflex needs of it.

    Attributes:
        raw: (H, D) in normalised action space: as drawn, or as decoded from the latent; without
            any residual.
        corrected: (H, D) raw plus the residual's corrections; ``raw`` itself without a residual.
        actions: what ``corrected`` means in the base frame, all H of them.
        reference_ns: time of the observation [ns].
        reference: the state at that time; relative actions refer to it.
        first: index of the action that is for the reference time.
        step_ns: between actions [ns].
        network_calls: samples that the predict or denoise graphs evaluated; a batch of n
            counts n.
        rounds: runs of these graphs, one after the other.
        wall_ns: time it took on a steady clock [ns].
        draw: number of the draw; with the seed, the observation and the previous prediction it
            repeats the chunk.
        condition: (1, ...) of the encode graph; None for a direct policy.
        latent: (L, S) of a slow-fast policy, else None.
        scores: (candidates,) by which the chunk was chosen, higher is better; empty if it was
            not chosen by a score.
        chosen: index of the candidate that was taken.
        uncertainty: as ``Execution.uncertainty`` asks, NaN for ``none``. ``spread``: root mean
            square distance of the candidates' positions from their mean, over the actions to
            execute [m]; ``energy``: the energy graph's value.
        spread: (H,) the same distance per action [m]; None but for ``spread``.
        spread_rad: (H,) root mean square angle from the mean rotation [rad]; likewise.
        residual: (H, 6) what the residual changed, per action: position [m], rotation vector
            [rad], both in base axes; None without a residual.
        warm_chunks: chunks since the last one that was drawn in full; 0 for such a one.
        revision: 0 as planned, and one more with each reflex; the calls, rounds and wall time
            of a later revision are its own, without those of the plan.
    """

    raw: Float
    corrected: Float
    actions: Actions
    reference_ns: int
    reference: Reference
    first: int
    step_ns: int
    network_calls: int
    rounds: int
    wall_ns: int
    draw: int
    condition: Float | None = None
    latent: Float | None = None
    scores: tuple[float, ...] = ()
    chosen: int = 0
    uncertainty: float = math.nan
    spread: Array | None = None
    spread_rad: Array | None = None
    residual: Array | None = None
    warm_chunks: int = 0
    revision: int = 0

    @property
    def reference_pose(self) -> Pose:
        """base_from_tcp at the reference time."""
        return self.reference.pose

    @property
    def times_ns(self) -> npt.NDArray[np.int64]:
        """(H,) what time each action is for [ns]."""
        return self.reference_ns + (np.arange(len(self.raw)) - self.first) * self.step_ns

    def time_ns(self, index: int) -> int:
        """What time action ``index`` is for [ns]."""
        return self.reference_ns + (index - self.first) * self.step_ns
