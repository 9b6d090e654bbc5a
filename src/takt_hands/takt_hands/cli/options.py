"""Options that the `takt hand` commands share."""

from __future__ import annotations

import argparse

from takt_hands.dynamixel.bus import Bus
from takt_hands.dynamixel.port import BAUD_RATES, SerialPort

_REPLY_TIMEOUT_S = 0.04


def parser(command: str, summary: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=f"takt hand {command}", description=summary)


def add_port(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--port", default="/dev/ttyUSB0", help="serial port; best one under /dev/serial/by-id"
    )


def add_baud(to: argparse.ArgumentParser) -> None:
    to.add_argument("--baud", type=int, choices=BAUD_RATES, default=4_000_000)


def add_description(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--hand", default="leap", help="a name under config/hands, or the path of a description"
    )


def make_bus(port: str, baud: int) -> Bus:
    return Bus(SerialPort(port, baud, _REPLY_TIMEOUT_S))
