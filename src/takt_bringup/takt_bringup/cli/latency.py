"""`takt latency [BAG]`: where the time between shutter and command goes, live or in a bag.

Times are ROS time, so in simulation simulated time.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from takt_bringup.latency import percentiles, table
from takt_core.errors import TaktError

_TOPIC = "policy/chunk"


def chunks_of_bag(bag: Path) -> list[Any]:
    """Return the chunks in a bag, of all robots, without their revisions.

    Raises:
        TaktError: it is no bag, or has no chunks.
    """
    from takt_recorder.reader import BagReader

    reader = BagReader(bag)
    topics = [name for name in reader.topics() if name.endswith(f"/{_TOPIC}")]
    messages = [message for _, message in reader.decoded(topics)] if topics else []
    chunks = [message for message in messages if not message.revision]
    if not chunks:
        raise TaktError(f"{bag} has no messages on {_TOPIC}: no policy ran while it was recorded")
    return chunks


def chunks_of_running_policy(namespace: str, seconds: float) -> list[Any]:
    """Listen to a running policy.

    Raises:
        TaktError: nothing came.
    """
    from takt_bringup.nodes.chunk_listener import listen

    print(f"listening to {_TOPIC} for {seconds:g} s")
    chunks, status = listen(namespace, seconds)
    if not chunks:
        why = "no policy node was heard" if status is None else f"the policy says: {status.reason}"
        raise TaktError(
            f"no chunk in {seconds:g} s; {why}. Check ROS_DOMAIN_ID and --namespace, or give a bag"
        )
    return chunks


def _plain(report: dict[str, dict[str, float]]) -> dict[str, dict[str, float | None]]:
    return {
        name: {key: None if math.isnan(value) else value for key, value in values.items()}
        for name, values in report.items()
    }


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand."""
    parser = argparse.ArgumentParser(prog="takt latency", description=__doc__)
    parser.add_argument("bag", nargs="?", type=Path, help="a recorded episode; without: listen")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to listen")
    parser.add_argument("--namespace", default="/", help="of the robot to listen to")
    parser.add_argument("--json", action="store_true", help="for programs")
    parsed = parser.parse_args(arguments)
    if parsed.bag is not None:
        chunks = chunks_of_bag(parsed.bag)
    else:
        chunks = chunks_of_running_policy(parsed.namespace, parsed.seconds)
    report = percentiles(chunks)
    if parsed.json:
        print(json.dumps({"chunks": len(chunks), "latency_ms": _plain(report)}, indent=2))
    else:
        print(f"{len(chunks)} chunks")
        print(table(report))
    return 0
