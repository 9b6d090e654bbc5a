"""Putting an ONNX graph together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from takt_policy.bundle.schema import InputSpec

Array = npt.NDArray[Any]

ELEMENT = {
    "float32": TensorProto.FLOAT,
    "uint8": TensorProto.UINT8,
    "int64": TensorProto.INT64,
}


def node(operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(operator, list(inputs), [output], **attributes)


def tensor(name: str, shape: Sequence[int], dtype: str = "float32") -> onnx.ValueInfoProto:
    """An input or output with a dynamic batch axis before ``shape``."""
    return helper.make_tensor_value_info(name, ELEMENT[dtype], ["batch", *shape])


def spec_tensor(one: InputSpec) -> onnx.ValueInfoProto:
    return tensor(one.name, one.array_shape, one.dtype)


def mean_of(name: str) -> list[onnx.NodeProto]:
    """``NAME_mean`` [batch, 1] of an input of any shape and dtype; uses the constant ``axis_1``."""
    return [
        node("Cast", [name], f"{name}_float", to=TensorProto.FLOAT),
        node("Flatten", [f"{name}_float"], f"{name}_flat", axis=1),
        node("ReduceMean", [f"{name}_flat", "axis_1"], f"{name}_mean"),
    ]


def model_of(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    output: onnx.ValueInfoProto,
    constants: Mapping[str, Array],
) -> onnx.ModelProto:
    """A checked model; ``axis_1`` and ``axis_2`` are among its constants."""
    known = {"axis_1": np.array([1]), "axis_2": np.array([2]), **constants}
    used = {name for one in nodes for name in one.input}
    initializers = [
        numpy_helper.from_array(np.asarray(value), name)
        for name, value in known.items()
        if name in used
    ]
    graph = helper.make_graph(list(nodes), "tiny", list(inputs), [output], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model
