"""What a cycle of a hand costs: the line's time, and this machine's at an emulated bus.

The emulated motors are another process behind a pseudo terminal, which has no baud rate. So the
time per cycle is what driver, protocol, operating system and emulator take; a real line adds
what ``line_ms`` says, and a USB adapter one to two milliseconds.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from takt_core.errors import TaktError
from takt_core.percentiles import summary
from takt_hands.description import find, load
from takt_hands.driver import HandDriver
from takt_hands.dynamixel.bus import Bus
from takt_hands.dynamixel.port import BAUD_RATES, SerialPort
from takt_hands.parameters import HandParameters
from takt_hands.timing import cycle_s

TARGET_HZ = 100.0
_START_S = 30.0
_REPLY_TIMEOUT_S = 0.5


def run(hand: str = "leap", cycles: int = 500) -> dict[str, Any]:
    """Measures as many cycles as fast as they go, after switching torque on.

    Returns:
        ``joints``; ``cycle_ms`` (p50, p95, p99, max, count) on a steady clock and ``cpu_ms`` per
        cycle of this process; ``failed_reads``; ``line_ms`` by baud rate.

    Raises:
        TaktError: the emulated motors did not come up.
    """
    description = load(hand)
    with _emulated(hand) as path:
        port = SerialPort(str(path), BAUD_RATES[-1], _REPLY_TIMEOUT_S)
        driver = HandDriver(Bus(port), description, HandParameters(), time.monotonic_ns)
        driver.open()
        try:
            driver.enable()
            figures = _cycles(driver, cycles)
        finally:
            driver.close()
    return {
        "joints": len(description.joints),
        "line_ms": {str(baud): 1e3 * cycle_s(len(description.joints), baud) for baud in BAUD_RATES},
        **figures,
    }


def _cycles(driver: HandDriver, cycles: int) -> dict[str, Any]:
    times_ms = []
    cpu_s = time.process_time()
    for _ in range(cycles):
        begin = time.perf_counter()
        state = driver.cycle()
        times_ms.append(1e3 * (time.perf_counter() - begin))
    return {
        "cycle_ms": summary(times_ms),
        "cpu_ms": 1e3 * (time.process_time() - cpu_s) / cycles,
        "failed_reads": state.failed_reads,
    }


@contextmanager
def _emulated(hand: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hand"
        command = [sys.executable, "-c", _EMULATE, "--path", str(path), "--hand", str(find(hand))]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            end_s = time.monotonic() + _START_S
            while not path.exists():
                if process.poll() is not None or time.monotonic() > end_s:
                    raise TaktError("the emulated motors did not come up; see the output above")
                time.sleep(0.02)
            yield path
        finally:
            process.terminate()
            process.wait()


_EMULATE = "import sys; from takt_hands.cli.emulate import main; main(sys.argv[1:])"


def table(figures: Mapping[str, Any]) -> str:
    """For a person."""
    cycle = figures["cycle_ms"]
    lines = [
        f"hand, {figures['joints']} joints; target: {TARGET_HZ:g} Hz, that is "
        f"{1e3 / TARGET_HZ:g} ms per cycle",
        f"  {'cycle at an emulated bus':34}p50 {cycle['p50']:.2f} ms, p99 {cycle['p99']:.2f} ms, "
        f"max {cycle['max']:.2f} ms, CPU {figures['cpu_ms']:.2f} ms",
        f"  {'failed readings':34}{figures['failed_reads']}",
    ]
    lines += [
        f"  {f'line busy at {int(baud):,} baud':34}{busy_ms:.2f} ms"
        for baud, busy_ms in figures["line_ms"].items()
    ]
    return "\n".join(lines)
