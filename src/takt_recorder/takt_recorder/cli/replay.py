"""`takt bag replay BAG --attach`: repeat an episode on the robot that is running."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from takt_core.errors import TaktError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that a replay has wherever the robot comes from."""
    parser.add_argument("bag", type=Path, help="folder of the episode")
    parser.add_argument("--namespace", default="", help="namespace of the arm")
    parser.add_argument("--speed", type=float, default=1.0, help="0.05 to 1; 1 is as recorded")
    parser.add_argument("--json", type=Path, help="also write the result to this file")


def main(arguments: list[str]) -> int:
    """Repeat an episode on the running system; exit code 1 if it did not go through."""
    parser = argparse.ArgumentParser(prog="takt bag replay --attach", description=__doc__)
    add_arguments(parser)
    parser.add_argument(
        "--reset", action="store_true", help="first reset the simulated task to the recorded seed"
    )
    parser.add_argument(
        "--no-approach",
        action="store_true",
        help="do not go to the recorded start by motion/move_to; the robot has to stand there",
    )
    parser.add_argument(
        "--real-time", action="store_true", help="do not follow /clock (no simulator runs)"
    )
    parsed = parser.parse_args(arguments)
    result = replay(
        parsed.bag,
        speed=parsed.speed,
        reset=parsed.reset,
        namespace=parsed.namespace,
        use_sim_time=not parsed.real_time,
        approach=not parsed.no_approach,
    )
    return report(result, parsed.json)


def replay(
    bag: Path,
    *,
    speed: float = 1.0,
    reset: bool = False,
    namespace: str = "",
    use_sim_time: bool = True,
    approach: bool = True,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run `replay_node` on the running system and return its result.

    Returns:
        `bag`, `problem` (empty if it went through) and, if anything was replayed,
        `difference` as in `takt_recorder.replay.compare.PathDifference`.

    Raises:
        TaktError: the node ended without a result; its output says why.
    """
    with tempfile.TemporaryDirectory(prefix="takt_replay_") as folder:
        result_file = Path(folder) / "result.json"
        values = {
            "bag": f"'{bag.resolve()}'",
            "speed": repr(float(speed)),
            "reset": str(reset).lower(),
            "approach": str(approach).lower(),
            "result_file": str(result_file),
            "use_sim_time": str(use_sim_time).lower(),
        }
        command = [sys.executable, "-m", "takt_recorder.nodes.replay_node", "--ros-args"]
        for name, value in values.items():
            command += ["-p", f"{name}:={value}"]
        if namespace:
            command += ["-r", f"__ns:=/{namespace.strip('/')}"]
        subprocess.run(command, env=None if environment is None else dict(environment), check=False)
        if not result_file.exists():
            raise TaktError(f"{bag} was not replayed; the messages above say why")
        result: dict[str, Any] = json.loads(result_file.read_text(encoding="utf-8"))
    return result


def report(result: Mapping[str, Any], file: Path | None = None) -> int:
    """Print a result for a person; the exit code."""
    if file is not None:
        file.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    difference = result.get("difference")
    if difference is not None:
        print(f"replayed {result['bag']} ({difference['duration_s']:.2f} s)")
        print("difference to the recorded path of the tool:")
        for unit, name in (("mm", "position"), ("deg", "rotation")):
            values = "  ".join(
                f"{kind} {difference[f'{kind}_{unit}']:.2f}" for kind in ("max", "rms", "final")
            )
            print(f"  {name:<9} [{unit}]  {values}")
    if result["problem"]:
        print(f"not completed: {result['problem']}")
        return 1
    return 0
