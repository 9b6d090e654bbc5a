"""Graphs of the families, of the critic and the energy.

With ``clean`` what the policy aims at, and a shift by 1e-4 times the sum of the condition:
``denoise`` is the exact denoiser of ``clean``, so that sampling gives it whatever the noise;
``critic`` is minus the mean square distance from ``clean``, ``energy`` plus it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from takt_policy.bundle.schema import PolicySpec
from takt_policy.samplers import NoiseSchedule
from takt_policy.testing.onnx_model import mean_of, model_of, node, spec_tensor, tensor

Array = npt.NDArray[Any]
Nodes = list[onnx.NodeProto]
Constants = dict[str, Array]

CONDITION_SIZE = 4
_SMALLEST_REST = 1e-3


def encode_graph(
    spec: PolicySpec, condition_size: int = CONDITION_SIZE, faulty: bool = False
) -> onnx.ModelProto:
    """The mean of each input, mixed to (batch, condition_size).

    With ``faulty``, NaN unless the first input's values are 250 on average: for an image, unless
    it is white.
    """
    nodes, constants = _mixed_means(spec, condition_size, faulty)
    output = tensor("condition", [condition_size])
    return model_of(nodes, [spec_tensor(one) for one in spec.inputs], output, constants)


def predict_graph(spec: PolicySpec, clean: Array, faulty: bool = False) -> onnx.ModelProto:
    """``clean``, shifted by the mixed means of the inputs; ``faulty`` as in ``encode_graph``."""
    nodes, constants = _mixed_means(spec, CONDITION_SIZE, faulty)
    nodes += [*_target(), node("Identity", ["target"], "actions")]
    output = tensor("actions", clean.shape)
    constants |= _target_constants(clean, CONDITION_SIZE)
    return model_of(nodes, [spec_tensor(one) for one in spec.inputs], output, constants)


def denoise_graph(
    spec: PolicySpec, clean: Array, condition_size: int = CONDITION_SIZE, faulty: bool = False
) -> onnx.ModelProto:
    """The exact denoiser of ``clean`` (L, S), in the terms of the bundle's sampler.

    With ``faulty``, NaN at levels below 50 (diffusion only).
    """
    sampler = spec.require_sampler()
    flow = sampler.kind == "flow"
    nodes, constants = _velocity(spec) if flow else _diffusion(spec, faulty)
    inputs = [
        tensor("x", clean.shape),
        tensor("t", [clean.shape[0]] if sampler.prefix else [], "float32" if flow else "int64"),
        tensor("condition", [condition_size]),
    ]
    constants |= _target_constants(clean, condition_size)
    output = tensor("prediction", clean.shape)
    return model_of([*_target(), *nodes], inputs, output, constants)


def critic_graph(clean: Array, condition_size: int = CONDITION_SIZE) -> onnx.ModelProto:
    """Minus the mean square distance from ``clean`` (L, S)."""
    return _distance("value", -1.0, clean, condition_size)


def energy_graph(clean: Array, condition_size: int = CONDITION_SIZE) -> onnx.ModelProto:
    """The mean square distance from ``clean`` (L, S)."""
    return _distance("energy", 1.0, clean, condition_size)


def _mixed_means(spec: PolicySpec, size: int, faulty: bool) -> tuple[Nodes, Constants]:
    names = [one.name for one in spec.inputs]
    nodes = [one for name in names for one in mean_of(name)]
    mixing = np.linspace(-0.01, 0.01, len(names) * size, dtype=np.float32)
    means = [f"{name}_mean" for name in names]
    nodes.append(node("Concat", means, "means", axis=1))
    constants: Constants = {"mixing": mixing.reshape(len(names), size)}
    if not faulty:
        return [*nodes, node("MatMul", ["means", "mixing"], "condition")], constants
    nodes += [
        node("MatMul", ["means", "mixing"], "mixed"),
        node("Sub", [means[0], "white"], "above"),
        node("Sqrt", ["above"], "root"),
        node("Mul", ["root", "zero"], "nothing"),
        node("Add", ["mixed", "nothing"], "condition"),
    ]
    constants["white"] = np.full((1, 1), 250.0, np.float32)
    constants["zero"] = np.zeros((1, 1), np.float32)
    return nodes, constants


def _target() -> Nodes:
    return [
        node("MatMul", ["condition", "tiny"], "shift_2"),
        node("Unsqueeze", ["shift_2", "axis_2"], "shift"),
        node("Add", ["clean", "shift"], "target"),
    ]


def _target_constants(clean: Array, condition_size: int) -> Constants:
    return {
        "clean": clean.astype(np.float32)[None],
        "tiny": np.full((condition_size, 1), 1e-4, np.float32),
    }


def _time_axes(spec: PolicySpec) -> Array:
    """Axes that make a factor for (batch, L, S) of something for each time of the graph."""
    return np.array([2] if spec.require_sampler().prefix else [1, 2])


def _diffusion(spec: PolicySpec, faulty: bool) -> tuple[Nodes, Constants]:
    sampler = spec.require_sampler()
    alpha = NoiseSchedule.of(sampler).alpha_bar
    noise = np.sqrt(1.0 - alpha)
    if faulty:
        noise[:50] = np.nan
    constants = {
        "signal": np.sqrt(alpha).astype(np.float32),
        "noise": noise.astype(np.float32),
        "inner": _time_axes(spec),
        "nothing": np.zeros(1, np.float32),
    }
    nodes = [
        node("Gather", ["signal", "t"], "signal_flat", axis=0),
        node("Gather", ["noise", "t"], "noise_flat", axis=0),
        node("Unsqueeze", ["signal_flat", "inner"], "signal_t"),
        node("Unsqueeze", ["noise_flat", "inner"], "noise_t"),
        node("Mul", ["signal_t", "target"], "known"),
        node("Sub", ["x", "known"], "rest"),
    ]
    if sampler.prediction == "epsilon":
        nodes.append(node("Div", ["rest", "noise_t"], "prediction"))
    elif sampler.prediction == "sample":
        # Nothing of x is needed; but of its batch.
        nodes += [
            node("Mul", ["rest", "nothing"], "zeros"),
            node("Add", ["zeros", "target"], "prediction"),
        ]
    else:
        nodes += [
            node("Div", ["rest", "noise_t"], "epsilon"),
            node("Mul", ["signal_t", "epsilon"], "first"),
            node("Mul", ["noise_t", "target"], "second"),
            node("Sub", ["first", "second"], "prediction"),
        ]
    return nodes, constants


def _velocity(spec: PolicySpec) -> tuple[Nodes, Constants]:
    """dx/dt on the straight way to ``clean``: what is left of it over the time that is left."""
    sampler = spec.require_sampler()
    forward = sampler.direction == "noise_to_data"
    constants = {
        "scale": np.array([sampler.time_scale], np.float32),
        "end": np.array([1.0 if forward else 0.0], np.float32),
        "sign": np.array([1.0 if forward else -1.0], np.float32),
        "smallest": np.array([_SMALLEST_REST], np.float32),
        "inner": _time_axes(spec),
    }
    nodes = [
        node("Div", ["t", "scale"], "time"),
        node("Sub", ["end", "time"], "signed_left"),
        node("Abs", ["signed_left"], "left"),
        node("Max", ["left", "smallest"], "left_flat"),
        node("Unsqueeze", ["left_flat", "inner"], "left_t"),
        node("Sub", ["target", "x"], "way"),
        node("Mul", ["way", "sign"], "signed_way"),
        node("Div", ["signed_way", "left_t"], "prediction"),
    ]
    return nodes, constants


def _distance(output: str, sign: float, clean: Array, condition_size: int) -> onnx.ModelProto:
    nodes = [
        *_target(),
        node("Sub", ["x", "target"], "off"),
        node("Mul", ["off", "off"], "square"),
        node("Flatten", ["square"], "flat", axis=1),
        node("ReduceMean", ["flat", "axis_1"], "mean", keepdims=0),
        node("Mul", ["mean", "sign"], output),
    ]
    inputs = [tensor("condition", [condition_size]), tensor("x", clean.shape)]
    constants = _target_constants(clean, condition_size) | {"sign": np.array(sign, np.float32)}
    return model_of(nodes, inputs, tensor(output, []), constants)
