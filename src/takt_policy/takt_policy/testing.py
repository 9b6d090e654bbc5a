"""A small bundle whose answer is known, for tests of everything around a policy.

Its denoise graph is the exact denoiser of one fixed chunk ``clean`` (plus a little of the
condition), so that sampling gives that chunk whatever the noise. Needs the ``onnx`` package.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from takt_policy.bundle.bundle import Bundle
from takt_policy.bundle.normalizer import Normalizer
from takt_policy.bundle.schema import (
    ACTION,
    ActionGroup,
    Horizons,
    InputSpec,
    PolicySpec,
    Preprocess,
    SamplerSpec,
)
from takt_policy.bundle.write import write_bundle
from takt_policy.samplers import NoiseSchedule

IMAGE_SIZE = 8
CONDITION_SIZE = 4
_ELEMENT = {"float32": TensorProto.FLOAT, "uint8": TensorProto.UINT8}

Array = npt.NDArray[Any]


def tiny_spec(**changes: Any) -> PolicySpec:
    """An image, a pose and a wrench history in; sixteen poses and widths out."""
    spec = PolicySpec(
        name="tiny",
        description="Moves the tool along a fixed small chunk; for tests.",
        family="diffusion",
        reference_pose="tcp",
        inputs=(
            InputSpec(
                "image",
                "wrist_camera/image_raw",
                "sensor_msgs/msg/Image",
                "image",
                Preprocess("image"),
                (3, IMAGE_SIZE, IMAGE_SIZE),
                "uint8",
                2,
                0.1,
                "hold",
                0.05,
            ),
            InputSpec(
                "tcp",
                "arm/state",
                "takt_msgs/msg/ArmState",
                "tcp_pose",
                Preprocess("pose", "reference"),
                (9,),
                "float32",
                2,
                0.1,
                "pose",
                0.05,
            ),
            InputSpec(
                "wrench",
                "arm/wrench",
                "geometry_msgs/msg/WrenchStamped",
                "wrench",
                Preprocess("wrench", "reference"),
                (6,),
                "float32",
                4,
                0.01,
                "linear",
                0.05,
            ),
        ),
        actions=(ActionGroup("arm", "pose", "observation"), ActionGroup("gripper", "width")),
        horizons=Horizons(2, 16, 8, 0.1),
        sampler=SamplerSpec("ddim", 100, 8),
        normalizer={"image": "identity", "tcp": "minmax", "wrench": "meanstd", ACTION: "minmax"},
    )
    return replace(spec, **changes)


def tiny_normalizers(spec: PolicySpec) -> dict[str, Normalizer]:
    """Scales of centimetres and newtons."""
    scales = {"tcp": np.full(9, 0.5), "wrench": np.full(6, 5.0)}
    pose_scale = [0.1, 0.1, 0.1, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    per_group = [pose_scale if group.kind == "pose" else [0.04] for group in spec.actions]
    scales[ACTION] = np.concatenate(per_group)
    normalizers = {}
    for name, kind in spec.normalizer.items():
        if kind == "identity":
            normalizers[name] = Normalizer.identity()
        else:
            scale = scales[name].astype(np.float32)
            normalizers[name] = Normalizer(kind, np.zeros_like(scale), scale)
    return normalizers


def straight_chunk(spec: PolicySpec, step_m: tuple[float, float, float]) -> Array:
    """(H, D) normalised: the tool moves by ``step_m`` per action, without turning."""
    horizons = spec.horizons
    clean = np.zeros((horizons.prediction, spec.action_size), np.float32)
    steps = np.arange(horizons.prediction) - horizons.first
    clean[:, :3] = steps[:, None] * np.asarray(step_m) / 0.1
    clean[:, 3] = clean[:, 7] = 1.0
    return clean


def encode_graph(
    spec: PolicySpec, condition_size: int = CONDITION_SIZE, faulty: bool = False
) -> onnx.ModelProto:
    """The mean of each input, mixed to (batch, condition_size).

    With ``faulty``, NaN unless the first input's values are 250 on average: for an image, unless
    it is white.
    """
    nodes, inputs, parts = [], [], []
    for one in spec.inputs:
        shape = ["batch", one.history, *one.shape]
        inputs.append(helper.make_tensor_value_info(one.name, _ELEMENT[one.dtype], shape))
        nodes += [
            helper.make_node("Cast", [one.name], [f"{one.name}_f"], to=TensorProto.FLOAT),
            helper.make_node("Flatten", [f"{one.name}_f"], [f"{one.name}_2"], axis=1),
            helper.make_node("ReduceMean", [f"{one.name}_2", "axis"], [f"{one.name}_m"]),
        ]
        parts.append(f"{one.name}_m")
    mixing = np.linspace(-0.01, 0.01, len(parts) * condition_size, dtype=np.float32)
    nodes += [
        helper.make_node("Concat", parts, ["means"], axis=1),
        helper.make_node("MatMul", ["means", "mixing"], ["condition"]),
    ]
    constants = {"axis": np.array([1]), "mixing": mixing.reshape(len(parts), condition_size)}
    if faulty:
        nodes[-1].output[0] = "mixed"
        nodes += [
            helper.make_node("Sub", [parts[0], "white"], ["above"]),
            helper.make_node("Sqrt", ["above"], ["root"]),
            helper.make_node("Mul", ["root", "zero"], ["nothing"]),
            helper.make_node("Add", ["mixed", "nothing"], ["condition"]),
        ]
        constants |= {
            "white": np.full((1, 1), 250.0, np.float32),
            "zero": np.zeros((1, 1), np.float32),
        }
    output = helper.make_tensor_value_info(
        "condition", TensorProto.FLOAT, ["batch", condition_size]
    )
    return _model(nodes, inputs, [output], constants)


def denoise_graph(
    spec: PolicySpec, clean: Array, condition_size: int = CONDITION_SIZE, faulty: bool = False
) -> onnx.ModelProto:
    """``(x - sqrt(a_t) clean) / sqrt(1 - a_t)``; with ``faulty``, NaN at levels below 50."""
    alpha = NoiseSchedule.squared_cosine(spec.sampler.training_steps).alpha_bar
    inverse = 1.0 / np.sqrt(1.0 - alpha)
    if faulty:
        inverse[:50] = np.nan
    chunk = [spec.horizons.prediction, spec.action_size]
    constants = {
        "signal": np.sqrt(alpha).astype(np.float32).reshape(-1, 1, 1),
        "inverse": inverse.astype(np.float32).reshape(-1, 1, 1),
        "clean": clean.astype(np.float32)[None],
        "tiny": np.full((condition_size, 1), 1e-4, np.float32),
        "last": np.array([2]),
    }
    nodes = [
        helper.make_node("Gather", ["signal", "t"], ["signal_t"], axis=0),
        helper.make_node("Gather", ["inverse", "t"], ["inverse_t"], axis=0),
        helper.make_node("MatMul", ["condition", "tiny"], ["shift_2"]),
        helper.make_node("Unsqueeze", ["shift_2", "last"], ["shift"]),
        helper.make_node("Add", ["clean", "shift"], ["target"]),
        helper.make_node("Mul", ["signal_t", "target"], ["known"]),
        helper.make_node("Sub", ["x", "known"], ["rest"]),
        helper.make_node("Mul", ["rest", "inverse_t"], ["prediction"]),
    ]
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", *chunk]),
        helper.make_tensor_value_info("t", TensorProto.INT64, ["batch"]),
        helper.make_tensor_value_info("condition", TensorProto.FLOAT, ["batch", condition_size]),
    ]
    output = helper.make_tensor_value_info("prediction", TensorProto.FLOAT, ["batch", *chunk])
    return _model(nodes, inputs, [output], constants)


def tiny_observation(spec: PolicySpec, seed: int = 0) -> dict[str, Array]:
    """Arrays of the right shapes for the encode graph."""
    rng = np.random.default_rng(seed)
    arrays: dict[str, Array] = {}
    for one in spec.inputs:
        shape = (1, one.history, *one.shape)
        if one.dtype == "uint8":
            arrays[one.name] = rng.integers(0, 256, shape).astype(np.uint8)
        else:
            arrays[one.name] = rng.uniform(-1, 1, shape).astype(np.float32)
    return arrays


def write_tiny_bundle(
    path: Path,
    spec: PolicySpec | None = None,
    clean: Array | None = None,
    faulty: bool = False,
) -> Bundle:
    """A complete bundle at ``path``; by default the tool moves by -2 mm per step along its z.

    With ``faulty`` it passes every check at load, and its encode graph gives NaN for any
    observation but a white image.
    """
    spec = tiny_spec() if spec is None else spec
    clean = straight_chunk(spec, (0.0, 0.0, -0.002)) if clean is None else clean
    observation = tiny_observation(spec)
    if faulty:
        first = spec.inputs[0].name
        observation[first] = np.full_like(observation[first], 255)
    return write_bundle(
        path,
        spec,
        {
            "encode": encode_graph(spec, faulty=faulty).SerializeToString(),
            "denoise": denoise_graph(spec, clean).SerializeToString(),
        },
        tiny_normalizers(spec),
        observation,
    )


def _model(
    nodes: list[Any], inputs: list[Any], outputs: list[Any], constants: dict[str, Array]
) -> onnx.ModelProto:
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model
