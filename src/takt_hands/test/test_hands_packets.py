"""The emulator's side of the wire format, against dynamixel_sdk's as we use it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from takt_hands.dynamixel.handler import PacketHandler
from takt_hands.emulator import packets
from takt_hands.emulator.packets import Packet, Parser

# Bytes of which headers are made come often.
tricky = st.lists(st.sampled_from([0xFF, 0xFD, 0x00, 0x55, 0x12]), max_size=40).map(bytes)


class Recorder:
    """Takes what dynamixel_sdk sends."""

    def __init__(self) -> None:
        self.is_using = False
        self.sent = b""

    def clearPort(self) -> None:
        pass

    def writePort(self, packet: list[int]) -> int:
        self.sent += bytes(packet)
        return len(packet)


def test_a_known_packet() -> None:
    # The ping of motor 1 in ROBOTIS' description of the protocol.
    assert packets.encode(1, packets.PING).hex() == "fffffd00010300011" + "94e"


@given(st.integers(0, 252), tricky)
def test_packets_are_those_of_the_sdk(motor: int, data: bytes) -> None:
    port = Recorder()
    PacketHandler().writeTxOnly(port, motor, 0x1234, len(data), list(data))
    assert packets.encode(motor, packets.WRITE, b"\x34\x12" + data) == port.sent


@given(st.lists(st.tuples(st.integers(0, 254), tricky), max_size=5), st.integers(1, 9))
def test_what_is_encoded_is_parsed_however_it_is_cut(sent, cut: int) -> None:
    stream = b"".join(packets.encode(motor, 3, data) for motor, data in sent)
    parser, found = Parser(), []
    for begin in range(0, len(stream), cut):
        found += parser.feed(stream[begin : begin + cut])
    assert found == [Packet(motor, 3, data) for motor, data in sent]


@given(tricky, tricky)
def test_noise_between_packets_is_thrown_away(noise: bytes, data: bytes) -> None:
    parser = Parser()
    parser.feed(noise.replace(b"\xff\xff\xfd", b""))
    # Noise may end in what looks like a beginning; the second packet is found in any case.
    found = parser.feed(b"\x00" * 1100 + packets.encode(3, 2, data) + packets.encode(4, 2, data))
    assert found[-1] == Packet(4, 2, data)


@given(tricky, st.data())
def test_a_flipped_bit_is_seen(data: bytes, draws) -> None:
    packet = bytearray(packets.encode(3, 2, data))
    packet[draws.draw(st.integers(7, len(packet) - 1))] ^= 1 << draws.draw(st.integers(0, 7))
    assert all(found.broken for found in Parser().feed(bytes(packet)))
