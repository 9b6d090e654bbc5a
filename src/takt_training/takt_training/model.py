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

STRIDE = 4
"""Pixels per cell of the keypoint maps."""
SUMMARY = 32
"""What an image says in general, beside its keypoints."""
GAIN = 4.0
"""Of the logits of the keypoint maps; a map has to become a point within few steps."""


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of the two networks.

    Attributes:
        images: name to (history, side) of the square images.
        vectors: name to length of the flattened low-dimensional inputs, history included; the
            pose of the tool first.
        horizon: actions in a chunk.
        action_dim: numbers per action.
        condition_dim: length of what ``Encoder`` hands to ``Denoiser``.
        hidden_dim: width of the denoiser.
        blocks: residual blocks of the denoiser.
        keypoints: points that each camera's network may follow; the first ones are taught.
        landmark_dim: length of what ``Encoder.landmark`` finds.
    """

    images: Mapping[str, tuple[int, int]]
    vectors: Mapping[str, int]
    horizon: int = 16
    action_dim: int = 9
    condition_dim: int = 128
    hidden_dim: int = 320
    blocks: int = 3
    keypoints: int = 16
    landmark_dim: int = 4

    @property
    def pose_dim(self) -> int:
        """Length of the first vector, the pose of the tool."""
        return next(iter(self.vectors.values()))


class SpatialSoftmax(nn.Module):
    """The expected image position of each channel's activation, and how sure it is.

    (B, C, H, W) -> (B, C, 2) as column and row in [-1, 1], and (B, C) the highest weight. A
    position in pixels is what localising a hole needs; pooling would throw it away.
    """

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.register_buffer("x", torch.linspace(-1.0, 1.0, width).repeat(height))
        self.register_buffer("y", torch.linspace(-1.0, 1.0, height).repeat_interleave(width))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        attention = (features.flatten(2).float() * GAIN).softmax(dim=-1)
        column, row = (attention * self.x).sum(-1), (attention * self.y).sum(-1)
        return torch.stack([column, row], dim=-1), attention.amax(dim=-1)


class ImageNet(nn.Module):
    """(B, 3, S, S) in [0, 1] -> keypoints (B, K, 2) and the rest (B, K + 32).

    The rest is how sure each keypoint is, and what was seen in general.
    """

    def __init__(self, side: int, keypoints: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 32, 5, stride=2, padding=2),
            nn.GroupNorm(4, 32),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3, stride=STRIDE // 2, padding=1),
            nn.GroupNorm(4, 32),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.GroupNorm(8, 64),
            nn.ReLU(),
            nn.Conv2d(64, 64, 3, padding=2, dilation=2),
            nn.GroupNorm(8, 64),
            nn.ReLU(),
        )
        cells = math.ceil(side / STRIDE)
        self.points = nn.Conv2d(64, keypoints, 1)
        self.softmax = SpatialSoftmax(cells, cells)
        self.summary = nn.Linear(64, SUMMARY)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(image * 2.0 - 1.0)
        points, sure = self.softmax(self.points(features))
        summary = self.summary(features.float().mean(dim=(2, 3)))
        return points, torch.cat([sure, summary.float()], dim=-1)


class Encoder(nn.Module):
    """Observation -> condition (B, condition_dim), in two parts.

    ``features`` looks at the images, which is what costs time; ``condition`` joins what was
    seen with what was felt. Images are (B, To, 3, S, S) in [0, 1] and vectors (B, n)
    normalised, in the order of the configuration.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.cameras = nn.ModuleList(
            ImageNet(side, config.keypoints) for _, side in config.images.values()
        )
        self.feature_dim = sum(
            history * (3 * config.keypoints + SUMMARY) for history, _ in config.images.values()
        )
        felt = sum(config.vectors.values())
        self.felt = nn.Sequential(nn.Linear(felt, 128), nn.Mish())
        self.locate = nn.Sequential(
            nn.Linear(self.feature_dim + config.pose_dim, 256),
            nn.Mish(),
            nn.Linear(256, 256),
            nn.Mish(),
            nn.Linear(256, config.landmark_dim),
        )
        self.fuse = nn.Sequential(
            nn.Linear(self.feature_dim + 128 + config.landmark_dim, 256),
            nn.Mish(),
            nn.Linear(256, 256),
            nn.Mish(),
            nn.Linear(256, config.condition_dim),
        )

    def look(self, images: list[Tensor]) -> tuple[list[Tensor], Tensor]:
        """Keypoints (B, To, K, 2) of each camera, and all features (B, feature_dim)."""
        points, parts = [], []
        for network, image in zip(self.cameras, images, strict=True):
            batch, history = image.shape[0], image.shape[1]
            found, rest = network(image.reshape(batch * history, *image.shape[2:]))
            points.append(found.reshape(batch, history, *found.shape[1:]))
            parts += [found.reshape(batch, -1), rest.reshape(batch, -1)]
        return points, torch.cat(parts, dim=-1)

    def landmark(self, features: Tensor, vectors: list[Tensor]) -> Tensor:
        """(B, landmark_dim) where the hole is seen from the tool, normalised.

        Trained against the simulator's truth. It gives the denoiser in one place what it would
        have to find out from many.
        """
        return self.locate(torch.cat([features, vectors[0]], dim=-1)).float()

    def condition(self, features: Tensor, vectors: list[Tensor], landmark: Tensor) -> Tensor:
        """(B, condition_dim)."""
        felt = self.felt(torch.cat(vectors, dim=-1)).float()
        return self.fuse(torch.cat([features, felt, landmark], dim=-1)).float()

    def forward(self, images: list[Tensor], vectors: list[Tensor]) -> Tensor:
        _, features = self.look(images)
        return self.condition(features, vectors, self.landmark(features, vectors))


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


def cell_of_pixel(pixels: Tensor, side: int) -> Tensor:
    """Pixel indices to the coordinates of ``SpatialSoftmax``; cell j looks at pixel 4j."""
    cells = math.ceil(side / STRIDE)
    return 2.0 * pixels / (STRIDE * (cells - 1)) - 1.0


def parameter_count(*networks: nn.Module) -> int:
    """Trainable numbers in all of them."""
    return sum(p.numel() for network in networks for p in network.parameters())
