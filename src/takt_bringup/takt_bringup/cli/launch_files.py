"""Finding launch files by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from takt_bringup.launcher import ament
from takt_core.errors import TaktError

_SUFFIX = ".launch.yaml"


def launch_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Return the folder of takt's launch files: the installed one, else the checkout's.

    Raises:
        TaktError: neither is there.
    """
    try:
        variables = os.environ if environment is None else environment
        return ament.package_share("takt_bringup", variables) / "launch"
    except ament.PackageNotFoundError as error:
        in_checkout = Path(__file__).resolve().parents[4] / "launch"
        if in_checkout.is_dir():
            return in_checkout
        raise TaktError(str(error)) from error


def names(folder: Path) -> list[str]:
    """Return what `takt up` can start from a folder."""
    return sorted(path.name.removesuffix(_SUFFIX) for path in folder.glob(f"*{_SUFFIX}"))


def find_launch_file(name: str, environment: Mapping[str, str] | None = None) -> Path:
    """Return the launch file for a name such as `sim_policy`, or for a path.

    Raises:
        TaktError: there is none; the message lists those that there are.
    """
    if "/" in name or name.endswith((".yaml", ".yml")):
        direct = Path(name)
        if direct.is_file():
            return direct
    folder = launch_folder(environment)
    path = folder / f"{name.removesuffix(_SUFFIX)}{_SUFFIX}"
    if not path.is_file():
        there = ", ".join(names(folder)) or "none"
        raise TaktError(f"there is no launch file `{name}` in {folder}; there are: {there}")
    return path
