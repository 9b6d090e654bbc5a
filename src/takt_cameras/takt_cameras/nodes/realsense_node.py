"""A RealSense camera as a ROS node."""

from __future__ import annotations

import sys

from takt_cameras.capture.realsense import RealSenseSource
from takt_cameras.capture.source import FrameSource
from takt_cameras.nodes.camera_node import CameraNode
from takt_cameras.parameters import RealSenseParameters
from takt_core.nodes.lifecycle import run_node


class RealSenseNode(CameraNode):
    def __init__(self) -> None:
        super().__init__("realsense", RealSenseParameters)

    def make_source(self) -> FrameSource:
        return RealSenseSource(self.parameters, self.now_ns)

    def has_depth(self) -> bool:
        wanted: RealSenseParameters = self.parameters
        return wanted.depth


def main() -> None:
    sys.exit(run_node(RealSenseNode))


if __name__ == "__main__":
    main()
