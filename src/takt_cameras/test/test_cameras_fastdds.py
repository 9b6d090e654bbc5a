"""config/fastdds.xml does what it says, in both discovery ranges, and gives everything back."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

pytest.importorskip("rclpy")
pytestmark = pytest.mark.ros

PROFILE = Path(__file__).parents[3] / "config" / "fastdds.xml"
NAMESPACE = "{http://www.eprosima.com}"

# Prints the shared-memory files that the process has mapped, with their sizes.
PROGRAM = """
import re, rclpy
rclpy.init()
node = rclpy.create_node("probe")
for line in open("/proc/self/maps"):
    found = re.match(r"([0-9a-f]+)-([0-9a-f]+) .*/(fastdds_[0-9a-f]{16})", line)
    if found:
        print(found[3], int(found[2], 16) - int(found[1], 16))
node.destroy_node()
rclpy.shutdown()
"""


def segment_size():
    return int(ElementTree.parse(PROFILE).find(f".//{NAMESPACE}segment_size").text)


def mapped(profile):
    environment = dict(os.environ)
    for name in ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"):
        environment.pop(name, None)
        if profile is not None:
            environment[name] = str(profile)
    output = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return {name: int(size) for name, size in map(str.split, output.stdout.splitlines())}


@pytest.mark.parametrize("discovery", ["LOCALHOST", "SUBNET"])
def test_a_process_gets_the_large_segment_and_returns_it(ros_domain, monkeypatch, discovery):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", discovery)
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp")
    plain, tuned = mapped(None), mapped(PROFILE)
    assert max(plain.values()) < segment_size() <= max(tuned.values())
    left = {path.name for path in Path("/dev/shm").iterdir()}
    assert not left & (set(plain) | set(tuned))


def test_the_segment_holds_several_images_and_fits_a_small_container():
    image = 640 * 480 * 3
    assert 8 * image < segment_size() <= 32 * 2**20
