"""Paths by MoveIt 2 through moveit_py, with MoveIt's own planning scene.

Imported only where the motion node is told to use it. It has been written against the
bindings of moveit_py (Jazzy, Kilted) and tested against a stand-in for them, never against MoveIt.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from takt_core.errors import TaktError
from takt_core.geometry import Array
from takt_motion.planners.shortcut import shorten

# Between two checks of a motion [rad]. MoveIt's padding of links is the margin here.
_STEP_RAD = 0.02
_NODE_NAME = "takt_moveit"
_SEED = 1


class MoveItPlanner:
    """Plans in the joints of one group of the SRDF; only the path is MoveIt's, not its timing.

    Args:
        config: file with the parameters of MoveIt's node: robot_description,
            robot_description_semantic, robot_description_kinematics, planning_scene_monitor,
            planning_pipelines, plan_request_params and so on.
        group: planning group of the arm.
        joint_names: the arm's joints, in the order of all joint vectors here.

    Raises:
        TaktError: moveit_py is not installed, or the group has other joints.
    """

    name = "MoveIt"

    def __init__(
        self, config: Path, group: str, joint_names: tuple[str, ...], time_limit_s: float
    ) -> None:
        try:
            from moveit.core.collision_detection import CollisionRequest, CollisionResult
            from moveit.planning import MoveItPy, PlanRequestParameters
        except ImportError as error:
            raise TaktError(
                f"backend moveit needs moveit_py, which is not there: {error}. Install MoveIt 2, "
                "or set backend to ompl"
            ) from error
        self._collision = CollisionRequest, CollisionResult
        self._group = group
        self._moveit = MoveItPy(node_name=_NODE_NAME, config_dict=_parameters(config))
        self._model = self._moveit.get_robot_model()
        if not self._model.has_joint_model_group(group):
            raise TaktError(f"the SRDF has no group {group!r}. Change moveit_group")
        found = tuple(self._model.get_joint_model_group(group).active_joint_model_names)
        if found != joint_names:
            raise TaktError(
                f"group {group!r} has the joints {list(found)}; joint_names are {list(joint_names)}"
            )
        self._names = joint_names
        self._component = self._moveit.get_planning_component(group)
        self._request = PlanRequestParameters(self._moveit, "")
        self._request.planning_time = time_limit_s
        # Speeds are ours.
        self._request.max_velocity_scaling_factor = 1.0
        self._request.max_acceleration_scaling_factor = 1.0

    def touching(self, q: Array) -> Mapping[str, float]:
        make_request, make_result = self._collision
        request, result = make_request(), make_result()
        request.joint_model_group_name = self._group
        request.contacts, request.max_contacts = True, 20
        with self._scene() as scene:
            scene.check_collision(request, result, self._state(scene, q))
        if not result.collision:
            return {}
        try:
            names = [" - ".join(pair) for pair in result.contacts]
        except TypeError:
            # Not every version of the bindings can say who touches whom.
            names = []
        return dict.fromkeys(names or [f"something of {self._group}"], math.nan)

    def is_free_between(self, first: Array, second: Array) -> bool:
        count = math.ceil(float(np.abs(second - first).max()) / _STEP_RAD)
        with self._scene() as scene:
            return all(
                scene.is_state_valid(
                    self._state(scene, first + (second - first) * (k / count)), self._group
                )
                for k in range(1, count)
            )

    def find_path(self, start: Array, goal: Array) -> Array:
        with self._scene() as scene:
            states = self._state(scene, start), self._state(scene, goal)
        self._component.set_start_state(robot_state=states[0])
        self._component.set_goal_state(robot_state=states[1])
        answer = self._component.plan(single_plan_parameters=self._request)
        if not answer:
            raise TaktError(f"MoveIt found no path: {answer.error_code}")
        message = answer.trajectory.get_robot_trajectory_msg().joint_trajectory
        names = list(message.joint_names)
        order = [names.index(name) for name in self._names]
        rows = np.array([point.positions for point in message.points], dtype=np.float64)
        # MoveIt's points are dense; where it is straight on between them they are no corners.
        corners = np.vstack([start, rows[1:-1, order], goal])
        return shorten(corners, self, np.random.default_rng(_SEED))

    def _state(self, scene: Any, q: Array) -> Any:
        """A state with the arm there, and everything else as it is measured now."""
        state = copy.copy(scene.current_state)
        state.set_joint_group_positions(self._group, q)
        state.update()
        return state

    def _scene(self) -> AbstractContextManager[Any]:
        scene: AbstractContextManager[Any] = self._moveit.get_planning_scene_monitor().read_only()
        return scene


def _parameters(config: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(config.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise TaktError(f"moveit_config {config} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise TaktError(f"moveit_config {config} is no mapping of parameters")
    return values
