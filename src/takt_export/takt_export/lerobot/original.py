"""LeRobot's own classes as functions, where LeRobot 0.4 or later is installed."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from takt_export.checkpoint import Original

STATE, IMAGES = "observation.state", "observation.images"


def original_functions(
    folder: Path, kind: str, names: Sequence[str]
) -> tuple[Mapping[str, Original], str]:
    """The checkpoint in LeRobot itself, with its version; nothing where that cannot be had.

    Checkpoints from before 0.4 keep their normalisation among the weights, where a newer LeRobot
    does not look for it: those are not compared.
    """
    if not (folder / "policy_preprocessor.json").is_file():
        return {}, ""
    try:
        module = importlib.import_module(f"lerobot.policies.{kind}.modeling_{kind}")
        factory = importlib.import_module("lerobot.policies.factory")
        version = importlib.metadata.version("lerobot")
    except ImportError:
        return {}, ""
    policy_class = module.ACTPolicy if kind == "act" else module.DiffusionPolicy
    policy = policy_class.from_pretrained(folder).cpu().eval()
    policy.config.device = "cpu"
    preprocess, _ = factory.make_pre_post_processors(
        policy.config,
        pretrained_path=str(folder),
        preprocessor_overrides={"device_processor": {"device": "cpu"}},
    )
    images = list(policy.config.image_features)

    def batch(features: Sequence[Tensor]) -> dict[str, Any]:
        given = dict(zip(names, features, strict=True))
        ready = preprocess(given)
        return {name: ready[name] for name in names}

    @torch.no_grad()
    def predict(*features: Tensor) -> Tensor:
        result: Tensor = policy.predict_action_chunk(batch([one[:, 0] for one in features]))
        return result

    @torch.no_grad()
    def encode(*features: Tensor) -> Tensor:
        ready = batch(features)
        if images:
            ready[IMAGES] = torch.stack([ready[name] for name in images], dim=-4)
        result: Tensor = policy.diffusion._prepare_global_conditioning(ready)
        return result

    @torch.no_grad()
    def denoise(x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        result: Tensor = policy.diffusion.unet(x, t, global_cond=condition)
        return result

    functions = {"predict": predict} if kind == "act" else {"encode": encode, "denoise": denoise}
    return functions, f"lerobot {version}"
