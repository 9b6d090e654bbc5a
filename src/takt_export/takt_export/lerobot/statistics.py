"""How LeRobot normalises: statistics from processor files, or from buffers among the weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from takt_export.checkpoint import ActionScale
from takt_export.errors import ExportError
from takt_export.networks.images import Linear
from takt_export.safetensors import read_safetensors
from takt_policy.bundle.schema import NormalizerKind

EPSILON = 1e-8
_NEUTRAL_STEPS = (
    "rename_observations_processor",
    "to_batch_processor",
    "device_processor",
    "normalizer_processor",
    "unnormalizer_processor",
)
_LIMITS = {"MIN_MAX": ("min", "max"), "QUANTILES": ("q01", "q99"), "QUANTILE10": ("q10", "q90")}
_SMALLEST = 1e-6


@dataclass(frozen=True, eq=False)
class Statistics:
    """Normalisation of a checkpoint.

    Attributes:
        modes: ``STATE``, ``VISUAL``, ``ENV`` or ``ACTION`` to e.g. ``MEAN_STD``.
        values: feature name to its statistics by name.
        eps: added where LeRobot adds it.
        inside: of a version before 0.4, which normalised inside of the policy.
    """

    modes: Mapping[str, str]
    values: Mapping[str, Mapping[str, Tensor]]
    eps: float
    inside: bool

    def normalise(self, name: str, kind: str) -> tuple[Linear, Tensor | None, Tensor | None]:
        """The module that normalises a feature, and its centre and spread."""
        mode = self.modes.get(kind, "IDENTITY")
        if mode == "IDENTITY" or (name not in self.values and not self.inside):
            return Linear(), None, None
        if mode == "MEAN_STD":
            mean, std = self._both(name, mode, "mean", "std")
            return Linear(mean, std + self.eps), mean, std
        low, high = self._limits(name, mode)
        return Linear(low, self._range(low, high), 2.0, -1.0), (low + high) / 2, (high - low) / 2

    def actions(self, name: str, size: int) -> ActionScale:
        """How the network's actions become those of the data set."""
        mode = self.modes.get("ACTION", "IDENTITY")
        if mode == "IDENTITY" or (name not in self.values and not self.inside):
            return ActionScale("identity", torch.zeros(size), torch.ones(size))
        kind: NormalizerKind = "meanstd"
        if mode == "MEAN_STD":
            offset, scale = self._both(name, mode, "mean", "std")
        else:
            kind = "minmax"
            low, high = self._limits(name, mode)
            scale = self._range(low, high) / 2
            offset = low + scale
        # Constant dimensions: to the runtime a scale of nearly nothing cannot be divided by.
        return ActionScale(kind, offset, scale.clamp_min(_SMALLEST))

    def _range(self, low: Tensor, high: Tensor) -> Tensor:
        whole = high - low
        if self.inside:
            return whole + self.eps
        return torch.where(whole == 0, torch.full_like(whole, self.eps), whole)

    def _limits(self, name: str, mode: str) -> tuple[Tensor, Tensor]:
        if mode not in _LIMITS:
            raise ExportError(
                f"{name!r} is normalised by {mode!r}; known are IDENTITY, MEAN_STD, "
                f"{', '.join(_LIMITS)}"
            )
        return self._both(name, mode, *_LIMITS[mode])

    def _both(self, name: str, mode: str, first: str, second: str) -> tuple[Tensor, Tensor]:
        found = self.values.get(name, {})
        for key in (first, second):
            if key not in found or not torch.isfinite(found[key]).all():
                raise ExportError(
                    f"the checkpoint normalises {name!r} by {mode}, but has no finite {key!r} for "
                    f"it (it has {', '.join(found) or 'no statistics'}); save it again with the "
                    "statistics of the data set"
                )
        return found[first].float(), found[second].float()


def read_statistics(
    folder: Path, config: Mapping[str, Any], state: Mapping[str, Tensor]
) -> Statistics:
    """The normalisation of a checkpoint of any known version.

    Raises:
        ExportError: there is none, or the processors do something unknown to actions or inputs.
    """
    before, after = folder / "policy_preprocessor.json", folder / "policy_postprocessor.json"
    if before.is_file():
        _steps(after, "unnormalizer_processor")
        return _from_processor(folder, before)
    buffers = _buffers(config, state)
    modes = {kind: str(mode) for kind, mode in config.get("normalization_mapping", {}).items()}
    if not buffers and any(mode != "IDENTITY" for mode in modes.values()):
        raise ExportError(
            f"{folder} has neither {before.name} nor normalisation among its weights; copy the "
            "whole folder `pretrained_model` of the checkpoint"
        )
    return Statistics(modes, buffers, EPSILON, inside=True)


def _from_processor(folder: Path, file: Path) -> Statistics:
    step = _steps(file, "normalizer_processor")
    config = step.get("config", {})
    values: dict[str, dict[str, Tensor]] = {}
    if "state_file" in step:
        for key, value in read_safetensors(folder / step["state_file"]).items():
            name, _, statistic = key.rpartition(".")
            values.setdefault(name, {})[statistic] = value
    chosen = config.get("normalize_observation_keys")
    if chosen is not None:
        values = {name: one for name, one in values.items() if name in chosen or name == "action"}
    modes = {kind: str(mode) for kind, mode in config.get("norm_map", {}).items()}
    return Statistics(modes, values, float(config.get("eps", EPSILON)), inside=False)


def _steps(file: Path, wanted: str) -> dict[str, Any]:
    """The one step of a processor file that normalises; all others must do nothing to values."""
    content = read_json(file)
    found: dict[str, Any] | None = None
    for step in content.get("steps", []):
        name = step.get("registry_name", step.get("class", "?"))
        active = step.get("config", {}).get("enabled", True) is not False
        if name not in _NEUTRAL_STEPS and active:
            raise ExportError(
                f"{file} has the step {name!r}, which is not known here and may change inputs or "
                f"actions; known are {', '.join(_NEUTRAL_STEPS)}. Export such a policy with "
                "`takt policy export module`"
            )
        if name == wanted:
            found = step
    if found is None:
        raise ExportError(f"{file} has no step {wanted!r}; copy the whole checkpoint folder")
    return found


def _buffers(
    config: Mapping[str, Any], state: Mapping[str, Tensor]
) -> dict[str, dict[str, Tensor]]:
    """Statistics that lie among the weights, as before version 0.4."""
    places = {"normalize_inputs": "input_features", "unnormalize_outputs": "output_features"}
    found: dict[str, dict[str, Tensor]] = {}
    for module, features in places.items():
        for name in config.get(features) or {}:
            prefix = f"{module}.buffer_{name.replace('.', '_')}."
            for key, value in state.items():
                if key.startswith(prefix):
                    found.setdefault(name, {})[key.removeprefix(prefix)] = value
    return found


def read_json(file: Path) -> dict[str, Any]:
    """The mapping in a JSON file.

    Raises:
        ExportError: it is missing, or something else.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExportError(
            f"{file} cannot be read ({error.strerror}); give the folder that has config.json and "
            "model.safetensors, e.g. checkpoints/last/pretrained_model"
        ) from None
    except ValueError as error:
        raise ExportError(f"{file} is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise ExportError(f"{file} must hold a mapping")
    return content
