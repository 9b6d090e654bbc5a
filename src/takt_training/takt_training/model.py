"""A small image-and-touch diffusion policy.

Two networks, exported apart: ``Encoder`` turns one observation into a condition, once per
chunk; ``Denoiser`` is called at every step of the sampler. Diffusion Policy, arXiv
2303.04137; keypoints by spatial softmax, arXiv 1504.00702; FiLM, arXiv 1709.07871.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of the two networks.

    Attributes:
        images: name to (history, side) of the square images.
        vectors: name to length of the flattened low-dimensional inputs, history included.
        horizon: actions in a chunk.
        action_dim: numbers per action.
        condition_dim: length of what ``Encoder`` hands to ``Denoiser``.
        hidden_dim: width of the denoiser.
        blocks: residual blocks of the denoiser.
        keypoints: points that each camera's network may follow.
        landmark_dim: length of the auxiliary target, see ``Encoder.landmark``.
    """

    images: Mapping[str, tuple[int, int]]
    vectors: Mapping[str, int]
    horizon: int = 16
    action_dim: int = 9
    condition_dim: int = 128
    hidden_dim: int = 320
    blocks: int = 3
    keypoints: int = 32
    landmark_dim: int = 4


class SpatialSoftmax(nn.Module):
    """The expected image position of each channel's activation.

    (B, C, H, W) -> (B, 2C) in [-1, 1], x of all channels first. A position in pixels is
    what localising a hole needs; pooling would throw it away.
    """

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.register_buffer("x", torch.linspace(-1.0, 1.0, width).repeat(height))
        self.register_buffer("y", torch.linspace(-1.0, 1.0, height).repeat_interleave(width))
        self.log_gain = nn.Parameter(torch.zeros(()))

    def forward(self, features: Tensor) -> Tensor:
        flat = features.flatten(2).float() * self.log_gain.exp()
        attention = flat.softmax(dim=-1)
        return torch.cat([(attention * self.x).sum(-1), (attention * self.y).sum(-1)], dim=-1)


class ImageNet(nn.Module):
    """(B, 3, S, S) in [0, 1] -> (B, 2K + 32): keypoints and what was seen in general."""

    def __init__(self, side: int, keypoints: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 32, 5, stride=2, padding=2),
            nn.GroupNorm(4, 32),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3, stride=2, padding=1),
            nn.GroupNorm(4, 32),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.GroupNorm(8, 64),
            nn.ReLU(),
            nn.Conv2d(64, 64, 3, padding=2, dilation=2),
            nn.GroupNorm(8, 64),
            nn.ReLU(),
        )
        cells = math.ceil(math.ceil(side / 2) / 2)
        self.points = nn.Conv2d(64, keypoints, 1)
        self.softmax = SpatialSoftmax(cells, cells)
        self.summary = nn.Linear(64, 32)
        self.output_dim = 2 * keypoints + 32

    def forward(self, image: Tensor) -> Tensor:
        features = self.body(image * 2.0 - 1.0)
        points = self.softmax(self.points(features))
        summary = self.summary(features.float().mean(dim=(2, 3)))
        return torch.cat([points, summary], dim=-1)


class Encoder(nn.Module):
    """Observation -> condition (B, condition_dim).

    Takes images (B, To, 3, S, S) float in [0, 1] and normalised vectors (B, n), in the
    order of the configuration.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.cameras = nn.ModuleList(
            ImageNet(side, config.keypoints) for _, side in config.images.values()
        )
        seen = sum(
            history * (2 * config.keypoints + 32) for history, _ in config.images.values()
        )
        self.felt = nn.Sequential(nn.Linear(sum(config.vectors.values()), 128), nn.Mish())
        self.fuse = nn.Sequential(
            nn.Linear(seen + 128, 256),
            nn.Mish(),
            nn.Linear(256, 256),
            nn.Mish(),
            nn.Linear(256, config.condition_dim),
        )
        self.landmark_head = nn.Linear(config.condition_dim, config.landmark_dim)

    def forward(self, images: list[Tensor], vectors: list[Tensor]) -> Tensor:
        parts = []
        for network, image in zip(self.cameras, images, strict=True):
            batch, history = image.shape[0], image.shape[1]
            features = network(image.reshape(batch * history, *image.shape[2:]))
            parts.append(features.reshape(batch, -1).float())
        parts.append(self.felt(torch.cat(vectors, dim=-1)).float())
        return self.fuse(torch.cat(parts, dim=-1)).float()

    def landmark(self, condition: Tensor) -> Tensor:
        """(B, landmark_dim) where the encoder thinks that the hole is, normalised.

        Only for training: this auxiliary target tells the keypoints early what to look
        for. It is not part of the exported graphs.
        """
        return self.landmark_head(condition)


class Block(nn.Module):
    """A residual block, scaled and shifted by the condition (FiLM)."""

    def __init__(self, width: int, condition_dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.film = nn.Linear(condition_dim, 2 * width)
        self.first = nn.Linear(width, width)
        self.second = nn.Linear(width, width)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.film(condition).chunk(2, dim=-1)
        hidden = self.norm(x) * (1.0 + scale) + shift
        return x + self.second(nn.functional.mish(self.first(hidden)))


class Denoiser(nn.Module):
    """(x (B, H, D), t (B,), condition (B, C)) -> predicted noise (B, H, D).

    Inside it estimates the velocity ``v = sqrt(a) e - sqrt(1-a) x0`` (arXiv 2202.00512),
    which stays of unit size at every noise level, and turns it into the noise ``e`` that
    the samplers ask for; that keeps millimetres at the last steps.
    """

    def __init__(self, config: ModelConfig, alpha_bar: Tensor) -> None:
        super().__init__()
        self.register_buffer("alpha_bar", alpha_bar.to(torch.float32))
        flat, width = config.horizon * config.action_dim, config.hidden_dim
        self.time = nn.Sequential(nn.Linear(64, 128), nn.Mish())
        conditions = config.condition_dim + 128
        self.enter = nn.Linear(flat, width)
        self.blocks = nn.ModuleList(Block(width, conditions) for _ in range(config.blocks))
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, flat))
        frequencies = torch.exp(-math.log(10_000.0) * torch.arange(32) / 31.0)
        self.register_buffer("frequencies", frequencies)

    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        alpha = self.alpha_bar[t.long()][:, None, None]
        return alpha.sqrt() * self.velocity(x, t, condition) + (1.0 - alpha).sqrt() * x

    def velocity(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """The same network's estimate of v (B, H, D); the loss is taken on it."""
        angles = t.to(torch.float32)[:, None] * self.frequencies
        given = torch.cat([condition, self.time(torch.cat([angles.sin(), angles.cos()], -1))], -1)
        hidden = self.enter(x.flatten(1))
        for block in self.blocks:
            hidden = block(hidden, given)
        return self.leave(hidden).reshape(x.shape).float()


def parameter_count(*networks: nn.Module) -> int:
    """Trainable numbers in all of them."""
    return sum(p.numel() for network in networks for p in network.parameters())
