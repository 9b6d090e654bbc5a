"""Versions of what took part in a recording, without anything that names the machine."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from takt_recorder import __version__
from takt_recorder.metadata import ros_distro

_PACKAGES = ("mcap", "numpy", "onnxruntime", "mujoco", "pin", "rclpy")
_GIT_TIMEOUT_S = 5.0


@lru_cache(maxsize=1)
def versions() -> dict[str, Any]:
    """Versions of takt, ROS and the libraries that decide what a robot does."""
    return {
        "takt": __version__,
        "git": git_revision(Path(os.environ.get("TAKT_ROOT", Path(__file__).parent))),
        "ros_distro": ros_distro(),
        "rmw": os.environ.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp"),
        "python": platform.python_version(),
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
    }


@lru_cache(maxsize=1)
def host() -> dict[str, Any]:
    """Kind of machine; neither its name nor an address."""
    return {
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
    }


def git_revision(folder: Path) -> str | None:
    """Commit of the checkout that contains `folder`, with `-dirty` if it was changed."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_GIT_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()
