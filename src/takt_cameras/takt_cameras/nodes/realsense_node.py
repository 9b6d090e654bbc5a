"""A RealSense camera as a ROS node."""

from __future__ import annotations

import sys

from takt_cameras.capture.source import FrameSource
from takt_cameras.nodes.camera_node import CameraNode
from takt_cameras.parameters import RealSenseParameters
from takt_core.errors import TaktError
from takt_core.nodes.lifecycle import run_node


class RealSenseNode(CameraNode):
    def __init__(self) -> None:
        super().__init__("realsense", RealSenseParameters)

    def make_source(self) -> FrameSource:
        # Here and not above: loaded before rclpy, the library crashes the process at its exit.
        try:
            from takt_cameras.capture.realsense import RealSenseSource
        except ImportError as error:
            raise TaktError(
                f"pyrealsense2 cannot be loaded: {error}. Install it by "
                "`pip install pyrealsense2`, and Debian's libusb-1.0-0"
            ) from error
        return RealSenseSource(self.parameters, self.now_ns)

    def has_depth(self) -> bool:
        wanted: RealSenseParameters = self.parameters
        return wanted.depth


def main() -> None:
    sys.exit(run_node(RealSenseNode))


if __name__ == "__main__":
    main()
