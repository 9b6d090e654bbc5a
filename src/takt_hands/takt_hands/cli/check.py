"""`takt hand check`: whether a hand is ready to be driven."""

from __future__ import annotations

import sys

from takt_hands.cli.options import add_baud, add_description, add_port, make_bus, parser
from takt_hands.description import load
from takt_hands.dynamixel.port import latency_advice
from takt_hands.survey import HEADINGS, survey
from takt_hands.timing import cycle_s


def main(arguments: list[str]) -> int:
    options = parser("check", "Reads every motor of a hand and says what is wrong. Writes nothing.")
    add_port(options)
    add_baud(options)
    add_description(options)
    asked = options.parse_args(arguments)
    description = load(asked.hand)
    bus = make_bus(asked.port, asked.baud)
    bus.open()
    try:
        reports = survey(bus, description)
    finally:
        bus.close()
    rows: list[tuple[str, ...]] = [("joint", "id", *HEADINGS)]
    rows += [(report.joint.name, str(report.joint.id), *report.facts) for report in reports]
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(len(rows[0]))]
    for row in rows:
        print(
            "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)).rstrip()
        )
    bad = [(report.joint.name, text) for report in reports for text in report.problems]
    for name, text in bad:
        print(f"{name}: {text}")
    busy_ms = 1e3 * cycle_s(len(reports), asked.baud)
    print(f"the line is busy for {busy_ms:.2f} ms per cycle at {asked.baud} baud")
    advice = latency_advice(asked.port)
    if advice:
        print(advice)
    print("ready" if not bad else "not ready")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
