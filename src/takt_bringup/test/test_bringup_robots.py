"""The configurations of real arms: complete, within the arms' limits, and steady on a model."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from takt_bringup.cli.check import config_findings, main_config
from takt_bringup.doctor.finding import Level
from takt_bringup.robots.configuration import CONTROLLER, PROFILES, RobotConfiguration, read_robot
from takt_bringup.robots.consistency import check_limits, check_model, check_strength
from takt_core.errors import TaktError
from takt_description import REAL_ARMS, home_posture, real_arm_description
from takt_motion.settings import MotionParameters
from takt_teleop.settings import ArbiterParameters

_FOLDER = Path(__file__).resolve().parents[3] / "config" / "robots"
_DECLARED = _FOLDER.parents[1] / "src/takt_controllers/src/impedance_controller_parameters.yaml"
_EVERY = [(arm, profile) for arm in REAL_ARMS for profile in PROFILES]


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., RobotConfiguration]:
    """Read the FR3 with other values for its controller; None takes one away."""

    def read(**values: Any) -> RobotConfiguration:
        folder = tmp_path / "fr3"
        folder.mkdir(exist_ok=True)
        shutil.copy(_FOLDER / "real.yaml", tmp_path)
        for name in ("controllers", PROFILES[0]):
            document = yaml.safe_load((_FOLDER / "fr3" / f"{name}.yaml").read_text())
            section = document[f"/**/{CONTROLLER}"]["ros__parameters"]
            for key in set(values) & set(section) if name == PROFILES[0] else values:
                section.pop(key, None)
                if values[key] is not None:
                    section[key] = values[key]
            (folder / f"{name}.yaml").write_text(yaml.safe_dump(document))
        return read_robot("fr3", folder=tmp_path)

    return read


def _failures(robot: RobotConfiguration) -> list[str]:
    """Topics that fail before the rehearsal."""
    urdf_xml = real_arm_description("fr3")
    arm, model = check_model(robot, urdf_xml)
    if arm is None:
        return [model.topic]
    home = np.array([home_posture(urdf_xml)[joint] for joint in robot.joints])
    findings = [*check_limits(robot, arm), *check_strength(robot, arm, home)]
    return [finding.topic for finding in findings if finding.level is Level.FAIL]


@pytest.mark.parametrize(("arm", "profile"), _EVERY)
def test_every_configuration_passes_its_rehearsal(arm: str, profile: str) -> None:
    findings = list(config_findings(read_robot(arm, profile, _FOLDER), real_arm_description(arm)))
    assert {"model", "torque limits", "steadiness", "stopping"} <= {each.topic for each in findings}
    assert [each for each in findings if each.level is not Level.OK] == []


@pytest.mark.parametrize(("arm", "profile"), _EVERY)
def test_what_is_wanted_after_guide_is_what_was_before(arm: str, profile: str) -> None:
    """The arbiter restores a stiffness: it must be the profile's own."""
    document = yaml.safe_load((_FOLDER / arm / f"{profile}.yaml").read_text())
    law = document[f"/**/{CONTROLLER}"]["ros__parameters"]
    arbiter = document["/**/arbiter"]["ros__parameters"]
    assert arbiter["stiffness"] == law["stiffness"]
    assert set(law["nullspace_stiffness"]) == {arbiter["nullspace_stiffness"]}
    assert arbiter["policy_speed_m_s"] <= law["max_linear_velocity_m_s"]
    assert arbiter["human_speed_m_s"] <= law["max_linear_velocity_m_s"]
    assert arbiter["max_jump_m"] <= law["max_jump_m"]
    assert set(arbiter) <= set(ArbiterParameters.__dataclass_fields__)


@pytest.mark.parametrize(("arm", "profile"), _EVERY)
def test_planned_motions_stay_within_what_the_controller_follows(arm: str, profile: str) -> None:
    document = yaml.safe_load((_FOLDER / arm / f"{profile}.yaml").read_text())
    motion = document["/**/motion"]["ros__parameters"]
    robot = read_robot(arm, profile, _FOLDER)
    law = robot.parameters()
    assert set(motion) <= set(MotionParameters.__dataclass_fields__)
    assert tuple(motion["joint_names"]) == robot.joints
    assert (motion["base_frame"], motion["tool_frame"]) == (robot.base_frame, robot.tool_frame)
    assert max(motion["max_velocity_rad_s"]) <= law.max_joint_velocity_rad_s.min()
    assert max(motion["max_acceleration_rad_s2"]) <= law.max_joint_acceleration_rad_s2.min()
    assert max(motion["max_jerk_rad_s3"]) <= law.max_joint_jerk_rad_s3.min()
    assert motion["max_tool_speed_m_s"] <= law.max_linear_velocity_m_s
    assert motion["retreat_speed_m_s"] <= law.max_linear_velocity_m_s
    for place in yaml.safe_load(motion["places"]).values():
        assert not (np.array(place) < law.joint_lower_rad).any()
        assert not (np.array(place) > law.joint_upper_rad).any()


