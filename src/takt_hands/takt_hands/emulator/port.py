"""A port whose other end is an emulated bus in this process, in a time of its own.

It stands in for the port handler of dynamixel_sdk, so that the real protocol code runs, with its
time-outs, on a clock that no other process can disturb.
"""

# The names are those that dynamixel_sdk calls.
# ruff: noqa: N802

from __future__ import annotations

from collections import deque

from takt_hands.dynamixel.port import PortLostError
from takt_hands.emulator.bus import EmulatedBus

_BITS_PER_BYTE = 10
# What a call that finds nothing costs at least.
_POLL_S = 50e-6


class EmulatedPort:
    """The methods that dynamixel_sdk calls, under the names that it calls them by.

    Attributes:
        time_s: goes on with the bytes that are sent, and with waiting.
        unplugged: every use raises PortLostError; opening too.
    """

    def __init__(self, bus: EmulatedBus, baud: int = 4_000_000, reply_timeout_s: float = 5e-3):
        self.bus = bus
        self.time_s = 0.0
        self.unplugged = False
        self.is_open = False
        self.is_using = False
        self.opened = 0
        self._baud = baud
        self._reply_timeout_s = reply_timeout_s
        self._incoming: deque[tuple[float, int]] = deque()
        self._deadline_s = 0.0

    def open(self) -> None:
        self._check()
        self.is_open, self.is_using = True, False
        self.opened += 1
        self._incoming.clear()

    def close(self) -> None:
        self.is_open = False

    def wait_until(self, time_s: float) -> None:
        """Lets time pass."""
        self.time_s = max(self.time_s, time_s)
        self.bus.advance(self.time_s)

    def now_ns(self) -> int:
        return round(self.time_s * 1e9)

    def byte_s(self) -> float:
        """Of one byte on the line [s]."""
        return _BITS_PER_BYTE / self._baud

    # The interface of dynamixel_sdk.PortHandler

    def clearPort(self) -> None:
        self._check()
        self._incoming.clear()

    def writePort(self, packet: list[int]) -> int:
        self._check()
        self.wait_until(self.time_s + len(packet) * self.byte_s())
        when_s = self.time_s
        for reply in self.bus.feed(bytes(packet)):
            when_s += reply.delay_s
            for byte in reply.data:
                when_s += self.byte_s()
                self._incoming.append((when_s, byte))
        return len(packet)

    def readPort(self, length: int) -> bytes:
        self._check()
        count = min(length, len(self._incoming))
        if not count:
            # Nothing will come before the next instruction.
            self.time_s = max(self.time_s, self._deadline_s) + _POLL_S
            return b""
        received = [self._incoming.popleft() for _ in range(count)]
        self.time_s = max(self.time_s, received[-1][0])
        return bytes(byte for _, byte in received)

    def setPacketTimeout(self, packet_length: int) -> None:
        self._deadline_s = self.time_s + packet_length * self.byte_s() + self._reply_timeout_s

    def setPacketTimeoutMillis(self, msec: float) -> None:
        self._deadline_s = self.time_s + msec * 1e-3

    def isPacketTimeout(self) -> bool:
        return self.time_s > self._deadline_s

    def getBaudRate(self) -> int:
        return self._baud

    def _check(self) -> None:
        if self.unplugged:
            raise PortLostError("the emulated port is unplugged")
