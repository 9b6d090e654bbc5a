"""A LeRobot checkpoint folder to networks and what is known about them.

Own networks of the same structure take the weights, so that LeRobot need not be installed. Where
it is, its own classes are run with the same inputs and compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from takt_export.checkpoint import Checkpoint, Feature, constant_dimensions
from takt_export.errors import ExportError
from takt_export.lerobot.networks import act_network, diffusion_networks
from takt_export.lerobot.original import original_functions
from takt_export.lerobot.statistics import Statistics, read_json, read_statistics
from takt_export.networks.images import Linear
from takt_export.safetensors import read_safetensors
from takt_policy.bundle.schema import SamplerSpec

ACTION = "action"
_KINDS = ("STATE", "VISUAL", "ENV")
_BETAS = ("squaredcos_cap_v2", "linear", "scaled_linear")


def read_lerobot(folder: Path) -> Checkpoint:
    """Reads ``config.json``, ``model.safetensors`` and the normalisation.

    Raises:
        ExportError: a file is missing, or the policy is of a kind that is not known here.
    """
    config = read_json(folder / "config.json")
    kind = config.get("type")
    if kind not in ("act", "diffusion"):
        raise ExportError(
            f"{folder / 'config.json'}: the policy's type is {kind!r}; known are act and "
            "diffusion. Others can be exported with `takt policy export module`"
        )
    state = read_safetensors(folder / "model.safetensors")
    statistics = read_statistics(folder, config, state)
    kinds = _feature_kinds(config, folder)
    features, linears, notes = _features(config, kinds, statistics)
    size = int(config["output_features"][ACTION]["shape"][0])
    make = _act if kind == "act" else _diffusion
    return make(folder, config, state, statistics, kinds, features, linears, size, notes)


def _feature_kinds(config: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Feature names to STATE, ENV or VISUAL, vectors first, as the networks take them."""
    given = {name: one["type"] for name, one in (config.get("input_features") or {}).items()}
    if unknown := sorted(name for name, kind in given.items() if kind not in _KINDS):
        raise ExportError(
            f"{folder / 'config.json'}: {unknown[0]!r} is of type {given[unknown[0]]!r}; known "
            f"are {', '.join(_KINDS)}"
        )
    outputs = sorted(config.get("output_features") or {})
    if outputs != [ACTION]:
        raise ExportError(
            f"{folder / 'config.json'}: 'output_features' are {outputs}; one, 'action', is known"
        )
    order = {"STATE": 0, "ENV": 1, "VISUAL": 2}
    return dict(sorted(given.items(), key=lambda item: order[item[1]]))


def _features(
    config: Mapping[str, Any], kinds: Mapping[str, str], statistics: Statistics
) -> tuple[tuple[Feature, ...], list[Linear], tuple[str, ...]]:
    features, linears = [], []
    notes: tuple[str, ...] = ()
    for name, kind in kinds.items():
        linear, centre, spread = statistics.normalise(name, kind)
        image = kind == "VISUAL"
        shape = tuple(int(size) for size in config["input_features"][name]["shape"])
        features.append(
            Feature(name, "image" if image else "vector", shape, None if image else centre,
                    None if image else spread)
        )  # fmt: skip
        linears.append(linear)
        if spread is not None and not image:
            notes += constant_dimensions(name, spread)
    return tuple(features), linears, notes


def _act(
    folder: Path,
    config: Mapping[str, Any],
    state: Mapping[str, Tensor],
    statistics: Statistics,
    kinds: Mapping[str, str],
    features: tuple[Feature, ...],
    linears: list[Linear],
    size: int,
    notes: tuple[str, ...],
) -> Checkpoint:
    predict = act_network(folder, config, state, kinds, features, linears, size)
    originals, version = original_functions(folder, "act", [one.name for one in features])
    return Checkpoint(
        framework="LeRobot ACT",
        path=folder,
        family="direct",
        features=features,
        action_size=size,
        actions=statistics.actions(ACTION, size),
        history=1,
        first=0,
        prediction=int(config["chunk_size"]),
        execute=int(config["n_action_steps"]),
        sampler=None,
        networks={"predict": predict},
        originals=originals,
        compared_with=version,
        notes=notes,
    )


def _diffusion(
    folder: Path,
    config: Mapping[str, Any],
    state: Mapping[str, Tensor],
    statistics: Statistics,
    kinds: Mapping[str, str],
    features: tuple[Feature, ...],
    linears: list[Linear],
    size: int,
    notes: tuple[str, ...],
) -> Checkpoint:
    history = int(config["n_obs_steps"])
    networks = diffusion_networks(folder, config, state, kinds, features, linears, size)
    originals, version = original_functions(folder, "diffusion", [one.name for one in features])
    return Checkpoint(
        framework="LeRobot Diffusion",
        path=folder,
        family="diffusion",
        features=features,
        action_size=size,
        actions=statistics.actions(ACTION, size),
        history=history,
        first=history - 1,
        prediction=int(config["horizon"]),
        execute=int(config["n_action_steps"]),
        sampler=_sampler(config),
        networks=networks,
        originals=originals,
        compared_with=version,
        notes=notes,
    )


def _sampler(config: Mapping[str, Any]) -> SamplerSpec:
    betas, steps = config["beta_schedule"], int(config["num_train_timesteps"])
    if betas not in _BETAS:
        raise ExportError(f"beta_schedule is {betas!r}; known are {', '.join(_BETAS)}")
    return SamplerSpec(
        "ddim" if config["noise_scheduler_type"] == "DDIM" else "ddpm",
        training_steps=steps,
        inference_steps=int(config.get("num_inference_steps") or steps),
        betas=betas,
        beta_start=float(config["beta_start"]),
        beta_end=float(config["beta_end"]),
        prediction=config["prediction_type"],
        clip=float(config["clip_sample_range"]) if config["clip_sample"] else None,
    )
