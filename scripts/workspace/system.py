"""What the operating system must bring: compiler, headers and a few Debian packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from stages import Log, SetupError


@dataclass(frozen=True)
class Need:
    """One thing needed from the system and the Debian package that brings it."""

    package: str
    what_for: str
    present: bool
    to_build: bool


def _library_present(soname: str) -> bool:
    multiarch = sysconfig.get_config_var("MULTIARCH") or ""
    folders = [Path("/usr/lib") / multiarch, Path("/usr/lib"), Path("/usr/lib64"), Path("/lib64")]
    return any((folder / soname).exists() for folder in folders)


def _software_renderer_present() -> bool:
    multiarch = sysconfig.get_config_var("MULTIARCH") or ""
    folder = Path("/usr/lib") / multiarch
    return (folder / "dri").is_dir() or any(folder.glob("libgallium*.so"))


def _from_ros() -> list[Need]:
    """What a sourced ROS 2 has to bring beyond its base: the wheels bring it otherwise."""
    distribution = os.environ.get("ROS_DISTRO")
    if not distribution or not os.environ.get("AMENT_PREFIX_PATH"):
        return []
    probe = subprocess.run(
        [sys.executable, "-c", "import pinocchio"], capture_output=True, check=False
    )
    name = f"ros-{distribution}-pinocchio"
    return [Need(name, "kinematics (Pinocchio)", probe.returncode == 0, True)]


def needs() -> list[Need]:
    """Look for everything; nothing is installed here."""
    version = sysconfig.get_python_version()
    header = Path(sysconfig.get_path("include")) / "Python.h"
    compiler = os.environ.get("CXX", "c++")
    return [
        Need("g++", "a C++ compiler (c++)", bool(shutil.which(compiler)), True),
        Need(
            f"python{version}-venv", "Python's ensurepip", find_spec("ensurepip") is not None, True
        ),
        Need(f"python{version}-dev", "Python's headers", header.exists(), True),
        Need("libegl1", "headless rendering (EGL)", _library_present("libEGL.so.1"), False),
        Need("libgl1-mesa-dri", "software rendering", _software_renderer_present(), False),
        Need("libusb-1.0-0", "RealSense cameras", _library_present("libusb-1.0.so.0"), False),
        *_from_ros(),
    ]


def _privilege() -> list[str] | None:
    """Return the words before a command that needs root, or None if we may not."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        allowed = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
        if allowed.returncode == 0:
            return ["sudo", "-n"]
    return None


def install_missing(log: Log) -> str:
    """Install the missing packages, or say how; return what was done."""
    missing = [need for need in needs() if not need.present]
    if not missing:
        return "complete"
    names = [need.package for need in missing]
    command = f"sudo apt-get update && sudo apt-get install -y {' '.join(names)}"
    privilege = _privilege()
    if privilege is not None and shutil.which("apt-get"):
        hint = f"To do it by hand:\n    {command}"
        apt = [*privilege, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
        try:
            log.run([*apt, "update", "-q"], on_failure=hint)
            log.run(
                [*apt, "install", "-q", "-y", "--no-install-recommends", *names], on_failure=hint
            )
        except SetupError:
            if any(need.to_build for need in missing):
                raise
        missing = [need for need in needs() if not need.present]
        if not missing:
            return f"installed {', '.join(names)}"
    lacks = "; ".join(f"{need.what_for}: package {need.package}" for need in missing)
    if any(need.to_build for need in missing):
        raise SetupError(f"This machine lacks {lacks}. Install it with\n    {command}")
    log.note(f"this machine lacks {lacks}. takt builds without it; to have it:\n    {command}")
    return f"lacks {', '.join(need.package for need in missing)}"
