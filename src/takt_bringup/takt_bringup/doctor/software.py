"""Python, ROS 2, the compiler, takt's packages, inference."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping

from takt_bringup.doctor.finding import Finding, fail, ok, warn
from takt_bringup.launcher import ament

_PACKAGES = (
    "takt_msgs",
    "takt_core",
    "takt_impedance",
    "takt_description",
    "takt_sim",
    "takt_policy",
    "takt_teleop",
    "takt_recorder",
    "takt_cameras",
    "takt_tactile",
    "takt_bringup",
)
_SETUP = "run `make setup`, then `source scripts/env.sh`"


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    found = f"{platform.python_version()} ({sys.executable})"
    if (3, 10) <= version <= (3, 13):
        return ok("python", found)
    return fail("python", found, "use Python 3.10 to 3.13: TAKT_PYTHON=python3.12 make setup")


def check_ros(environment: Mapping[str, str]) -> Finding:
    """Where ROS 2 comes from, and whether rclpy is there."""
    if importlib.util.find_spec("rclpy") is None:
        return fail("ros", "rclpy cannot be imported", _SETUP)
    distribution = environment.get("ROS_DISTRO")
    try:
        version = importlib.metadata.version("rclpy")
    except importlib.metadata.PackageNotFoundError:
        version = "of unknown version"
    source = f"installation {distribution}" if distribution else "wheels from PyPI"
    rmw = environment.get("RMW_IMPLEMENTATION", "default middleware")
    return ok("ros", f"rclpy {version} from {source}, {rmw}")


def check_compiler(environment: Mapping[str, str]) -> Finding:
    program = environment.get("CXX", "c++")
    path = shutil.which(program, path=environment.get("PATH"))
    if path is None:
        return fail("compiler", f"no `{program}`", "apt-get install g++")
    result = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    lines = result.stdout.splitlines()
    return ok("compiler", lines[0] if lines else path)


def check_packages(environment: Mapping[str, str], packages: Iterable[str] = _PACKAGES) -> Finding:
    """Whether takt itself is built and visible."""
    missing = []
    for package in packages:
        try:
            ament.package_prefix(package, environment)
        except ament.PackageNotFoundError:
            missing.append(package)
    if missing:
        return fail("takt", f"not built or not visible: {', '.join(missing)}", _SETUP)
    return ok("takt", "all packages are built and visible")


def check_inference() -> Finding:
    """The execution providers of onnxruntime."""
    if importlib.util.find_spec("onnxruntime") is None:
        return fail("inference", "onnxruntime cannot be imported", _SETUP)
    import onnxruntime

    providers = onnxruntime.get_available_providers()
    names = ", ".join(name.removesuffix("ExecutionProvider") for name in providers)
    found = f"onnxruntime {onnxruntime.__version__}: {names}"
    if "CPUExecutionProvider" not in providers:
        return fail("inference", found, "reinstall onnxruntime")
    if shutil.which("nvidia-smi") and "CUDAExecutionProvider" not in providers:
        return warn(
            "inference",
            f"{found}; there is an NVIDIA GPU that it does not use",
            "install onnxruntime-gpu in place of onnxruntime",
        )
    return ok("inference", found)


def software(environment: Mapping[str, str] | None = None) -> list[Finding]:
    """Run all checks of this module."""
    variables = os.environ if environment is None else environment
    return [
        check_python(),
        check_ros(variables),
        check_compiler(variables),
        check_packages(variables),
        check_inference(),
    ]
