"""Samples that a policy's inputs can read, made up: for measuring how long reading them takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from takt_core.geometry import Pose
from takt_core.streams import Sample
from takt_policy.bundle.schema import InputSpec, PolicySpec
from takt_policy.goals import Goal

_PERIOD_NS = 10_000_000
_MEMORY_NS = 2_000_000_000


def made_up_samples(spec: PolicySpec, until_ns: int) -> list[Sample]:
    """Two seconds of all streams at 100 Hz, fast inputs and the goal as well."""
    rng = np.random.default_rng(0)
    inputs = [one for one in (*spec.inputs, *spec.fast_inputs) if not one.is_goal]
    samples = [_goal(one).sample(until_ns - _MEMORY_NS) for one in spec.goal_inputs]
    for time_ns in range(until_ns - _MEMORY_NS, until_ns + 1, _PERIOD_NS):
        features: dict[str, dict[str, Any]] = {}
        for one in inputs:
            features.setdefault(one.stream, {})[one.feature] = _value(one, rng)
        samples += [Sample(stream, time_ns, values) for stream, values in features.items()]
    return samples


def _value(one: InputSpec, rng: np.random.Generator) -> Any:
    kind = one.preprocess.kind
    if kind == "image":
        return rng.integers(0, 256, (one.shape[1], one.shape[2], 3), np.uint8)
    if kind == "pose":
        return np.array([0.4, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0])
    if kind == "field":
        return rng.standard_normal((one.shape[1], one.shape[2], 3))
    return rng.standard_normal(one.shape)


def _goal(one: InputSpec) -> Goal:
    kind = one.preprocess.kind
    if kind == "goal_text":
        return Goal(text=one.preprocess.choices[0])
    if kind == "goal_bytes":
        return Goal(text="go")
    if kind == "goal_pose":
        return Goal(pose=Pose.identity())
    if kind == "goal_point":
        return Goal(point_m=np.zeros(3))
    return Goal(image=np.zeros((one.shape[1], one.shape[2], 3), np.uint8))
