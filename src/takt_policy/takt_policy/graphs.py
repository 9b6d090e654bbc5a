"""ONNX graphs behind onnxruntime, checked against what the bundle says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from takt_policy.binding import Buffers
from takt_policy.bound import Bound
from takt_policy.errors import BundleError
from takt_policy.providers import DEFAULT_PROVIDERS, available_providers, configured, device_of

__all__ = ["DEFAULT_PROVIDERS", "Graph", "Tensor", "available_providers", "session_options"]

Array = npt.NDArray[Any]

_DTYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(uint8)": "uint8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
}


@dataclass(frozen=True)
class Tensor:
    """Signature of one input or output; None in a shape is an axis of any length.

    Attributes:
        dtypes: any of these.
        shape: after the batch axis, which is first and dynamic.
    """

    name: str
    dtypes: tuple[str, ...]
    shape: tuple[int | None, ...]


class Graph:
    """One ONNX graph in a session of its own.

    Args:
        path: the .onnx file; its stem is the graph's name in messages.
        providers: execution providers in order of preference.
        threads: of onnxruntime within one operator.
        half: the graph computes in float16, which TensorRT has to be allowed.

    Any thread may run it at any time, several at once as well; what it returns is the
    caller's.

    Raises:
        BundleError: onnxruntime cannot load the file.
        PolicyError: none of the providers is there.
    """

    def __init__(
        self,
        path: Path,
        providers: Sequence[str] = DEFAULT_PROVIDERS,
        threads: int = 1,
        half: bool = False,
    ) -> None:
        self.name = path.stem
        self._path = path
        chosen = configured(providers, path, half)
        try:
            self._session = ort.InferenceSession(
                str(path), session_options(threads), providers=chosen
            )
        except Exception as error:
            raise BundleError(f"{path} cannot be loaded by onnxruntime: {error}") from None
        self.provider = str(self._session.get_providers()[0])
        self.inputs = {one.name: (one.type, one.shape) for one in self._session.get_inputs()}
        self.outputs = {one.name: (one.type, one.shape) for one in self._session.get_outputs()}
        self._dtypes = {
            name: np.dtype(_DTYPES.get(one[0], "O")) for name, one in self.inputs.items()
        }
        self._buffers = Buffers(
            self._session, list(self.inputs), list(self.outputs), device_of(self.provider)
        )
        self._plain = self.bind({})

    def check(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        """Compares the graph's signature with the wanted one.

        Raises:
            BundleError: a name, dtype or shape differs; the message names both sides.
        """
        for kind, wanted, found in (
            ("input", inputs, self.inputs),
            ("output", outputs, self.outputs),
        ):
            names = {one.name for one in wanted}
            if missing := sorted(names - set(found)):
                raise BundleError(
                    f"{self._path}: the graph has no {kind} {missing[0]!r}; it has "
                    f"{', '.join(sorted(found)) or 'none'}. Rename it at export or in policy.yaml"
                )
            if kind == "input" and (extra := sorted(set(found) - names)):
                raise BundleError(
                    f"{self._path}: the graph wants an input {extra[0]!r} that policy.yaml does "
                    f"not declare; declared are {', '.join(sorted(names))}"
                )
            for one in wanted:
                self._check_tensor(kind, one, *found[one.name])

    def _check_tensor(self, kind: str, wanted: Tensor, onnx_type: str, shape: list[Any]) -> None:
        what = f"{self._path}: {kind} {wanted.name!r}"
        dtype = _DTYPES.get(onnx_type, onnx_type)
        if dtype not in wanted.dtypes:
            raise BundleError(
                f"{what} is of dtype {dtype}; allowed: {' or '.join(wanted.dtypes)}. "
                "Change the dtype in policy.yaml or cast it at export"
            )
        sizes = [size if isinstance(size, int) else None for size in shape]
        expected = ["batch", *("any" if size is None else size for size in wanted.shape)]
        if kind == "input" and sizes and sizes[0] is not None:
            raise BundleError(
                f"{what} has the fixed batch size {sizes[0]}; the batch axis must be dynamic. "
                "Export it with a dynamic first axis"
            )
        fits = len(sizes) == len(expected) and all(
            found is None or size is None or found == size
            for found, size in zip(sizes[1:], wanted.shape, strict=True)
        )
        if not fits:
            raise BundleError(
                f"{what} has shape {shape}; policy.yaml asks for {expected}. "
                "Change the shape or the horizons in policy.yaml, or export again"
            )

    def dtype(self, name: str) -> npt.DTypeLike:
        """Of an input."""
        return self._dtypes[name]

    def run(self, feed: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs by name.

        Raises:
            PolicyError: onnxruntime failed, an input is missing or of another dtype, or an output
                is not finite.
        """
        return self._plain.run(feed)

    def bind(self, constants: Mapping[str, Array]) -> Bound:
        """The graph with some inputs given once, for the calls that share them.

        Args:
            constants: values for some inputs; where the first axis is 1 they serve any batch.
                They are copied here: later changes of the arrays have no effect.
        """
        return Bound(self.name, self._dtypes, self._buffers, constants)


def session_options(threads: int) -> Any:
    """How every session of takt is run."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # A spinning worker would take the core on which time is kept.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
