"""The wire format of Dynamixel protocol 2.0, seen from the servo's side."""

from __future__ import annotations

from dataclasses import dataclass

HEADER = b"\xff\xff\xfd"
BROADCAST = 0xFE
STATUS = 0x55

PING, READ, WRITE, REG_WRITE, ACTION, FACTORY_RESET, REBOOT = 0x01, 2, 3, 4, 5, 6, 8
SYNC_READ, SYNC_WRITE, BULK_READ, BULK_WRITE = 0x82, 0x83, 0x92, 0x93

# Status error numbers; the highest bit says that the hardware error status is not zero.
RESULT_FAIL, BAD_INSTRUCTION, BAD_CRC, DATA_RANGE, DATA_LENGTH, DATA_LIMIT, ACCESS = range(1, 8)
ALERT = 0x80

_LONGEST = 1024


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ (0x8005 if crc & 0x8000 else 0)
        table.append(crc & 0xFFFF)
    return tuple(table)


_TABLE = _crc_table()


def crc16(data: bytes) -> int:
    """Polynomial 0x8005, from 0, highest bit first."""
    crc = 0
    for byte in data:
        crc = ((crc << 8) & 0xFFFF) ^ _TABLE[(crc >> 8) ^ byte]
    return crc


def stuff(body: bytes) -> bytes:
    """So that no header appears inside of a packet."""
    return body.replace(HEADER, HEADER + b"\xfd")


def unstuff(body: bytes) -> bytes:
    return body.replace(HEADER + b"\xfd", HEADER)


@dataclass(frozen=True)
class Packet:
    """One instruction, or, with ``broken``, bytes that its checksum does not fit."""

    motor: int
    instruction: int
    parameters: bytes = b""
    broken: bool = False


def encode(motor: int, instruction: int, parameters: bytes = b"") -> bytes:
    """A packet ready to be sent, of either direction."""
    body = stuff(bytes([instruction]) + parameters)
    packet = HEADER + bytes([0, motor]) + (len(body) + 2).to_bytes(2, "little") + body
    return packet + crc16(packet).to_bytes(2, "little")


def encode_status(motor: int, error: int, data: bytes = b"") -> bytes:
    return encode(motor, STATUS, bytes([error]) + data)


class Parser:
    """Cuts a stream of bytes into packets; what belongs to none is thrown away."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[Packet]:
        """The packets that are complete now."""
        self._buffer += data
        found: list[Packet] = []
        while True:
            begin = self._buffer.find(HEADER)
            if begin < 0:
                self._buffer = self._buffer[-2:]
                return found
            self._buffer = self._buffer[begin:]
            if len(self._buffer) < 7:
                return found
            end = 7 + int.from_bytes(self._buffer[5:7], "little")
            if self._buffer[3] != 0 or not 10 <= end <= _LONGEST:
                self._buffer = self._buffer[1:]
                continue
            if len(self._buffer) < end:
                return found
            found.append(self._packet(self._buffer[:end]))
            self._buffer = self._buffer[end:]

    @staticmethod
    def _packet(raw: bytes) -> Packet:
        broken = crc16(raw[:-2]) != int.from_bytes(raw[-2:], "little")
        body = unstuff(raw[7:-2])
        return Packet(raw[4], body[0], body[1:], broken)
