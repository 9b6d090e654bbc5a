"""Rendering and cameras."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path

from takt_bringup.doctor.finding import Finding, fail, ok, warn
from takt_bringup.doctor.probe import ProbeError, run_probe
from takt_bringup.launcher.defaults import with_takt_defaults

_SLOW_MS = 20.0


def check_render(environment: Mapping[str, str]) -> Finding:
    """Render with MuJoCo in another process and time it."""
    try:
        answer = run_probe("takt_bringup.doctor.render_probe", environment)
    except ProbeError as error:
        return fail(
            "render",
            f"MuJoCo cannot render: {error}",
            "apt-get install libegl1 libgl1-mesa-dri and MUJOCO_GL=egl, or libosmesa6 and "
            "MUJOCO_GL=osmesa",
        )
    small, large = answer["96x96_ms"], answer["640x480_ms"]
    found = (
        f"MuJoCo {answer['version']} with {answer['backend']}: "
        f"{small:.1f} ms for 96x96, {large:.1f} ms for 640x480"
    )
    if answer["black"]:
        return fail("render", f"{found}, but the frames are black", "try MUJOCO_GL=osmesa")
    if small > _SLOW_MS:
        return warn("render", found, "the simulator will be slower than real time")
    return ok("render", found)


def check_video_devices(folder: Path = Path("/dev")) -> Finding:
    """UVC cameras and whether we may open them."""
    devices = sorted(folder.glob("video*"))
    if not devices:
        return ok("cameras", f"no {folder}/video*")
    closed = [device for device in devices if not os.access(device, os.R_OK | os.W_OK)]
    names = ", ".join(device.name for device in devices)
    if closed:
        return warn(
            "cameras",
            f"{names}; not ours to open: {', '.join(device.name for device in closed)}",
            "add yourself to the group video and log in again",
        )
    return ok("cameras", names)


def check_realsense() -> Finding:
    """RealSense cameras that the library sees."""
    if importlib.util.find_spec("pyrealsense2") is None:
        return warn("realsense", "pyrealsense2 is not installed", "run `make setup`")
    try:
        import pyrealsense2
    except ImportError as error:
        return warn("realsense", f"not usable: {error}", "apt-get install libusb-1.0-0")
    devices = [
        f"{device.get_info(pyrealsense2.camera_info.name)} "
        f"{device.get_info(pyrealsense2.camera_info.serial_number)}"
        for device in pyrealsense2.context().query_devices()
    ]
    return ok("realsense", ", ".join(devices) or "library works, no camera")


def devices(environment: Mapping[str, str] | None = None) -> list[Finding]:
    """Run all checks of this module."""
    variables = with_takt_defaults(os.environ if environment is None else environment)
    return [check_render(variables), check_video_devices(), check_realsense()]
