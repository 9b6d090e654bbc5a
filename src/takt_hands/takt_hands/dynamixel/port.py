"""The serial port, under the interface that dynamixel_sdk expects of a port.

The port handler of dynamixel_sdk waits 34 ms for every answer, in a loop that keeps a processor
busy, on a clock that may be set. This one waits in the kernel, on the steady clock, as long as
it is told.
"""

# The names are those that dynamixel_sdk calls.
# ruff: noqa: N802

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Protocol

import serial

from takt_core.errors import TaktError

BAUD_RATES = (57600, 115200, 1_000_000, 2_000_000, 3_000_000, 4_000_000)
_BITS_PER_BYTE = 10
# One wait in the kernel: short against every time-out, long against the work around it.
_SLICE_S = 1e-3
# More bytes than any answer has: something talks without end.
_BABBLE = 8192
_SYSFS = Path("/sys/bus/usb-serial/devices")


class PortLostError(TaktError):
    """The port is not there, or not any more."""


class Port(Protocol):
    """What the bus needs of a port; the names are those of dynamixel_sdk."""

    is_using: bool

    def open(self) -> None: ...
    def close(self) -> None: ...
    def clearPort(self) -> None: ...
    def writePort(self, packet: list[int]) -> int: ...
    def readPort(self, length: int) -> bytes: ...
    def setPacketTimeout(self, packet_length: int) -> None: ...
    def setPacketTimeoutMillis(self, msec: float) -> None: ...
    def isPacketTimeout(self) -> bool: ...
    def getBaudRate(self) -> int: ...


class SerialPort:
    """A U2D2, an OpenRB or any other serial adapter.

    Attributes:
        is_using: dynamixel_sdk's mark that an answer is awaited.
    """

    def __init__(self, path: str, baud: int, reply_timeout_s: float) -> None:
        """
        Args:
            path: of the device; best one under /dev/serial/by-id, which stays the same.
            baud: as the motors are set.
            reply_timeout_s: for an answer, besides the time of its bytes.
        """
        self.path = path
        self.is_using = False
        self._baud = baud
        self._reply_timeout_s = reply_timeout_s
        self._serial: serial.Serial | None = None
        self._deadline_s = 0.0
        self._received = 0

    def open(self) -> None:
        """
        Raises:
            PortLostError: it is not there, not ours to use, or in use by another process.
        """
        self.close()
        try:
            # The settings of a line that hangs up at opening would reset some adapters.
            self._serial = serial.Serial(
                self.path, self._baud, timeout=_SLICE_S, write_timeout=1.0, exclusive=True
            )
        except (OSError, ValueError) as error:
            raise PortLostError(f"cannot open {self.path}: {error}{_advice(self.path)}") from error
        self.is_using = False
        # Not every adapter has this, and those without do not wait either.
        with contextlib.suppress(OSError, ValueError, NotImplementedError):
            self._serial.set_low_latency_mode(True)

    def close(self) -> None:
        if self._serial is not None:
            with contextlib.suppress(OSError):
                self._serial.close()
            self._serial = None

    def clearPort(self) -> None:
        self._opened().reset_input_buffer()

    def writePort(self, packet: list[int]) -> int:
        self._received = 0
        written: int = self._opened().write(bytes(packet))
        return written

    def readPort(self, length: int) -> bytes:
        data: bytes = self._opened().read(length)
        self._received += len(data)
        if self._received > _BABBLE:
            raise PortLostError(f"{self.path}: more than {_BABBLE} bytes without an answer in them")
        return data

    def setPacketTimeout(self, packet_length: int) -> None:
        transfer_s = packet_length * _BITS_PER_BYTE / self._baud
        self._deadline_s = time.monotonic() + transfer_s + self._reply_timeout_s

    def setPacketTimeoutMillis(self, msec: float) -> None:
        self._deadline_s = time.monotonic() + max(msec * 1e-3, self._reply_timeout_s)

    def isPacketTimeout(self) -> bool:
        return time.monotonic() > self._deadline_s

    def getBaudRate(self) -> int:
        return self._baud

    def _opened(self) -> serial.Serial:
        if self._serial is None:
            raise PortLostError(f"{self.path} is not open")
        return self._serial


def latency_timer_ms(path: str, sysfs: Path = _SYSFS) -> int | None:
    """How long an FTDI adapter (U2D2) keeps bytes before it passes them on [ms].

    None where there is no such setting: OpenRB, other adapters, pseudo terminals.
    """
    setting = sysfs / Path(path).resolve().name / "latency_timer"
    try:
        return int(setting.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def latency_advice(path: str, sysfs: Path = _SYSFS) -> str:
    """What to do about an adapter that keeps bytes back; empty if there is nothing to do."""
    held_ms = latency_timer_ms(path, sysfs)
    if held_ms is None or held_ms <= 1:
        return ""
    setting = sysfs / Path(path).resolve().name / "latency_timer"
    return (
        f"{path} keeps bytes for up to {held_ms} ms, which limits the rate to about "
        f"{1000 // (held_ms + 2)} Hz: `echo 1 | sudo tee {setting}`, or a udev rule (docs/hands.md)"
    )


def _advice(path: str) -> str:
    if not Path(path).exists():
        present = sorted(str(found) for found in Path("/dev/serial/by-id").glob("*"))
        return f". Serial adapters here: {', '.join(present) or 'none'}"
    return ". Are you in the group dialout, and is no other process using it?"
