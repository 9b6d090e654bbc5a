"""The benchmark runs and counts; its times are those of the machine and are not tested."""

from __future__ import annotations

from pathlib import Path

from takt_hands import benchmark

LEAP = Path(__file__).parents[3] / "config" / "hands" / "leap.yaml"


def test_cycles_are_measured_at_emulated_motors_in_another_process() -> None:
    figures = benchmark.run(str(LEAP), cycles=20)
    assert figures["joints"] == 16
    assert figures["cycle_ms"]["count"] == 20
    assert figures["failed_reads"] == 0
    assert figures["cpu_ms"] > 0.0
    said = benchmark.table(figures)
    assert "line busy at 1,000,000 baud       4.60 ms" in said
