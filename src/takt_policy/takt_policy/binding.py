"""Buffers that the calls of a graph reuse: inputs and outputs are bound once per shape.

No buffer ever leaves this module: inputs are copied in, outputs are copied out. For the sizes of
a chunk a copy takes a fraction of a microsecond, and nobody can be surprised later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

Array = npt.NDArray[Any]
Shapes = tuple[tuple[int, ...], ...]
"""Of all inputs of a graph, in its order."""

COPY_AT_MOST_BYTES = 65536
"""Greater inputs on the CPU are bound where they lie; binding takes longer than copying less."""

SHAPES_KEPT = 32
"""Shapes of call with buffers; a policy uses a handful of batch sizes."""


class Buffers:
    """All buffers of one session, for any number of threads: each call has a set to itself."""

    def __init__(
        self, session: Any, inputs: Sequence[str], outputs: Sequence[str], device: str | None = None
    ) -> None:
        self.inputs = tuple(inputs)
        self._session = session
        self._outputs = list(outputs)
        self._device = device
        self._free: dict[Shapes, list[Binding]] = {}

    def take(self, shapes: Shapes) -> Binding | None:
        """A free set for inputs of these shapes; the one that was given back last."""
        try:
            return self._free[shapes].pop()
        except (KeyError, IndexError):
            return None

    def give(self, shapes: Shapes, binding: Binding) -> None:
        """Gives a set back."""
        if shapes not in self._free and len(self._free) >= SHAPES_KEPT:
            self._free.clear()
        self._free.setdefault(shapes, []).append(binding)

    def first(self, feed: Mapping[str, Array]) -> tuple[dict[str, Array], Binding]:
        """The outputs, without buffers, and a set of buffers like these inputs and outputs."""
        values = self._session.run(self._outputs, dict(feed))
        outputs = dict(zip(self._outputs, values, strict=True))
        return outputs, Binding(self._session, feed, outputs, self._device)


class Binding:
    """One set of buffers on a session; for one thread at a time.

    Args:
        inputs: one example of each; their shapes and dtypes are those of every call.
        outputs: likewise.
        device: whose memory holds the inputs, as onnxruntime calls it (``cuda``); None: arrays.

    Attributes:
        owner: whose constants are in the buffers; for the caller to keep.
    """

    def __init__(
        self,
        session: Any,
        inputs: Mapping[str, Array],
        outputs: Mapping[str, Array],
        device: str | None = None,
    ) -> None:
        self.owner: object = None
        self._session = session
        self._io = session.io_binding()
        self._outputs = {name: np.empty(one.shape, one.dtype) for name, one in outputs.items()}
        self._host: dict[str, Array] = {}
        self._held: dict[str, Any] = {}
        self._lent: dict[str, Array] = {}
        for name, value in inputs.items():
            if device is not None:
                held = ort.OrtValue.ortvalue_from_shape_and_type(value.shape, value.dtype, device)
                self._held[name] = held
                self._io.bind_ortvalue_input(name, held)
            elif value.nbytes <= COPY_AT_MOST_BYTES:
                self._host[name] = np.empty(value.shape, value.dtype)
                self._bind(name, self._host[name])
        for name, value in self._outputs.items():
            self._io.bind_output(name, "cpu", 0, value.dtype, value.shape, value.ctypes.data)

    def put(self, name: str, value: Array) -> None:
        """Sets an input of the bound shape, until it is set again."""
        if name in self._host:
            np.copyto(self._host[name], value)
        elif name in self._held:
            self._held[name].update_inplace(np.ascontiguousarray(value))
        else:
            self._lent[name] = np.ascontiguousarray(value)
            self._bind(name, self._lent[name])

    def run(self) -> dict[str, Array]:
        """The outputs, in arrays of their own."""
        self._session.run_with_iobinding(self._io)
        return {name: value.copy() for name, value in self._outputs.items()}

    def _bind(self, name: str, value: Array) -> None:
        self._io.bind_input(name, "cpu", 0, value.dtype, value.shape, value.ctypes.data)
