"""A small transformer decoder; own code, so that tracing gives plain ONNX."""

from __future__ import annotations

import math

from torch import Tensor, nn


class Attention(nn.Module):
    """Multi-head attention of (B, n, C) on (B, m, C)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.leave = nn.Linear(width, width)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        query, key = self._split(self.query(x)), self._split(self.key(memory))
        value = self._split(self.value(memory))
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        mixed = (scores.softmax(-1) @ value).transpose(1, 2).flatten(2)
        out: Tensor = self.leave(mixed)
        return out

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class DecoderLayer(nn.Module):
    """Attention among the queries, then on the memory, then an MLP; each after a norm."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.among = Attention(width, heads)
        self.across = Attention(width, heads)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.Mish(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        normal = self.norms[0](x)
        x = x + self.among(normal, normal)
        x = x + self.across(self.norms[1](x), memory)
        return x + self.mlp(self.norms[2](x))
