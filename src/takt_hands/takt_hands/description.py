"""What a hand consists of: joints, their motors, limits and gains, from a YAML file."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from takt_core.errors import TaktError
from takt_core.geometry import Array
from takt_hands.dynamixel.models import BY_NAME

_GAIN_LIMIT = 16383


@dataclass(frozen=True)
class Joint:
    """One joint and the motor that moves it.

    Attributes:
        name: as in the URDF.
        id: of the motor on the bus.
        sign: +1, or -1 if the motor turns the other way than the joint.
        zero_rad: angle of the motor where the joint is at 0.
        lower_rad, upper_rad: range of the joint.
        velocity_rad_s, acceleration_rad_s2: limits of the target.
        current_a: current limit to begin with; how hard the joint may push.
        max_current_a: the highest that may be commanded.
        p_gain, i_gain, d_gain: of the position control in the motor, in units of its control table.
    """

    name: str
    id: int
    lower_rad: float
    upper_rad: float
    sign: int = 1
    zero_rad: float = math.pi
    velocity_rad_s: float = 5.0
    acceleration_rad_s2: float = 50.0
    current_a: float = 0.3
    max_current_a: float = 0.5
    p_gain: int = 600
    i_gain: int = 0
    d_gain: int = 200


@dataclass(frozen=True)
class HandDescription:
    """A hand.

    Attributes:
        name: of the layout.
        models: motors that it may be built of, as model names.
        joints: in the order of all messages.
        volt_range: supply beyond which a warning is given [V].
        source: the file, for messages.
    """

    name: str
    models: tuple[str, ...]
    joints: tuple[Joint, ...]
    volt_range: tuple[float, float]
    source: str = "the hand description"

    @property
    def joint_names(self) -> tuple[str, ...]:
        return tuple(joint.name for joint in self.joints)

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(joint.id for joint in self.joints)

    def array(self, name: str) -> Array:
        """(n,) one attribute of all joints."""
        return np.array([getattr(joint, name) for joint in self.joints], dtype=np.float64)


def find(name: str) -> Path:
    """The file of a description: a path, or the name of one that comes with takt.

    Raises:
        TaktError: there is none.
    """
    if Path(name).is_file():
        return Path(name)
    known: dict[str, Path] = {}
    for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep):
        for file in sorted(Path(prefix).glob("share/takt_bringup/config/hands/*.yaml")):
            known.setdefault(file.stem, file)
    if name not in known:
        raise TaktError(
            f"no hand description {name!r}; allowed is the path of a file, or one of "
            f"{', '.join(known) or '(none is installed)'}"
        )
    return known[name]


def load(name: str | Path) -> HandDescription:
    """
    Raises:
        TaktError: there is no such file or name, or something in the file is unknown, missing or
            not allowed.
    """
    file = find(str(name))
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise TaktError(f"no hand description at {file}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise TaktError(f"{file} is no YAML: {error}") from error
    return from_mapping(content, str(file))


def from_mapping(content: Any, source: str) -> HandDescription:
    """A description from what YAML makes of its file.

    Raises:
        TaktError: like ``load``.
    """
    top = _mapping(content, source)
    _only(top, ("name", "models", "volt_range", "defaults", "joints"), source)
    defaults = _mapping(top.get("defaults", {}), f"{source}: defaults")
    entries = top.get("joints")
    if not isinstance(entries, Sequence) or isinstance(entries, str) or not entries:
        raise TaktError(f"{source}: joints is {entries!r}; allowed is a list of joints")
    joints = tuple(
        _joint(entry, defaults, f"{source}: joint {i}") for i, entry in enumerate(entries)
    )
    named: tuple[tuple[str, list[Any]], ...] = (
        ("name", [joint.name for joint in joints]),
        ("id", [joint.id for joint in joints]),
    )
    for what, values in named:
        double = {value for value in values if values.count(value) > 1}
        if double:
            raise TaktError(f"{source}: the {what} {double.pop()} belongs to two joints")
    models = top.get("models")
    if not isinstance(models, list) or not models or not all(m in BY_NAME for m in models):
        raise TaktError(f"{source}: models is {models!r}; allowed are some of {', '.join(BY_NAME)}")
    volts = top.get("volt_range")
    if not isinstance(volts, list) or len(volts) != 2 or not all(_is_number(v) for v in volts):
        raise TaktError(f"{source}: volt_range is {volts!r}; allowed are two voltages")
    name = str(top.get("name", Path(source).stem))
    return HandDescription(name, tuple(models), joints, (volts[0], volts[1]), source)


def _joint(entry: Any, defaults: Mapping[str, Any], where: str) -> Joint:
    values = {**defaults, **_mapping(entry, where)}
    fields = {field.name: field for field in dataclasses.fields(Joint)}
    _only(values, tuple(fields), where)
    for name, field in fields.items():
        if name not in values and field.default is dataclasses.MISSING:
            raise TaktError(f"{where}: {name} is missing")
    checked = {
        name: _value(name, fields[name].type, value, where) for name, value in values.items()
    }
    joint = Joint(**checked)
    _check_range(joint, where)
    return joint


def _value(name: str, kind: Any, value: Any, where: str) -> Any:
    # Types are texts, as annotations are not evaluated here.
    if kind == "float" and _is_number(value):
        return float(value)
    if kind == "int" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind == "str" and isinstance(value, str) and value:
        return value
    words = {"float": "a finite number", "int": "a whole number", "str": "a text"}
    raise TaktError(f"{where}: {name} is {value!r}; allowed is {words[kind]}")


def _check_range(joint: Joint, where: str) -> None:
    checks = (
        (joint.id in range(253), "id", joint.id, "0 to 252"),
        (joint.sign in (-1, 1), "sign", joint.sign, "1 or -1"),
        (joint.lower_rad < joint.upper_rad, "lower_rad", joint.lower_rad, "less than upper_rad"),
        (joint.velocity_rad_s > 0.0, "velocity_rad_s", joint.velocity_rad_s, "more than 0"),
        (joint.acceleration_rad_s2 > 0, "acceleration_rad_s2", joint.acceleration_rad_s2, "> 0"),
        (joint.max_current_a > 0.0, "max_current_a", joint.max_current_a, "more than 0"),
        (
            0.0 < joint.current_a <= joint.max_current_a,
            "current_a",
            joint.current_a,
            f"more than 0, at most max_current_a = {joint.max_current_a:g}",
        ),
        *(
            (0 <= getattr(joint, gain) <= _GAIN_LIMIT, gain, getattr(joint, gain), "0 to 16383")
            for gain in ("p_gain", "i_gain", "d_gain")
        ),
    )
    for fits, name, value, allowed in checks:
        if not fits:
            raise TaktError(f"{where} ({joint.name}): {name} is {value!r}; allowed is {allowed}")
    ends = [joint.zero_rad + joint.sign * end for end in (joint.lower_rad, joint.upper_rad)]
    if min(ends) < 0.0 or max(ends) > 2.0 * math.pi:
        raise TaktError(
            f"{where} ({joint.name}): its range is {min(ends):.3f} to {max(ends):.3f} rad at the "
            "motor; allowed is 0 to 6.283, as the motor forgets turns when its power goes. Mount "
            "the horn so that zero_rad is in the middle"
        )


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TaktError(f"{where} is {value!r}; allowed are names with values")
    return value


def _only(values: Mapping[str, Any], allowed: tuple[str, ...], where: str) -> None:
    for name in values:
        if name not in allowed:
            near = get_close_matches(str(name), allowed, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise TaktError(f"{where}: unknown {name!r}{hint} Allowed are {', '.join(allowed)}")


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value)
