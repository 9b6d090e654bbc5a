"""Runs every benchmark, one after the other, and prints each against its target.

Absolute times are those of the machine at that moment; every part therefore also gives a
ratio to something that was measured beside it, or a count of instructions.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from takt_bringup.bench import tables
from takt_bringup.cli.launch_files import launch_folder
from takt_cameras import benchmark as cameras
from takt_core.errors import TaktError
from takt_hands import benchmark as hands
from takt_impedance import benchmark as impedance
from takt_policy import benchmark as policy
from takt_recorder import benchmark as recorder


def _bundles() -> list[Path]:
    """Those that come with takt."""
    return sorted((launch_folder().parent / "models").glob("*.takt"))


_PARTS: dict[str, tuple[Callable[[], Any], Callable[[Any], str]]] = {
    "control": (impedance.run, tables.control),
    "chunk": (lambda: policy.run(_bundles()), tables.chunk),
    "recorder": (recorder.run, tables.recorder),
    "images": (cameras.run, tables.images),
    "hand": (hands.run, hands.table),
}


def main(arguments: list[str]) -> int:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("part", nargs="*", help=f"of {', '.join(_PARTS)}; all if none is named")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parsed = parser.parse_args(arguments)
    unknown = set(parsed.part) - set(_PARTS)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(_PARTS)}")
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} at the start\n")
    figures = {}
    for name in parsed.part or _PARTS:
        run, table = _PARTS[name]
        figures[name] = run()
        print(table(figures[name]) + "\n", flush=True)
    print(f"load {os.getloadavg()[0]:.1f} at the end")
    if parsed.json is not None:
        parsed.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except TaktError as error:
        sys.exit(f"error: {error}")
