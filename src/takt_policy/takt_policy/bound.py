"""A graph with some of its inputs given: what the calls of one chunk share is set once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_policy.binding import Buffers, Shapes
from takt_policy.errors import PolicyError

Array = npt.NDArray[Any]

_SUMMED_AT_MOST = 10_000
"""Elements; with more, BLAS would wake threads of its own."""


class Bound:
    """See ``Graph.bind``; any thread may run it, several at once as well.

    Args:
        name: of the graph, for messages.
        dtypes: of all its inputs.
        constants: values of some of them, copied.
    """

    def __init__(
        self,
        name: str,
        dtypes: Mapping[str, np.dtype[Any]],
        buffers: Buffers,
        constants: Mapping[str, Array],
    ) -> None:
        self._name = name
        self._dtypes = dtypes
        self._buffers = buffers
        self._constants = {key: np.array(value) for key, value in constants.items()}
        self._varying = {key for key in buffers.inputs if key not in constants}
        for key, value in self._constants.items():
            if key not in dtypes:
                raise PolicyError(f"graph {name}: it has no input {key!r} to give a value for")
            self._check_dtype(key, value)

    def run(self, feed: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs by name, for the inputs that are not given; in arrays of the caller's.

        Raises:
            PolicyError: onnxruntime failed, an input is missing or of another dtype, or an output
                is not finite.
        """
        shapes = self._shapes(feed)
        binding = self._buffers.take(shapes)
        try:
            if binding is None:
                outputs, binding = self._buffers.first({**feed, **self._repeated(shapes)})
            else:
                # The buffers that this object used last still hold its constants.
                if binding.owner is not self:
                    for key, value in self._repeated(shapes).items():
                        binding.put(key, value)
                for key in self._varying:
                    binding.put(key, feed[key])
                binding.owner = self
                outputs = binding.run()
        except Exception as error:
            raise PolicyError(f"graph {self._name}: inference failed: {error}") from None
        self._buffers.give(shapes, binding)
        for key, value in outputs.items():
            check_finite(f"graph {self._name}: output {key!r}", value)
        return outputs

    def _shapes(self, feed: Mapping[str, Array]) -> Shapes:
        """Of all inputs; a constant of batch 1 is as long as the others."""
        if feed.keys() != self._varying:
            raise PolicyError(
                f"graph {self._name}: inputs {', '.join(sorted(feed)) or 'none'} were given; "
                f"it needs {', '.join(sorted(self._varying)) or 'none'}"
            )
        batch: tuple[int, ...] = (1,)
        for key, value in feed.items():
            self._check_dtype(key, value)
            batch = value.shape[:1]
        shapes = []
        for key in self._buffers.inputs:
            shape = feed[key].shape if key in feed else self._constants[key].shape
            shapes.append(batch + shape[1:] if key not in feed and shape[0] == 1 else shape)
        return tuple(shapes)

    def _repeated(self, shapes: Shapes) -> dict[str, Array]:
        wanted = dict(zip(self._buffers.inputs, shapes, strict=True))
        return {
            key: np.ascontiguousarray(np.broadcast_to(value, wanted[key]))
            for key, value in self._constants.items()
        }

    def _check_dtype(self, key: str, value: Array) -> None:
        if value.dtype != self._dtypes[key]:
            raise PolicyError(
                f"graph {self._name}: input {key!r} is {value.dtype}; it takes {self._dtypes[key]}"
            )


def check_finite(what: str, value: Array) -> None:
    """Refuses NaN and infinity, in one pass and without a temporary where that is cheaper.

    Raises:
        PolicyError: it says how many there are.
    """
    # The squares of finite values may overflow; then the second look decides.
    if value.size <= _SUMMED_AT_MOST and math.isfinite(np.vdot(value, value)):
        return
    finite = np.isfinite(value)
    if not finite.all():
        raise PolicyError(
            f"{what} has {int(value.size - finite.sum())} of {value.size} values that are NaN or "
            "infinite; check the weights and the input normalisation"
        )
