"""PyTorch modules to ONNX: dynamic batch axes, weights inside, every declared input kept."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence

import onnx
import torch
from torch import Tensor, nn

OPSET = 17


def to_onnx(
    module: nn.Module, example: tuple[Tensor, ...], inputs: Sequence[str], output: str
) -> bytes:
    """The module, in evaluation mode, as ONNX.

    Args:
        example: one tensor per input, of batch 2 or more, so that no batch axis is taken for a
            constant 1.
        inputs: names of the graph's inputs, in the order of the module's arguments.
        output: name of its one output.
    """
    file = io.BytesIO()
    axes = {name: {0: "batch"} for name in [*inputs, output]}
    with warnings.catch_warnings():
        # The tracing exporter is deprecated, but the only one that keeps a dynamic batch
        # without guards on the example's size in every PyTorch that we support.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            example,
            file,  # type: ignore[arg-type]
            input_names=list(inputs),
            output_names=[output],
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
    return _with_all_inputs(file.getvalue(), example, inputs)


def _with_all_inputs(content: bytes, example: tuple[Tensor, ...], names: Sequence[str]) -> bytes:
    """Declares inputs that the module did not use, such as a tool pose only the codec needs."""
    model = onnx.load_from_string(content)
    declared = {one.name for one in model.graph.input}
    for name, value in zip(names, example, strict=True):
        if name not in declared:
            kind = onnx.helper.np_dtype_to_tensor_dtype(value.numpy().dtype)
            shape = ["batch", *value.shape[1:]]
            model.graph.input.append(onnx.helper.make_tensor_value_info(name, kind, shape))
    return bytes(model.SerializeToString())
