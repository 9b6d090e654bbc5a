"""Descriptions that contradict themselves are refused, in words that say what to change."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from takt_policy.bundle.dump import spec_to_mapping
from takt_policy.bundle.parse import spec_from_mapping
from takt_policy.errors import BundleError
from takt_policy.testing import tiny_spec

Mapping = dict[str, Any]

GOAL_TEXT: Mapping = {
    "stream": "goal",
    "type": "takt_msgs/msg/Goal",
    "preprocess": {"kind": "goal_text", "choices": ["left", "right"]},
    "shape": [2],
    "dtype": "float32",
}

FULL = {"decode": True, "residual": True, "critic": True, "energy": True}


def _full() -> Mapping:
    return copy.deepcopy(spec_to_mapping(tiny_spec("flow", **FULL)))


def _diffusion(**options: Any) -> Mapping:
    return copy.deepcopy(spec_to_mapping(tiny_spec(**options)))


def _direct(**options: Any) -> Mapping:
    return copy.deepcopy(spec_to_mapping(tiny_spec("direct", **options)))


def _with(mapping: Mapping, **changes: Any) -> Mapping:
    """With entries at dotted paths (dots written __) replaced; None takes one out."""
    for path, value in changes.items():
        *parents, last = path.split("__")
        target = mapping
        for parent in parents:
            target = target[parent]
        if value is None:
            del target[last]
        else:
            target[last] = value
    return mapping


def _goal(**changes: Any) -> Mapping:
    mapping = _with(_diffusion(), inputs__goal=_with(copy.deepcopy(GOAL_TEXT), **changes))
    return _with(mapping, normalizer__goal="identity")


def _second_arm() -> Mapping:
    mapping = _diffusion()
    mapping["actions"]["other_arm"] = dict(mapping["actions"]["arm"])
    return mapping


def _second_gripper() -> Mapping:
    mapping = _diffusion()
    mapping["actions"]["thumb"] = {"kind": "open", "open_width_m": 0.08, "closed_width_m": 0.0}
    return mapping


def _slow_name_for_a_fast_input() -> Mapping:
    mapping = _diffusion(residual=True)
    mapping["fast"]["inputs"]["wrench"] = mapping["fast"]["inputs"].pop("force")
    del mapping["normalizer"]["force"]
    return mapping


def _two_goals() -> Mapping:
    mapping = _goal()
    mapping["inputs"]["place"] = {
        **GOAL_TEXT, "preprocess": {"kind": "goal_point"}, "shape": [3],
    }  # fmt: skip
    mapping["normalizer"]["place"] = "identity"
    return mapping


def _joints(**changes: Any) -> Mapping:
    group = {"kind": "joints", "names": ["a", "b"], "reference": "absolute", **changes}
    return _with(_diffusion(), actions__arm=group)


CASES: dict[str, tuple[Callable[[], Mapping], list[str]]] = {
    "decode without fast": (
        lambda: _with(_full(), fast=None, residual=None),
        ["'decode' is given without 'fast'", "period_s"],
    ),
    "residual without fast": (
        lambda: _with(_full(), fast=None, decode=None),
        ["'residual' is given without 'fast'"],
    ),
    "fast without readers": (
        lambda: _with(_full(), decode=None, residual=None),
        ["'fast' is given, but no graph reads its inputs", "'decode' or 'residual'"],
    ),
    "decode of direct": (
        lambda: _with(_direct(residual=True), decode={"latent": [4, 3]}),
        ["'decode'", "family is direct", "diffusion or flow"],
    ),
    "critic of direct": (lambda: _with(_direct(), critic={}), ["'critic'", "family is direct"]),
    "sampler of direct": (
        lambda: _with(_direct(), sampler={"kind": "ddim"}),
        ["'sampler' is given", "direct samples nothing"],
    ),
    "no sampler of diffusion": (
        lambda: _with(_diffusion(), sampler=None),
        ["'sampler' is missing"],
    ),
    "flow's sampler for diffusion": (
        lambda: _with(_diffusion(), sampler__kind="flow"),
        ["sampler.kind", "'flow'", "ddpm or ddim for a policy of family diffusion"],
    ),
    "diffusion's sampler for flow": (
        lambda: _with(_full(), sampler__kind="ddpm"),
        ["sampler.kind", "'ddpm'", "flow for a policy of family flow"],
    ),
    "training steps of a flow": (
        lambda: _with(_full(), sampler__training_steps=100),
        ["unknown key 'sampler.training_steps'"],
    ),
    "no direction of a flow": (
        lambda: _with(_full(), sampler__direction=None),
        ["'sampler.direction' is missing", "noise_to_data, data_to_noise"],
    ),
    "velocity of diffusion": (
        lambda: _with(_diffusion(), sampler__prediction="velocity"),
        ["sampler.prediction", "epsilon, sample, v"],
    ),
    "betas with an end they do not have": (
        lambda: _with(_diffusion(), sampler__beta_end=0.02),
        ["sampler.beta_end", "squaredcos_cap_v2"],
    ),
    "betas that fall": (
        lambda: _with(_diffusion(), sampler__betas="linear", sampler__beta_start=0.1),
        ["sampler.beta_end", "0.1 to less than 1"],
    ),
    "eta of ddpm": (
        lambda: _with(_diffusion(), sampler__kind="ddpm", sampler__eta=0.5),
        ["sampler.eta", "belongs to ddim"],
    ),
    "prefix in words": (
        lambda: _with(_diffusion(), sampler__prefix="yes"),
        ["sampler.prefix", "true or false"],
    ),
    "empty critic": (
        lambda: {**_full(), "critic": None},
        ["'critic' is None", "`critic: {}`"],
    ),
    "keys of the critic": (
        lambda: _with(_full(), critic={"scale": 1}),
        ["unknown key 'critic.scale'"],
    ),
    "a latent of three axes": (
        lambda: _with(_full(), decode__latent=[4, 3, 2]),
        ["decode.latent", "[length, size]"],
    ),
    "a bound for each of too few": (
        lambda: _with(_full(), residual__bound=[0.1, 0.1]),
        ["residual.bound", "10 numbers"],
    ),
    "no bound": (lambda: _with(_full(), residual__bound=0.0), ["residual.bound", "above"]),
    "reserved name": (
        lambda: _with(
            _full(), fast__inputs__elapsed=_full()["fast"]["inputs"]["force"],
            normalizer__elapsed="identity",
        ),
        ["fast.inputs.elapsed", "fed by the runtime"],
    ),
    "no fast input": (
        lambda: _with(_full(), fast__inputs={}, normalizer__force=None),
        ["fast.inputs", "at least one"],
    ),
    "one name for two": (
        _slow_name_for_a_fast_input,
        ["'wrench' is the name of an input and of a fast input", "'fast_wrench'"],
    ),
    "frame of the chunk for a slow input": (
        lambda: _with(_diffusion(), inputs__tcp__preprocess__frame="chunk"),
        ["inputs.tcp.preprocess.frame", "base, reference, fixed"],
    ),
    "goal with history": (
        lambda: _goal(history=2),
        ["inputs.goal.history", "a goal has no history"],
    ),
    "goal with tolerance": (lambda: _goal(tolerance_s=0.1), ["inputs.goal.tolerance_s"]),
    "goal of another type": (
        lambda: _goal(type="sensor_msgs/msg/Image"),
        ["inputs.goal.type", "takt_msgs/msg/Goal"],
    ),
    "choices and shape": (
        lambda: _goal(shape=[3]),
        ["inputs.goal.shape", "[2], one number for each of 'choices'"],
    ),
    "the same choice twice": (
        lambda: _goal(preprocess={"kind": "goal_text", "choices": ["left", "left"]}),
        ["inputs.goal.preprocess.choices", "different texts"],
    ),
    "bytes as floats": (
        lambda: _goal(preprocess={"kind": "goal_bytes"}),
        ["inputs.goal.dtype", "int64"],
    ),
    "goal in a fixed frame": (
        lambda: _goal(preprocess={"kind": "goal_pose", "frame": "fixed"}, shape=[9]),
        ["inputs.goal.preprocess.frame", "base, reference"],
    ),
    "a stream of goals": (
        lambda: _with(_diffusion(), inputs__tcp__stream="goal"),
        ["inputs.tcp.feature", "a goal has no history"],
    ),
    "a goal among the fast": (
        lambda: _with(_full(), fast__inputs__force__stream="goal"),
        ["fast.inputs.force.stream", "the goal belongs to 'inputs'"],
    ),
    "two goals": (_two_goals, ["the goal inputs ask for point and text", "a goal is one of them"]),
    "two arms": (_second_arm, ["arm, other_arm of kind pose", "exactly one", "one arm"]),
    "two grippers": (_second_gripper, ["gripper, thumb of kind width, open", "at most one"]),
    "an absolute pose in axes": (
        lambda: _with(_diffusion(), actions__arm__reference="absolute"),
        ["unknown key 'actions.arm.axes'"],
    ),
    "closed beyond open": (
        lambda: _with(
            _diffusion(),
            actions__gripper={"kind": "open", "open_width_m": 0.04, "closed_width_m": 0.05},
        ),
        ["actions.gripper.closed_width_m", "less than open_width_m, 0.04"],
    ),
    "joints without names": (lambda: _joints(names=[]), ["actions.arm.names", "at least one"]),
    "relative joints of unknown place": (
        lambda: _joints(reference="delta"),
        ["'reference_joints' is None", "shape [2]", "there is none, add one"],
    ),
    "a reference for nothing": (
        lambda: _with(_joints(), reference_joints="wrench"),
        ["'reference_joints' is given", "leave it out"],
    ),
    "relative width of unknown place": (
        lambda: _with(_diffusion(), actions__gripper__reference="delta"),
        ["'reference_width' is None", "shape [1]"],
    ),
    "a precision nobody has": (
        lambda: _with(_diffusion(), provenance={"precision": "float8"}),
        ["provenance.precision", "float16, int8"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_contradictions_are_refused(case: str) -> None:
    make, words = CASES[case]
    with pytest.raises(BundleError) as caught:
        spec_from_mapping(make(), "some/policy.yaml")
    message = str(caught.value)
    assert message.startswith("some/policy.yaml")
    for word in words:
        assert word in message


@pytest.mark.parametrize("mapping", [_full(), _diffusion(), _direct(), _goal(), _joints()])
def test_what_the_cases_start_from_is_valid(mapping: Mapping) -> None:
    spec_from_mapping(mapping, "policy.yaml")
