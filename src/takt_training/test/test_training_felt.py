"""Pairs of a look and a later moment, made from a motion that is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from takt_core.geometry import Pose, matrix_from_rotation_vector, quaternion_from_matrix
from takt_core.streams import Sample
from takt_policy.bundle.schema import FastSpec, ResidualSpec
from takt_training.episode import FAST_NS, FAST_PLAN, STEP_NS
from takt_training.recipes.peg_insertion import PegInsertionRecipe

pytest.importorskip("torch")

import torch

from takt_policy.observation import ObservationBuilder
from takt_training.dataset import Scales, fit_scales, training_set
from takt_training.felt import FeltSet

RECIPE = PegInsertionRecipe()
SPEC = RECIPE.specification()
START_NS = 5_000_000_000
SPEED = np.array([0.03, -0.02, -0.05, 0.1, 0.05, -0.2])
JUMP_M = np.array([0.003, 0.0, 0.0])


def pose_at(time_ns: float) -> np.ndarray:
    """The one motion of the test, in base."""
    seconds = (time_ns - START_NS) * 1e-9
    turn = matrix_from_rotation_vector(SPEED[3:] * seconds) @ np.diag([1.0, -1.0, -1.0])
    place = np.array([0.5, 0.1, 0.3]) + SPEED[:3] * seconds
    return Pose(place, quaternion_from_matrix(turn)).array7()


def arrays(jump_at_ns: int | None = None) -> dict[str, np.ndarray]:
    """Episodes 1 and 20 (held out): looks every 0.1 s, felt moments every 50 ms for 2 s."""
    rng = np.random.default_rng(0)
    looks, moments = START_NS + STEP_NS * np.arange(20), START_NS + FAST_NS * np.arange(40)
    horizon = SPEC.horizons
    steps = (np.arange(horizon.prediction) - horizon.first) * STEP_NS
    count, felt = 2 * len(looks), 2 * len(moments)
    made: dict[str, np.ndarray] = {}
    for one in SPEC.inputs:
        shape = (count, one.history, *one.shape)
        if one.dtype != "uint8":
            made[f"input/{one.name}"] = rng.normal(size=shape).astype(np.float32)
    made["reference"] = np.tile([pose_at(t) for t in looks], (2, 1))
    made["actions"] = np.tile([[pose_at(t + s) for s in steps] for t in looks], (2, 1, 1))
    made["landmark"] = rng.normal(size=(count, 4))
    made["episode"], made["time_ns"] = np.repeat([1, 20], len(looks)), np.tile(looks, 2)
    made["acted"] = np.tile(np.arange(len(looks)) % 4 == 0, 2)
    plans = np.array([[pose_at(t + k * FAST_NS) for k in range(FAST_PLAN + 1)] for t in moments])
    if jump_at_ns is not None:
        plans[moments >= jump_at_ns, :, :3] += JUMP_M
    made["fast/plan"] = np.tile(plans, (2, 1, 1))
    made["fast/reference"] = np.tile([pose_at(t) for t in moments], (2, 1))
    made["fast/episode"], made["fast/time_ns"] = (
        np.repeat([1, 20], len(moments)),
        np.tile(moments, 2),
    )
    made["fast/plan_ns"] = made["fast/time_ns"]
    made["fast/fast_wrench"] = rng.normal(size=(felt, 6)).astype(np.float32)
    made["fast/fast_tactile"] = rng.normal(size=(felt, 3, 8, 8)).astype(np.float32)
    return made


def felt_set(jump_at_ns: int | None = None) -> tuple[FeltSet, Scales, dict[str, np.ndarray]]:
    made = arrays(jump_at_ns)
    scales = fit_scales(SPEC, made)
    data = training_set(SPEC, dict(made), scales)
    return FeltSet(SPEC, RECIPE.fast_inputs(), data, made, scales), scales, made


def test_without_a_disturbance_what_is_right_is_what_was_planned() -> None:
    felt, _, _ = felt_set()
    batch = felt.draw(64)
    assert (batch.elapsed >= 0.0).all()
    assert (batch.elapsed <= 1.4).all()
    assert batch.ahead.any(1).all()
    chunk = felt.data.chunk[batch.slow]
    assert torch.allclose(batch.target, chunk, atol=2e-3)


def test_after_a_jump_it_is_off_by_the_jump_in_the_frame_of_the_chunk() -> None:
    jump_at_ns = START_NS + 8 * STEP_NS
    felt, scales, made = felt_set(jump_at_ns)
    slow, fast = torch.tensor([4, 4]), torch.tensor([14, 18])
    batch = felt.pairs(slow, fast)
    off = (batch.target - felt.data.chunk[slow])[..., :3].numpy()
    off = off * scales.normalizers["action"].scale[:3]
    turn = Pose.from_array7(made["reference"][4]).rotation()
    np.testing.assert_allclose(off[0], 0.0, atol=1e-4)
    ahead = batch.ahead[1].numpy()
    np.testing.assert_allclose(off[1][ahead], np.tile(turn.T @ JUMP_M, (ahead.sum(), 1)), atol=1e-4)
    np.testing.assert_array_equal(off[1][~ahead], 0.0)


def test_only_looks_from_which_the_robot_acted_are_paired_and_the_episode_is_the_same() -> None:
    felt, _, made = felt_set()
    for held_out, episode in ((False, 1), (True, 20)):
        slow = felt.draw(200, held_out).slow.numpy()
        assert made["acted"][slow].all()
        assert set(made["episode"][slow]) == {episode}


def test_fast_inputs_are_those_that_the_runtime_builds() -> None:
    felt, scales, made = felt_set()
    look, moment = 4, 20
    batch = felt.pairs(torch.tensor([look]), torch.tensor([moment]))
    normalizers = {**scales.normalizers, **felt.normalizers}
    builder = ObservationBuilder(fast_spec(), normalizers, fast=True)
    for index in range(moment + 1):
        for sample in samples_of(made, index):
            builder.push(sample)
    chunk = Pose.from_array7(made["reference"][look])
    seen = builder.build(int(made["fast/time_ns"][moment]), base_from_chunk=chunk)
    for one, value in zip(RECIPE.fast_inputs(), batch.inputs, strict=True):
        np.testing.assert_allclose(seen.arrays[one.name], value.numpy(), atol=2e-4)


def fast_spec():
    """The recipe's policy with its fast inputs and a residual, as a bundle has them."""
    kinds = {"fast_pose": "minmax", "fast_wrench": "meanstd", "fast_tactile": "meanstd"}
    return replace(
        SPEC,
        fast=FastSpec(0.05, RECIPE.fast_inputs()),
        residual=ResidualSpec((0.1,) * SPEC.action_size),
        normalizer={**SPEC.normalizer, **kinds},
    )


def samples_of(made: dict[str, np.ndarray], index: int) -> tuple[Sample, Sample]:
    """What a robot would have published at a felt moment."""
    stamp_ns = int(made["fast/time_ns"][index])
    arm = {
        "tcp_pose": made["fast/reference"][index],
        "wrench": made["fast/fast_wrench"][index].astype(np.float64),
    }
    field = {"displacement": np.moveaxis(made["fast/fast_tactile"][index], 0, -1)}
    return Sample("arm/state", stamp_ns, arm), Sample("fingertip/field", stamp_ns, field)
