"""A bundle in words: every family, every kind of input and action."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from takt_policy.bundle import Bundle, Provenance
from takt_policy.bundle.schema import (
    ActionGroup,
    InputSpec,
    Preprocess,
    SamplerSpec,
    flow_sampler,
)
from takt_policy.describe import action_in_words, describe, input_in_words, sampler_in_words
from takt_policy.testing import tiny_spec, write_tiny_bundle


def _text(bundle: Bundle) -> str:
    return "\n".join(f"{heading}\n" + "\n".join(lines) for heading, lines in describe(bundle))


def test_a_direct_policy(tmp_path: Path) -> None:
    text = _text(write_tiny_bundle(tmp_path / "act.takt", "direct"))
    assert "family direct: one network call gives a chunk" in text
    assert "nothing is sampled" in text
    assert "predict.onnx" in text
    assert "during a chunk" not in text


def test_a_slow_fast_policy_with_everything(tmp_path: Path) -> None:
    provenance = Provenance(derived="int8 weights of another", precision="int8")
    bundle = write_tiny_bundle(
        tmp_path / "full.takt", "flow", decode=True, residual=True, critic=True, energy=True,
        prefix=True, goal=("goal_text",), provenance=provenance,
    )  # fmt: skip
    text = _text(bundle)
    for words in (
        "noise flows into a latent, from which a fast decoder makes actions",
        "What it is told\ngoal_text: the goal, as one of 'insert the peg', 'pull it out'",
        "force: force and torque relative to the tool's pose when the chunk was planned",
        "Where the tool is, it knows from 'tcp'.",
        "flow, 5 network calls per chunk, noise at time 0; Euler steps",
        "trained to continue a given beginning",
        "decoder: turns a latent of 4 × 3 into actions, again every 0.02 s with what it feels",
        "residual: corrects the actions every 0.02 s by at most 0.2 in normalised units",
        "critic: says which of several chunks is best",
        "energy: says how uncertain a chunk is",
        "derived: int8 weights of another",
        "precision: int8",
        "decode.onnx",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("group", "words"),
    [
        (ActionGroup("a", "pose"), "in the base frame (position and 6d rotation)"),
        (
            ActionGroup("a", "pose", "observation", "quaternion"),
            "relative to the tool's pose when it looked (position and quaternion)",
        ),
        (
            ActionGroup("a", "pose", "delta", "rotation_vector", "base"),
            "each relative to the one before in the axes of the base (position and rotation vector",
        ),
        (ActionGroup("a", "position"), "positions of the tool in the base frame; its orientation"),
        (ActionGroup("a", "joints", "delta", names=("j1", "j2")), "joints j1, j2 [rad], each"),
        (ActionGroup("a", "joints", "observation", names=("j",)), "relative to where they were"),
        (ActionGroup("a", "width", "observation"), "relative to its width when it looked"),
        (
            ActionGroup("a", "open", open_width_m=0.07, closed_width_m=0.01),
            "opens the gripper to 0.07 m or closes it to 0.01 m, nothing between",
        ),
    ],
)  # fmt: skip
def test_actions_in_words(group: ActionGroup, words: str) -> None:
    assert words in action_in_words(group)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (SamplerSpec("ddpm", 100, 100, clip=None), "stochastic; the network predicts the noise"),
        (SamplerSpec("ddpm", 100, 100, clip=None), "clean actions unbounded"),
        (SamplerSpec("ddim", 100, 10, eta=0.5), "stochastic, eta 0.5"),
        (SamplerSpec("ddim", 100, 10), "deterministic given the first noise"),
        (SamplerSpec("ddim", 50, 10, prediction="sample"), "the network predicts the clean chunk"),
        (flow_sampler(5, "data_to_noise"), "noise at time 1"),
        (None, "nothing is sampled"),
    ],
)
def test_samplers_in_words(spec: SamplerSpec | None, words: str) -> None:
    assert words in sampler_in_words(spec)


def _stream(preprocess: Preprocess, shape: tuple[int, ...], **changes: Any) -> InputSpec:
    return replace(
        tiny_spec().input("wrench"), name="it", preprocess=preprocess, shape=shape, **changes
    )


def _goal(kind: Any) -> InputSpec:
    return tiny_spec(goal=(kind,)).input(kind)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (_stream(Preprocess("vector"), (7,), history=1), "7 numbers, the newest; 'wrench' of"),
        (_stream(Preprocess("field"), (3, 9, 7)), "field of 9×7 displacements, 4 times, 0.01 s"),
        (_stream(Preprocess("wrench", "base"), (6,)), "force and torque in the base frame"),
        (_stream(Preprocess("pose", "fixed"), (9,), align="pose"), "pose in a fixed frame"),
        (_goal("goal_bytes"), "the goal, as any text of up to 32 bytes"),
        (_goal("goal_pose"), "the goal, as a pose relative to the tool's present pose"),
        (_goal("goal_point"), "the goal, as a point in the base frame"),
        (_goal("goal_image"), "the goal, as an image, brought to 8×8 pixels"),
    ],
)
def test_inputs_in_words(one: InputSpec, words: str) -> None:
    assert words in input_in_words(one)
