"""The configuration of a real arm: the same files that the controller on the robot reads.

`config/robots/<arm>/controllers.yaml` says what the arm is, a profile beside it how it behaves.
A parameter of the law has the name that it has in `takt_impedance.Parameters`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import takt_impedance
from takt_bringup.launcher import ament
from takt_core.errors import TaktError

CONTROLLER = "cartesian_impedance_controller"
PROFILES = ("first_motion", "work")
# Of the plugin, not of the law: of no account for a model of the arm.
_PLUGIN_ONLY = (
    "coriolis_in_command",
    "crisp_topics",
    "gravity_m_s2",
    "hold_position_interface",
    "max_tracking_error_rad",
    "publish_rate_hz",
)
_CHOICES = {
    "stiffness_frame": takt_impedance.Frame,
    "damping_kind": takt_impedance.Damping,
    "projector": takt_impedance.Projector,
}


@dataclass(frozen=True)
class MeasuredTorque:
    """What the driver reports as effort.

    Attributes:
        available: it is a torque at all.
        includes_gravity: the torque that holds the arm up is in it.
        sign: -1 if it has the opposite sign of a commanded torque.
    """

    available: bool = True
    includes_gravity: bool = True
    sign: float = 1.0


@dataclass(frozen=True)
class RobotConfiguration:
    """One arm with one profile.

    Attributes:
        joints: names in the order of all joint vectors.
        command_interface: `effort`, or `position`: the law then moves a virtual arm.
        gravity_in_command: the driver wants the torque that holds the arm up; else it adds it.
        law: parameters of the law by name, as the files have them.
        virtual: the same of the virtual arm, for a robot that takes positions.
        files: which they were read from.
    """

    joints: tuple[str, ...]
    base_frame: str
    tool_frame: str
    command_interface: str
    gravity_in_command: bool
    measured_torque: MeasuredTorque
    force_torque_sensor: str
    update_rate_hz: int
    law: Mapping[str, Any]
    virtual: Mapping[str, Any]
    files: tuple[Path, ...]

    def parameters(self) -> takt_impedance.Parameters:
        """The law's parameters, validated.

        Raises:
            TaktError: one does not exist, or its value is not allowed.
        """
        parameters = takt_impedance.Parameters(len(self.joints))
        known = {name for name in dir(parameters) if not name.startswith("_")} - {"validate"}
        for name, value in self.law.items():
            if name not in known:
                raise TaktError(f"{self._place(name)}: the controller has no parameter `{name}`")
            try:
                setattr(parameters, name, self._value(name, value))
            except (TypeError, ValueError) as error:
                raise TaktError(f"{self._place(name)}: `{name}` is {value}: {error}") from error
        try:
            parameters.validate()
        except ValueError as error:
            raise TaktError(f"{', '.join(map(str, self.files))}: {error}") from error
        return parameters

    def virtual_arm(self) -> takt_impedance.VirtualArmParameters:
        """Parameters of the arm between controller and a robot that takes positions.

        Raises:
            TaktError: one does not exist, or its value is not allowed.
        """
        parameters = takt_impedance.VirtualArmParameters(len(self.joints))
        for name, value in self.virtual.items():
            try:
                setattr(parameters, name, value)
            except (AttributeError, TypeError, ValueError) as error:
                raise TaktError(f"{self.files[0]}: virtual_arm.{name}: {error}") from error
        return parameters

    def _value(self, name: str, value: Any) -> Any:
        if name not in _CHOICES:
            return value
        choices = _CHOICES[name].__members__
        if str(value).upper() not in choices:
            raise ValueError(f"allowed are {', '.join(choice.lower() for choice in choices)}")
        return choices[str(value).upper()]

    def _place(self, name: str) -> str:
        """The file that has the last word on a parameter."""
        for file in reversed(self.files):
            if name in _section(_load(file), CONTROLLER):
                return str(file)
        return str(self.files[0])


def robots_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Return the folder of the robots' configurations: installed, else the checkout's."""
    try:
        share = ament.package_share(
            "takt_bringup", os.environ if environment is None else environment
        )
        installed = share / "config" / "robots"
        if installed.is_dir():
            return installed
    except ament.PackageNotFoundError:
        pass
    return Path(__file__).resolve().parents[4] / "config" / "robots"


def read_robot(
    arm: str, profile: str = PROFILES[0], folder: Path | None = None
) -> RobotConfiguration:
    """Read the configuration of an arm.

    Args:
        arm: a folder below `config/robots`.
        profile: a file in it, without its suffix.
        folder: instead of `config/robots`.

    Raises:
        TaktError: there is no such arm or profile, or a value is missing or of another kind.
    """
    robots = robots_folder() if folder is None else folder
    files = (
        robots / arm / "controllers.yaml",
        robots / "real.yaml",
        robots / arm / f"{profile}.yaml",
    )
    for file in files:
        if not file.is_file():
            there = sorted(path.parent.name for path in robots.glob("*/controllers.yaml"))
            raise TaktError(
                f"there is no {file}; the arms in {robots} are {', '.join(there) or 'none'}, and "
                f"their profiles {', '.join(PROFILES)}"
            )
    documents = [_load(file) for file in files]
    values: dict[str, Any] = {}
    for document in documents:
        values.update(_section(document, CONTROLLER))
    manager = _section(documents[0], "controller_manager")
    return _configuration(values, manager, files)


def _configuration(
    values: dict[str, Any], manager: Mapping[str, Any], files: Sequence[Path]
) -> RobotConfiguration:
    def take(name: str, kind: type, default: Any = None) -> Any:
        value = values.pop(name, default)
        if not isinstance(value, kind):
            found = "missing" if value is None else repr(value)
            raise TaktError(f"{files[0]}: `{name}` is {found}; it must be a {kind.__name__}")
        return value

    joints = tuple(map(str, take("joints", list)))
    interface = take("command_interface", str)
    if interface not in ("effort", "position"):
        raise TaktError(
            f"{files[0]}: `command_interface` is `{interface}`; allowed are effort, position"
        )
    for name in _PLUGIN_ONLY:
        values.pop(name, None)
    return RobotConfiguration(
        joints=joints,
        base_frame=take("base_frame", str),
        tool_frame=take("tool_frame", str),
        command_interface=interface,
        gravity_in_command=take("gravity_in_command", bool),
        measured_torque=MeasuredTorque(**take("measured_torque", dict, {})),
        force_torque_sensor=str(take("force_torque_sensor", dict, {}).get("name", "")),
        update_rate_hz=int(manager.get("update_rate", 0)),
        virtual=take("virtual_arm", dict, {}),
        law=values,
        files=tuple(files),
    )


def _load(file: Path) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise TaktError(f"{file} is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise TaktError(f"{file} is not a parameter file of ROS 2: it is not a mapping")
    return document


def _section(document: Mapping[str, Any], node: str) -> Mapping[str, Any]:
    """The parameters of a node in any namespace."""
    section: Mapping[str, Any] = document.get(f"/**/{node}", {}).get("ros__parameters", {})
    return section
