"""Every specification survives being written to policy.yaml."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_policy.bundle.dump import spec_to_yaml
from takt_policy.bundle.parse import spec_from_mapping
from takt_policy.bundle.schema import (
    ActionGroup,
    InputSpec,
    PolicySpec,
    Preprocess,
    Provenance,
    ResidualSpec,
    SamplerSpec,
    flow_sampler,
)
from takt_policy.bundle.section import read_yaml
from takt_policy.testing import tiny_spec

Draw = Callable[[st.SearchStrategy[Any]], Any]

_STATE = (
    InputSpec(
        "q", "arm/state", "takt_msgs/msg/ArmState", "joint_position", Preprocess("vector"),
        (2,), "float32", 1, 0.1, "linear", 0.05,
    ),
    InputSpec(
        "grip", "arm/state", "takt_msgs/msg/ArmState", "gripper_width", Preprocess("vector"),
        (1,), "float32", 1, 0.1, "linear", 0.05,
    ),
)  # fmt: skip


REFERENCES = st.sampled_from(["absolute", "observation", "delta"])
GOALS = st.sampled_from(
    [(), ("goal_text",), ("goal_bytes", "goal_text"), ("goal_pose",), ("goal_image",)]
)


@st.composite
def _arms(draw: Draw) -> ActionGroup:
    kind, reference = draw(st.sampled_from(["pose", "position", "joints"])), draw(REFERENCES)
    group = ActionGroup("arm", kind, reference)
    if kind == "joints":
        return replace(group, names=("a", "b"))
    if reference != "absolute":
        group = replace(group, axes=draw(st.sampled_from(["tool", "base"])))
    if kind == "pose":
        rotations = st.sampled_from(["6d", "6d_rows", "quaternion", "rotation_vector"])
        group = replace(group, rotation=draw(rotations))
    return group


@st.composite
def _grippers(draw: Draw) -> ActionGroup | None:
    kind = draw(st.sampled_from(["none", "width", "open"]))
    if kind == "width":
        return ActionGroup("gripper", "width", draw(REFERENCES))
    if kind == "open":
        return ActionGroup("gripper", "open", threshold=0.5, open_width_m=0.07, closed_width_m=0.01)
    return None


@st.composite
def _diffusions(draw: Draw) -> SamplerSpec:
    kind = draw(st.sampled_from(["ddpm", "ddim"]))
    sampler = SamplerSpec(
        kind,
        50,
        10,
        draw(st.sampled_from(["squaredcos_cap_v2", "linear", "scaled_linear"])),
        prediction=draw(st.sampled_from(["epsilon", "sample", "v"])),
        spacing=draw(st.sampled_from(["leading", "linspace", "trailing"])),
        clip=draw(st.sampled_from([None, 1.5])),
        eta=0.5 if kind == "ddim" else 0.0,
        prefix=draw(st.booleans()),
    )
    if sampler.betas != "squaredcos_cap_v2":
        sampler = replace(sampler, beta_start=0.001, beta_end=0.1)
    return sampler


@st.composite
def _flows(draw: Draw) -> SamplerSpec:
    direction = draw(st.sampled_from(["noise_to_data", "data_to_noise"]))
    return flow_sampler(7, direction, 1000.0, 2.0, draw(st.booleans()))


@st.composite
def _specs(draw: Draw) -> PolicySpec:
    """Consistent specifications of every family, with all kinds of everything."""
    family = draw(st.sampled_from(["direct", "diffusion", "flow"]))
    sampled = family != "direct"
    options = {name: sampled and draw(st.booleans()) for name in ("decode", "critic", "energy")}
    spec = tiny_spec(family, residual=draw(st.booleans()), goal=draw(GOALS), **options)
    arm, gripper = draw(_arms()), draw(_grippers())
    moving = arm.kind == "joints" and arm.reference != "absolute"
    squeezing = gripper is not None and gripper.reference != "absolute"
    precision = draw(st.sampled_from(["int8", "float32"]))
    spec = replace(
        spec,
        actions=(arm,) if gripper is None else (arm, gripper),
        inputs=spec.inputs + _STATE,
        normalizer=spec.normalizer | {"q": "minmax", "grip": "identity"},
        reference_joints="q" if moving else None,
        reference_width="grip" if squeezing else None,
        provenance=Provenance(derived="by hand", precision=precision),
    )
    if spec.residual is not None:
        size = spec.action_size
        bound = draw(st.lists(st.floats(0.01, 1.0), min_size=size, max_size=size))
        spec = replace(spec, residual=ResidualSpec(tuple(bound)))
    if sampled:
        spec = replace(spec, sampler=draw(_diffusions() if family == "diffusion" else _flows()))
    return spec


@given(spec=_specs())
@settings(max_examples=60, deadline=None)
def test_every_specification_survives_being_written(
    spec: PolicySpec, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / "survives.yaml"
    file.write_text(spec_to_yaml(spec), encoding="utf-8")
    assert spec_from_mapping(read_yaml(file), str(file)) == spec
