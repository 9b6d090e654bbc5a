"""A workspace checkpoint (.ckpt) to networks and what its configuration says about them.

The file is a pickle that may name any class; ``safe_pickle`` reads its tensors and its
configuration without importing any of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from takt_export.checkpoint import ActionScale, Checkpoint, Feature, constant_dimensions
from takt_export.diffusion_policy.encoders import Condition, hybrid_encoders, image_encoders
from takt_export.errors import ExportError
from takt_export.networks.images import Linear
from takt_export.networks.state import below, load_state, renamed
from takt_export.networks.unet1d import ConditionalUnet, UnetConfig
from takt_export.omega import plain
from takt_export.safe_pickle import read_torch
from takt_policy.bundle.schema import SamplerSpec

LOWDIM = "DiffusionUnetLowdimPolicy"
IMAGE = "DiffusionUnetImagePolicy"
HYBRID = "DiffusionUnetHybridImagePolicy"
OBSERVATION = "obs"

# Up- and downsampling are layers of their own there.
_UNET_RULES = ((r"^((?:up|down)_modules\.\d+\.2)\.conv\.", r"\1."),)


def read_diffusion_policy(file: Path) -> Checkpoint:
    """Reads a checkpoint of a U-Net policy: low-dimensional, image, or hybrid image.

    Raises:
        ExportError: the file is no such checkpoint, or the policy is of another kind.
    """
    payload = read_torch(file)
    if not isinstance(payload, dict) or not {"cfg", "state_dicts"} <= set(payload):
        raise ExportError(
            f"{file} is no checkpoint of the diffusion_policy repository: it has no 'cfg' and "
            "'state_dicts'; give e.g. checkpoints/latest.ckpt"
        )
    config = plain(payload["cfg"])
    policy = config["policy"]
    kind = str(policy.get("_target_", "")).rsplit(".", 1)[-1]
    if kind not in (LOWDIM, IMAGE, HYBRID):
        raise ExportError(
            f"{file}: the policy is {policy.get('_target_')!r}; known are {LOWDIM}, {IMAGE} and "
            f"{HYBRID}. Others can be exported with `takt policy export module`"
        )
    if not policy.get("obs_as_global_cond", kind != LOWDIM):
        raise ExportError(
            f"{file}: observations are not given as a global condition (obs_as_global_cond: "
            "false), which is not known here; use `takt policy export module`"
        )
    state = _state(payload, config, file)
    features, encode, size = _observing(kind, policy, state, file)
    unet_config = policy["model"] if kind == LOWDIM else policy
    actions = (
        int(policy["action_dim"]) if kind == LOWDIM else _shape(policy["shape_meta"]["action"])[0]
    )
    history = int(policy["n_obs_steps"])
    unet = _unet(unet_config, actions, size * history, below(state, "model."), file)
    first, prediction = _times(kind, policy, history)
    notes: tuple[str, ...] = ()
    for one in features:
        if one.spread is not None:
            notes += constant_dimensions(one.name, one.spread)
    return Checkpoint(
        framework=f"diffusion_policy {kind}",
        path=file,
        family="diffusion",
        features=tuple(features),
        action_size=actions,
        actions=_action_scale(state, actions, file),
        history=history,
        first=first,
        prediction=prediction,
        execute=min(int(policy["n_action_steps"]), prediction - first),
        sampler=_sampler(policy),
        networks={"encode": encode, "denoise": unet},
        originals={},
        notes=notes,
    )


def _state(payload: Mapping[str, Any], config: Mapping[str, Any], file: Path) -> dict[str, Tensor]:
    """Weights of the averaged policy where there is one, as the repository evaluates it."""
    name = "ema_model" if (config.get("training") or {}).get("use_ema") else "model"
    found = payload["state_dicts"].get(name)
    if found is None:
        raise ExportError(
            f"{file} has no weights {name!r}; it has {', '.join(payload['state_dicts'])}"
        )
    return dict(found)


def _observing(
    kind: str, policy: Mapping[str, Any], state: Mapping[str, Tensor], file: Path
) -> tuple[list[Feature], nn.Module, int]:
    """Features, the network that makes the condition of them, and its size per time step."""
    if kind == LOWDIM:
        size = int(policy["obs_dim"])
        linear, centre, spread = _linear(state, OBSERVATION, file)
        feature = Feature(OBSERVATION, "vector", (size,), centre, spread)
        return [feature], Condition([None], [linear], ["vector"]), size
    features, linears = [], []
    for name, one in _ordered(kind, policy["shape_meta"]["obs"]).items():
        linear, centre, spread = _linear(state, name, file)
        if one.get("type", "low_dim") == "rgb":
            features.append(Feature(name, "image", _shape(one)))
        else:
            features.append(Feature(name, "vector", _shape(one), centre, spread))
        linears.append(linear)
    make = image_encoders if kind == IMAGE else hybrid_encoders
    encoders, size = make(policy, features, below(state, "obs_encoder."), str(file))
    return features, Condition(encoders, linears, [one.kind for one in features]), size


def _ordered(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Observations in the order of the condition."""
    types = {name: one.get("type", "low_dim") for name, one in given.items()}
    if unknown := sorted(name for name, kind in types.items() if kind not in ("rgb", "low_dim")):
        raise ExportError(
            f"observation {unknown[0]!r} is of type {types[unknown[0]]!r}; known are rgb, low_dim"
        )
    if kind == HYBRID:
        return dict(given)
    return {name: given[name] for name in sorted(given, key=lambda one: (types[one] != "rgb", one))}


