"""takt's launcher starts what the launch of ROS 2 starts. Runs where ROS 2 is installed."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from foreign_packages import EXECUTABLES, REQUIRED_ARGUMENTS, install

from takt_bringup.launcher.evaluate import evaluate_launch_file
from takt_core.errors import TaktError

pytest.importorskip("launch_ros", reason="the launch of ROS 2 is not on PyPI")

_ROOT = Path(__file__).resolve().parents[1]
_EXECUTABLES = {
    **EXECUTABLES,
    "takt_bringup": [],
    "takt_description": [],
    "takt_sim": ["simulator_node"],
    "takt_policy": ["policy_node"],
    "takt_teleop": ["arbiter_node"],
    "takt_recorder": ["recorder_node"],
    "takt_cameras": ["opencv_camera_node", "realsense_node"],
    "takt_motion": ["motion_node"],
}

_GROUPS = """
launch:
  - arg: {name: ns, default: ""}
  - let: {name: x, value: "outer"}
  - set_env: {name: E1, value: "one"}
  - group:
      - push_ros_namespace: {namespace: "left"}
      - let: {name: x, value: "inner"}
      - set_env: {name: E1, value: "two"}
      - append_env: {name: E1, value: "three"}
      - unset_env: {name: HOME}
      - node: {pkg: takt_sim, exec: simulator_node, name: sim}
      - group:
          - push_ros_namespace: {namespace: "sub"}
          - node: {pkg: takt_sim, exec: simulator_node, name: sim, namespace: "deep"}
          - node: {pkg: takt_sim, exec: simulator_node, name: sim, namespace: "/abs"}
          - node: {pkg: takt_sim, exec: simulator_node}
      - executable: {cmd: "/bin/echo $(var x) $(env E1)"}
  - executable: {cmd: "/bin/echo $(var x)"}
  - group:
      scoped: false
      children: [{let: {name: y, value: "leaks"}}]
  - group:
      forwarding: false
      keep: [{name: kept, value: "$(var x)"}]
      children:
        - executable: {cmd: "/bin/echo $(var kept) $(var x none) $(env E1 unset)"}
  - group:
      - push_ros_namespace: {namespace: "$(var ns)"}
      - node: {pkg: takt_sim, exec: simulator_node, name: sim}
      - node: {pkg: takt_sim, exec: simulator_node, namespace: "x"}
  - executable: {cmd: "/bin/echo $(var y)"}
"""

_NODE = """
launch:
  - arg: {name: v, default: "7"}
  - set_parameter: {name: use_sim_time, value: "true"}
  - set_remap: {from: "x", to: "y"}
  - node:
      pkg: takt_sim
      exec: simulator_node
      name: talk
      namespace: arm
      args: "--flag $(var v) 'two words'"
      ros_args: "--log-level debug"
      param:
        - {name: text, value: "5"}
        - {name: number, value: 5}
        - {name: flag, value: yes}
        - {name: names, value: ["a", "b"]}
        - {name: from_var, value: "$(var v)"}
        - {name: as_text, value: "$(var v)", type: str}
        - {name: "named_$(var v)", value: "x_$(var v)"}
        - {name: nested, param: [{name: a, value: 1}, {name: b, param: [{name: c, value: 2.0}]}]}
        - {from: "$(find-pkg-share takt_bringup)/config/simulator.yaml"}
      remap: [{from: "a", to: "b_$(var v)"}, {from: "/c", to: "/d"}]
      env: [{name: Q, value: "$(var v)"}]
"""

_WORDS = r"""
launch:
  - arg: {name: flag, default: "false"}
  - executable: {cmd: 'echo a\ b "c d" $ \$x \$(var no) $(env NO "d e") $(env NO ''f g'')'}
  - executable: {cmd: 'echo $(env $(env NO HOME)) x$(env HOME)y $(eval ''"a" + "b"'')'}
  - executable: {cmd: "echo $(eval '1 < 2') $(eval 'sqrt(16)') $(eval 'max(1, 2.5) // 2')"}
  - executable: {cmd: "echo $(not $(var flag)) $(and $(var flag) 1) $(or $(var flag) true)"}
  - executable: {cmd: "echo $(if $(var flag) yes no) $(equals 1.0 1) $(not-equals a b)"}
  - executable: {cmd: "echo conditional", if: "$(var flag)"}
  - executable: {cmd: "echo otherwise", unless: "$(var flag)"}
  - executable: {cmd: "echo $(find-pkg-share takt_sim)/x $(find-pkg-prefix takt_sim)"}
  - executable: {cmd: "echo $(command 'echo a  b') $(command \"sh -c 'echo c; echo d >&2'\" warn)"}
  - executable: {cmd: "echo $(command \"sh -c 'echo c; echo d >&2'\" capture)"}
