"""How the diffusion_policy repository turns observations into the condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from takt_export.checkpoint import Feature
from takt_export.errors import ExportError
from takt_export.networks.images import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    CentreCrop,
    KeypointEncoder,
    Linear,
    PooledEncoder,
    Resize,
    per_channel,
)
from takt_export.networks.resnet import ResNet
from takt_export.networks.state import State, below, load_state, renamed

KEYPOINTS, FEATURES = 32, 64
"""Of the hybrid policies' image networks, which the repository takes from robomimic's defaults."""

_ROBOMIMIC_RULES = (
    (r"^backbone\.nets\.0\.", "backbone.conv1."),
    (r"^backbone\.nets\.1\.", "backbone.bn1."),
    (r"^backbone\.nets\.4\.", "backbone.layer1."),
    (r"^backbone\.nets\.5\.", "backbone.layer2."),
    (r"^backbone\.nets\.6\.", "backbone.layer3."),
    (r"^backbone\.nets\.7\.", "backbone.layer4."),
    (r"^nets\.3\.", "out."),
)
# The same weights under a second name, and constants.
_ROBOMIMIC_TWICE = ("nets.0.", "nets.1.", "pool.pos_x", "pool.pos_y", "pool.temperature")


class Condition(nn.Module):
    """Features (B, T, *shape) to the flat condition (B, T * size), step after step."""

    def __init__(
        self,
        encoders: Sequence[nn.Module | None],
        linears: Sequence[Linear],
        kinds: Sequence[str],
    ) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(one or nn.Identity() for one in encoders)
        self.linears = nn.ModuleList(linears)
        self.kinds = list(kinds)

    def forward(self, *features: Tensor) -> Tensor:
        parts = []
        for kind, linear, encoder, feature in zip(
            self.kinds, self.linears, self.encoders, features, strict=True
        ):
            value = linear(feature)
            if kind == "image":
                value = encoder(value.flatten(0, 1)).unflatten(0, (-1, feature.shape[1]))
            parts.append(value)
        return torch.cat(parts, dim=-1).flatten(1)


def image_encoders(
    policy: Mapping[str, Any], features: Sequence[Feature], state: State, what: str
) -> tuple[list[nn.Module | None], int]:
    """Of ``MultiImageObsEncoder``: a residual network for each camera, or one for all."""
    config = policy["obs_encoder"]
    model = config["rgb_model"]
    if str(model.get("_target_", "")).rsplit(".", 1)[-1] != "get_resnet" or model.get(
        "weights"
    ) in ("r3m", "R3M"):
        raise ExportError(
            f"{what}: the image network is {model.get('_target_')!r} with weights "
            f"{model.get('weights')!r}; known is get_resnet without r3m. Use "
            "`takt policy export module`"
        )
    shared = bool(config.get("share_rgb_model"))
    encoders: list[nn.Module | None] = []
    size = 0
    common: PooledEncoder | None = None
    for feature in features:
        if feature.kind == "vector":
            encoders.append(None)
            size += feature.shape[0]
            continue
        if common is None or not shared:
            norm = "group" if config.get("use_group_norm") and not shared else "batch"
            common = PooledEncoder(ResNet(model["name"], "group" if norm == "group" else "batch"))
            key = "rgb" if shared else feature.name
            load_state(common.backbone, below(state, f"key_model_map.{key}."), what)
        encoders.append(nn.Sequential(*_image_steps(config, feature), common))
        size += common.size
    return encoders, size


def _image_steps(config: Mapping[str, Any], feature: Feature) -> list[nn.Module]:
    """Resizing, cropping and normalising of one camera's images."""
    steps: list[nn.Module] = []
    size = (feature.shape[1], feature.shape[2])
    resize = _of_camera(config.get("resize_shape"), feature.name)
    if resize is not None:
        steps.append(Resize(size, resize))
        size = resize
    crop = _of_camera(config.get("crop_shape"), feature.name)
    # Without random_crop the repository overwrites its own cropping and trains on whole images.
    if crop is not None and config.get("random_crop", True):
        steps.append(CentreCrop(size, crop))
    if config.get("imagenet_norm"):
        steps.append(Linear(per_channel(IMAGENET_MEAN), per_channel(IMAGENET_STD)))
    return steps


def _of_camera(value: Any, name: str) -> tuple[int, int] | None:
    if isinstance(value, dict):
        value = value[name]
    return None if value is None else (int(value[0]), int(value[1]))


def hybrid_encoders(
    policy: Mapping[str, Any], features: Sequence[Feature], state: State, what: str
) -> tuple[list[nn.Module | None], int]:
    """Of the hybrid policies: robomimic's image network for each camera."""
    encoders: list[nn.Module | None] = []
    size = 0
    for feature in features:
        if feature.kind == "vector":
            encoders.append(None)
            size += feature.shape[0]
            continue
        steps: list[nn.Module] = []
        seen = (feature.shape[1], feature.shape[2])
        crop = _of_camera(policy.get("crop_shape", (76, 76)), feature.name)
        if crop is not None:
            steps.append(CentreCrop(seen, crop))
            seen = crop
        weights = below(state, f"obs_nets.{feature.name}.")
        norm = "group" if policy.get("obs_encoder_group_norm") else "batch"
        temperature = weights.get("pool.temperature", torch.ones(1))
        backbone = ResNet("resnet18", "group" if norm == "group" else "batch")
        encoder = KeypointEncoder(backbone, seen, KEYPOINTS, FEATURES, float(temperature))
        load_state(
            encoder,
            renamed(weights, _ROBOMIMIC_RULES),
            what,
            _ROBOMIMIC_TWICE,
        )
        encoders.append(nn.Sequential(*steps, encoder))
        size += FEATURES
    return encoders, size
