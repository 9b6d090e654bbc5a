"""Brings numbers to the range that a network was trained on, and back.

Stored values, not code: ``normalizer.npz`` has ``<name>.offset`` and ``<name>.scale`` for each
name, and ``normalised = (raw - offset) / scale`` whatever the kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_policy.bundle.schema import ACTION, NormalizerKind, PolicySpec
from takt_policy.errors import BundleError

Float = npt.NDArray[np.float32]

SMALLEST_SCALE = 1e-6
"""A dimension that varies less than this in training is only shifted, not scaled."""


@dataclass(frozen=True, eq=False)
class Normalizer:
    """``(raw - offset) / scale``, elementwise.

    Attributes:
        kind: how offset and scale came about: ``minmax`` maps the training data to [-1, 1],
            ``meanstd`` to zero mean and unit deviation, ``identity`` leaves it.
        offset, scale: of a shape that broadcasts to the data's last axes.
    """

    kind: NormalizerKind
    offset: Float
    scale: Float

    @staticmethod
    def identity() -> Normalizer:
        return Normalizer("identity", np.zeros((), np.float32), np.ones((), np.float32))

    @staticmethod
    def fit(kind: NormalizerKind, data: npt.ArrayLike) -> Normalizer:
        """From training data (samples, *shape); statistics over the first axis."""
        if kind == "identity":
            return Normalizer.identity()
        values = np.asarray(data, dtype=np.float64)
        if kind == "minmax":
            low, high = values.min(axis=0), values.max(axis=0)
            offset, scale = (high + low) / 2, (high - low) / 2
        else:
            offset, scale = values.mean(axis=0), values.std(axis=0)
        scale = np.where(scale < SMALLEST_SCALE, 1.0, scale)
        return Normalizer(kind, offset.astype(np.float32), scale.astype(np.float32))

    def normalize(self, raw: npt.ArrayLike) -> Float:
        return ((np.asarray(raw, np.float32) - self.offset) / self.scale).astype(np.float32)

    def denormalize(self, normalized: npt.ArrayLike) -> Float:
        return (np.asarray(normalized, np.float32) * self.scale + self.offset).astype(np.float32)


def save_normalizers(path: Path, normalizers: Mapping[str, Normalizer]) -> None:
    """Writes normalizer.npz; identities have no entry."""
    arrays: dict[str, Any] = {}
    for name, one in normalizers.items():
        if one.kind != "identity":
            arrays[f"{name}.offset"] = one.offset
            arrays[f"{name}.scale"] = one.scale
    np.savez(path, **arrays)


def load_normalizers(path: Path, spec: PolicySpec) -> dict[str, Normalizer]:
    """The normaliser of every input and of the actions.

    Raises:
        BundleError: the file lacks an entry, has one too many, or one that does not fit.
    """
    arrays = load_npz(path)
    inputs = spec.inputs + spec.fast_inputs
    shapes = {one.name: one.shape for one in inputs} | {ACTION: (spec.action_size,)}
    wanted = {
        f"{name}.{part}"
        for name, kind in spec.normalizer.items()
        if kind != "identity"
        for part in ("offset", "scale")
    }
    if extra := sorted(set(arrays) - wanted):
        raise BundleError(
            f"{path}: entry {extra[0]!r} belongs to nothing in policy.yaml's 'normalizer'; "
            f"allowed: {', '.join(sorted(wanted)) or 'none'}"
        )
    if missing := sorted(wanted - set(arrays)):
        raise BundleError(
            f"{path}: entry {missing[0]!r} is missing; write it, or set the "
            "kind in policy.yaml's 'normalizer' to identity"
        )
    loaded: dict[str, Normalizer] = {}
    for name, kind in spec.normalizer.items():
        if kind == "identity":
            loaded[name] = Normalizer.identity()
            continue
        offset, scale = (
            _checked(path, f"{name}.{part}", arrays[f"{name}.{part}"], shapes[name])
            for part in ("offset", "scale")
        )
        if np.any(np.abs(scale) < 1e-12):
            raise BundleError(f"{path}: {name}.scale has a zero; a constant dimension has scale 1")
        loaded[name] = Normalizer(kind, offset, scale)
    return loaded


def load_npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of an .npz file, without ever unpickling.

    Raises:
        BundleError: the file is missing or no plain .npz.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise BundleError(f"{path} is missing from the bundle; export the bundle again") from None
    except Exception as error:
        raise BundleError(f"{path} cannot be read as arrays: {error}") from None


def _checked(path: Path, name: str, values: npt.NDArray[Any], shape: tuple[int, ...]) -> Float:
    try:
        fits = np.broadcast_shapes(values.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise BundleError(
            f"{path}: {name} has shape {list(values.shape)}; it must be "
            f"{list(shape)} or broadcast to it"
        )
    if not np.isfinite(values).all():
        raise BundleError(f"{path}: {name} has NaN or infinite values; fit it again")
    return np.asarray(values, np.float32)
