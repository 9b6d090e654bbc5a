"""Goals: what a policy is told becomes its input, and what it lacks is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_core.geometry import Pose, rotation_6d_from_matrix
from takt_core.streams import Sample
from takt_policy.bundle.schema import PolicySpec, Preprocess, goal_input
from takt_policy.errors import PolicyError
from takt_policy.goals import Goal
from takt_policy.observation import Missing, Observation, ObservationBuilder, goal_problem
from takt_policy.testing import GOAL_CHOICES, IMAGE_SIZE, tiny_spec

START = 5_000_000_000
MS = 1_000_000
HERE = Pose(np.array([0.4, 0.1, 0.3]), np.array([0.0, 0.0, np.sqrt(0.5), np.sqrt(0.5)]))


def _filled(spec: PolicySpec) -> ObservationBuilder:
    builder = ObservationBuilder(spec)
    for ms in range(0, 400, 10):
        now = START + ms * MS
        builder.push(Sample("arm/state", now, {"tcp_pose": HERE.array7()}))
        builder.push(Sample("arm/wrench", now, {"wrench": np.zeros(6)}))
        image = np.zeros((IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8)
        builder.push(Sample("wrist_camera/image_raw", now, {"image": image}))
    return builder


def _told(spec: PolicySpec, goal: Goal) -> dict[str, np.ndarray]:
    builder = _filled(spec)
    builder.push(goal.sample(START))
    reference = builder.reference(START + 400 * MS)
    assert isinstance(reference, int), reference
    observation = builder.build(reference)
    assert isinstance(observation, Observation)
    return observation.arrays


@pytest.mark.parametrize(("index", "text"), [(0, GOAL_CHOICES[0]), (1, "  Pull it OUT. ")])
def test_a_sentence_is_one_of_the_choices(index: int, text: str) -> None:
    spec = tiny_spec(goal=("goal_text",))
    found = _told(spec, Goal(text=text))["goal_text"]
    assert found.shape == (1, 2)
    np.testing.assert_array_equal(found[0], np.eye(2, dtype=np.float32)[index])


@given(text=st.text(min_size=1, max_size=8))
@settings(max_examples=20, deadline=None)
def test_bytes_read_back_as_the_text(text: str) -> None:
    found = _told(tiny_spec(goal=("goal_bytes",)), Goal(text=text))["goal_bytes"]
    assert (found.shape, found.dtype) == ((1, 32), np.int64)
    content = bytes(found[0].astype(np.uint8))
    assert content[: len(text.encode())].decode() == text
    assert not any(content[len(text.encode()) :])


def test_poses_and_points_are_in_their_frame() -> None:
    goal = Pose(np.array([0.5, 0.3, 0.1]), np.array([0.6, 0.0, 0.0, 0.8]))
    relative = HERE.inverse() @ goal
    wanted = np.concatenate([relative.position_m, rotation_6d_from_matrix(relative.rotation())])
    found = _told(tiny_spec(goal=("goal_pose",)), Goal(pose=goal))["goal_pose"]
    np.testing.assert_allclose(found, wanted[None], atol=1e-6)
    point = Goal(point_m=goal.position_m)
    found = _told(tiny_spec(goal=("goal_point",)), point)["goal_point"]
    np.testing.assert_allclose(found, goal.position_m[None], atol=1e-6)
    near = goal_input("goal_point", Preprocess("goal_point", "reference"), (3,), "float32")
    spec = tiny_spec(inputs=(*tiny_spec().inputs, near))
    np.testing.assert_allclose(
        _told(spec, point)["goal_point"], relative.position_m[None], atol=1e-6
    )


def test_images_are_brought_to_size() -> None:
    spec = tiny_spec(goal=("goal_image",))
    image = np.zeros((2 * IMAGE_SIZE, 2 * IMAGE_SIZE, 3), np.uint8)
    image[:, :, 1] = 50
    found = _told(spec, Goal(image=image))["goal_image"]
    assert (found.shape, found.dtype) == ((1, 3, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    assert (found[0, 1] == 50).all()
    assert not found[0, 0].any()


def test_a_policy_without_its_goal_waits_and_says_which() -> None:
    builder = _filled(tiny_spec(goal=("goal_text",)))
    now = START + 400 * MS
    for goal, words in (
        (None, "none was set"),
        (Goal(), "none was set"),
        (Goal(pose=HERE), "the present one is a pose"),
        (Goal(text="dance"), "'dance' is none of them"),
    ):
        if goal is not None:
            builder.push(goal.sample(START))
        for found in (builder.reference(now), builder.build(now - 20 * MS)):
            assert isinstance(found, Missing)
            assert found.stream == "goal"
            assert "needs one of the texts 'insert the peg', 'pull it out'" in found.reason
            assert words in found.reason
    builder.push(Goal(text=GOAL_CHOICES[0]).sample(START))
    assert isinstance(builder.reference(now), int)


def test_the_goal_holds_when_time_begins_anew_and_until_it_is_taken_back() -> None:
    builder = _filled(tiny_spec(goal=("goal_text",)))
    builder.push(Goal(text=GOAL_CHOICES[0]).sample(START))
    builder.push(Sample("arm/state", MS, {"tcp_pose": HERE.array7()}))
    found = builder.reference(10 * MS)
    assert isinstance(found, Missing)
    assert found.stream != "goal"
    builder.push(Goal().sample(START))
    found = builder.reference(10 * MS)
    assert isinstance(found, Missing)
    assert found.stream == "goal"


@pytest.mark.parametrize(
    ("kind", "goal", "words"),
    [
        ("goal_bytes", Goal(text="x" * 33), "1 to 32 bytes"),
        ("goal_bytes", Goal(text=""), "has 0 bytes"),
        ("goal_point", Goal(point_m=np.array([np.nan, 0.0, 0.0])), "not finite"),
        ("goal_image", Goal(image=np.zeros((4, 4), np.uint8)), "uint8"),
        ("goal_pose", Goal(text="there"), "needs a pose as its goal, but the present one is the"),
    ],
)
def test_goals_that_do_not_fit(kind: Any, goal: Goal, words: str) -> None:
    problem = goal_problem(tiny_spec(goal=(kind,)), goal)
    assert problem is not None
    assert words in problem


def test_a_policy_without_goal_inputs_takes_any_goal() -> None:
    for goal in (None, Goal(), Goal(text="anything"), Goal(pose=HERE)):
        assert goal_problem(tiny_spec(), goal) is None


@pytest.mark.parametrize(
    "goal",
    [
        Goal(),
        Goal(text="größer"),
        Goal(pose=HERE),
        Goal(point_m=np.array([1.0, 2.0, 3.0])),
        Goal(image=np.full((2, 3, 3), 7, np.uint8)),
    ],
)
def test_a_goal_survives_being_a_sample(goal: Goal) -> None:
    sample = goal.sample(3)
    again = Goal.from_sample(sample)
    assert (sample.stream, sample.stamp_ns) == ("goal", 3)
    assert again.kind == goal.kind
    for name, value in goal.features().items():
        np.testing.assert_array_equal(again.features()[name], value)


def test_text_that_is_none_is_refused() -> None:
    with pytest.raises(PolicyError, match="UTF-8"):
        Goal.from_sample(Sample("goal", 0, {"text": np.array([255, 254], np.uint8)}))
