"""`takt hand emulate`: a hand that does not exist, behind a path as if it were plugged in."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from takt_hands.cli.options import add_description, parser
from takt_hands.description import load
from takt_hands.emulator.hand import make_bus
from takt_hands.emulator.pty_server import PtyServer


def main(arguments: list[str]) -> int:
    options = parser("emulate", "Serves emulated motors at a path, until it is interrupted.")
    options.add_argument(
        "--path", type=Path, default=Path("/tmp/takt_hand"), help="default: /tmp/takt_hand"
    )
    add_description(options)
    asked = options.parse_args(arguments)
    description = load(asked.hand)
    server = PtyServer(make_bus(description), asked.path)
    with server.serving():
        print(
            f"{len(description.joints)} motors of {description.name} at {asked.path}\n"
            f"  takt hand check --port {asked.path}\n"
            f"  takt up hand port:={asked.path}",
            flush=True,
        )
        threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
