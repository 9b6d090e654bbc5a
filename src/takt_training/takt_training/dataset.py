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

from takt_core.errors import TaktError
from takt_policy.actions import fit_action_normalizer
from takt_policy.bundle.normalizer import Normalizer
from takt_policy.bundle.schema import ACTION, PolicySpec
from takt_training.networks.vision import VisionConfig
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


def encoded_actions(spec: PolicySpec, arrays: Arrays) -> Float:
    """(n, H, D) action vectors in units, as ``ActionCodec`` makes them, but of all rows at once.

    Raises:
        TaktError: an action group that no recipe here uses.
    """
    horizon = spec.horizons.prediction
    parts: list[Float] = []
    for group in spec.actions:
        if group.kind == "pose" and (group.reference, group.axes) == ("observation", "tool"):
            parts.append(relative_actions(arrays["reference"], arrays["actions"][:, :horizon]))
        elif group.kind == "width" and group.reference == "absolute":
            parts.append(np.asarray(arrays["widths"][:, :horizon, None], np.float32))
        elif group.kind == "open":
            middle = 0.5 * (group.open_width_m + group.closed_width_m)
            is_open = arrays["widths"][:, :horizon, None] > middle
            parts.append(np.where(is_open, 1.0, -1.0).astype(np.float32))
        else:
            raise TaktError(
                f"action group {group.name!r} is {group.kind}, {group.reference}; recipes may use "
                "pose relative to the observation in the tool's axes, absolute width, and open"
            )
    return np.concatenate(parts, axis=2)


def fit_normalizers(spec: PolicySpec, arrays: Arrays, encoded: Float) -> dict[str, Normalizer]:
    """One normaliser per input and one for the actions, from the training data."""
    fitted = {}
    for one in spec.inputs:
        kind = spec.normalizer[one.name]
        values = np.zeros((1, 1)) if kind == "identity" else arrays[f"input/{one.name}"]
        flat = values.reshape(-1, *values.shape[2:])
        fitted[one.name] = with_margin(Normalizer.fit(kind, flat))
    fitted[ACTION] = with_margin(
        fit_action_normalizer(spec, encoded.reshape(-1, encoded.shape[-1]))
    )
    return fitted


def with_margin(one: Normalizer) -> Normalizer:
    """``minmax`` widened a little: states between and beyond the demonstrations exist."""
    return replace(one, scale=one.scale * np.float32(MARGIN)) if one.kind == "minmax" else one


@dataclass(eq=False)
class TrainingSet:
    """Everything in memory, ready to be drawn from.

    Attributes:
        images: name to (n, T, 3, S, S) uint8; empty once they were looked at.
        vectors: name to (n, T*d) float32, normalised and flattened.
        chunk: (n, H, D) float32, normalised.
        reference: (n, 7) base_from_tcp of the observation.
        episode, time_ns: (n,) of the observation.
        acted: (n,) whether the robot follows a new plan from there.
        landmark: (n, 4) float32, less its mean, in units of ``landmark_scale``.
        points: name to (n, P, 2) float32 pixels of the taught keypoints; NaN where not in view.
        training, held_out: indices of the samples of either part; apart by episode.
    """

    images: dict[str, Tensor]
    vectors: dict[str, Tensor]
    chunk: Tensor
    reference: npt.NDArray[np.float64]
    episode: npt.NDArray[np.int64]
    time_ns: npt.NDArray[np.int64]
    acted: npt.NDArray[np.bool_]
    landmark: Tensor
    landmark_scale: npt.NDArray[np.float64]
    points: dict[str, Tensor]
    training: Tensor
    held_out: Tensor

    def pictures(self, index: Tensor, device: torch.device) -> list[Tensor]:
        """Images of some samples, (B, T, 3, S, S) in [0, 1]."""
        return [one[index].to(device).float() / 255.0 for one in self.images.values()]

    def felt(self, index: Tensor, device: torch.device) -> list[Tensor]:
        """Normalised vectors of some samples, (B, T*d) each."""
        return [one[index].to(device) for one in self.vectors.values()]


@dataclass(frozen=True, eq=False)
class Scales:
    """What is fitted once, on the demonstrations, and shared by all heads.

    Attributes:
        normalizers: by input name or ``action``.
        landmark_mean, landmark_scale: (n,) of the landmark.
    """

    normalizers: Mapping[str, Normalizer]
    landmark_mean: npt.NDArray[np.float64]
    landmark_scale: npt.NDArray[np.float64]


def fit_scales(spec: PolicySpec, arrays: Arrays) -> Scales:
    """From the raw arrays of all shards."""
    landmark = arrays["landmark"]
    scale = np.maximum(landmark.std(axis=0), 1e-6)
    normalizers = fit_normalizers(spec, arrays, encoded_actions(spec, arrays))
    return Scales(normalizers, landmark.mean(axis=0), scale)


def training_set(spec: PolicySpec, arrays: Arrays, scales: Scales) -> TrainingSet:
    """Encodes, normalises and splits. Takes the arrays' memory over."""
    encoded = encoded_actions(spec, arrays)
    images: dict[str, Tensor] = {}
    vectors: dict[str, Tensor] = {}
    for one in spec.inputs:
        name = f"input/{one.name}"
        if one.dtype != "uint8":
            normal = scales.normalizers[one.name].normalize(arrays.pop(name))
            vectors[one.name] = torch.from_numpy(normal.reshape(len(normal), -1))
        elif name in arrays:
            images[one.name] = torch.from_numpy(arrays.pop(name))
    centred = (arrays["landmark"] - scales.landmark_mean) / scales.landmark_scale
    held_out = arrays["episode"] % HELD_OUT_EVERY == 0
    return TrainingSet(
        images=images,
        vectors=vectors,
        chunk=torch.from_numpy(scales.normalizers[ACTION].normalize(encoded)),
        reference=arrays["reference"],
        episode=arrays["episode"],
        time_ns=arrays.get("time_ns", np.zeros(len(encoded), np.int64)),
        acted=arrays.get("acted", np.ones(len(encoded), bool)),
        landmark=torch.from_numpy(centred.astype(np.float32)),
        landmark_scale=scales.landmark_scale,
        points={name: torch.from_numpy(arrays[f"points/{name}"]) for name in images},
        training=torch.from_numpy(np.flatnonzero(~held_out)),
        held_out=torch.from_numpy(np.flatnonzero(held_out)),
    )


def vision_config(spec: PolicySpec, landmark_dim: int) -> VisionConfig:
    """The shapes of the networks that look, for a specification."""
    images = {one.name: (one.history, one.shape[-1]) for one in spec.inputs if one.dtype == "uint8"}
    vectors = {
        one.name: one.history * int(np.prod(one.shape))
        for one in spec.inputs
        if one.dtype != "uint8"
    }
    return VisionConfig(images, vectors, landmark_dim=landmark_dim)
