"""ONNX graphs with smaller weights. Needs the package ``onnx``, which running a policy does not.

- int8: weights of matrix products are stored as integers of 8 bits, activations are quantised as
  they come ("dynamic quantisation"). Convolutions stay as they are: their integer form in
  onnxruntime was measured four times slower on a CPU than the float one.
- float16: weights and arithmetic, for GPUs; inputs and outputs stay float32.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from takt_policy.errors import PolicyError

Converter = Callable[[Path], bytes]

_PRODUCTS = ["MatMul", "Gemm"]


def int8_weights(path: Path, per_channel: bool = False) -> bytes:
    """The graph with the weights of its matrix products in 8 bits.

    Args:
        per_channel: a scale for each column of a weight; closer, and a little slower.

    Raises:
        PolicyError: ``onnx`` is missing, or the graph has no such product.
    """
    onnx = _onnx()
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder, _quiet():
        target = Path(folder) / path.name
        quantize_dynamic(
            str(path),
            str(target),
            weight_type=QuantType.QInt8,
            per_channel=per_channel,
            op_types_to_quantize=_PRODUCTS,
        )
        operators = {node.op_type for node in onnx.load(target).graph.node}
        if not operators & {"MatMulInteger", "MatMulIntegerToFloat", "DynamicQuantizeMatMul"}:
            raise PolicyError(
                f"{path} has no matrix product with constant weights, so nothing in it can be "
                "quantised; leave this graph out"
            )
        return target.read_bytes()


def float16(path: Path) -> bytes:
    """The graph in float16, but for its inputs and outputs.

    Raises:
        PolicyError: ``onnx`` is missing, or the graph cannot be converted.
    """
    onnx = _onnx()
    from onnxruntime.transformers.float16 import convert_float_to_float16
    from onnxruntime.transformers.onnx_model import OnnxModel

    # Constants below what float16 can hold are said one by one; the comparison says it once.
    with warnings.catch_warnings(), _quiet():
        warnings.simplefilter("ignore")
        try:
            model = convert_float_to_float16(onnx.load(path), keep_io_types=True)
            # The converter puts its casts at the end; ONNX wants them before their use.
            OnnxModel(model).topological_sort()
            onnx.checker.check_model(model)
        except Exception as error:
            raise PolicyError(f"{path} cannot be converted to float16: {error}") from None
    content: bytes = model.SerializeToString()
    return content


def _onnx() -> ModuleType:
    try:
        import onnx
    except ModuleNotFoundError:
        raise PolicyError(
            "changing graphs needs the package onnx, which running policies does not; "
            "`pip install onnx` (its version is in constraints.txt), or do it on the machine "
            "where policies are trained"
        ) from None
    module: ModuleType = onnx
    return module


@contextmanager
def _quiet() -> Iterator[None]:
    """Without onnxruntime's advice on how to prepare graphs, which goes to the root logger."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
