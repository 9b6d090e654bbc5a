"""Finding installed packages in the ament index, without ROS."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_INDEX = Path("share/ament_index/resource_index/packages")


class PackageNotFoundError(Exception):
    """The message names the package and where it was looked for."""


def package_prefix(package: str, environment: Mapping[str, str]) -> Path:
    """Return the prefix a package is installed under.

    Args:
        package: its name.
        environment: `AMENT_PREFIX_PATH` of it is searched.
    """
    value = environment.get("AMENT_PREFIX_PATH", "")
    for prefix in filter(None, value.split(os.pathsep)):
        if (Path(prefix) / _INDEX / package).exists():
            return Path(prefix)
    raise PackageNotFoundError(
        f"package `{package}` is not installed below any directory of AMENT_PREFIX_PATH "
        f"({value or 'which is empty'}); {_advice(package)}"
    )


def _advice(package: str) -> str:
    if package.startswith("takt_"):
        return "build it with `make setup`, then `source scripts/env.sh`"
    return (
        "it is not takt's: drivers of real robots, and the ros2_control they run in, need an "
        "installation of ROS 2 (docs/robots/README.md)"
    )


def package_share(package: str, environment: Mapping[str, str]) -> Path:
    """Return the share directory of a package."""
    return package_prefix(package, environment) / "share" / package


def package_executable(package: str, executable: str, environment: Mapping[str, str]) -> Path:
    """Return the path of an executable that a package installs."""
    folder = package_prefix(package, environment) / "lib" / package
    path = folder / executable
    if path.is_file() and os.access(path, os.X_OK):
        return path
    there = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
    raise PackageNotFoundError(
        f"package `{package}` has no executable `{executable}` in {folder}; "
        f"it has {', '.join(there) or 'none'}"
    )
