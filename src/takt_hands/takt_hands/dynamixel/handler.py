"""dynamixel_sdk's protocol code, with what it gets wrong put right."""

from __future__ import annotations

from dynamixel_sdk.protocol2_packet_handler import Protocol2PacketHandler


class PacketHandler(Protocol2PacketHandler):  # type: ignore[misc]
    """Protocol 2.0."""

    def addStuffing(self, packet: list[int]) -> list[int]:  # noqa: N802
        """Changes the packet itself.

        dynamixel_sdk 4.1.0 makes a stuffed copy, and then sends the original: a packet with a
        header in its data is not understood by the motor.
        """
        packet[:] = super().addStuffing(packet)
        return packet
