"""How long the line is busy, by arithmetic and by the bytes that went over the emulated one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hand_rig import Rig

from takt_hands.description import load
from takt_hands.dynamixel import control_table as ct
from takt_hands.emulator import packets
from takt_hands.timing import cycle_s, sync_read_bytes, sync_write_bytes

LEAP = load(Path(__file__).parents[3] / "config" / "hands" / "leap.yaml")


def test_a_cycle_is_one_read_and_one_write_of_known_length() -> None:
    rig = Rig(hand=LEAP, slow_period_s=5.0).enabled()
    rig.run(0.05)
    counters = rig.bus.counters
    counters.instructions.clear()
    counters.bytes_in = counters.bytes_out = 0
    # From the second cycle on, the slow readings are due only seconds later.
    cycles = len(rig.run(0.2))
    assert cycles == 20
    reads, writes = counters.instructions[packets.SYNC_READ], counters.instructions[0x83]
    assert reads == cycles
    assert writes in (cycles, cycles + 1)  # the current limits, again, once in 32 cycles
    repeated = (writes - cycles) * sync_write_bytes(16, ct.GOAL_CURRENT)
    read = cycles * sync_read_bytes(16, ct.MOTION)
    written = cycles * sync_write_bytes(16, ct.GOAL_POSITION)
    assert counters.bytes_in + counters.bytes_out == read + written + repeated


@pytest.mark.parametrize(
    ("baud", "milliseconds"), [(4_000_000, 1.15), (3_000_000, 1.53), (1_000_000, 4.60)]
)
def test_sixteen_joints_at_100_hz_fit_on_the_line(baud: int, milliseconds: float) -> None:
    assert cycle_s(16, baud) * 1e3 == pytest.approx(milliseconds, abs=0.005)
    rig = Rig(hand=LEAP, baud=baud).enabled()
    states = rig.run(1.2)
    # In the line's own time: no cycle was longer than its period.
    assert states[-1].rate_hz == pytest.approx(100.0, abs=1.5)
    assert states[-1].failed_reads == 0
    busy_s = []
    for _ in range(3):
        begin_s = rig.port.time_s
        rig.driver.cycle()
        busy_s.append(rig.port.time_s - begin_s)
        rig.run(0.0)
    assert min(busy_s) == pytest.approx(cycle_s(16, baud), rel=0.02)


def test_a_slow_line_gives_the_rate_that_it_can() -> None:
    """At 57600 baud a cycle takes 80 ms: it is slower, and says so, and nothing fails."""
    rig = Rig(hand=LEAP, baud=57600).enabled()
    state = rig.run(2.0)[-1]
    assert 5.0 < state.rate_hz < 1.0 / cycle_s(16, 57600) + 1.0
    assert state.failed_reads == 0
