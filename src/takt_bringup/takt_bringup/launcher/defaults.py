"""The environment that everything started by takt gets, unless it is set already."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from takt_bringup.launcher import ament

_PROFILE = "FASTDDS_DEFAULT_PROFILES_FILE"
# Fast DDS 2, which Jazzy has, knows only this name; Fast DDS 3 warns of it.
_OLD_PROFILE = "FASTRTPS_DEFAULT_PROFILES_FILE"


def with_takt_defaults(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with takt's defaults where nothing is set.

    Discovery stays on this machine, Fast DDS gets the profile with shared memory large
    enough for images, Python does not hold back output, and rendering needs no display.
    """
    result = dict(environment)
    result.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    result.setdefault("ROS_DOMAIN_ID", "0")
    result.setdefault("PYTHONUNBUFFERED", "1")
    if not result.get("DISPLAY") and not result.get("WAYLAND_DISPLAY"):
        result.setdefault("MUJOCO_GL", "egl")
    profile = fastdds_profile(result)
    if profile is not None:
        result.setdefault(_PROFILE, str(profile))
        if result.get("ROS_DISTRO") == "jazzy":
            result.setdefault(_OLD_PROFILE, result[_PROFILE])
    return result


def fastdds_profile(environment: Mapping[str, str]) -> Path | None:
    """Return takt's installed Fast DDS profile, None if it is not installed."""
    try:
        share = ament.package_share("takt_bringup", environment)
    except ament.PackageNotFoundError:
        return None
    path = share / "config" / "fastdds.xml"
    return Path(os.path.realpath(path)) if path.is_file() else None
