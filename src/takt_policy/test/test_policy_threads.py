"""The reflex and the slow plan in threads of their own, on the same graphs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from takt_policy.engine import PolicyEngine
from takt_policy.testing import write_tiny_bundle
from takt_policy.tune.observation import golden_observations

ROUNDS = 60


def test_reflexes_beside_plans_give_what_they_give_alone(tmp_path: Path) -> None:
    engine = PolicyEngine(write_tiny_bundle(tmp_path / "sf.takt", decode=True, residual=True))
    observation, fast = golden_observations(engine.bundle)
    assert fast is not None
    base = engine.plan(observation, draw=0, fast=fast)
    now_ns = observation.reference_ns
    pushed = [
        replace(fast, arrays={name: value + 0.1 * i for name, value in fast.arrays.items()})
        for i in range(3)
    ]
    plans = [engine.plan(observation, draw=i, fast=pushed[i]).corrected for i in range(3)]
    reflexes = [engine.reflex(base, pushed[i], now_ns).corrected for i in range(3)]
    # Otherwise a mix-up could not be seen.
    assert not np.array_equal(reflexes[0], reflexes[1])
    assert not np.array_equal(plans[0], plans[1])

    def plan(i: int) -> bool:
        found = engine.plan(observation, draw=i % 3, fast=pushed[i % 3]).corrected
        return np.array_equal(found, plans[i % 3])

    def reflex(i: int) -> bool:
        found = engine.reflex(base, pushed[i % 3], now_ns).corrected
        return np.array_equal(found, reflexes[i % 3])

    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(work, i) for i in range(ROUNDS) for work in (plan, reflex)]
        assert all(one.result() for one in done)
