"""Every module outside nodes/ and conversions.py imports where ROS does not exist.

The modules come from the file tree, so a new one is covered when it appears.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[1]
_PACKAGES = sorted(path.parent for path in _ROOT.glob("src/takt_*/takt_*/__init__.py"))

# Blocks ROS and prints what could not be imported. PyTorch is an extra: modules that need
# it are skipped where it is absent.
_PROBE = """
import importlib, importlib.abc, sys, traceback

ROS = {
    "rclpy", "rcl_interfaces", "rosidl_runtime_py", "rosidl_parser", "ament_index_python",
    "builtin_interfaces", "launch", "launch_ros",
}

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in ROS or top.endswith("_msgs") or top == "std_srvs":
            raise ModuleNotFoundError(f"ROS is not there: {name}", name=top)
        return None

sys.meta_path.insert(0, Blocked())
failed = 0
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name in {"torch", "onnx", "onnxscript"}:
            continue
        failed += 1
        print(f"--- {name}\\n{traceback.format_exc()}")
    except Exception:
        failed += 1
        print(f"--- {name}\\n{traceback.format_exc()}")
sys.exit(failed != 0)
"""


def _modules(package: Path, with_ros: bool) -> list[str]:
    """Return the modules of a package that may (or may not) use ROS."""
    found = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        uses_ros = "nodes" in parts or "conversions" in parts
        if parts[-1] != "__main__" and uses_ros == with_ros:
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def _import_without_ros(modules: list[str]) -> subprocess.CompletedProcess[str]:
    sources = [str(package.parent) for package in _PACKAGES]
    # The installed packages first: only there are the compiled modules.
    search = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), *sources]))
    return subprocess.run(
        [sys.executable, "-c", _PROBE, *modules],
        env={**os.environ, "PYTHONPATH": search},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("package", _PACKAGES, ids=lambda path: path.name)
def test_modules_import_without_ros(package: Path) -> None:
    modules = _modules(package, with_ros=False)
    assert modules
    result = _import_without_ros(modules)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_probe_does_block_ros() -> None:
    result = _import_without_ros(["takt_core.conversions"])
    assert result.returncode != 0
    assert "ROS is not there" in result.stdout
