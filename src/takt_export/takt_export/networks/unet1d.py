"""The U-Net over time of Diffusion Policy (arXiv 2303.04137), conditioned by FiLM (1709.07871)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class UnetConfig:
    """Sizes of the network.

    Attributes:
        action_size: D.
        condition_size: of the flat condition.
        time_size: of the embedding of the noise level.
        down: channels at each scale.
        scale: whether FiLM scales as well as shifts.
    """

    action_size: int
    condition_size: int
    time_size: int
    down: tuple[int, ...]
    kernel: int
    groups: int
    scale: bool


class ConditionalUnet(nn.Module):
    """Noisy chunks (B, H, D), levels (B,) and conditions (B, C) to predictions (B, H, D)."""

    def __init__(self, config: UnetConfig) -> None:
        super().__init__()
        size = config.time_size
        self.diffusion_step_encoder = nn.Sequential(
            _LevelEmbedding(size), nn.Linear(size, 4 * size), nn.Mish(), nn.Linear(4 * size, size)
        )

        def block(start: int, end: int) -> nn.Module:
            return _FilmBlock(start, end, size + config.condition_size, config)

        pairs = list(zip((config.action_size, *config.down[:-1]), config.down, strict=True))
        last = len(pairs) - 1
        self.down_modules = nn.ModuleList(
            nn.ModuleList(
                [
                    block(start, end),
                    block(end, end),
                    nn.Conv1d(end, end, 3, 2, 1) if index < last else nn.Identity(),
                ]
            )
            for index, (start, end) in enumerate(pairs)
        )
        middle = config.down[-1]
        self.mid_modules = nn.ModuleList([block(middle, middle), block(middle, middle)])
        self.up_modules = nn.ModuleList(
            nn.ModuleList(
                [
                    block(2 * end, start),
                    block(start, start),
                    nn.ConvTranspose1d(start, start, 4, 2, 1),
                ]
            )
            for start, end in reversed(pairs[1:])
        )
        first = config.down[0]
        # The last block always has eight groups, whatever the others have.
        self.final_conv = nn.Sequential(
            _ConvBlock(first, first, config.kernel, 8), nn.Conv1d(first, config.action_size, 1)
        )

    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        known = torch.cat([self.diffusion_step_encoder(t), condition], dim=-1)
        h = x.transpose(1, 2)
        skips: list[Tensor] = []
        for first, second, shrink in self.down_modules:  # type: ignore[misc]
            h = second(first(h, known), known)
            skips.append(h)
            h = shrink(h)
        for middle in self.mid_modules:
            h = middle(h, known)
        for first, second, grow in self.up_modules:  # type: ignore[misc]
            h = torch.cat([h, skips.pop()], dim=1)
            h = grow(second(first(h, known), known))
        result: Tensor = self.final_conv(h).transpose(1, 2)
        return result


class _LevelEmbedding(nn.Module):
    """Sines and cosines of the noise level, (B,) to (B, size)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        half = size // 2
        step = math.log(10000.0) / (half - 1)
        frequencies = torch.exp(torch.arange(half) * -step)
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.frequencies: Tensor

    def forward(self, t: Tensor) -> Tensor:
        angles = t.unsqueeze(-1) * self.frequencies
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


class _ConvBlock(nn.Module):
    def __init__(self, start: int, end: int, kernel: int, groups: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv1d(start, end, kernel, padding=kernel // 2), nn.GroupNorm(groups, end), nn.Mish()
        )

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.block(x)
        return result


class _FilmBlock(nn.Module):
    """Two convolutions over time; the condition shifts, and may scale, what is between them."""

    def __init__(self, start: int, end: int, condition_size: int, config: UnetConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            [
                _ConvBlock(start, end, config.kernel, config.groups),
                _ConvBlock(end, end, config.kernel, config.groups),
            ]
        )
        self.scale = config.scale
        self.cond_encoder = nn.Sequential(
            nn.Mish(), nn.Linear(condition_size, end * (2 if config.scale else 1))
        )
        self.residual_conv = nn.Conv1d(start, end, 1) if start != end else nn.Identity()

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.blocks[0](x)
        film = self.cond_encoder(condition).unsqueeze(-1)
        if self.scale:
            gain, shift = film.chunk(2, dim=1)
            h = gain * h + shift
        else:
            h = h + film
        result: Tensor = self.blocks[1](h) + self.residual_conv(x)
        return result
