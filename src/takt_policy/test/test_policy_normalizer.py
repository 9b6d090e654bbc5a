"""Normalisers: what each kind promises, and that they undo themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_policy.bundle.normalizer import Normalizer


@given(seed=st.integers(0, 2**31), kind=st.sampled_from(["minmax", "meanstd", "identity"]))
@settings(max_examples=30, deadline=None)
def test_denormalise_undoes_normalise(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    data = rng.normal(rng.uniform(-3, 3, 5), rng.uniform(0.1, 4, 5), (50, 5))
    normalizer = Normalizer.fit(kind, data)  # type: ignore[arg-type]
    normalised = normalizer.normalize(data)
    np.testing.assert_allclose(normalizer.denormalize(normalised), data, atol=1e-4)
    if kind == "minmax":
        np.testing.assert_allclose(normalised.min(axis=0), -1.0, atol=1e-5)
        np.testing.assert_allclose(normalised.max(axis=0), 1.0, atol=1e-5)
    if kind == "meanstd":
        np.testing.assert_allclose(normalised.mean(axis=0), 0.0, atol=1e-4)
        np.testing.assert_allclose(normalised.std(axis=0), 1.0, atol=1e-3)


@pytest.mark.parametrize("kind", ["minmax", "meanstd"])
def test_constant_dimensions_become_zero_and_stay_finite(kind: str) -> None:
    data = np.column_stack([np.full(10, 0.3), np.arange(10.0)])
    normalizer = Normalizer.fit(kind, data)  # type: ignore[arg-type]
    np.testing.assert_allclose(normalizer.normalize(data)[:, 0], 0.0, atol=1e-6)
    np.testing.assert_allclose(normalizer.denormalize(np.zeros(2))[0], 0.3, rtol=1e-6)
