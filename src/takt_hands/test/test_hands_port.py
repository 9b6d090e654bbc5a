"""The serial port on a pseudo terminal: opening, losing, finding again."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from takt_hands.dynamixel import control_table as ct
from takt_hands.dynamixel.bus import Bus
from takt_hands.dynamixel.port import PortLostError, SerialPort, latency_advice, latency_timer_ms
from takt_hands.emulator.bus import EmulatedBus
from takt_hands.emulator.pty_server import PtyServer

# Generous: the emulated motors live in a thread of a machine that has other things to do.
TIMEOUT_S = 1.0
IDS = [0, 1, 2]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PtyServer]:
    bus = EmulatedBus(IDS, [1240] * 3, np.full(3, 3.0))
    with PtyServer(bus, tmp_path / "usb-hand").serving() as server:
        yield server


def test_the_real_port_with_the_real_protocol(server: PtyServer) -> None:
    bus = Bus(SerialPort(str(server.path), 4_000_000, TIMEOUT_S))
    bus.open()
    assert bus.ping(1) is not None
    bus.write(2, ct.GOAL_POSITION, -3)
    assert bus.read(2, ct.GOAL_POSITION) == -3
    found = bus.read_block(IDS, ct.MOTION)
    assert sorted(found.data) == IDS
    assert ct.MOTION.value(ct.PRESENT_POSITION, found.data[0]) == round(3.0 / ct.RAD_PER_TICK)
    bus.close()


@pytest.mark.parametrize("baud", [57600, 1_000_000, 3_000_000])
def test_all_baud_rates_can_be_set(server: PtyServer, baud: int) -> None:
    bus = Bus(SerialPort(str(server.path), baud, TIMEOUT_S))
    bus.open()
    assert bus.ping(1) is not None
    bus.close()


def test_unplugged_and_plugged_in_again_under_the_same_path(server: PtyServer) -> None:
    bus = Bus(SerialPort(str(server.path), 4_000_000, TIMEOUT_S))
    bus.open()
    before = server.path.resolve()
    server.unplug()
    with pytest.raises(PortLostError, match="the port is gone"):
        bus.read_block(IDS, ct.MOTION)
    with pytest.raises(PortLostError, match=r"cannot open .*usb-hand.*Serial adapters here"):
        bus.open()
    placeholder = os.openpty()  # so that the next terminal gets another number
    server.plug()
    assert server.path.resolve() != before
    bus.open()
    assert bus.ping(1) is not None
    bus.close()
    for descriptor in placeholder:
        os.close(descriptor)


def test_two_programs_cannot_use_one_port(server: PtyServer) -> None:
    first = Bus(SerialPort(str(server.path), 4_000_000, TIMEOUT_S))
    first.open()
    second = Bus(SerialPort(str(server.path), 4_000_000, TIMEOUT_S))
    with pytest.raises(PortLostError, match="is no other process using it"):
        second.open()
    first.close()


def test_a_port_that_is_not_open_is_lost() -> None:
    with pytest.raises(PortLostError, match="/dev/null/x is not open"):
        SerialPort("/dev/null/x", 57600, 0.1).readPort(1)


def test_something_that_talks_without_end_is_not_listened_to_forever(tmp_path: Path) -> None:
    master, slave = os.openpty()
    os.set_blocking(master, False)
    stop = threading.Event()

    def babble() -> None:
        while not stop.is_set():
            try:
                os.write(master, b"\x55" * 512)
            except BlockingIOError:
                time.sleep(1e-3)

    port = SerialPort(os.ttyname(slave), 4_000_000, TIMEOUT_S)
    port.open()
    talker = threading.Thread(target=babble, daemon=True)
    talker.start()
    try:
        port.writePort([1])

        def listen() -> None:
            for _ in range(10_000):
                port.readPort(64)

        with pytest.raises(PortLostError, match="more than 8192 bytes"):
            listen()
    finally:
        stop.set()
        talker.join()
        port.close()
        os.close(master)
        os.close(slave)


@pytest.mark.parametrize(("setting", "advised"), [("16", True), ("1", False), (None, False)])
def test_the_latency_timer_of_an_adapter(tmp_path, monkeypatch, setting, advised) -> None:
    device = tmp_path / "ttyUSB3"
    device.touch()
    link = tmp_path / "by-id"
    link.symlink_to(device)
    if setting is not None:
        folder = tmp_path / "sysfs" / "ttyUSB3"
        folder.mkdir(parents=True)
        (folder / "latency_timer").write_text(f"{setting}\n", encoding="ascii")
    found = latency_timer_ms(str(link), tmp_path / "sysfs")
    assert found == (None if setting is None else int(setting))
    advice = latency_advice(str(link), tmp_path / "sysfs")
    assert bool(advice) == advised
    if advised:
        assert "ttyUSB3/latency_timer" in advice
