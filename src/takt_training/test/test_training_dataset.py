"""Shards to training data: the same numbers as at run time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from takt_core.errors import TaktError
from takt_core.geometry import Pose, matrix_from_rotation_vector, quaternion_from_matrix
from takt_training.recipes.peg_insertion import PegInsertionRecipe
from takt_training.shards import dataset_hash, load_shards, save_shard

pytest.importorskip("torch")

from takt_policy.actions import ActionCodec
from takt_policy.bundle.schema import ActionGroup
from takt_training.dataset import encoded_actions, fit_scales, relative_actions, training_set

SPEC = PegInsertionRecipe().specification()


def random_poses(rng: np.random.Generator, *shape: int) -> np.ndarray:
    flat = [
        Pose(rng.normal(size=3), quaternion_from_matrix(matrix_from_rotation_vector(turn))).array7()
        for turn in rng.normal(size=(int(np.prod(shape)), 3))
    ]
    return np.array(flat).reshape(*shape, 7)


def random_arrays(count: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    spec = SPEC
    arrays = {}
    for one in spec.inputs:
        shape = (count, one.history, *one.shape)
        if one.dtype == "uint8":
            arrays[f"input/{one.name}"] = rng.integers(0, 256, shape, dtype=np.uint8)
            arrays[f"points/{one.name}"] = rng.uniform(0, 95, (count, 6, 2)).astype(np.float32)
        else:
            arrays[f"input/{one.name}"] = rng.normal(size=shape).astype(np.float32)
    arrays["reference"] = random_poses(rng, count)
    arrays["actions"] = random_poses(rng, count, spec.horizons.prediction)
    arrays["landmark"] = rng.normal(size=(count, 4))
    arrays["episode"] = np.arange(count) // 2
    return arrays


def test_relative_actions_are_those_of_the_runtime_codec() -> None:
    rng = np.random.default_rng(0)
    reference, actions = random_poses(rng, 3), random_poses(rng, 3, 4)
    encoded = relative_actions(reference, actions)
    codec = ActionCodec(SPEC)
    for row in range(3):
        pose = Pose.from_array7(reference[row])
        decoded = codec.decode(encoded[row], pose).poses
        for found, wanted in zip(decoded, actions[row], strict=True):
            assert np.allclose(found[:3], wanted[:3], atol=1e-5)
            assert abs(abs(found[3:] @ wanted[3:]) - 1.0) < 1e-5


def test_training_set_is_normalised_and_split_by_episode() -> None:
    spec = SPEC
    arrays = random_arrays(60)
    episode = arrays["episode"].copy()
    data = training_set(spec, arrays, fit_scales(spec, arrays))
    assert float(data.chunk.abs().max()) <= 1.0
    assert data.vectors["wrench"].shape == (60, 24)
    training, held_out = set(episode[data.training]), set(episode[data.held_out])
    assert held_out
    assert not training & held_out
    assert len(data.training) + len(data.held_out) == 60


def test_shards_come_back_joined_and_hashed_by_content(tmp_path) -> None:
    paths = [tmp_path / "a.npz", tmp_path / "b.npz"]
    for number, path in enumerate(paths):
        save_shard(path, {"x": np.full((2, 3), number)})
    assert load_shards(paths)["x"].tolist() == [[0] * 3] * 2 + [[1] * 3] * 2
    before = dataset_hash(paths)
    save_shard(paths[0], {"x": np.full((2, 3), 0)})
    assert dataset_hash(paths) == before
    save_shard(paths[0], {"x": np.full((2, 3), 7)})
    assert dataset_hash(paths) != before


def test_shards_that_do_not_fit_together_are_refused(tmp_path) -> None:
    with pytest.raises(TaktError, match="no demonstrations"):
        load_shards([])
    paths = [tmp_path / "a.npz", tmp_path / "b.npz"]
    save_shard(paths[0], {"x": np.zeros(1)})
    save_shard(paths[1], {"y": np.zeros(1)})
    with pytest.raises(TaktError, match=r"b\.npz holds y"):
        load_shards(paths)


@pytest.mark.parametrize(
    "gripper",
    [
        ActionGroup("gripper", "width"),
        ActionGroup("gripper", "open", open_width_m=0.08, closed_width_m=0.02),
    ],
)
def test_gripper_actions_are_those_of_the_runtime_codec(gripper: ActionGroup) -> None:
    spec = replace(SPEC, actions=(*SPEC.actions, gripper))
    rng = np.random.default_rng(1)
    arrays = {
        "reference": random_poses(rng, 3),
        "actions": random_poses(rng, 3, spec.horizons.prediction),
        "widths": rng.choice([0.02, 0.08], (3, spec.horizons.prediction)),
    }
    encoded = encoded_actions(spec, arrays)
    for row in range(3):
        reference = Pose.from_array7(arrays["reference"][row])
        wanted = ActionCodec(spec).encode(arrays["actions"][row], arrays["widths"][row], reference)
        np.testing.assert_allclose(encoded[row], wanted, atol=1e-5)


def test_an_action_that_no_recipe_uses_is_refused() -> None:
    spec = replace(SPEC, actions=(ActionGroup("arm", "position", "absolute"),))
    with pytest.raises(TaktError, match="recipes may use pose"):
        encoded_actions(spec, {"actions": np.zeros((1, 16, 7))})
