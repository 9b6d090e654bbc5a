"""LeRobot's networks with the normalisation in front, from its configuration and weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from takt_export.checkpoint import Feature
from takt_export.errors import ExportError
from takt_export.networks.act import ActConfig, ActNetwork
from takt_export.networks.images import CentreCrop, KeypointEncoder, Linear, Resize
from takt_export.networks.resnet import ResNet
from takt_export.networks.state import below, load_state, renamed
from takt_export.networks.unet1d import ConditionalUnet, UnetConfig

_TRAINING_ONLY = ("vae_encoder",)

# A sequence of the backbone's children has their places instead of their names.
_BACKBONE_RULES = (
    (r"^backbone\.0\.", "backbone.conv1."),
    (r"^backbone\.1\.", "backbone.bn1."),
    (r"^backbone\.4\.", "backbone.layer1."),
    (r"^backbone\.5\.", "backbone.layer2."),
    (r"^backbone\.6\.", "backbone.layer3."),
    (r"^backbone\.7\.", "backbone.layer4."),
)
_UNET_RULES = ((r"\.conv1\.block\.", ".blocks.0.block."), (r"\.conv2\.block\.", ".blocks.1.block."))


class NormalisedAct(nn.Module):
    """Features (B, 1, *shape), vectors before images, to normalised actions (B, H, D)."""

    def __init__(
        self, network: ActNetwork, linears: Sequence[Linear], kinds: Sequence[str]
    ) -> None:
        super().__init__()
        self.network = network
        self.linears = nn.ModuleList(linears)
        self.kinds = list(kinds)

    def forward(self, *features: Tensor) -> Tensor:
        vectors: dict[str, Tensor] = {}
        images: list[Tensor] = []
        for kind, linear, feature in zip(self.kinds, self.linears, features, strict=True):
            value = linear(feature[:, 0])
            if kind == "VISUAL":
                images.append(value)
            else:
                vectors[kind] = value
        actions: Tensor = self.network(vectors.get("STATE"), vectors.get("ENV"), images)
        return actions


def act_network(
    folder: Path,
    config: Mapping[str, Any],
    state: Mapping[str, Tensor],
    kinds: Mapping[str, str],
    features: Sequence[Feature],
    linears: Sequence[Linear],
    size: int,
) -> nn.Module:
    """The network of an ACT checkpoint."""
    if config.get("replace_final_stride_with_dilation"):
        raise ExportError(
            f"{folder}: replace_final_stride_with_dilation is set, which is not known here; use "
            "`takt policy export module`"
        )
    sizes = {kind: one.shape[0] for one, kind in zip(features, kinds.values(), strict=True)}
    network = ActNetwork(
        ActConfig(
            action_size=size,
            chunk=int(config["chunk_size"]),
            state_size=sizes.get("STATE", 0),
            environment_size=sizes.get("ENV", 0),
            cameras=list(kinds.values()).count("VISUAL"),
            backbone=config["vision_backbone"],
            width=int(config["dim_model"]),
            heads=int(config["n_heads"]),
            feedforward=int(config["dim_feedforward"]),
            encoder_layers=int(config["n_encoder_layers"]),
            decoder_layers=int(config["n_decoder_layers"]),
            latent_size=int(config["latent_dim"]),
            pre_norm=bool(config["pre_norm"]),
            activation=config["feedforward_activation"],
        )
    )
    weights = below(state, "model.")
    load_state(network, weights, str(folder / "model.safetensors"), _TRAINING_ONLY)
    return NormalisedAct(network, linears, list(kinds.values()))


class NormalisedCondition(nn.Module):
    """Features (B, T, *shape) to the flat condition: state, cameras, environment of each step."""

    def __init__(
        self, encoders: Sequence[nn.Module], linears: Sequence[Linear], kinds: Sequence[str]
    ) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(encoders)
        self.linears = nn.ModuleList(linears)
        self.kinds = list(kinds)

    def forward(self, *features: Tensor) -> Tensor:
        parts: dict[str, list[Tensor]] = {"STATE": [], "VISUAL": [], "ENV": []}
        for kind, linear, feature in zip(self.kinds, self.linears, features, strict=True):
            value = linear(feature)
            if kind == "VISUAL":
                encoder = self.encoders[min(len(parts[kind]), len(self.encoders) - 1)]
                steps = feature.shape[1]
                value = encoder(value.flatten(0, 1)).unflatten(0, (-1, steps))
            parts[kind].append(value)
        return torch.cat([one for values in parts.values() for one in values], dim=-1).flatten(1)


def diffusion_networks(
    folder: Path,
    config: Mapping[str, Any],
    state: Mapping[str, Tensor],
    kinds: Mapping[str, str],
    features: Sequence[Feature],
    linears: Sequence[Linear],
    size: int,
) -> dict[str, nn.Module]:
    """``encode`` and ``denoise`` of a Diffusion checkpoint."""
    weights, what = below(state, "diffusion."), str(folder / "model.safetensors")
    images = [one for one in features if one.kind == "image"]
    separate = bool(config.get("use_separate_rgb_encoder_per_camera"))
    encoders: list[nn.Module] = []
    for index in range(len(images) if separate else min(1, len(images))):
        prefix = f"rgb_encoder.{index}." if separate else "rgb_encoder."
        encoders.append(_encoder(config, images[0], below(weights, prefix), what))
    vectors = sum(one.shape[0] for one in features if one.kind == "vector")
    seen = 2 * int(config["spatial_softmax_num_keypoints"]) * len(images) + vectors
    unet = ConditionalUnet(
        UnetConfig(
            action_size=size,
            condition_size=seen * int(config["n_obs_steps"]),
            time_size=int(config["diffusion_step_embed_dim"]),
            down=tuple(int(width) for width in config["down_dims"]),
            kernel=int(config["kernel_size"]),
            groups=int(config["n_groups"]),
            scale=bool(config["use_film_scale_modulation"]),
        )
    )
    load_state(unet, renamed(below(weights, "unet."), _UNET_RULES), what)
    condition = NormalisedCondition(encoders, linears, list(kinds.values()))
    return {"encode": condition, "denoise": unet}


def _encoder(
    config: Mapping[str, Any], image: Feature, state: Mapping[str, Tensor], what: str
) -> nn.Module:
    """Resizing, cropping and encoding of one camera's images."""
    steps: list[nn.Module] = []
    size = (image.shape[1], image.shape[2])
    if config.get("resize_shape"):
        wanted = _pair(config["resize_shape"])
        steps.append(Resize(size, wanted))
        size = wanted
    if config.get("crop_shape"):
        wanted = _pair(config["crop_shape"])
        steps.append(CentreCrop(size, wanted))
        size = wanted
    norm = "group" if config["use_group_norm"] else "batch"
    keypoints = int(config["spatial_softmax_num_keypoints"])
    backbone = ResNet(config["vision_backbone"], "group" if norm == "group" else "batch")
    encoder = KeypointEncoder(backbone, size, keypoints, 2 * keypoints)
    load_state(encoder, renamed(state, _BACKBONE_RULES), what, ("pool.pos_grid",))
    return nn.Sequential(*steps, encoder)


def _pair(values: Sequence[int]) -> tuple[int, int]:
    return int(values[0]), int(values[1])
