"""Networks over a whole noisy chunk: what a sampler calls at every step.

A residual MLP with FiLM (arXiv 1709.07871): a chunk of a few hundred numbers needs no more,
and it is the cheapest thing to call sixteen times on a CPU.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

FREQUENCIES = 32
TOKEN_TIME = 16
"""Numbers that say the noise level of one action, where each has its own."""


@dataclass(frozen=True)
class ChunkConfig:
    """Sizes.

    Attributes:
        length, size: of the sample, (L, S).
        condition_dim: of what is known.
        hidden_dim: width.
        blocks: residual blocks.
    """

    length: int
    size: int
    condition_dim: int = 128
    hidden_dim: int = 320
    blocks: int = 3


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


class ChunkNet(nn.Module):
    """(x (B, L, S), t, condition (B, C)) -> (B, L, S).

    Args:
        token_time: t is (B, L), each action with a noise level of its own, instead of (B,).
    """

    def __init__(self, config: ChunkConfig, token_time: bool = False) -> None:
        super().__init__()
        self.config, self.token_time = config, token_time
        flat, width = config.length * config.size, config.hidden_dim
        times = config.length * TOKEN_TIME
        self.time = nn.Sequential(
            nn.Linear(times if token_time else 2 * FREQUENCIES, 128), nn.Mish()
        )
        conditions = config.condition_dim + 128
        self.enter = nn.Linear(flat + times if token_time else flat, width)
        self.blocks = nn.ModuleList(Block(width, conditions) for _ in range(config.blocks))
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, flat))
        if token_time:
            self.token = nn.Linear(2 * FREQUENCIES, TOKEN_TIME)
        steps = torch.arange(FREQUENCIES) / (FREQUENCIES - 1.0)
        self.register_buffer("frequencies", torch.exp(-math.log(10_000.0) * steps))

    def flow(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """What the network itself estimates, (B, L, S)."""
        angles = t.to(torch.float32)[..., None] * self.frequencies
        waves = torch.cat([angles.sin(), angles.cos()], -1)
        entering = x.flatten(1)
        if self.token_time:
            waves = self.token(waves).flatten(1)
            entering = torch.cat([entering, waves], -1)
        given = torch.cat([condition, self.time(waves)], -1)
        hidden = self.enter(entering)
        for block in self.blocks:
            hidden = block(hidden, given)
        return self.leave(hidden).reshape(x.shape).float()


class Denoiser(ChunkNet):
    """(x (B, L, S), t (B,), condition (B, C)) -> predicted noise (B, L, S).

    Inside it estimates the velocity ``v = sqrt(a) e - sqrt(1-a) x0`` (arXiv 2202.00512),
    which stays of unit size at every noise level, and turns it into the noise ``e`` that
    the samplers ask for; that keeps millimetres at the last steps.
    """

    def __init__(self, config: ChunkConfig, alpha_bar: Tensor) -> None:
        super().__init__(config)
        self.register_buffer("alpha_bar", alpha_bar.to(torch.float32))

    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        alpha = self.alpha_bar[t.long()][:, None, None]
        return alpha.sqrt() * self.flow(x, t, condition) + (1.0 - alpha).sqrt() * x


class VelocityNet(ChunkNet):
    """(x, t (B,) or (B, L), condition) -> dx/dt of a rectified flow (arXiv 2209.03003)."""

    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        return self.flow(x, t, condition)
