"""A UVC camera or a video file as a ROS node."""

from __future__ import annotations

import sys

from takt_cameras import calibration
from takt_cameras.calibration import Intrinsics
from takt_cameras.capture.opencv import OpenCVSource
from takt_cameras.capture.source import FrameSource
from takt_cameras.capture.video_file import VideoFileSource, is_video_file
from takt_cameras.nodes.camera_node import CameraNode
from takt_cameras.parameters import OpenCVParameters
from takt_core.nodes.lifecycle import run_node


class OpenCVCameraNode(CameraNode):
    def __init__(self) -> None:
        super().__init__("opencv_camera", OpenCVParameters)

    def make_source(self) -> FrameSource:
        if is_video_file(self.parameters.device):
            return VideoFileSource(self.parameters, self.now_ns)
        return OpenCVSource(self.parameters, self.now_ns)

    def calibration(self) -> Intrinsics | None:
        wanted: OpenCVParameters = self.parameters
        if not wanted.calibration:
            return None
        return calibration.load(wanted.calibration, wanted.width, wanted.height)


def main() -> None:
    sys.exit(run_node(OpenCVCameraNode))


if __name__ == "__main__":
    main()