"""

_REFUSED = {
    "a boolean where a string is wanted": 'executable: {cmd: "echo", name: true}',
    "an integer where seconds are wanted": 'executable: {cmd: "echo", respawn_delay: 2}',
    "an unknown attribute": 'executable: {cmd: "echo", banana: "x"}',
    "an unknown kind": 'banana: {cmd: "echo"}',
    "an unknown substitution": 'executable: {cmd: "echo $(banana x)"}',
    "two spaces between arguments": 'executable: {cmd: "echo $(env  HOME)"}',
    "quotes around a substitution": "executable: {cmd: \"echo 'a $(env HOME)'\"}",
    "an unknown package": "node: {pkg: no_such_package, exec: x}",
    "an unknown executable": "node: {pkg: takt_sim, exec: x}",
    "a bad node name": 'node: {pkg: takt_sim, exec: simulator_node, name: "1x"}',
    "a command that complains": "let: {name: x, value: \"$(command 'ls /nowhere')\"}",
    "an unknown way with complaints": "let: {name: x, value: \"$(command 'echo a' shout)\"}",
    "a bad condition": 'executable: {cmd: "echo", if: "maybe"}',
    "an argument without value": "arg: {name: needed}",
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An installation whose nodes do nothing, beside ROS 2."""
    prefix = install(tmp_path / "prefix", _EXECUTABLES)
    for folder in ("launch", "config"):
        (prefix / "share/takt_bringup" / folder).symlink_to(_ROOT / folder)
    (prefix / "share/takt_description/urdf").symlink_to(_ROOT / "urdf")
    return {
        **os.environ,
        "AMENT_PREFIX_PATH": f"{prefix}{os.pathsep}{os.environ.get('AMENT_PREFIX_PATH', '')}",
        "ROS_LOG_DIR": str(tmp_path / "log"),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "ROS_DOMAIN_ID": "0",
        "PYTHONUNBUFFERED": "1",
        "MUJOCO_GL": "egl",
        "HOME": str(tmp_path),
    }


def _by_ros(file: Path, words: list[str], environment: dict[str, str]) -> dict[str, Any]:
    program = Path(__file__).with_name("ros_launch_commands.py")
    result = subprocess.run(
        [sys.executable, str(program), str(file), *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    answer: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return answer


def _by_takt(file: Path, words: list[str], environment: dict[str, str], scratch: Path) -> list[Any]:
    arguments = dict(word.split(":=", 1) for word in words)
    plan = evaluate_launch_file(file, arguments, scratch, environment)
    found = []
    for process in plan.processes:
        pairs = itertools.pairwise(process.command)
        files = [Path(b) for a, b in pairs if a == "--params-file"]
        variables = process.environment
        found.append(
            {
                "command": list(process.command),
                "parameters": [yaml.safe_load(file.read_text()) for file in files],
                "environment": {k: v for k, v in variables.items() if environment.get(k) != v},
                "removed": sorted(set(environment) - set(variables)),
            }
        )
    return found


def _without_names_of_temporary_files(processes: list[Any]) -> list[Any]:
    for process in processes:
        process["command"] = [
            "TEMPORARY" if "launch_params_" in word else word for word in process["command"]
        ]
        process["environment"].pop("FASTDDS_DEFAULT_PROFILES_FILE", None)
        process["environment"].pop("FASTRTPS_DEFAULT_PROFILES_FILE", None)
    return sorted(processes, key=lambda process: str(process["command"]))


def _equal_to_itself(value: Any) -> Any:
    """Not a number is not equal to itself, but in a parameter file it is meant."""
    if isinstance(value, dict):
        return {name: _equal_to_itself(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_equal_to_itself(item) for item in value]
    return ".nan" if value != value else value


def _compare(file: Path, words: list[str], environment: dict[str, str], scratch: Path) -> None:
    by_ros = _by_ros(file, words, environment)
    assert by_ros["code"] == 0
    expected = _without_names_of_temporary_files(by_ros["processes"])
    found = _without_names_of_temporary_files(_by_takt(file, words, environment, scratch))
    assert expected
    assert _equal_to_itself(found) == _equal_to_itself(expected)


@pytest.mark.parametrize("words", [[], ["namespace:=left"]], ids=str)
@pytest.mark.parametrize("file", sorted((_ROOT / "launch").glob("*.yaml")), ids=lambda f: f.name)
def test_launch_files_of_takt(
    file: Path, words: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    needed = [f"{name}:={value}" for name, value in REQUIRED_ARGUMENTS.get(file.name, {}).items()]
    _compare(file, [*needed, *words], environment, tmp_path / "scratch")


@pytest.mark.parametrize("name", ["fr3", "iiwa14", "gen3", "ur"])
def test_launch_files_of_arms_without_hardware(
    name: str, environment: dict[str, str], tmp_path: Path
) -> None:
    words = ["use_mock_hardware:=true", "profile:=work", "policy:=true", "namespace:=left"]
    _compare(_ROOT / "launch" / f"{name}.launch.yaml", words, environment, tmp_path / "scratch")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (_GROUPS, []),
        (_GROUPS, ["ns:=arm"]),
        (_NODE, []),
        (_NODE, ["v:=3.5"]),
        (_NODE, ["v:=word"]),
        (_NODE, ["v:=[1, 2]"]),
        (_WORDS, []),
        (_WORDS, ["flag:=1"]),
    ],
)
def test_constructs(
    text: str, words: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "case.launch.yaml"
    file.write_text(text, encoding="utf-8")
    _compare(file, words, environment, tmp_path / "scratch")


@pytest.mark.parametrize("entity", _REFUSED.values(), ids=_REFUSED.keys())
def test_what_ros_refuses_takt_refuses(
    entity: str, environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "case.launch.yaml"
    file.write_text(f"launch:\n  - {entity}\n", encoding="utf-8")
    assert _by_ros(file, [], environment)["code"] != 0
    with pytest.raises(TaktError, match=r"case\.launch\.yaml:2"):
        _by_takt(file, [], environment, tmp_path / "scratch")
