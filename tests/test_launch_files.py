"""The launch files of takt: each evaluates, and its nodes and parameters exist."""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from foreign_packages import REQUIRED_ARGUMENTS, install, with_prefix

from takt_bringup.launcher.evaluate import evaluate_launch_file
from takt_bringup.launcher.plan import Plan
from takt_core.errors import TaktError

_FOLDER = Path(__file__).resolve().parents[1] / "launch"
_FILES = sorted(_FOLDER.glob("*.launch.yaml"))
_ARMS = {"fr3": "fr3", "iiwa14": "iiwa14", "gen3": "gen3", "ur": "ur5e"}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """With drivers of real arms beside takt."""
    return with_prefix(os.environ, install(tmp_path / "prefix"))


def _plan(file: Path, scratch: Path, environment: dict[str, str], **arguments: str) -> Plan:
    given = {**REQUIRED_ARGUMENTS.get(file.name, {}), **arguments}
    plan = evaluate_launch_file(file, given, scratch, environment)
    assert all(os.access(process.command[0], os.X_OK) for process in plan.processes)
    return plan


def _labels(plan: Plan) -> list[str]:
    return [process.label for process in plan.processes]


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.name)
def test_evaluates_with_its_defaults(
    file: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    assert _plan(file, tmp_path / "scratch", environment).processes


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.name)
def test_everything_moves_into_the_namespace(
    file: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    plan = _plan(file, tmp_path / "scratch", environment, namespace="left")
    assert plan.processes
    assert all("__ns:=/left" in process.command for process in plan.processes)


def test_arguments_take_nodes_away(tmp_path: Path, environment: dict[str, str]) -> None:
    file = _FOLDER / "sim_policy.launch.yaml"
    labels = _labels(_plan(file, tmp_path / "with", environment))
    assert labels == ["simulator", "arbiter", "recorder", "policy"]
    without = _labels(_plan(file, tmp_path / "without", environment, record="false"))
    assert without == ["simulator", "arbiter", "policy"]


def _files_of(plan: Plan, label: str) -> list[Path]:
    (process,) = [each for each in plan.processes if each.label == label]
    words = list(process.command)
    options = ("--params-file", "--param-file")
    return [Path(words[i + 1]) for i, word in enumerate(words) if word in options]


@pytest.mark.parametrize("profile", ["first_motion", "work"])
@pytest.mark.parametrize("name", _ARMS)
def test_a_real_arm_gets_its_own_files(
    name: str, profile: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    file = _FOLDER / f"{name}.launch.yaml"
    plan = _plan(file, tmp_path / "scratch", environment, profile=profile)
    files = _files_of(plan, "spawn_controller")
    assert [path.name for path in files] == ["controllers.yaml", "real.yaml", f"{profile}.yaml"]
    assert {path.parent.name for path in files} == {_ARMS[name], "robots"}
    assert _files_of(plan, "arbiter")[-1] == files[-1]
    assert _files_of(plan, "ros2_control_node") == files[:1]


@pytest.mark.parametrize("name", _ARMS)
def test_a_real_arm_runs_without_hardware_and_drivers(name: str, tmp_path: Path) -> None:
    """With mock hardware only ros2_control itself has to be there."""
    only = {"controller_manager": ["ros2_control_node", "spawner"]}
    only["robot_state_publisher"] = ["robot_state_publisher"]
    environment = with_prefix(os.environ, install(tmp_path / "prefix", only))
    file = _FOLDER / f"{name}.launch.yaml"
    plan = _plan(file, tmp_path / "scratch", environment, use_mock_hardware="true")
    (parameters, *_) = _files_of(plan, "robot_state_publisher")
    document = yaml.safe_load(parameters.read_text(encoding="utf-8"))
    description = document["/robot_state_publisher"]["ros__parameters"]["robot_description"]
    plugin = ElementTree.fromstring(description).findtext("ros2_control/hardware/plugin")
    assert plugin == "mock_components/GenericSystem"
    assert "mock.yaml" in {path.name for path in _files_of(plan, "spawn_controller")}


def test_without_activation_the_controller_commands_nothing(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    file = _FOLDER / "fr3.launch.yaml"
    for activate, expected in (("true", False), ("false", True)):
        plan = _plan(file, tmp_path / activate, environment, activate=activate)
        (spawner,) = [each for each in plan.processes if each.label == "spawn_controller"]
        assert ("--inactive" in spawner.command) is expected


def test_a_driver_that_is_not_there_is_named_with_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(TaktError, match=r"fr3\.launch\.yaml.*`franka_bringup`.*docs/robots"):
        evaluate_launch_file(_FOLDER / "fr3.launch.yaml", {}, tmp_path)
