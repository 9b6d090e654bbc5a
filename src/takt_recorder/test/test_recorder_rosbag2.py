"""The real rosbag2 reads what we write; only where ROS 2 is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from recorder_bags import ARM, MODE, arm_state, header, make, received, write_bag

pytestmark = pytest.mark.skipif(shutil.which("ros2") is None, reason="ros2 is not installed")


def test_ros2_bag_info_reads_it(tmp_path: Path) -> None:
    mode = make("takt_msgs/ControlMode", header=header(5), mode=1)
    messages = [(MODE, received(MODE, mode, log_ns=90))]
    messages += [(ARM, received(ARM, arm_state(100 + i))) for i in range(4)]
    bag = write_bag(tmp_path / "bag", messages).bag
    done = subprocess.run(
        ["ros2", "bag", "info", str(bag)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any("/arm/state" in line and "Count: 4" in line for line in lines), done.stdout
    assert any("/control/mode" in line and "Count: 1" in line for line in lines), done.stdout
