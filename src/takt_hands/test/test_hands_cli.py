"""`takt hand`: scan, check and move at emulated motors behind a pseudo terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from hand_rig import Rig, description

from takt_core.errors import TaktError
from takt_hands.cli import check, move, scan
from takt_hands.dynamixel import control_table as ct
from takt_hands.emulator.hand import make_bus
from takt_hands.emulator.pty_server import PtyServer

HAND = {
    "name": "pair",
    "models": ["XC330-M288-T"],
    "volt_range": [4.5, 6.0],
    "joints": [
        {"name": "bend", "id": 1, "lower_rad": -0.5, "upper_rad": 1.9},
        {"name": "tip", "id": 3, "lower_rad": -0.4, "upper_rad": 2.0},
    ],
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PtyServer]:
    (tmp_path / "pair.yaml").write_text(yaml.safe_dump(HAND), encoding="utf-8")
    bus = make_bus(description(**{name: HAND[name] for name in ("name", "joints")}))
    with PtyServer(bus, tmp_path / "hand").serving() as server:
        yield server


def at(server: PtyServer) -> list[str]:
    return ["--port", str(server.path)]


def hand(server: PtyServer) -> list[str]:
    return [*at(server), "--hand", str(server.path.with_name("pair.yaml"))]


def test_scan_lists_who_is_there(server: PtyServer, capsys) -> None:
    assert scan.main([*at(server), "--baud", "1000000", "--highest-id", "4"]) == 0
    said = capsys.readouterr().out
    assert "1000000 baud: 2 motors" in said
    assert "id   3  XC330-M288-T" in said
    with server.lock:
        server.bus.faults.silent = {1, 3}
    assert scan.main([*at(server), "--baud", "1000000", "--highest-id", "3"]) == 1
    assert "is the hand's power on" in capsys.readouterr().out


def test_check_says_ready_or_why_not(server: PtyServer, capsys) -> None:
    assert check.main(hand(server)) == 0
    said = capsys.readouterr().out
    assert "bend   1   XC330-M288-T  52        +0.000 rad  5.2 V   25 C  off     2.35 A" in said
    assert said.endswith("ready\n")
    with server.lock:
        server.bus.motors[1].put(ct.HOMING_OFFSET, 100)
        server.bus.motors[1].fail(0x20)
        server.bus.faults.silent = {3}
    assert check.main(hand(server)) == 1
    said = capsys.readouterr().out
    assert "bend: homing offset is 100; allowed is 0" in said
    assert "bend: reports overload" in said
    assert "tip: motor 3 does not answer" in said
    assert said.endswith("not ready\n")


def test_check_sees_positions_models_heat_and_supply(server: PtyServer, capsys) -> None:
    with server.lock:
        server.bus.dynamics.position[0] += 3.0
        server.bus.dynamics.temperature[0] = 61.0
        server.bus.dynamics.supply_v = 4.0
        server.bus.motors[3].put(ct.MODEL_NUMBER, 1020)
        server.bus.motors[3].put(ct.PRESENT_POSITION, 0)
    assert check.main(hand(server)) == 1
    said = capsys.readouterr().out
    assert "bend: is 1.10 rad out of its range" in said
    assert "bend: is hot: 61 C" in said
    assert "bend: supply is 4.0 V; allowed is 4.5 to 6" in said
    assert "tip: is a XM430-W350" in said


def test_move_asks_first(server: PtyServer, capsys, monkeypatch) -> None:
    monkeypatch.setattr("builtins.input", lambda question: print(question) or "n")
    assert move.main(["tip", *hand(server)]) == 1
    said = capsys.readouterr().out
    assert "tip (motor 3) will move by +0.20 rad and back, with at most 0.15 A." in said
    assert server.bus.motors[3].get(ct.TORQUE_ENABLE) == 0


def test_move_refuses_what_the_description_does_not_allow(server: PtyServer) -> None:
    with pytest.raises(TaktError, match=r"no joint 'toe'.*allowed are bend, tip"):
        move.main(["toe", *hand(server)])
    with pytest.raises(TaktError, match="a current of 3 A for tip"):
        move.main(["tip", "--current", "3", *hand(server)])


def test_a_wiggle_goes_there_and_back_slowly_and_weakly() -> None:
    rig = Rig(hand=move.only(description(), "tip", 0.1)).opened()
    said, positions, speeds = [], [], []

    def sleep(duration_s: float) -> None:
        rig.port.wait_until(rig.port.time_s + duration_s)
        positions.append(rig.joints[0])
        speeds.append(rig.bus.dynamics.velocity[0])

    move.wiggle(rig.driver, 0.3, rig.port.now_ns, sleep, said.append)
    assert max(positions) == pytest.approx(0.3, abs=5e-3)
    assert positions[-1] == pytest.approx(0.0, abs=5e-3)
    assert np.abs(speeds).max() < 0.6
    assert rig.bus.motors[2].get(ct.GOAL_CURRENT) == 100
    assert "asked for +0.300 rad, is at +0.3" in said[0]


def test_a_wiggle_ends_with_the_fault_that_it_meets() -> None:
    rig = Rig(hand=move.only(description(), "tip", 0.1)).opened()

    def sleep(duration_s: float) -> None:
        rig.port.wait_until(rig.port.time_s + duration_s)
        rig.bus.motors[2].fail(0x20)

    with pytest.raises(TaktError, match="tip lost its torque: it reports overload"):
        move.wiggle(rig.driver, 0.3, rig.port.now_ns, sleep, print)
