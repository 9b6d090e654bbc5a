"""Runs a launch file with the launch of ROS 2 and prints what it started, as JSON.

A program for test_launcher_against_ros.py, in a process of its own because a launch service
takes over the signals. The executables have to be harmless.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from pathlib import Path
from typing import Any

import yaml
from launch import LaunchContext, LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription, RegisterEventHandler, Shutdown
from launch.event_handlers import OnProcessStart
from launch.events.process import ProcessStarted
from launch.launch_description_sources import AnyLaunchDescriptionSource


def main() -> int:
    """`ros_launch_commands.py FILE name:=value ...`."""
    before = dict(os.environ)
    started: list[dict[str, Any]] = []
    actions: set[int] = set()

    def on_start(event: ProcessStarted, context: LaunchContext) -> Shutdown | None:
        del context
        if id(event.action) in actions:
            # Started again: everything else has been started before.
            return Shutdown(reason="a process was started again")
        actions.add(id(event.action))
        command = list(event.cmd)
        files = [b for a, b in itertools.pairwise(command) if a == "--params-file"]
        environment = event.env or before
        started.append(
            {
                "command": command,
                "parameters": [yaml.safe_load(Path(file).read_text()) for file in files],
                "environment": {k: v for k, v in environment.items() if before.get(k) != v},
                "removed": sorted(set(before) - set(environment)),
            }
        )
        return None

    include = IncludeLaunchDescription(
        AnyLaunchDescriptionSource(sys.argv[1]),
        launch_arguments=[tuple(word.split(":=", 1)) for word in sys.argv[2:]],
    )
    handler = RegisterEventHandler(OnProcessStart(on_start=on_start))
    service = LaunchService(noninteractive=True)
    service.include_launch_description(LaunchDescription([handler, include]))
    code = service.run()
    print(json.dumps({"code": code, "processes": started}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
