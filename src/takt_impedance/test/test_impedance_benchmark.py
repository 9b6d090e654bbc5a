"""The benchmark measures something, and the instruction budget holds."""

import shutil

import pytest

from takt_impedance import benchmark

BUDGET = {"law": 9_000, "follower": 2_000, "tick": 14_000}


def test_run_reports_every_cost() -> None:
    costs = benchmark.run(ticks=2000)
    for part in (costs["law"], costs["follower"], costs["tick"]):
        assert part["time_ns"] > 0
    assert costs["tick_to_terms"] > 0
    assert costs["python_tick_ns"] > 0


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
@pytest.mark.parametrize("part", sorted(BUDGET))
def test_instruction_budget(part: str) -> None:
    instructions = benchmark.instructions_of(part)
    assert instructions is not None
    assert 100 < instructions < BUDGET[part]
