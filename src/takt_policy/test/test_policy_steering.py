"""Steering: gradients against finite differences, and chunks that keep out and come near."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from policy_scene import SECOND_NS, observe, pose
from scipy.spatial.transform import Rotation

from takt_policy.actions import ActionCodec
from takt_policy.bundle import Bundle, Normalizer
from takt_policy.bundle.schema import ActionGroup
from takt_policy.engine import PolicyEngine
from takt_policy.errors import PolicyError
from takt_policy.execution import Execution
from takt_policy.guidance.costs import (
    GoalPosition,
    KeepOutBox,
    KeepOutHalfSpace,
    KeepOutSphere,
    PositionCost,
    Sketch,
)
from takt_policy.guidance.rotations import RotationGoal
from takt_policy.guidance.steering import Steering, SteeringCosts, WeightedCost
from takt_policy.guidance.steering_file import costs_from_mapping, load_steering
from takt_policy.testing import tiny_spec

Array = npt.NDArray[np.float64]
BundleOf = Callable[..., Bundle]

COSTS: dict[str, PositionCost] = {
    "sketch": Sketch(np.array([[0.3, 0.0, 0.2], [0.5, 0.1, 0.3], [0.6, -0.1, 0.1]]), 0.1),
    "sphere": KeepOutSphere(np.array([0.45, 0.0, 0.25]), 0.2),
    "box": KeepOutBox(np.array([0.3, -0.1, 0.1]), np.array([0.55, 0.1, 0.35])),
    "half space": KeepOutHalfSpace(np.array([0.0, 0.0, 0.25]), np.array([0.6, 0.0, 0.8])),
    "goal": GoalPosition(np.array([0.5, 0.05, 0.2]), 0.08),
}

places = st.tuples(st.floats(0.2, 0.7), st.floats(-0.2, 0.2), st.floats(0.0, 0.4)).map(np.array)


@pytest.mark.parametrize("name", COSTS)
@given(place=places)
@settings(max_examples=60, deadline=None)
def test_gradients_of_costs_by_finite_differences(name: str, place: Array) -> None:
    cost, step = COSTS[name], 1e-6
    numeric = np.array(
        [(cost.value(place + e) - cost.value(place - e)) / (2 * step) for e in step * np.eye(3)]
    )
    exact = cost.gradient(place)
    # Where the nearest face, or segment, changes, there is no gradient to compare with.
    near = [cost.gradient(place + e) for e in 4 * step * np.concatenate([np.eye(3), -np.eye(3)])]
    assume(all(np.linalg.norm(one - exact) < 1e-3 for one in near))
    np.testing.assert_allclose(exact, numeric, atol=2e-5)


@pytest.mark.parametrize("name", COSTS)
@given(place=places)
@settings(max_examples=40, deadline=None)
def test_the_gradient_is_the_way_that_undoes_the_cost(name: str, place: Array) -> None:
    """A step against it leaves a keep-out, and comes nearer to a path or a goal."""
    cost = COSTS[name]
    after = float(cost.value(place - cost.gradient(place)))
    assert after <= float(cost.value(place)) + 1e-12
    if name in ("sphere", "box", "half space"):
        assert after < 1e-12


def test_at_the_centre_of_a_sphere_there_is_a_way_out() -> None:
    sphere = KeepOutSphere(np.array([0.4, 0.0, 0.2]), 0.1)
    np.testing.assert_allclose(sphere.gradient(sphere.center_m), [0, 0, -0.1])


GROUPS = {
    "relative to the tool": ActionGroup("arm", "pose", "observation"),
    "relative along base axes": ActionGroup("arm", "pose", "observation", axes="base"),
    "absolute quaternion": ActionGroup("arm", "pose", "absolute", "quaternion"),
    "relative rotation vector": ActionGroup("arm", "pose", "observation", "rotation_vector"),
    "positions": ActionGroup("arm", "position", "observation"),
}


def _steering(group: ActionGroup, seed: int, **rotations: Any) -> tuple[Steering, ActionCodec]:
    spec = tiny_spec(actions=(ActionGroup("gripper", "width"), group))
    rng = np.random.default_rng(seed)
    scale = rng.uniform(0.05, 0.3, spec.action_size).astype(np.float32)
    offset = rng.uniform(-0.1, 0.1, spec.action_size).astype(np.float32)
    normalizer = Normalizer("minmax", offset, scale)
    asked = SteeringCosts(
        tuple(
            WeightedCost(cost, weight, name == "goal")
            for weight, (name, cost) in enumerate(COSTS.items(), 1)
        ),
        **rotations,
    )
    free = np.ones(16, np.bool_)
    steering = Steering.of(asked, spec, normalizer, pose(seed), free, 1.0)
    return steering, ActionCodec(spec, normalizer)


@pytest.mark.parametrize("name", GROUPS)
@given(seed=st.integers(0, 2**16))
@settings(max_examples=10, deadline=None)
def test_positions_are_the_decoded_ones(name: str, seed: int) -> None:
    steering, codec = _steering(GROUPS[name], seed)
    tokens = _tokens(steering, seed)
    decoded = codec.decode(tokens, pose(seed)).poses[:, :3]
    np.testing.assert_allclose(steering.positions.of(tokens[None])[0], decoded, atol=1e-6)


@pytest.mark.parametrize("name", GROUPS)
@given(seed=st.integers(0, 2**16))
@settings(max_examples=8, deadline=None)
def test_the_chain_rule_by_finite_differences(name: str, seed: int) -> None:
    """Derivatives of the whole cost by single normalised numbers."""
    has_rotation = GROUPS[name].kind == "pose"
    goal = RotationGoal(Rotation.from_rotvec([0.3, -0.2, 0.5]).as_quat(), 0.7, 0.4)
    steering, _ = _steering(GROUPS[name], seed, rotations=(goal,) if has_rotation else ())
    tokens = _tokens(steering, seed).astype(np.float64)
    rng, step = np.random.default_rng(seed), 1e-5
    gradient = steering.gradient(tokens[None])[0]  # type: ignore[arg-type]
    for _ in range(12):
        row, column = int(rng.integers(16)), int(rng.integers(tokens.shape[1]))
        values, slopes = [], []
        for sign in (1.0, -1.0):
            moved = tokens.copy()
            moved[row, column] += sign * step
            values.append(float(steering.value(moved[None])[0]))  # type: ignore[arg-type]
            slopes.append(steering.gradient(moved[None])[0, row, column])  # type: ignore[arg-type]
        if abs(slopes[0] - slopes[1]) > 1e-3:
            continue  # across a face
        numeric = (values[0] - values[1]) / (2 * step)
        assert gradient[row, column] == pytest.approx(numeric, abs=2e-5)


def _tokens(steering: Steering, seed: int) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (16, steering.positions.size)).astype(np.float32)


def test_a_full_step_moves_positions_by_the_gradient_in_metres() -> None:
    steering, _ = _steering(GROUPS["relative to the tool"], 4)
    alone = replace(steering, costs=(WeightedCost(COSTS["sketch"]),))
    tokens = _tokens(alone, 4)[None]
    before = alone.positions.of(tokens)
    after = alone.positions.of(alone.guide(tokens, None))  # type: ignore[arg-type]
    np.testing.assert_allclose(after, before - COSTS["sketch"].gradient(before), atol=1e-6)


def _file(path: Path, *costs: dict[str, Any]) -> str:
    path.write_text(yaml.safe_dump({"takt_steering": 1, "costs": list(costs)}))
    return str(path)


def test_a_chunk_keeps_out(bundle_of: BundleOf, tmp_path: Path) -> None:
    """The policy goes 30 mm straight down; a plane 10 mm below the tool ends that."""
    bundle, at = bundle_of(), pose(0)
    down = -at.rotation()[:, 2]  # the chunk moves along minus the tool's z
    point = at.position_m + 0.01 * down
    cost = {"kind": "keep_out_half_space", "point_m": point.tolist(), "normal": (-down).tolist()}
    steer = _file(tmp_path / "costs.yaml", cost)
    plain = PolicyEngine(bundle).plan(observe(bundle))
    steered = PolicyEngine(bundle, Execution(steer=steer)).plan(observe(bundle))
    depth = [(one.actions.poses[:, :3] - at.position_m) @ down for one in (plain, steered)]
    assert depth[0].max() == pytest.approx(0.028, abs=1e-3)
    assert depth[1].max() < 0.0105
    np.testing.assert_allclose(depth[1][:5], depth[0][:5], atol=1e-3)
    assert steered.network_calls == plain.network_calls


@pytest.mark.parametrize("family", ["diffusion", "flow"])
def test_a_chunk_comes_to_a_goal_pose(bundle_of: BundleOf, tmp_path: Path, family: str) -> None:
    bundle, at = bundle_of(family), pose(0)
    goal = at.position_m + [0.0, 0.03, 0.0]
    turned = Rotation.from_quat(at.quaternion_xyzw) * Rotation.from_rotvec([0.0, 0.0, 0.15])
    steer = _file(
        tmp_path / "costs.yaml",
        {"kind": "goal_position", "position_m": goal.tolist()},
        {"kind": "goal_rotation", "quaternion_xyzw": turned.as_quat().tolist(), "reach_rad": 1.0},
    )
    chunk = PolicyEngine(bundle, Execution(steer=steer)).plan(observe(bundle)).actions
    assert np.linalg.norm(chunk.poses[-1, :3] - goal) < 2e-3
    assert (Rotation.from_quat(chunk.poses[-1, 3:]) * turned.inv()).magnitude() < 0.02
    np.testing.assert_allclose(chunk.poses[1, :3], at.position_m, atol=1e-3)


def test_what_is_decided_is_not_steered(bundle_of: BundleOf, tmp_path: Path) -> None:
    bundle = bundle_of("flow")
    goal = (pose(0).position_m + [0.0, 0.2, 0.0]).tolist()
    steer = _file(tmp_path / "costs.yaml", {"kind": "sketch", "points_m": [goal, [0.5, 0, 0.5]]})
    later = observe(bundle, SECOND_NS + 300_000_000)
    chunks = []
    for path in ("", steer):
        engine = PolicyEngine(bundle, Execution(schedule="rtc", steer=path))
        before = PolicyEngine(bundle).plan(observe(bundle))
        chunks.append(
            engine.plan(later, previous=before, commit_ns=later.reference_ns + 400_000_000)
        )
    np.testing.assert_array_equal(chunks[0].raw[:6, :3], chunks[1].raw[:6, :3])
    assert np.abs(chunks[0].raw[8:, :3] - chunks[1].raw[8:, :3]).min(axis=0).max() > 0.01


GOOD = {"kind": "keep_out_sphere", "center_m": [0.4, 0, 0.2], "radius_m": 0.1, "margin_m": 0.02}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"takt_steering": 2, "costs": [GOOD]}, "'takt_steering' is 2; allowed: 1"),
    ({"takt_steering": 1, "costs": []}, "a list of at least one cost"),
    ({"takt_steering": 1, "costs": [GOOD], "scale": 1}, "unknown key 'scale'"),
    (
        {"takt_steering": 1, "costs": [{**GOOD, "kind": "keep_out"}]},
        "one of sketch, keep_out_sphere",
    ),
    ({"takt_steering": 1, "costs": [{**GOOD, "radius": 0.1}]}, r"'costs\[0\].radius'.*radius_m"),
    ({"takt_steering": 1, "costs": [{**GOOD, "radius_m": 0}]}, "above 0"),
    ({"takt_steering": 1, "costs": [{**GOOD, "weight": -1}]}, "above 0"),
    ({"takt_steering": 1, "costs": ["sphere"]}, "must be a mapping"),
    (
        {"takt_steering": 1, "costs": [{"kind": "sketch", "points_m": [[0, 0, 0]]}]},
        "at least two points of three numbers",
    ),
    (
        {
            "takt_steering": 1,
            "costs": [{"kind": "keep_out_box", "low_m": [0, 0, 1], "high_m": [1, 1, 1]}],
        },
        "less than high_m",
    ),
    (
        {
            "takt_steering": 1,
            "costs": [{"kind": "keep_out_half_space", "point_m": [0, 0, 1], "normal": [0, 0, 0]}],
        },
        "a direction, not zero",
    ),
    (
        {"takt_steering": 1, "costs": [{"kind": "goal_rotation", "quaternion_xyzw": [0, 0, 0, 0]}]},
        "a rotation, not zero",
    ),
]


@pytest.mark.parametrize(("content", "why"), BAD)
def test_a_steering_file_is_read_strictly(content: dict[str, Any], why: str) -> None:
    with pytest.raises(PolicyError, match=why):
        costs_from_mapping(content, "costs.yaml")


def test_margins_count() -> None:
    costs = costs_from_mapping({"takt_steering": 1, "costs": [GOOD]}, "costs.yaml").positions
    sphere = costs[0].cost
    assert isinstance(sphere, KeepOutSphere)
    assert sphere.radius_m == pytest.approx(0.12)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(PolicyError, match="no file; 'steer' is the path"):
        load_steering("nowhere.yaml")


def test_orientations_are_steered_only_where_the_policy_says_them(
    bundle_of: BundleOf, tmp_path: Path
) -> None:
    bundle = bundle_of(actions=(ActionGroup("arm", "position", "observation"),))
    steer = _file(
        tmp_path / "costs.yaml", {"kind": "goal_rotation", "quaternion_xyzw": [1, 0, 0, 0]}
    )
    with pytest.raises(PolicyError, match="does not say orientations"):
        PolicyEngine(bundle, Execution(steer=steer))
