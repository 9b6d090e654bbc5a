"""From a goal to the inputs of a policy that takes one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from takt_core.geometry import Pose
from takt_policy.bundle.schema import InputSpec, PolicySpec
from takt_policy.errors import PolicyError
from takt_policy.goals import Goal
from takt_policy.observation.preprocess import channels_first, frame_of, pose_features, scaled

Array = npt.NDArray[Any]


def goal_problem(spec: PolicySpec, goal: Goal | None) -> str | None:
    """Why a policy cannot work with a goal, and what it needs; None if it can.

    A policy without goal inputs works with any goal: it does what it always does.
    """
    for one in spec.goal_inputs:
        found = (
            "none was set" if goal is None or not goal.kind else f"the present one is {goal.words}"
        )
        if goal is None or goal.kind != one.feature:
            return f"policy {spec.name!r} needs {_needed(one)} as its goal, but {found}"
        try:
            store_goal(one, goal)
        except PolicyError as error:
            return f"policy {spec.name!r} needs {_needed(one)} as its goal: {error}"
    return None


def store_goal(one: InputSpec, goal: Goal) -> Array:
    """What is kept of a goal for an input until an observation is built.

    Raises:
        PolicyError: the goal does not fit the input.
    """
    kind = one.preprocess.kind
    if goal.text is not None and kind == "goal_text":
        return _one_hot(one, goal.text)
    if goal.text is not None and kind == "goal_bytes":
        return _padded(one, goal.text)
    if goal.pose is not None and kind == "goal_pose":
        return goal.pose.array7()
    if goal.point_m is not None and kind == "goal_point":
        if not np.isfinite(goal.point_m).all():
            raise PolicyError(f"the point {goal.point_m.tolist()} is not finite")
        return goal.point_m
    if goal.image is not None and kind == "goal_image":
        return channels_first(one, goal.image)
    raise PolicyError(f"it is {goal.words}; set another")


def finish_goal(one: InputSpec, stored: Array, base_from_reference: Pose) -> Array:
    """The graph's input before normalisation, of the input's shape."""
    if one.preprocess.kind == "goal_image":
        return scaled(one, stored)
    base_from_frame = frame_of(one.preprocess, base_from_reference)
    if one.preprocess.kind == "goal_pose":
        stored = pose_features(stored[None], base_from_frame)[0]
    if one.preprocess.kind == "goal_point":
        stored = (stored - base_from_frame.position_m) @ base_from_frame.rotation()
    return stored


def _one_hot(one: InputSpec, text: str) -> Array:
    choices = [_plain(choice) for choice in one.preprocess.choices]
    if _plain(text) not in choices:
        raise PolicyError(f"{text!r} is none of them")
    chosen = np.zeros(len(choices), np.float32)
    chosen[choices.index(_plain(text))] = 1.0
    return chosen


def _padded(one: InputSpec, text: str) -> Array:
    content = text.encode()
    if not content or len(content) > one.shape[0]:
        raise PolicyError(f"{text!r} has {len(content)} bytes")
    padded = np.zeros(one.shape, np.int64)
    padded[: len(content)] = np.frombuffer(content, np.uint8)
    return padded


def _plain(text: str) -> str:
    """Of a sentence, what two people would agree on."""
    return " ".join(text.split()).rstrip(".").casefold()


def _needed(one: InputSpec) -> str:
    choices = ", ".join(repr(choice) for choice in one.preprocess.choices)
    return {
        "goal_text": f"one of the texts {choices}",
        "goal_bytes": f"a text of 1 to {one.shape[0]} bytes",
        "goal_pose": "a pose",
        "goal_point": "a point",
        "goal_image": "an image",
    }[one.preprocess.kind]
