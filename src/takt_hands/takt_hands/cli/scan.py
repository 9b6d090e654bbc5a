"""`takt hand scan`: which motors are on the bus."""

from __future__ import annotations

import sys

from takt_hands.cli.options import add_port, parser
from takt_hands.dynamixel.bus import Bus, Found
from takt_hands.dynamixel.models import model_name
from takt_hands.dynamixel.port import BAUD_RATES, SerialPort

# The fewest that answer safely with an adapter that keeps bytes for 16 ms.
_REPLY_TIMEOUT_S = 0.035


def scan(bus: Bus, highest_id: int) -> list[Found]:
    """Everyone who answers a ping, up to an id."""
    answers = (bus.ping(motor_id) for motor_id in range(highest_id + 1))
    return [found for found in answers if found is not None]


def main(arguments: list[str]) -> int:
    options = parser("scan", "Asks every id at every baud rate who is there. Nothing is written.")
    add_port(options)
    options.add_argument("--baud", type=int, choices=BAUD_RATES, help="only this one")
    options.add_argument("--highest-id", type=int, default=30, help="up to 252 (default: 30)")
    asked = options.parse_args(arguments)
    bauds = [asked.baud] if asked.baud else sorted(BAUD_RATES, reverse=True)
    total = 0
    for baud in bauds:
        bus = Bus(SerialPort(asked.port, baud, _REPLY_TIMEOUT_S))
        bus.open()
        try:
            found = scan(bus, min(asked.highest_id, 252))
        finally:
            bus.close()
        print(f"{baud} baud: {len(found) or 'no'} motors")
        for motor in found:
            alert = "  HARDWARE ERROR" if motor.alert else ""
            print(
                f"  id {motor.motor_id:3}  {model_name(motor.model_number):14}"
                f"  firmware {motor.firmware}{alert}"
            )
        total += len(found)
    if not total:
        print("nobody answers: is the hand's power on, and the data cable plugged in?")
    return 0 if total else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
