"""Checkpoints of the original act repository: policy_best.ckpt and dataset_stats.pkl.

Their network's sizes follow from the weights; the number of attention heads, the cameras and their
images' size do not, and are given by the user.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from takt_export.checkpoint import ActionScale, Checkpoint, Feature
from takt_export.errors import ExportError
from takt_export.lerobot.networks import NormalisedAct
from takt_export.networks.act import ActConfig, ActNetwork
from takt_export.networks.images import IMAGENET_MEAN, IMAGENET_STD, Linear, per_channel
from takt_export.networks.state import below, load_state, renamed
from takt_export.safe_pickle import read_pickle, read_torch

STATE = "qpos"
STATISTICS = "dataset_stats.pkl"

# Both encoders begin alike, so the order matters: the one of the latent is for training only.
_RULES = (
    (r"^encoder\.", "latent_encoder."),
    (r"^transformer\.encoder\.", "encoder."),
    # Of all decoder layers the original uses the first one's output (its [0] takes the first of
    # the intermediate results), so the others do not matter.
    (r"^transformer\.decoder\.layers\.0\.", "decoder.layers.0."),
    (r"^transformer\.decoder\.norm\.", "decoder.norm."),
    (r"^transformer\.decoder\.layers\.", "further_layers."),
    (r"^query_embed\.", "decoder_pos_embed."),
    (r"^input_proj\.", "encoder_img_feat_input_proj."),
    (r"^input_proj_robot_state\.", "encoder_robot_state_input_proj."),
    (r"^latent_out_proj\.", "encoder_latent_input_proj."),
    (r"^additional_pos_embed\.", "encoder_1d_feature_pos_embed."),
    (r"^backbones\.0\.0\.body\.", "backbone."),
)
_UNUSED = (
    "latent_encoder.", "further_layers.", "is_pad_head.", "cls_embed.", "encoder_action_proj.",
    "encoder_joint_proj.", "latent_proj.", "pos_table",
)  # fmt: skip


@dataclass(frozen=True)
class ActOptions:
    """What the checkpoint does not say.

    Attributes:
        cameras: names in the order of the training's ``camera_names``.
        image_size: height and width of the images in the training.
        heads: of attention; 8 in the original scripts.
    """

    cameras: tuple[str, ...]
    image_size: tuple[int, int] = (480, 640)
    heads: int = 8


def read_act(file: Path, options: ActOptions) -> Checkpoint:
    """Reads a checkpoint, and ``dataset_stats.pkl`` next to it.

    Neither file can run anything: pickles are read by ``safe_pickle``.

    Raises:
        ExportError: a file is missing, or the network is not ACT.
    """
    weights = read_torch(file)
    if not isinstance(weights, dict) or "model.query_embed.weight" not in weights:
        raise ExportError(
            f"{file} is no checkpoint of ACT from the act repository: it has no weight "
            "'model.query_embed.weight'; give e.g. policy_best.ckpt"
        )
    statistics = _statistics(file.with_name(STATISTICS))
    state = renamed(below(weights, "model."), _RULES)
    config = _config(state, options, file)
    network = ActNetwork(config)
    load_state(network, state, str(file), _UNUSED)
    mean, std = statistics["qpos_mean"], statistics["qpos_std"]
    if len(mean) != config.state_size or len(statistics["action_mean"]) != config.action_size:
        raise ExportError(
            f"{file.with_name(STATISTICS)} is for {len(mean)} joints; the network has "
            f"{config.state_size} and {config.action_size} actions. It belongs to another training"
        )
    features = [Feature(STATE, "vector", (config.state_size,), mean, std)]
    features += [Feature(name, "image", (3, *options.image_size)) for name in options.cameras]
    image = Linear(per_channel(IMAGENET_MEAN), per_channel(IMAGENET_STD))
    linears = [Linear(mean, std), *(image for _ in options.cameras)]
    kinds = ["STATE", *("VISUAL" for _ in options.cameras)]
    return Checkpoint(
        framework="ACT",
        path=file,
        family="direct",
        features=tuple(features),
        action_size=config.action_size,
        actions=ActionScale("meanstd", statistics["action_mean"], statistics["action_std"]),
        history=1,
        first=0,
        prediction=config.chunk,
        execute=config.chunk,
        sampler=None,
        networks={"predict": _predict(network, linears, kinds)},
        originals={},
        notes=(
            "the original scripts run ACT with temporal ensembling or with whole chunks; choose "
            "with the schedule, and how much of a chunk is executed with 'execute'",
        ),
    )


def _predict(network: ActNetwork, linears: Sequence[Linear], kinds: Sequence[str]) -> nn.Module:
    return NormalisedAct(network, linears, kinds)


def _statistics(file: Path) -> dict[str, Tensor]:
    if not file.is_file():
        raise ExportError(
            f"{file} does not exist; the act repository writes it next to the checkpoint, and "
            "nothing can be exported without its means and deviations"
        )
    content: Any = read_pickle(file)
    found: dict[str, Tensor] = {}
    for key in ("qpos_mean", "qpos_std", "action_mean", "action_std"):
        value = content.get(key) if isinstance(content, dict) else None
        if not isinstance(value, np.ndarray) or value.ndim != 1 or not np.isfinite(value).all():
            raise ExportError(f"{file} has no finite vector {key!r}; copy it from the training")
        found[key] = torch.from_numpy(np.asarray(value, np.float32).copy())
    return found


def _config(state: Mapping[str, Tensor], options: ActOptions, file: Path) -> ActConfig:
    """Sizes that follow from the weights."""
    try:
        chunk, width = state["decoder_pos_embed.weight"].shape
        action_size = len(state["action_head.bias"])
        state_size = state["encoder_robot_state_input_proj.weight"].shape[1]
        feedforward = len(state["encoder.layers.0.linear1.bias"])
        latent = state["encoder_latent_input_proj.weight"].shape[1]
    except KeyError as error:
        raise ExportError(f"{file} has no weight {error}; is it ACT with cameras?") from None
    if width % options.heads:
        raise ExportError(
            f"{file}: {options.heads} attention heads do not divide its width {width}; give the "
            "`nheads` of the training"
        )
    layers = {key.split(".")[2] for key in state if key.startswith("encoder.layers.")}
    depth = _backbone(state)
    return ActConfig(
        action_size=action_size,
        chunk=chunk,
        state_size=state_size,
        environment_size=0,
        cameras=len(options.cameras),
        backbone=depth,
        width=width,
        heads=options.heads,
        feedforward=feedforward,
        encoder_layers=len(layers),
        decoder_layers=1,
        latent_size=latent,
        pre_norm="encoder.norm.weight" in state,
        activation="relu",
    )


def _backbone(state: Mapping[str, Tensor]) -> str:
    """The residual network whose third stage has so many blocks."""
    blocks = {key.split(".")[2] for key in state if key.startswith("backbone.layer3.")}
    wide = "backbone.layer1.0.conv3.weight" in state
    names = {2: "resnet18", 6: "resnet50" if wide else "resnet34", 23: "resnet101"}
    return names.get(len(blocks), f"a residual network of {len(blocks)} blocks in layer3")
