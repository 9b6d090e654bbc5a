"""From shards to what the networks learn from: normalised inputs and relative actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from takt_policy.bundle.normalizer import Normalizer
from takt_policy.bundle.schema import ACTION, PolicySpec
from takt_training.model import ModelConfig
from takt_training.shards import Arrays

Float = npt.NDArray[np.float32]
HELD_OUT_EVERY = 20
"""Each 20th episode only validates."""
MARGIN = 1.05
"""Room between the training data and the sampler's clip at 1."""


def relative_actions(reference: npt.NDArray[Any], actions: npt.NDArray[Any]) -> Float:
    """Poses (n, H, 7) in base to (n, H, 9) in the tool's frame at the reference time (n, 7)."""
    count, horizon = actions.shape[:2]
    tcp_from_base = Rotation.from_quat(np.repeat(reference[:, 3:], horizon, axis=0)).inv()
    offsets = (actions[:, :, :3] - reference[:, None, :3]).reshape(-1, 3)
    rotations = (tcp_from_base * Rotation.from_quat(actions[:, :, 3:].reshape(-1, 4))).as_matrix()
    six = np.concatenate([rotations[:, :, 0], rotations[:, :, 1]], axis=1)
    encoded = np.concatenate([tcp_from_base.apply(offsets), six], axis=1)
    return np.asarray(encoded.reshape(count, horizon, 9), np.float32)


def fit_normalizers(spec: PolicySpec, arrays: Arrays, encoded: Float) -> dict[str, Normalizer]:
    """One normaliser per input and one for the actions, from the training data."""
    fitted = {}
    for one in spec.inputs:
        kind = spec.normalizer[one.name]
        values = np.zeros((1, 1)) if kind == "identity" else arrays[f"input/{one.name}"]
        flat = values.reshape(-1, *values.shape[2:])
        fitted[one.name] = with_margin(Normalizer.fit(kind, flat))
    fitted[ACTION] = with_margin(
        Normalizer.fit(spec.normalizer[ACTION], encoded.reshape(-1, encoded.shape[-1]))
    )
    return fitted


def with_margin(one: Normalizer) -> Normalizer:
    """``minmax`` widened a little: states between and beyond the demonstrations exist."""
    return replace(one, scale=one.scale * np.float32(MARGIN)) if one.kind == "minmax" else one


@dataclass(eq=False)
class TrainingSet:
    """Everything in memory, ready to be drawn from.

    Attributes:
        images: name to (n, T, 3, S, S) uint8.
        vectors: name to (n, T*d) float32, normalised and flattened.
        chunk: (n, H, D) float32, normalised.
        landmark: (n, 4) float32, less its mean, in units of ``landmark_scale``.
        points: name to (n, P, 2) float32 pixels of the taught keypoints; NaN where not in view.
        training, held_out: indices of the samples of either part; apart by episode.
        alpha_bar: of the noise schedule, one per training step.
    """

    images: dict[str, Tensor]
    vectors: dict[str, Tensor]
    chunk: Tensor
    landmark: Tensor
    landmark_scale: npt.NDArray[np.float64]
    points: dict[str, Tensor]
    normalizers: Mapping[str, Normalizer]
    training: Tensor
    held_out: Tensor
    alpha_bar: npt.NDArray[np.float64]

    def pictures(self, index: Tensor, device: torch.device) -> list[Tensor]:
        """Images of some samples, (B, T, 3, S, S) in [0, 1]."""
        return [one[index].to(device).float() / 255.0 for one in self.images.values()]

    def felt(self, index: Tensor, device: torch.device) -> list[Tensor]:
        """Normalised vectors of some samples, (B, T*d) each."""
        return [one[index].to(device) for one in self.vectors.values()]


def training_set(
    spec: PolicySpec, arrays: Arrays, alpha_bar: npt.NDArray[np.float64]
) -> TrainingSet:
    """Encodes, fits, normalises and splits. Takes the arrays' memory over."""
    encoded = relative_actions(arrays["reference"], arrays["actions"])
    normalizers = fit_normalizers(spec, arrays, encoded)
    images: dict[str, Tensor] = {}
    vectors: dict[str, Tensor] = {}
    for one in spec.inputs:
        values = arrays.pop(f"input/{one.name}")
        if one.dtype == "uint8":
            images[one.name] = torch.from_numpy(values)
        else:
            normal = normalizers[one.name].normalize(values)
            vectors[one.name] = torch.from_numpy(normal.reshape(len(normal), -1))
    landmark = arrays["landmark"]
    landmark_scale = np.maximum(landmark.std(axis=0), 1e-6)
    centred = (landmark - landmark.mean(axis=0)) / landmark_scale
    held_out = arrays["episode"] % HELD_OUT_EVERY == 0
    return TrainingSet(
        images=images,
        vectors=vectors,
        chunk=torch.from_numpy(normalizers[ACTION].normalize(encoded)),
        landmark=torch.from_numpy(centred.astype(np.float32)),
        landmark_scale=landmark_scale,
        points={name: torch.from_numpy(arrays[f"points/{name}"]) for name in images},
        normalizers=normalizers,
        training=torch.from_numpy(np.flatnonzero(~held_out)),
        held_out=torch.from_numpy(np.flatnonzero(held_out)),
        alpha_bar=alpha_bar,
    )


def model_config(spec: PolicySpec, sizes: Mapping[str, int] | None = None) -> ModelConfig:
    """The networks' shapes for a specification; ``sizes`` overrides widths."""
    images = {one.name: (one.history, one.shape[-1]) for one in spec.inputs if one.dtype == "uint8"}
    vectors = {
        one.name: one.history * int(np.prod(one.shape))
        for one in spec.inputs
        if one.dtype != "uint8"
    }
    return ModelConfig(
        images,
        vectors,
        horizon=spec.horizons.prediction,
        action_dim=spec.action_size,
        **(sizes or {}),
    )
