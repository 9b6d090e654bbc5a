"""What every policy looks with: small cameras' networks and what joins them with touch.

Keypoints by spatial softmax, arXiv 1504.00702.
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
class VisionConfig:
    """Sizes.

    Attributes:
        images: name to (history, side) of the square images.
        vectors: name to length of the flattened low-dimensional inputs, history included; the
            pose of the tool first.
        condition_dim: length of what ``Encoder`` says.
        keypoints: points that each camera's network may follow; the first ones are taught.
        landmark_dim: length of what ``Encoder.landmark`` finds.
    """

    images: Mapping[str, tuple[int, int]]
    vectors: Mapping[str, int]
    condition_dim: int = 128
    keypoints: int = 16
    landmark_dim: int = 4

    @property
    def pose_dim(self) -> int:
        """Length of the first vector, the pose of the tool."""
        return next(iter(self.vectors.values()))

    @property
    def camera_dims(self) -> tuple[int, ...]:
        """Numbers that each camera's network gives."""
        one = 3 * self.keypoints + SUMMARY
        return tuple(history * one for history, _ in self.images.values())


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

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.config = config
        self.cameras = nn.ModuleList(
            ImageNet(side, config.keypoints) for _, side in config.images.values()
        )
        self.feature_dim = sum(config.camera_dims)
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


def cell_of_pixel(pixels: Tensor, side: int) -> Tensor:
    """Pixel indices to the coordinates of ``SpatialSoftmax``; cell j looks at pixel 4j."""
    cells = math.ceil(side / STRIDE)
    return 2.0 * pixels / (STRIDE * (cells - 1)) - 1.0


def parameter_count(*networks: nn.Module) -> int:
    """Trainable numbers in all of them."""
    return sum(p.numel() for network in networks for p in network.parameters())