@pytest.mark.parametrize("arm", REAL_ARMS)
def test_first_motions_are_softer_and_slower(arm: str) -> None:
    first, work = (read_robot(arm, profile, _FOLDER).parameters() for profile in PROFILES)
    assert (np.diag(first.stiffness) <= np.diag(work.stiffness)).all()
    assert first.max_force_n <= 20.0
    assert first.max_linear_velocity_m_s <= 0.1
    assert first.max_linear_velocity_m_s < work.max_linear_velocity_m_s
    assert (first.max_joint_velocity_rad_s < work.max_joint_velocity_rad_s).all()


def test_the_names_are_those_of_the_controller_on_the_robot() -> None:
    """Which refuses a name that it does not know when it is configured."""
    declared = yaml.safe_load(_DECLARED.read_text(encoding="utf-8"))
    (known,) = declared.values()
    for arm, profile in _EVERY:
        robot = read_robot(arm, profile, _FOLDER)
        for file in robot.files:
            document = yaml.safe_load(file.read_text(encoding="utf-8"))
            values = document[f"/**/{CONTROLLER}"]["ros__parameters"]
            assert set(values) <= set(known), file
            for name, value in values.items():
                if isinstance(value, dict):
                    assert set(value) <= set(known[name]), f"{file}: {name}"


def test_more_than_the_arm_can_is_found(changed: Callable[..., RobotConfiguration]) -> None:
    assert _failures(changed(torque_limit_nm=[90.0] + [80.0] * 3 + [11.0] * 3)) == ["torque limits"]
    assert _failures(changed(torque_limit_nm=[80.0] * 3 + [25.0] + [11.0] * 3)) == ["holding"]
    assert _failures(changed(joint_velocity_limit_rad_s=[3.0] * 7)) == ["speed limits"]
    assert _failures(changed(joint_upper_rad=[3.0, 1.5, 2.5, -0.4, 2.5, 4.2, 2.7])) == [
        "joint ranges"
    ]


def test_gains_that_shake_the_arm_are_found(changed: Callable[..., RobotConfiguration]) -> None:
    robot = changed(stiffness=[4000.0] * 3 + [400.0] * 3)
    findings = list(config_findings(robot, real_arm_description("fr3")))
    failed = {finding.topic for finding in findings if finding.level is Level.FAIL}
    assert failed & {"rehearsal", "steadiness"}


def test_names_that_the_urdf_lacks_are_found(changed: Callable[..., RobotConfiguration]) -> None:
    assert _failures(changed(tool_frame="flange")) == ["model"]
    assert _failures(changed(base_frame="floor")) == ["model"]
    assert _failures(changed(joints=[f"panda_joint{index}" for index in range(1, 8)])) == ["model"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"stifness": 3.0}, "has no parameter `stifness`"),
        ({"stop_s": -1.0}, "stop_s"),
        ({"projector": "best"}, "allowed are dynamic, kinematic, none"),
        ({"command_interface": "velocity"}, "allowed are effort, position"),
        ({"gravity_in_command": None}, "`gravity_in_command` is missing"),
        ({"torque_limit_nm": [1.0, 2.0]}, "torque_limit_nm"),
    ],
)
def test_bad_values_are_refused_with_their_file(
    values: dict[str, Any], message: str, changed: Callable[..., RobotConfiguration]
) -> None:
    with pytest.raises(TaktError, match=rf"fr3/\w+\.yaml.*{message}"):
        changed(**values).parameters()


def test_an_unknown_arm_is_refused_with_the_known_ones() -> None:
    with pytest.raises(TaktError, match="fr3, gen3, iiwa14, ur5e"):
        read_robot("panda", folder=_FOLDER)


def test_the_command_says_what_is_wrong(
    changed: Callable[..., RobotConfiguration],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    changed(max_force_n=25.0)
    assert main_config(["fr3", "--folder", str(tmp_path)]) == 0
    assert "first motions want at most 20 N" in capsys.readouterr().out
    changed(tool_frame="flange")
    assert main_config(["fr3", "--folder", str(tmp_path)]) == 1
    assert "1 to mend" in capsys.readouterr().out
