"""Arrays that are made when somebody looks at them."""

from __future__ import annotations

import numpy as np

from takt_core.deferred import Array, DeferredArray


def test_values_are_made_once_and_only_when_asked_for() -> None:
    calls = []

    def make() -> Array:
        calls.append(1)
        return np.full((2, 3), 7, np.uint8)

    array = DeferredArray((2, 3), np.uint8, make)
    assert (array.shape, array.ndim, array.dtype) == ((2, 3), 2, np.dtype(np.uint8))
    assert not calls
    assert np.stack([array, np.zeros((2, 3), np.uint8)]).tolist() == [[[7] * 3] * 2, [[0] * 3] * 2]
    assert np.asarray(array, dtype=np.float32).dtype == np.float32
    assert np.array_equal(array, np.full((2, 3), 7))
    assert calls == [1]


def test_a_copy_does_not_change_it() -> None:
    array = DeferredArray((2,), np.int64, lambda: np.array([1, 2]))
    copy = np.array(array)
    copy[0] = 5
    assert np.asarray(array).tolist() == [1, 2]
