"""PolicySpec to policy.yaml: the inverse of ``parse``, written to be read by people."""

from __future__ import annotations

from typing import Any

import yaml

from takt_policy.bundle.schema import (
    FORMAT_VERSION,
    ActionGroup,
    InputSpec,
    MeasuredSuccess,
    PolicySpec,
    Provenance,
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
    horizons, sampler = spec.horizons, spec.sampler
    return {
        "takt_bundle": FORMAT_VERSION,
        "name": spec.name,
        "description": spec.description,
        "family": spec.family,
        "reference_pose": spec.reference_pose,
        "inputs": {one.name: _input(one) for one in spec.inputs},
        "actions": {group.name: _action(group) for group in spec.actions},
        "horizons": {
            "observation": horizons.observation,
            "prediction": horizons.prediction,
            "execute": horizons.execute,
            "step_s": horizons.step_s,
        },
        "sampler": {
            "kind": sampler.kind,
            "training_steps": sampler.training_steps,
            "inference_steps": sampler.inference_steps,
            "betas": sampler.betas,
            "prediction": sampler.prediction,
            "clip": sampler.clip,
            "eta": sampler.eta,
        },
        "normalizer": dict(spec.normalizer),
        "golden": {
            "graph_tolerance": spec.golden.graph_tolerance,
            "sample_tolerance": spec.golden.sample_tolerance,
        },
        "provenance": _provenance(spec.provenance),
    }


def _input(spec: InputSpec) -> dict[str, Any]:
    preprocess: dict[str, Any] = {"kind": spec.preprocess.kind}
    if spec.preprocess.kind in ("pose", "wrench"):
        preprocess["frame"] = spec.preprocess.frame
    if spec.preprocess.base_from_fixed is not None:
        preprocess["base_from_fixed"] = list(spec.preprocess.base_from_fixed)
    return {
        "stream": spec.stream,
        "type": spec.type,
        "feature": spec.feature,
        "preprocess": preprocess,
        "shape": list(spec.shape),
        "dtype": spec.dtype,
        "history": spec.history,
        "period_s": spec.period_s,
        "align": spec.align,
        "tolerance_s": spec.tolerance_s,
        "max_age_s": spec.max_age_s,
    }


def _action(group: ActionGroup) -> dict[str, Any]:
    if group.kind == "pose":
        return {"kind": "pose", "rotation": "6d", "reference": group.reference}
    return {"kind": group.kind}


def _provenance(provenance: Provenance) -> dict[str, Any]:
    known: dict[str, Any] = {
        "dataset_hash": provenance.dataset_hash,
        "training_commit": provenance.training_commit,
        "seed": provenance.seed,
        "device": provenance.device,
        "created": provenance.created,
    }
    known["success"] = {one.task: _success(one) for one in provenance.success}
    return {key: value for key, value in known.items() if value not in ("", None, {})}


def _success(measured: MeasuredSuccess) -> dict[str, Any]:
    return {
        "episodes": measured.episodes,
        "successes": measured.successes,
        "interval": [round(edge, 6) for edge in measured.interval],
        "setting": measured.setting,
    }
