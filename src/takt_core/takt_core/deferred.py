"""Arrays that are made when somebody looks at them.

A policy looks at few of the frames that its cameras send. A live camera has no choice; in a
simulation, rendering the others would be half of the work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class DeferredArray:
    """Stands for an array whose values are made when NumPy asks for them, and only once.

    NumPy's functions take it as they take a list; its shape and dtype are known before.

    Args:
        make: makes the array, of the given shape and dtype.
    """

    def __init__(
        self, shape: tuple[int, ...], dtype: npt.DTypeLike, make: Callable[[], Array]
    ) -> None:
        self.shape = shape
        self.ndim = len(shape)
        self.dtype = np.dtype(dtype)
        self._make: Callable[[], Array] | None = make
        self._made: Array | None = None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self._make is not None:
            self._made, self._make = self._make(), None
        return np.array(self._made, dtype=dtype, copy=copy)
