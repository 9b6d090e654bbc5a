"""Random observations near what a checkpoint was trained with."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from takt_export.checkpoint import Checkpoint, Feature
from takt_export.mapping.inputs import POSE_SIZE, Wiring
from takt_export.mapping.schema import Part

Array = npt.NDArray[Any]


def feature_examples(checkpoint: Checkpoint, batch: int, rng: np.random.Generator) -> list[Tensor]:
    """Features (batch, history, *shape), images in 0 to 1."""
    found = []
    for feature in checkpoint.features:
        size = (batch, checkpoint.history, *feature.shape)
        if feature.kind == "image":
            values = rng.integers(0, 256, size).astype(np.float32) / np.float32(255.0)
        else:
            centre, spread = _range(feature)
            values = centre + spread * rng.uniform(-1.0, 1.0, size)
        found.append(torch.from_numpy(np.asarray(values, np.float32)))
    return found


def input_examples(
    wiring: Wiring, checkpoint: Checkpoint, batch: int, rng: np.random.Generator
) -> dict[str, Array]:
    """The bundle's inputs (batch, history, *shape): images, vectors near the data, poses."""
    arrays: dict[str, Array] = {}
    for one in wiring.inputs:
        size = (batch, *one.array_shape)
        if one.dtype == "uint8":
            arrays[one.name] = rng.integers(0, 256, size, dtype=np.uint8)
        elif one.preprocess.kind == "pose":
            arrays[one.name] = _poses(size, rng)
        else:
            arrays[one.name] = np.zeros(size, np.float32)
    for feature, parts in zip(checkpoint.features, wiring.features, strict=True):
        centre, spread = _range(feature)
        start = 0
        for place, part in parts:
            if part.is_image:
                continue
            values = arrays[wiring.inputs[place].name]
            where = slice(start, start + part.width)
            start += part.width
            _fill(values, part, centre[where], spread[where], rng)
    return arrays


def _fill(
    values: Array, part: Part, centre: Array, spread: Array, rng: np.random.Generator
) -> None:
    """Puts values near the training data to where a part takes them from."""
    if part.take not in ("values", "position"):
        return
    columns = list(part.select) if part.select is not None else list(range(part.taken))
    noise = rng.uniform(-1.0, 1.0, (*values.shape[:-1], len(columns)))
    wanted = centre + spread * noise
    values[..., columns] = (wanted - part.offset) / part.scale


def _range(feature: Feature) -> tuple[Array, Array]:
    count = feature.shape[0]
    centre = np.zeros(count) if feature.centre is None else feature.centre.double().numpy()
    spread = np.ones(count) if feature.spread is None else feature.spread.double().numpy()
    return centre, spread


def _poses(size: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Positions and the first two columns of rotations."""
    assert size[-1] == POSE_SIZE
    first, second = (rng.standard_normal((*size[:-1], 3)) for _ in range(2))
    first /= np.linalg.norm(first, axis=-1, keepdims=True)
    second -= first * np.sum(first * second, axis=-1, keepdims=True)
    second /= np.linalg.norm(second, axis=-1, keepdims=True)
    position = rng.uniform(-0.5, 0.5, (*size[:-1], 3))
    return np.concatenate([position, first, second], axis=-1).astype(np.float32)
