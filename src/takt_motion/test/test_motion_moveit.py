"""The MoveIt backend against a stand-in for moveit_py.

It proves our own logic: the order of joints, which states are asked for, what is done with the
answers. That the stand-in behaves as MoveIt does is read off its bindings, and was never run.
"""

from __future__ import annotations

import math
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

pytest.importorskip("takt_msgs.msg", exc_type=ImportError)

from takt_core.errors import TaktError
from takt_motion.nodes.moveit_planner import MoveItPlanner

JOINTS = ("a", "b")


class State:
    """moveit.core.robot_state.RobotState; a copy is a new state."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {"finger": 0.03}
        self.is_updated = False

    def __copy__(self) -> State:
        other = State()
        other.values = dict(self.values)
        return other

    def set_joint_group_positions(self, group: str, values: Any) -> None:
        assert group == "arm"
        self.values["arm"] = np.array(values)
        self.is_updated = False

    def update(self) -> None:
        self.is_updated = True


class Scene:
    """A disc of radius 1 around 0 is in the way."""

    def __init__(self) -> None:
        self.current_state = State()
        self.names: Any = {("a_link", "disc"): []}

    def is_state_valid(self, robot_state: State, joint_model_group_name: str) -> bool:
        assert robot_state.is_updated
        assert robot_state.values["finger"] == 0.03
        return float(np.linalg.norm(robot_state.values["arm"])) > 1.0

    def check_collision(self, request: Any, result: Any, state: State) -> None:
        assert request.joint_model_group_name == "arm"
        result.collision = not self.is_state_valid(state, "arm")
        result.contacts = self.names


class MoveItPy:
    """Plans around the disc; the joints of its message come in another order."""

    newest: MoveItPy

    def __init__(self, node_name: str, config_dict: dict[str, Any]) -> None:
        MoveItPy.newest = self
        self.config = config_dict
        self.scene = Scene()
        self.locks = 0
        self.found = True
        self.states: dict[str, State] = {}

    def get_robot_model(self) -> Any:
        group = types.SimpleNamespace(active_joint_model_names=list(JOINTS))
        return types.SimpleNamespace(
            has_joint_model_group=lambda name: name == "arm",
            get_joint_model_group=lambda name: group,
        )

    def get_planning_scene_monitor(self) -> Any:
        @contextmanager
        def read_only() -> Iterator[Scene]:
            assert self.locks == 0, "a second lock can wait for ever"
            self.locks += 1
            yield self.scene
            self.locks -= 1

        return types.SimpleNamespace(read_only=read_only)

    def get_planning_component(self, name: str) -> MoveItPy:
        return self

    def set_start_state(self, robot_state: State) -> None:
        self.states["start"] = robot_state

    def set_goal_state(self, robot_state: State) -> None:
        self.states["goal"] = robot_state

    def plan(self, single_plan_parameters: Any) -> Any:
        assert self.locks == 0
        assert single_plan_parameters.planning_time == 2.0
        if not self.found:
            return _Refusal()
        start, goal = (self.states[name].values["arm"] for name in ("start", "goal"))
        angles = np.linspace(math.atan2(*start[::-1]), math.atan2(*goal[::-1]), 40)
        points = [
            types.SimpleNamespace(positions=[1.2 * math.sin(t), 1.2 * math.cos(t)]) for t in angles
        ]
        message = types.SimpleNamespace(joint_names=["b", "a"], points=points)
        return types.SimpleNamespace(
            trajectory=types.SimpleNamespace(
                get_robot_trajectory_msg=lambda: types.SimpleNamespace(joint_trajectory=message)
            )
        )


class _Refusal:
    error_code = "PLANNING_FAILED"

    def __bool__(self) -> bool:
        return False


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    request = type("CollisionRequest", (), {})
    result = type("CollisionResult", (), {})
    parameters = type("PlanRequestParameters", (), {"__init__": lambda self, *_: None})
    for name, contents in {
        "moveit": {},
        "moveit.core": {},
        "moveit.core.collision_detection": {
            "CollisionRequest": request,
            "CollisionResult": result,
        },
        "moveit.planning": {"MoveItPy": MoveItPy, "PlanRequestParameters": parameters},
    }.items():
        module = types.ModuleType(name)
        module.__dict__.update(contents)
        monkeypatch.setitem(sys.modules, name, module)
    file = tmp_path / "moveit.yaml"
    file.write_text(yaml.safe_dump({"robot_description": "<robot/>"}))
    return file


def planner(config: Path, group: str = "arm", joints: tuple[str, ...] = JOINTS) -> MoveItPlanner:
    return MoveItPlanner(config, group, joints, 2.0)


def test_a_path_around_what_is_in_the_way(config: Path) -> None:
    start, goal = np.array([1.2, 0.0]), np.array([0.0, 1.2])
    made = planner(config)
    corners = made.find_path(start, goal)
    np.testing.assert_array_equal(corners[[0, -1]], [start, goal])
    assert 2 < len(corners) < 12, "dense points are no corners"
    for k in range(len(corners) - 1):
        assert made.is_free_between(corners[k], corners[k + 1])
    assert not made.is_free_between(np.array([1.5, 0.0]), np.array([-1.5, 0.0]))
    assert MoveItPy.newest.config == {"robot_description": "<robot/>"}
    assert "arm" not in MoveItPy.newest.scene.current_state.values


def test_who_touches_whom_as_far_as_the_bindings_say(config: Path) -> None:
    made = planner(config)
    assert made.touching(np.array([2.0, 0.0])) == {}
    (found,) = made.touching(np.array([0.5, 0.0])).items()
    assert found[0] == "a_link - disc"
    assert math.isnan(found[1])
    MoveItPy.newest.scene.names = object()
    assert list(made.touching(np.array([0.5, 0.0]))) == ["something of arm"]


def test_a_refusal_says_why(config: Path) -> None:
    made = planner(config)
    MoveItPy.newest.found = False
    with pytest.raises(TaktError, match="PLANNING_FAILED"):
        made.find_path(np.array([1.2, 0.0]), np.array([0.0, 1.2]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"group": "leg"}, "no group 'leg'"),
        ({"joints": ("b", "a")}, r"has the joints \['a', 'b'\]"),
    ],
)
def test_what_does_not_fit_is_refused(config: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(TaktError, match=words):
        planner(config, **changes)


def test_a_file_that_is_none_is_refused(config: Path) -> None:
    with pytest.raises(TaktError, match="cannot be read"):
        planner(config.with_name("nothing.yaml"))
    config.write_text("- 1")
    with pytest.raises(TaktError, match="no mapping"):
        planner(config)


def test_without_moveit_it_says_what_to_install(tmp_path: Path) -> None:
    assert "moveit" not in sys.modules
    with pytest.raises(TaktError, match="Install MoveIt 2"):
        planner(tmp_path / "moveit.yaml")
