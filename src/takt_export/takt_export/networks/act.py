"""The part of ACT that runs on a robot (arXiv 2304.13705): its latent is zero there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from takt_export.errors import ExportError
from takt_export.networks.resnet import ResNet

ACTIVATIONS = {"relu": functional.relu, "gelu": functional.gelu}


@dataclass(frozen=True)
class ActConfig:
    """Sizes of the network.

    Attributes:
        action_size, chunk: D and H.
        state_size, environment_size: of the vectors; 0 where there is none.
        cameras: number of images.
        pre_norm: normalise before attention instead of after it.
    """

    action_size: int
    chunk: int
    state_size: int
    environment_size: int
    cameras: int
    backbone: str
    width: int
    heads: int
    feedforward: int
    encoder_layers: int
    decoder_layers: int
    latent_size: int
    pre_norm: bool
    activation: str


class ActNetwork(nn.Module):
    """Normalised vectors (B, n) and images (B, 3, h, w) to normalised actions (B, H, D)."""

    def __init__(self, config: ActConfig) -> None:
        super().__init__()
        if config.activation not in ACTIVATIONS:
            raise ExportError(
                f"the activation is {config.activation!r}; known are {', '.join(ACTIVATIONS)}"
            )
        width, vectors = config.width, (config.state_size, config.environment_size)
        self.encoder_latent_input_proj = nn.Linear(config.latent_size, width)
        if config.state_size:
            self.encoder_robot_state_input_proj = nn.Linear(config.state_size, width)
        if config.environment_size:
            self.encoder_env_state_input_proj = nn.Linear(config.environment_size, width)
        self.encoder_1d_feature_pos_embed = nn.Embedding(
            1 + sum(1 for size in vectors if size), width
        )
        if config.cameras:
            self.backbone = ResNet(config.backbone)
            self.encoder_img_feat_input_proj = nn.Conv2d(self.backbone.channels, width, 1)
        self.encoder = _Stack(config, config.encoder_layers, config.pre_norm, cross=False)
        self.decoder = _Stack(config, config.decoder_layers, True, cross=True)
        self.decoder_pos_embed = nn.Embedding(config.chunk, width)
        self.action_head = nn.Linear(width, config.action_size)

    def forward(
        self, state: Tensor | None, environment: Tensor | None, images: list[Tensor]
    ) -> Tensor:
        given = [one for one in (state, environment, *images) if one is not None]
        batch = given[0].shape[0]
        # A latent of zeros leaves only the bias of its projection.
        tokens = [self.encoder_latent_input_proj.bias.expand(batch, 1, -1)]
        if state is not None:
            tokens.append(self.encoder_robot_state_input_proj(state).unsqueeze(1))
        if environment is not None:
            tokens.append(self.encoder_env_state_input_proj(environment).unsqueeze(1))
        places = [self.encoder_1d_feature_pos_embed.weight]
        for image in images:
            features = self.backbone(image)
            height, width = (int(size) for size in features.shape[2:])
            projected = self.encoder_img_feat_input_proj(features)
            tokens.append(projected.flatten(2).transpose(1, 2))
            places.append(sine_places(height, width, projected.shape[1]))
        place = torch.cat(places)
        memory = self.encoder(torch.cat(tokens, dim=1), place)
        queries = self.decoder_pos_embed.weight
        blank = torch.zeros_like(queries).expand(batch, -1, -1)
        actions: Tensor = self.action_head(self.decoder(blank, queries, memory, place))
        return actions


def sine_places(height: int, width: int, size: int) -> Tensor:
    """Sines and cosines of rows and columns, (height * width, size), as in DETR (2005.12872)."""
    half = size // 2
    frequency = 10000.0 ** (2 * (torch.arange(half, dtype=torch.float32) // 2) / half)

    def waves(count: int) -> Tensor:
        steps = torch.arange(1, count + 1, dtype=torch.float32)
        angles = (steps / (count + 1e-6) * (2 * math.pi))[:, None] / frequency
        return torch.stack([angles[:, 0::2].sin(), angles[:, 1::2].cos()], dim=2).flatten(1)

    rows = waves(height)[:, None].expand(height, width, half)
    columns = waves(width)[None].expand(height, width, half)
    return torch.cat([rows, columns], dim=2).reshape(height * width, size)


class _Stack(nn.Module):
    def __init__(self, config: ActConfig, layers: int, norm: bool, cross: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_Layer(config, cross) for _ in range(layers))
        self.norm = nn.LayerNorm(config.width) if norm else nn.Identity()

    def forward(
        self,
        x: Tensor,
        place: Tensor,
        memory: Tensor | None = None,
        memory_place: Tensor | None = None,
    ) -> Tensor:
        for layer in self.layers:
            x = layer(x, place, memory, memory_place)
        result: Tensor = self.norm(x)
        return result


class _Layer(nn.Module):
    """Attention to itself, in the decoder attention to the encoder's output, two linear layers."""

    def __init__(self, config: ActConfig, cross: bool) -> None:
        super().__init__()
        self.self_attn = _Attention(config.width, config.heads)
        if cross:
            self.multihead_attn = _Attention(config.width, config.heads)
        self.linear1 = nn.Linear(config.width, config.feedforward)
        self.linear2 = nn.Linear(config.feedforward, config.width)
        self.norms = 3 if cross else 2
        for index in range(1, self.norms + 1):
            setattr(self, f"norm{index}", nn.LayerNorm(config.width))
        self.pre_norm = config.pre_norm
        self.activate = ACTIVATIONS[config.activation]

    def forward(
        self, x: Tensor, place: Tensor, memory: Tensor | None, memory_place: Tensor | None
    ) -> Tensor:
        def attend(h: Tensor) -> Tensor:
            return self.self_attn(h + place, h + place, h)  # type: ignore[no-any-return]

        def look(h: Tensor) -> Tensor:
            return self.multihead_attn(h + place, memory + memory_place, memory)  # type: ignore

        def think(h: Tensor) -> Tensor:
            return self.linear2(self.activate(self.linear1(h)))  # type: ignore[no-any-return, operator]

        steps = [attend, think] if memory is None else [attend, look, think]
        for index, step in enumerate(steps, start=1):
            norm = getattr(self, f"norm{index}")
            x = x + step(norm(x)) if self.pre_norm else norm(x + step(x))
        return x


class _Attention(nn.Module):
    """Multi-head attention with the weights' names of nn.MultiheadAttention, batch first."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.zeros(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        self.heads, self.depth = heads, width // heads

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        weights, biases = self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3)
        q, k, v = (
            self._split(functional.linear(x, weight, bias))
            for x, weight, bias in zip((query, key, value), weights, biases, strict=True)
        )
        scores = (q @ k.transpose(2, 3)) / math.sqrt(self.depth)
        mixed = scores.softmax(-1) @ v
        result: Tensor = self.out_proj(mixed.transpose(1, 2).flatten(2))
        return result

    def _split(self, x: Tensor) -> Tensor:
        """(B, N, C) to one matrix for each head, (B, heads, N, depth)."""
        return x.unflatten(-1, (self.heads, self.depth)).transpose(1, 2)
