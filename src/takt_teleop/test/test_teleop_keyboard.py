"""The keyboard: keys, decaying velocities, and the real device on a pseudo-terminal."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import termios
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from takt_core.errors import TaktError
from takt_teleop.devices.key_motion import KeyboardParameters, KeyMotion
from takt_teleop.devices.keyboard import KeyboardDevice
from takt_teleop.devices.keymap import ACTIONS, AXES, HELP, Action, Axis, split_keys
from takt_teleop.devices.terminal import KeyTerminal
from takt_teleop.inputs import Button

MS = 1_000_000
STAMP_NS = 5_000 * MS


@pytest.fixture
def pty_pair() -> Iterator[tuple[int, int]]:
    """Both ends of a pseudo-terminal: the one that types, and the one that is read."""
    master, slave = os.openpty()
    yield master, slave
    os.close(slave)
    with contextlib.suppress(OSError):
        os.close(master)


def typed(device: KeyboardDevice, master: int, text: str, now_ms: int = 0) -> list[Button]:
    os.write(master, text.encode())
    return [command.button for command in device.poll(now_ms * MS, STAMP_NS)]


# --- keys -------------------------------------------------------------------------------


def test_every_direction_has_two_keys_and_every_action_one() -> None:
    assert {(axis.index, axis.sign) for axis in AXES.values()} == {
        (index, sign) for index in range(6) for sign in (-1, 1)
    }
    assert set(ACTIONS.values()) == set(Action)
    assert not set(AXES) & set(ACTIONS)
    for key in set(AXES) | set(ACTIONS):
        assert len(key) > 1 or key in (" ", "=") or f" {key} " in f" {HELP} ", key


@given(st.lists(st.sampled_from([*AXES, *ACTIONS, "\x1b[15~", "y"]), max_size=12), st.data())
def test_keys_survive_being_cut_anywhere(keys: list[str], data: st.DataObject) -> None:
    text = "".join(keys)
    cut = data.draw(st.integers(0, len(text)))
    first, rest = split_keys(text[:cut])
    second, rest = split_keys(rest + text[cut:])
    assert first + second == keys
    assert rest == ""


# --- motion -----------------------------------------------------------------------------


def test_a_press_moves_and_then_decays_to_exactly_zero() -> None:
    p = KeyboardParameters()
    motion = KeyMotion(p)
    motion.press(Axis(2, -1), 0)
    assert motion.twist(0)[2] == -p.speed_m_s
    assert motion.twist(round(p.hold_s * 1e9))[2] == -p.speed_m_s
    sizes = [abs(motion.twist(t * MS)[2]) for t in range(0, 1000, 10)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 0.0


def test_repeats_keep_the_velocity_up() -> None:
    p = KeyboardParameters()
    motion = KeyMotion(p)
    for t in range(0, 1000, 33):
        motion.press(Axis(0, 1), t * MS)
        assert motion.twist((t + 32) * MS)[0] == p.speed_m_s


def test_the_opposite_key_stops_before_it_reverses() -> None:
    motion = KeyMotion(KeyboardParameters())
    motion.press(Axis(4, 1), 0)
    motion.press(Axis(4, -1), 10 * MS)
    assert motion.twist(10 * MS)[4] == 0.0
    motion.press(Axis(4, -1), 40 * MS)
    assert motion.twist(40 * MS)[4] < 0.0


def test_speed_goes_up_and_down_within_bounds() -> None:
    motion = KeyMotion(KeyboardParameters())
    motion.faster()
    motion.slower()
    assert motion.scale == pytest.approx(1.0)
    for _ in range(40):
        motion.slower()
    assert motion.scale == 1 / 16


# --- the device on a terminal -----------------------------------------------------------


def test_the_device_reads_a_terminal_and_gives_it_back(pty_pair: tuple[int, int]) -> None:
    master, slave = pty_pair
    before = termios.tcgetattr(slave)
    device = KeyboardDevice(KeyTerminal(slave, slave), KeyboardParameters(operator_id="ada"))
    device.open()
    assert termios.tcgetattr(slave) != before
    assert b"take over" in os.read(master, 4096)
    os.write(master, b"w\x1b[C")
    (command,) = device.poll(0, STAMP_NS)
    np.testing.assert_allclose(command.twist, [0.06, -0.06, 0, 0, 0, 0])
    assert (command.stamp_ns, command.operator_id) == (STAMP_NS, "ada")
    assert not command.in_tool_frame
    device.show("HUMAN", "button of keyboard", 0)
    shown = os.read(master, 4096).decode()
    assert "[HUMAN  ]" in shown
    assert "base axes" in shown
    device.close()
    assert termios.tcgetattr(slave) == before


def test_changing_the_axes_stops_the_motion(pty_pair: tuple[int, int]) -> None:
    master, slave = pty_pair
    device = KeyboardDevice(KeyTerminal(slave, slave), KeyboardParameters())
    device.open()
    typed(device, master, "w")
    os.write(master, b"f")
    (command,) = device.poll(10 * MS, STAMP_NS)
    assert not command.twist.any()
    assert command.in_tool_frame
    device.close()


def test_buttons_come_one_per_command_and_stop_the_motion(pty_pair: tuple[int, int]) -> None:
    master, slave = pty_pair
    device = KeyboardDevice(KeyTerminal(slave, slave), KeyboardParameters())
    device.open()
    assert typed(device, master, "wt") == [Button.TAKE_OVER]
    assert not device.poll(0, STAMP_NS)[0].twist.any()
    assert typed(device, master, "r ") == [Button.RELEASE, Button.STOP]
    assert typed(device, master, "R") == [Button.NONE]
    assert device.take_reset()
    assert not device.take_reset()
    device.close()


def test_gripper_speed_and_quit(pty_pair: tuple[int, int]) -> None:
    master, slave = pty_pair
    p = KeyboardParameters()
    device = KeyboardDevice(KeyTerminal(slave, slave), p)
    device.open()
    os.write(master, b"h+w?")
    (command,) = device.poll(0, STAMP_NS)
    assert command.gripper_width_m == p.gripper_open_m
    assert command.twist[0] == pytest.approx(1.25 * p.speed_m_s)
    typed(device, master, "gq")
    assert device.poll(0, STAMP_NS)[0].gripper_width_m == p.gripper_closed_m
    assert device.quit
    device.close()


def test_a_terminal_that_goes_away_means_quit(pty_pair: tuple[int, int]) -> None:
    master, slave = pty_pair
    device = KeyboardDevice(KeyTerminal(slave, slave), KeyboardParameters())
    device.open()
    os.close(master)
    assert not device.poll(0, STAMP_NS)[0].twist.any()
    assert device.quit


def test_without_a_terminal_the_message_says_what_to_do() -> None:
    reading, writing = os.pipe()
    with pytest.raises(TaktError, match="needs a terminal"):
        KeyTerminal(reading, writing).open()
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("end", ["raise RuntimeError('broken')", "sys.exit(3)", "pass"])
def test_the_terminal_is_given_back_however_the_process_ends(
    pty_pair: tuple[int, int], end: str
) -> None:
    _, slave = pty_pair
    before = termios.tcgetattr(slave)
    program = (
        "import sys; from takt_teleop.devices.terminal import KeyTerminal; "
        f"terminal = KeyTerminal(0, 1); terminal.open(); {end}"
    )
    subprocess.run(
        [sys.executable, "-c", program],
        stdin=slave,
        stdout=slave,
        stderr=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    assert termios.tcgetattr(slave) == before