def _shape(entry: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(int(size) for size in entry["shape"])


def _unet(
    config: Mapping[str, Any], actions: int, condition: int, state: Mapping[str, Tensor], file: Path
) -> nn.Module:
    unet = ConditionalUnet(
        UnetConfig(
            action_size=actions,
            condition_size=condition,
            time_size=int(config.get("diffusion_step_embed_dim", 256)),
            down=tuple(int(size) for size in config.get("down_dims", (256, 512, 1024))),
            kernel=int(config.get("kernel_size", 5)),
            groups=int(config.get("n_groups", 8)),
            scale=bool(config.get("cond_predict_scale", True)),
        )
    )
    load_state(unet, renamed(state, _UNET_RULES), str(file))
    return unet


def _times(kind: str, policy: Mapping[str, Any], history: int) -> tuple[int, int]:
    """Index of the first action that the repository executes, and the chunk's length."""
    if kind != LOWDIM:
        return history - 1, int(policy["horizon"])
    if policy.get("pred_action_steps_only"):
        return 0, int(policy["n_action_steps"])
    first = history - 1 if policy.get("oa_step_convention") else history
    return first, int(policy["horizon"])


def _numbers(state: Mapping[str, Tensor], name: str, file: Path) -> dict[str, Tensor]:
    found = below(state, f"normalizer.params_dict.{name}.")
    if not {"scale", "offset"} <= set(found):
        raise ExportError(
            f"{file} has no normaliser for {name!r}; save the checkpoint of a policy whose "
            "normaliser was set (set_normalizer)"
        )
    return {key: value.float() for key, value in found.items()}


def _linear(
    state: Mapping[str, Tensor], name: str, file: Path
) -> tuple[Linear, Tensor | None, Tensor | None]:
    """Normalisation of an observation, with its centre and spread in the training data."""
    found = _numbers(state, name, file)
    linear = Linear(multiply=found["scale"], add=found["offset"])
    if found["scale"].numel() == 1 or "input_stats.min" not in found:
        return linear, None, None
    low, high = found["input_stats.min"], found["input_stats.max"]
    return linear, (low + high) / 2, (high - low) / 2


def _action_scale(state: Mapping[str, Tensor], size: int, file: Path) -> ActionScale:
    found = _numbers(state, "action", file)
    gain, shift = (found[key].expand(size) for key in ("scale", "offset"))
    if bool((gain == 1.0).all()) and bool((shift == 0.0).all()):
        return ActionScale("identity", torch.zeros(size), torch.ones(size))
    return ActionScale("minmax", -shift / gain, 1.0 / gain)


def _sampler(policy: Mapping[str, Any]) -> SamplerSpec:
    given = policy["noise_scheduler"]
    name = str(given["_target_"]).rsplit(".", 1)[-1]
    kinds = {"DDPMScheduler": "ddpm", "DDIMScheduler": "ddim"}
    wanted = {"variance_type": "fixed_small", "set_alpha_to_one": True, "steps_offset": 0}
    odd = [key for key, usual in wanted.items() if given.get(key, usual) != usual]
    if name not in kinds or odd:
        raise ExportError(
            f"the noise scheduler is {name}{', with ' + odd[0] if odd else ''}; known are "
            f"{', '.join(kinds)} with {', '.join(f'{k} {v}' for k, v in wanted.items())}"
        )
    steps = int(given["num_train_timesteps"])
    return SamplerSpec(
        "ddpm" if kinds[name] == "ddpm" else "ddim",
        training_steps=steps,
        inference_steps=int(policy.get("num_inference_steps") or steps),
        betas=given["beta_schedule"],
        beta_start=float(given.get("beta_start", 1e-4)),
        beta_end=float(given.get("beta_end", 0.02)),
        prediction=given.get("prediction_type", "epsilon"),
        clip=1.0 if given.get("clip_sample", True) else None,
    )
