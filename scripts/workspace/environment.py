"""The virtual environment: .venv with pinned wheels, on ROS 2 from wheels or from /opt/ros."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from stages import Log, SetupError
from stamps import Stamp, fingerprint

_ROS_SECTION = "# --- ROS 2"
_SECTION = "# ---"
_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
_BUILT_AGAINST = ("ros-", "cmeel-eigen=", "numpy=", "pybind11=", "setuptools=", "colcon-")


@dataclass(frozen=True)
class RosSource:
    """Where ROS 2 comes from: `distribution` is None for the wheels."""

    distribution: str | None

    @staticmethod
    def detect() -> RosSource:
        """A sourced ROS 2 installation wins over the wheels."""
        if os.environ.get("ROS_DISTRO") and os.environ.get("AMENT_PREFIX_PATH"):
            return RosSource(os.environ["ROS_DISTRO"])
        return RosSource(None)

    @property
    def wheels(self) -> bool:
        return self.distribution is None

    def __str__(self) -> str:
        return "wheels" if self.wheels else f"ROS 2 {self.distribution} as sourced"


def requirements(root: Path, ros: RosSource) -> list[str]:
    """Return the requirement lines that apply: without ROS 2 itself where it is sourced."""
    wanted: list[str] = []
    in_ros_section = False
    for line in (root / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(_SECTION):
            in_ros_section = line.startswith(_ROS_SECTION)
        elif line.strip() and not line.startswith("#") and (ros.wheels or not in_ros_section):
            wanted.append(line.strip())
    return wanted


def constraints(root: Path, ros: RosSource) -> list[str]:
    """Return the exact versions that apply, one line each."""
    lines = _content(root / "constraints.txt")
    if ros.wheels:
        return lines
    instead = _content(root / "constraints-ros.txt")
    replaced = tuple(line.split("==")[0] + "==" for line in instead)
    return [line for line in lines if not line.startswith(replaced)] + instead


def _content(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


class Environment:
    """`.venv` below the root of the checkout."""

    def __init__(self, root: Path, ros: RosSource) -> None:
        self.root = root
        self.ros = ros
        self.prefix = root / ".venv"
        self.python = self.prefix / "bin" / "python"
        self._stamp = Stamp(self.prefix / ".takt-wheels")

    def create(self, log: Log) -> str:
        """Create `.venv` unless a usable one is there."""
        if not self.ros.wheels:
            self._check_sourced_ros()
        config = self.prefix / "pyvenv.cfg"
        if config.is_file():
            reason = self._reason_to_recreate(config.read_text(encoding="utf-8"))
            if reason is None:
                return f"{self.prefix.name} is there"
            log.note(f"making {self.prefix.name} anew: {reason}")
            shutil.rmtree(self.prefix)
        options = [] if self.ros.wheels else ["--system-site-packages"]
        log.run([sys.executable, "-m", "venv", *options, self.prefix])
        return f"created with Python {sys.version.split()[0]}"

    def _reason_to_recreate(self, config: str) -> str | None:
        works = subprocess.run([self.python, "-c", ""], capture_output=True, check=False)
        if works.returncode != 0:
            return "its Python is gone"
        if ("include-system-site-packages = true" in config) == self.ros.wheels:
            return f"ROS 2 is now: {self.ros}"
        if not list(self.prefix.glob(f"lib/{_PYTHON}/site-packages")):
            return f"Python is now {sys.version.split()[0]}"
        return None

    def _check_sourced_ros(self) -> None:
        probe = subprocess.run(
            [sys.executable, "-c", "import rclpy"], capture_output=True, check=False
        )
        if probe.returncode != 0:
            raise SetupError(
                f"ROS 2 {self.ros.distribution} is sourced, but {sys.executable} cannot import "
                "rclpy. Name the Python it was built for (TAKT_PYTHON=/usr/bin/python3 make "
                "setup), or use the wheels in a shell where ROS is not sourced."
            )

    def wheels_value(self) -> str:
        """Return the fingerprint of everything that decides which wheels are installed."""
        files = [self.root / "scripts/workspace/wheels.py"]
        pins = constraints(self.root, self.ros)
        wanted = requirements(self.root, self.ros)
        return fingerprint(files, [str(self.ros), _PYTHON, *wanted, *pins])

    def build_value(self) -> str:
        """Return the fingerprint of what compiled code depends on."""
        pins = [pin for pin in constraints(self.root, self.ros) if pin.startswith(_BUILT_AGAINST)]
        return fingerprint(texts=[str(self.ros), _PYTHON, str(self.prefix), *pins])

    def wheels_are_current(self) -> bool:
        return self._stamp.matches(self.wheels_value())

    def install_wheels(self, log: Log) -> str:
        """Install what requirements.txt names and mend the ROS wheels."""
        self._stamp.clear()
        wanted = requirements(self.root, self.ros)
        pins = self.prefix / "takt-constraints.txt"
        pins.write_text("\n".join(constraints(self.root, self.ros)) + "\n", encoding="utf-8")
        log.run(
            [
                *(self.python, "-m", "pip", "install"),
                *("--disable-pip-version-check", "--progress-bar=off"),
                *("-c", pins),
                *wanted,
            ],
            on_failure="If the network failed, run it again: what has arrived is kept.",
        )
        if self.ros.wheels:
            log.run([self.python, self.root / "scripts/workspace/wheels.py"])
        self._stamp.write(self.wheels_value())
        return f"{len(wanted)} packages and what they need"

    def variables(self) -> dict[str, str]:
        """Return the process environment for building: this `.venv` first."""
        env = dict(os.environ)
        env["PATH"] = f"{self.prefix / 'bin'}{os.pathsep}{env.get('PATH', os.defpath)}"
        env["VIRTUAL_ENV"] = str(self.prefix)
        env.pop("PYTHONHOME", None)
        site_packages = next(self.prefix.glob("lib/python3*/site-packages"))
        eigen = str(site_packages / "cmeel.prefix")
        if self.ros.wheels:
            for name in ("PYTHONPATH", "LD_LIBRARY_PATH", "_ROS_WHEELS_BOOTSTRAP_COMPLETE"):
                env.pop(name, None)
            env["AMENT_PREFIX_PATH"] = str(self.prefix)
            env["CMAKE_PREFIX_PATH"] = os.pathsep.join([str(self.prefix), eigen])
        else:
            # Last: a system's own Eigen and tinyxml2 must not be shadowed.
            paths = [path for path in [env.get("CMAKE_PREFIX_PATH", "")] if path]
            env["CMAKE_PREFIX_PATH"] = os.pathsep.join([*paths, eigen])
        return env
