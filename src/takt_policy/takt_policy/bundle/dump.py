"""PolicySpec to policy.yaml: the inverse of ``parse``, written to be read by people."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import yaml

from takt_policy.bundle.schema import (
    FORMAT_VERSION,
    NAMED_KINDS,
    ActionGroup,
    InputSpec,
    MeasuredSuccess,
    PolicySpec,
    Preprocess,
    Provenance,
    ResidualSpec,
    SamplerSpec,
)

_HEADER = "# A policy bundle of takt. docs/policy_bundle.md explains every key.\n"


class _Dumper(yaml.SafeDumper):
    """Lists of plain values on one line."""


def _sequence(dumper: _Dumper, values: list[Any]) -> yaml.SequenceNode:
    flow = not any(isinstance(value, (list, dict)) for value in values)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=flow)


_Dumper.add_representer(list, _sequence)


def spec_to_yaml(spec: PolicySpec) -> str:
    """The text of policy.yaml."""
    body = yaml.dump(
        spec_to_mapping(spec), Dumper=_Dumper, sort_keys=False, width=90, allow_unicode=True
    )
    return _HEADER + str(body)


def spec_to_mapping(spec: PolicySpec) -> dict[str, Any]:
    """The mapping that ``spec_from_mapping`` reads back to an equal specification."""
    mapping = {
        "takt_bundle": FORMAT_VERSION,
        "name": spec.name,
        "description": spec.description,
        "family": spec.family,
        "reference_pose": spec.reference_pose,
        "reference_joints": spec.reference_joints,
        "reference_width": spec.reference_width,
        "inputs": {one.name: _input(one) for one in spec.inputs},
        "actions": {group.name: _action(group) for group in spec.actions},
        "horizons": asdict(spec.horizons),
        "sampler": None if spec.sampler is None else _sampler(spec.sampler),
        **_extras(spec),
        "normalizer": dict(spec.normalizer),
        "golden": asdict(spec.golden),
        "provenance": _provenance(spec.provenance),
    }
    return {key: value for key, value in mapping.items() if value is not None}


def _input(spec: InputSpec) -> dict[str, Any]:
    start = {"stream": spec.stream, "type": spec.type}
    graph = {
        "preprocess": _preprocess(spec.preprocess),
        "shape": list(spec.shape),
        "dtype": spec.dtype,
    }
    if spec.is_goal:
        return start | graph
    time = {
        "history": spec.history,
        "period_s": spec.period_s,
        "align": spec.align,
        "tolerance_s": spec.tolerance_s,
        "max_age_s": spec.max_age_s,
    }
    return start | {"feature": spec.feature} | graph | time


def _preprocess(spec: Preprocess) -> dict[str, Any]:
    mapping: dict[str, Any] = {"kind": spec.kind}
    if spec.kind in ("pose", "wrench", "goal_pose", "goal_point"):
        mapping["frame"] = spec.frame
    if spec.base_from_fixed is not None:
        mapping["base_from_fixed"] = list(spec.base_from_fixed)
    if spec.kind == "goal_text":
        mapping["choices"] = list(spec.choices)
    return mapping


def _action(group: ActionGroup) -> dict[str, Any]:
    mapping: dict[str, Any] = {"kind": group.kind}
    if group.kind == "open":
        keys = ["threshold", "open_width_m", "closed_width_m"]
    else:
        keys = ["reference"]
        if group.kind == "pose":
            keys.insert(0, "rotation")
        if group.kind in NAMED_KINDS:
            mapping["names"] = list(group.names)
        if group.kind in ("pose", "position") and group.reference != "absolute":
            keys.append("axes")
    return mapping | {key: getattr(group, key) for key in keys}


def _sampler(spec: SamplerSpec) -> dict[str, Any]:
    if spec.kind == "flow":
        keys = ["kind", "inference_steps", "prediction", "direction", "time_scale", "clip"]
    else:
        keys = ["kind", "training_steps", "inference_steps", "betas", "prediction", "spacing"]
        keys += ["clip"]
        if spec.betas != "squaredcos_cap_v2":
            keys += ["beta_start", "beta_end"]
        if spec.kind == "ddim":
            keys += ["eta"]
    return {key: getattr(spec, key) for key in [*keys, "prefix"]}


def _extras(spec: PolicySpec) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    if spec.fast is not None:
        inputs = {one.name: _input(one) for one in spec.fast.inputs}
        mapping["fast"] = {"period_s": spec.fast.period_s, "inputs": inputs}
    if spec.decode is not None:
        mapping["decode"] = {"latent": list(spec.decode.latent)}
    if spec.residual is not None:
        mapping["residual"] = {"bound": _bound(spec.residual)}
    if spec.critic is not None:
        mapping["critic"] = {}
    if spec.energy is not None:
        mapping["energy"] = {}
    return mapping


def _bound(residual: ResidualSpec) -> float | list[float]:
    same = len(set(residual.bound)) == 1
    return residual.bound[0] if same else list(residual.bound)


def _provenance(provenance: Provenance) -> dict[str, Any]:
    known = asdict(provenance) | {
        "success": {one.task: _success(one) for one in provenance.success}
    }
    if provenance.precision == "float32":
        del known["precision"]
    return {key: value for key, value in known.items() if value not in ("", None, {})}


def _success(measured: MeasuredSuccess) -> dict[str, Any]:
    return {
        "episodes": measured.episodes,
        "successes": measured.successes,
        "interval": [round(edge, 6) for edge in measured.interval],
        "setting": measured.setting,
    }
