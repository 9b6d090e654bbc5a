"""Pairs of a slow look and a later moment in which something is felt.

A chunk that was planned at the slow look would go on as it was meant; the label is what the
teacher does from the later moment on, knowing how the world has changed since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from takt_policy.bundle.normalizer import Normalizer
from takt_policy.bundle.schema import ACTION, InputSpec, PolicySpec
from takt_training.dataset import HELD_OUT_EVERY, Scales, TrainingSet
from takt_training.episode import FAST_NS
from takt_training.shards import Arrays

POSE_DIM = 9
LAG_M = 0.0007
"""Standard deviation of an offset that is added to the tool's place in training: that the arm
is a little off from where it is commanded to be, by friction or its load, is no news.
"""


@dataclass(frozen=True, eq=False)
class FeltBatch:
    """Some pairs.

    Attributes:
        slow: (B,) index of the slow look in ``FeltSet.data``.
        elapsed: (B,) time since [s].
        inputs: the fast inputs in their order, (B, history, *shape), normalised.
        target: (B, H, D) what is right from the later moment on, relative to the slow
            reference pose, normalised; before that moment, the slow label.
        ahead: (B, H) whether an action is later than that moment.
    """

    slow: Tensor
    elapsed: Tensor
    inputs: tuple[Tensor, ...]
    target: Tensor
    ahead: Tensor

    @property
    def poses(self) -> Tensor:
        """(B, history * 9)."""
        return self.inputs[0].flatten(1)

    @property
    def felt(self) -> Tensor:
        """(B, n) all others."""
        return torch.cat([one.flatten(1) for one in self.inputs[1:]], dim=-1)


class FeltSet:
    """Draws pairs from the episodes with fast rows.

    Args:
        data: their slow rows.
        arrays: all of the shards' arrays.
        inputs: the fast inputs, the pose of the tool first.
    """

    def __init__(
        self,
        spec: PolicySpec,
        inputs: Sequence[InputSpec],
        data: TrainingSet,
        arrays: Arrays,
        scales: Scales,
    ) -> None:
        self.data, self.inputs = data, tuple(inputs)
        self._horizons = spec.horizons
        self._action = scales.normalizers[ACTION]
        self._values = {
            one.name: torch.from_numpy(arrays[f"fast/{one.name}"]) for one in self.inputs[1:]
        }
        self._place, self._turn = _poses(arrays["fast/reference"])
        self._plan_place, self._plan_turn = _poses(arrays["fast/plan"])
        self._slow_place, self._slow_turn = _poses(data.reference)
        self._time_ns = arrays["fast/time_ns"]
        self._plan_ns = arrays["fast/plan_ns"]
        self._acted = np.flatnonzero(data.acted)
        episode = arrays["fast/episode"]
        self._least, self._most = self._looks(episode)
        row = np.arange(len(episode))
        depth = max(one.history for one in self.inputs)
        first = np.searchsorted(episode, episode)
        usable = (self._most > self._least) & (row - first >= depth)
        held_out = episode % HELD_OUT_EVERY == 0
        self._training = np.flatnonzero(usable & ~held_out)
        self._held_out = np.flatnonzero(usable & held_out)
        self.normalizers = self._fit()

    def _looks(
        self, episode: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """For each fast row the range of plans that the robot may still be following then.

        Only looks from which it acted count, as places in ``_acted``.
        """
        horizons = self._horizons
        reach_ns = (horizons.prediction - horizons.first - 2) * horizons.step_ns
        # Episodes are in ascending order, and an hour apart is more than any of them lasts.
        hour_ns = 3_600_000_000_000

        def key(of: npt.NDArray[np.int64], at: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
            number = np.searchsorted(np.unique(episode), of)
            return np.asarray(number * hour_ns + at, np.int64)

        acted = self._acted
        slow = key(self.data.episode[acted], self.data.time_ns[acted])
        fast = key(episode, self._time_ns)
        return np.searchsorted(slow, fast - reach_ns), np.searchsorted(slow, fast, "right")

    def draw(self, size: int, held_out: bool = False) -> FeltBatch:
        """Random pairs."""
        rows = self._held_out if held_out else self._training
        # PyTorch's generator, which training seeds.
        fast = rows[torch.randint(len(rows), (size,)).numpy()]
        span = self._most[fast] - self._least[fast]
        slow = self._least[fast] + (torch.rand(size).numpy() * span).astype(np.int64)
        return self.pairs(torch.from_numpy(self._acted[slow]), torch.from_numpy(fast), LAG_M)

    def pairs(self, slow: Tensor, fast: Tensor, lag_m: float = 0.0) -> FeltBatch:
        """The pairs of these rows, with the tool off by a random offset."""
        elapsed_ns = self._time_ns[fast.numpy()] - self.data.time_ns[slow.numpy()]
        elapsed = torch.from_numpy(elapsed_ns * 1e-9).float()
        place, turn = self._slow_place[slow], self._slow_turn[slow]
        raw = self._raw(fast, place, turn)
        raw[0][..., :3] += lag_m * torch.randn(len(slow), 1, 3)
        inputs = tuple(
            torch.from_numpy(self.normalizers[one.name].normalize(value.numpy()))
            for one, value in zip(self.inputs, raw, strict=True)
        )
        horizons = self._horizons
        times = (torch.arange(horizons.prediction) - horizons.first) * horizons.step_s
        left = times[None] - elapsed[:, None]
        ahead = left > 0.0
        target = torch.where(ahead[..., None], self._target(fast, left, place, turn),
                             self.data.chunk[slow])  # fmt: skip
        return FeltBatch(slow, elapsed, inputs, target, ahead)

    def _target(self, fast: Tensor, left: Tensor, place: Tensor, turn: Tensor) -> Tensor:
        """The teacher's plan from the fast rows at times ``left`` (B, H) after them."""
        begun = torch.from_numpy(self._plan_ns[fast.numpy()] - self._time_ns[fast.numpy()])
        at = (left - begun[:, None] * 1e-9).float() / (FAST_NS * 1e-9)
        at = at.clamp(0.0, self._plan_place.shape[1] - 1.001)
        before = at.floor().long()
        part = (at - before)[..., None]
        rows = fast[:, None]
        plan, turns = self._plan_place, self._plan_turn
        wanted = plan[rows, before] * (1 - part) + plan[rows, before + 1] * part
        # Within 50 ms a turn is so small that the mean of two matrices is one, nearly.
        part = part[..., None]
        turned = turns[rows, before] * (1 - part) + turns[rows, before + 1] * part
        relative = torch.einsum("bji,bhj->bhi", turn, wanted - place[:, None])
        rotation = torch.einsum("bji,bhjk->bhik", turn, turned)
        vector = torch.cat([relative, rotation[..., 0], rotation[..., 1]], -1)
        return torch.from_numpy(self._action.normalize(vector.numpy()))

    def _raw(self, fast: Tensor, place: Tensor, turn: Tensor) -> list[Tensor]:
        """The fast inputs in units, (B, history, *shape), in the frame of the chunk."""
        raw = []
        for one in self.inputs:
            stride = round(one.period_s * 1e9) // FAST_NS
            past = torch.arange(one.history - 1, -1, -1) * (stride if one.history > 1 else 1)
            rows = fast[:, None] - past[None]
            if one.preprocess.kind == "pose":
                moved = torch.einsum("bji,bhj->bhi", turn, self._place[rows] - place[:, None])
                turned = torch.einsum("bji,bhjk->bhik", turn, self._turn[rows])
                raw.append(torch.cat([moved, turned[..., 0], turned[..., 1]], -1))
            elif one.preprocess.kind == "wrench":
                value = self._values[one.name][rows]
                parts = [torch.einsum("bji,bhj->bhi", turn, v) for v in value.split(3, dim=-1)]
                raw.append(torch.cat(parts, -1))
            else:
                raw.append(self._values[one.name][rows])
        return raw

    def _fit(self) -> dict[str, Normalizer]:
        """Of the fast inputs; the pose is normalised like the actions, as both are compared."""
        fast = np.random.default_rng(0).choice(self._training, 4096)
        slow = torch.from_numpy(self._acted[self._least[fast]])
        raw = self._raw(torch.from_numpy(fast), self._slow_place[slow], self._slow_turn[slow])
        fitted = {}
        for one, value in zip(self.inputs, raw, strict=True):
            if one.preprocess.kind == "pose":
                scale = self._action
                fitted[one.name] = Normalizer(
                    "minmax", scale.offset[:POSE_DIM], scale.scale[:POSE_DIM]
                )
            else:
                fitted[one.name] = Normalizer.fit("meanstd", value.flatten(0, 1).numpy())
        return fitted


def _poses(array7: npt.NDArray[np.float64]) -> tuple[Tensor, Tensor]:
    """Positions (..., 3) and rotation matrices (..., 3, 3) of poses (..., 7)."""
    shape = array7.shape[:-1]
    turn = Rotation.from_quat(array7[..., 3:].reshape(-1, 4)).as_matrix().reshape(*shape, 3, 3)
    return torch.from_numpy(array7[..., :3]).float(), torch.from_numpy(turn).float()
