"""Types of arguments for command lines."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def at_least(minimum: int) -> Callable[[str], int]:
    """For ``type=`` of argparse: a whole number from ``minimum`` on."""

    def whole_number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = minimum - 1
        if value < minimum:
            raise argparse.ArgumentTypeError(f"{text}; allowed is a whole number from {minimum}")
        return value

    return whole_number
