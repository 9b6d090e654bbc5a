"""Graphs that get the fast inputs.

``decode`` gives the chunk ``clean``; its first dimension is shifted by ``DECODE_FORCE_GAIN`` times
the mean of the (normalised) fast input, its second by ``DECODE_ELAPSED_GAIN`` times the elapsed
seconds, its third by the mean of what the latent is off. ``residual`` corrects the first
dimension by ``RESIDUAL_GAIN`` times the mean of the fast input.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from takt_policy.bundle.schema import PolicySpec
from takt_policy.testing.chunks import tiny_latent
from takt_policy.testing.onnx_model import mean_of, model_of, node, spec_tensor, tensor

Array = npt.NDArray[Any]

DECODE_FORCE_GAIN = 0.5
DECODE_ELAPSED_GAIN = 1.0
RESIDUAL_GAIN = 1.0


def decode_graph(spec: PolicySpec, clean: Array) -> onnx.ModelProto:
    """``clean`` (H, D), shifted as the module says."""
    fast = spec.fast_inputs[0].name
    nodes = [
        *mean_of(fast),
        node("Mul", [f"{fast}_mean", "force_gain"], "by_force"),
        node("Unsqueeze", ["elapsed", "axis_1"], "elapsed_2"),
        node("Mul", ["elapsed_2", "elapsed_gain"], "by_elapsed"),
        node("Sub", ["latent", "latent_clean"], "off"),
        *mean_of("off"),
        node("Concat", ["by_force", "by_elapsed", "off_mean"], "three", axis=1),
        node("MatMul", ["three", "places"], "shift_2"),
        node("Unsqueeze", ["shift_2", "axis_1"], "shift"),
        node("Add", ["clean", "shift"], "actions"),
    ]
    constants = {
        "force_gain": np.array([DECODE_FORCE_GAIN], np.float32),
        "elapsed_gain": np.array([DECODE_ELAPSED_GAIN], np.float32),
        "latent_clean": tiny_latent(spec)[None],
        "places": np.eye(3, spec.action_size, dtype=np.float32),
        "clean": clean.astype(np.float32)[None],
    }
    inputs = [
        tensor("latent", spec.chunk),
        tensor("elapsed", []),
        *(spec_tensor(one) for one in spec.fast_inputs),
    ]
    return model_of(nodes, inputs, tensor("actions", clean.shape), constants)


def residual_graph(spec: PolicySpec) -> onnx.ModelProto:
    """A correction of the first dimension, as the module says."""
    fast = spec.fast_inputs[0].name
    nodes = [
        *mean_of(fast),
        node("MatMul", [f"{fast}_mean", "place"], "push"),
        node("Mul", ["base", "nothing"], "zeros"),
        node("Add", ["zeros", "push"], "correction"),
    ]
    constants = {
        "place": RESIDUAL_GAIN * np.eye(1, spec.action_size, dtype=np.float32),
        "nothing": np.zeros(1, np.float32),
    }
    inputs = [tensor("base", [spec.action_size]), *(spec_tensor(one) for one in spec.fast_inputs)]
    return model_of(nodes, inputs, tensor("correction", [spec.action_size]), constants)
