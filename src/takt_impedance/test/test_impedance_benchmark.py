"""The benchmark measures something, and the instruction budget holds."""

import shutil

import pytest

from takt_impedance import benchmark

# Not promised, but worth a second look when it breaks.
ALSO = {
    "law_moving": 10_000, "follower": 4_000, "tick": 18_000, "tick_joint": 18_000,
    "tick_full": 28_000, "terms": 25_000,
}  # fmt: skip


def test_run_reports_every_cost() -> None:
    costs = benchmark.run(ticks=500)
    assert {"law", "follower", "tick"} <= set(costs["parts"]) <= set(benchmark.PARTS)
    assert all(part["time_ns"] > 0 for part in costs["parts"].values())
    assert costs["python_tick_ns"] > 0


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
@pytest.mark.parametrize("part", sorted(benchmark.PARTS))
def test_instruction_budget(part: str) -> None:
    if not benchmark.available(part):
        pytest.skip("Pinocchio is not there for C++")
    instructions = benchmark.instructions_of(part)
    assert instructions is not None
    assert 100 < instructions <= (benchmark.BUDGET | ALSO)[part]
