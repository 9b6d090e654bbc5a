"""How long an image takes from one Python process to another, and whether all arrive.

Three cameras of 640x480 RGB at 30 Hz go from one process to another, once for each way of
sending: with Fast DDS as it comes and with takt's profile, as messages and serialized. The
time counts from the array at the sender to the array at the receiver.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from takt_core.errors import TaktError

CAMERAS = 3
WIDTH, HEIGHT = 640, 480
RATE_HZ = 30.0
DISCOVERY_TIMEOUT_S = 20.0
SILENCE_TIMEOUT_S = 3.0

_PROFILE_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")


@dataclass(frozen=True)
class Way:
    """One way of sending: with the profile or without, as messages or serialized."""

    name: str
    tuned: bool
    serialized: bool


WAYS = (
    Way("default", tuned=False, serialized=False),
    Way("profile", tuned=True, serialized=False),
    Way("profile_serialized", tuned=True, serialized=True),
)


def run(
    duration_s: float = 8.0, profile: Path | None = None, ways: tuple[Way, ...] = WAYS
) -> dict[str, Any]:
    """Measures every way, one after the other.

    Args:
        profile: the Fast DDS profile; None: what the environment names.

    Returns:
        By name of the way: ``sent``, ``received``, ``lost``, ``latency_ms`` and
        ``publishing_ms`` (each with p50, p95, p99, max, count). Besides these ``load``, the
        machine's load average (1 min) at the start and at the end, and ``cpus``.

    Raises:
        TaktError: there is no profile, or a process failed.
    """
    path = profile or Path(os.environ.get(_PROFILE_VARIABLES[0], ""))
    if not path.is_file():
        raise TaktError(
            f"the Fast DDS profile {str(path)!r} is not there; source scripts/env.sh, or set "
            f"{_PROFILE_VARIABLES[0]}"
        )
    report: dict[str, Any] = {"cpus": os.cpu_count(), "load": [os.getloadavg()[0]]}
    for way in ways:
        report[way.name] = _measure(way, round(duration_s * RATE_HZ), path)
    report["load"].append(os.getloadavg()[0])
    return report


def table(report: Mapping[str, Any]) -> str:
    """The report of ``run`` as lines to print."""
    lines = [f"{'image hop, 3x 640x480 RGB, 30 Hz':36}{'p50':>8}{'p95':>8}{'p99':>8}  lost"]
    for way in WAYS:
        if way.name not in report:
            continue
        result = report[way.name]
        latency = result["latency_ms"]
        values = "".join(f"{latency[name]:8.2f}" for name in ("p50", "p95", "p99"))
        lines.append(
            f"  {way.name.replace('_', ', '):34}{values}  {result['lost']} of {result['sent']}"
        )
    before, after = report["load"]
    lines.append(f"  [ms]; load {before:.1f} to {after:.1f} on {report['cpus']} CPUs")
    return "\n".join(lines)


def _measure(way: Way, frames: int, profile: Path) -> dict[str, Any]:
    environment = {
        name: value for name, value in os.environ.items() if name not in _PROFILE_VARIABLES
    }
    if way.tuned:
        # Fast DDS 2 (Jazzy) knows only the second name, and 3 warns about it.
        old = environment.get("ROS_DISTRO") == "jazzy"
        environment[_PROFILE_VARIABLES[1 if old else 0]] = str(profile)
    manner = "serialized" if way.serialized else "message"
    receiver = _start("benchmark_receiver", manner, frames, environment)
    try:
        sender = _start("benchmark_sender", manner, frames, environment)
        sent = _finish(sender, frames)
        got = _finish(receiver, frames)
    finally:
        receiver.kill()
    total = frames * CAMERAS
    return {"sent": total, "lost": total - int(got["received"]), **got, **sent}


def _start(
    module: str, manner: str, frames: int, environment: Mapping[str, str]
) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"takt_cameras.nodes.{module}", manner, str(frames)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def _finish(process: subprocess.Popen[str], frames: int) -> dict[str, Any]:
    timeout_s = frames / RATE_HZ + DISCOVERY_TIMEOUT_S + SILENCE_TIMEOUT_S + 20.0
    try:
        output, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        process.kill()
        process.communicate()
        raise TaktError(f"the image benchmark did not end within {timeout_s:g} s") from error
    if process.returncode != 0:
        raise TaktError(f"the image benchmark's {process.args!r} ended with {process.returncode}")
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    return result


if __name__ == "__main__":
    print(table(run()))
