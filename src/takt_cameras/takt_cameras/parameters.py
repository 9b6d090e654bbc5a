"""The parameters of the camera nodes."""

from __future__ import annotations

from dataclasses import dataclass

from takt_core.parameters import parameter


@dataclass(frozen=True)
class CameraParameters:
    """What every camera has."""

    camera: str = parameter(
        "camera", description="name of the camera and prefix of its topics: <camera>/image_raw"
    )
    frame_id: str = parameter(
        "", description="optical frame (z forward); empty: <camera>_optical_frame"
    )
    width: int = parameter(640, unit="px", minimum=16, maximum=8192, description="image width")
    height: int = parameter(480, unit="px", minimum=16, maximum=8192, description="image height")
    rate_hz: float = parameter(
        30.0, unit="Hz", minimum=0.1, maximum=1000.0, description="frames per second"
    )
    latency_s: float = parameter(
        0.0,
        unit="s",
        minimum=0.0,
        maximum=1.0,
        description="from the middle of the exposure to the driver's stamp; subtracted from it",
    )
    reconnect_period_s: float = parameter(
        1.0,
        unit="s",
        minimum=0.05,
        maximum=60.0,
        description="time between attempts to reach a lost camera",
    )


@dataclass(frozen=True)
class OpenCVParameters(CameraParameters):
    """UVC cameras and video files."""

    device: str = parameter(
        "0", description="number or path of a video device, or path of a video file"
    )
    format: str = parameter(
        "MJPG", description="four letters of the pixel format to ask the device for; empty: any"
    )
    loop: bool = parameter(True, description="begin a video file again at its end")
    calibration: str = parameter(
        "", description="calibration file (camera_calibration's YAML); empty: no camera_info"
    )
    exposure: float = parameter(
        -1.0, minimum=-1.0, maximum=1e6, description="in the device's units; -1: automatic"
    )
    white_balance_k: float = parameter(
        -1.0,
        unit="K",
        minimum=-1.0,
        maximum=20000.0,
        description="colour temperature; -1: automatic",
    )


@dataclass(frozen=True)
class RealSenseParameters(CameraParameters):
    """Intel RealSense."""

    serial: str = parameter("", description="serial number; empty: the only one connected")
    depth: bool = parameter(True, description="publish depth, aligned to colour")
    depth_width: int = parameter(
        640, unit="px", minimum=16, maximum=8192, description="width of the depth stream"
    )
    depth_height: int = parameter(
        480, unit="px", minimum=16, maximum=8192, description="height of the depth stream"
    )
