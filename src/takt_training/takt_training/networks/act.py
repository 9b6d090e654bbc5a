"""Action chunking with a transformer, ACT (arXiv 2304.13705), on remembered features.

In training a second encoder looks at the chunk itself and says in a few numbers in which of
several ways it was done; at run time these numbers are zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from takt_training.networks.attention import DecoderLayer


@dataclass(frozen=True)
class ActConfig:
    """Sizes.

    Attributes:
        length, size: of the chunk, (H, D).
        cameras: how many, and numbers that each one's network gives.
        condition_dim: of what else is known.
        style_dim: of the latent style.
    """

    length: int
    size: int
    cameras: tuple[int, ...]
    condition_dim: int
    width: int = 128
    heads: int = 4
    layers: int = 3
    style_dim: int = 16


class ActNet(nn.Module):
    """Learned queries, one per action, on tokens of what is seen, known and the style."""

    def __init__(self, config: ActConfig) -> None:
        super().__init__()
        self.config = config
        width, flat = config.width, config.length * config.size
        self.look = nn.ModuleList(nn.Linear(size, width) for size in config.cameras)
        self.know = nn.Linear(config.condition_dim, 2 * width)
        self.style = nn.Linear(config.style_dim, width)
        self.places = nn.Parameter(0.02 * torch.randn(len(config.cameras) + 3, width))
        self.queries = nn.Parameter(0.5 * torch.randn(config.length, width))
        self.layers = nn.ModuleList(DecoderLayer(width, config.heads) for _ in range(config.layers))
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, config.size))
        self.watch = nn.Sequential(
            nn.Linear(flat + config.condition_dim, 256),
            nn.Mish(),
            nn.Linear(256, 256),
            nn.Mish(),
            nn.Linear(256, 2 * config.style_dim),
        )

    def styles(self, chunk: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance (B, style_dim) of the style of a chunk; training only."""
        found = self.watch(torch.cat([chunk.flatten(1), condition], -1))
        mean, spread = found.chunk(2, dim=-1)
        return mean, spread.clamp(-8.0, 4.0)

    def forward(self, features: Tensor, condition: Tensor, style: Tensor) -> Tensor:
        """The chunk (B, H, D)."""
        seen = features.split(list(self.config.cameras), dim=-1)
        tokens = [layer(part) for layer, part in zip(self.look, seen, strict=True)]
        tokens += [*self.know(condition).chunk(2, dim=-1), self.style(style)]
        memory = torch.stack(tokens, dim=1) + self.places
        x = self.queries.expand(features.shape[0], -1, -1)
        for layer in self.layers:
            x = layer(x, memory)
        out: Tensor = self.leave(x)
        return out
