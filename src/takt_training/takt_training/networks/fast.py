"""Networks that work during a chunk, on what is felt at 20 Hz.

``ChunkEncoder`` and ``FastDecoder`` are the asymmetric tokenizer of Reactive Diffusion Policy
(arXiv 2503.02881): the latent is made from the actions alone, and turned into actions with
touch. ``Corrector`` is a residual (arXiv 2407.16677), ``Critic`` ranks chunks.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class FastConfig:
    """Sizes.

    Attributes:
        length, size: of the chunk, (H, D).
        first, step_s: of its times; action i is for ``(i - first) * step_s``.
        pose_dim: size of one pose, the first numbers of an action.
        poses: history of the fast pose, the first fast input.
        felt: length of all other fast inputs, flattened.
        latent: length and size of the latent.
    """

    length: int
    size: int
    first: int
    step_s: float
    pose_dim: int
    poses: int
    felt: int
    latent: tuple[int, int] = (4, 8)

    @property
    def latent_dim(self) -> int:
        return self.latent[0] * self.latent[1]


def mlp(*sizes: int) -> nn.Sequential:
    """Linear layers with Mish between them."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(sizes):
        layers += [nn.Linear(before, after), nn.Mish()]
    return nn.Sequential(*layers[:-1])


class ChunkEncoder(nn.Module):
    """Chunk (B, H, D) -> mean and log variance (B, L*S) of its latent."""

    def __init__(self, config: FastConfig) -> None:
        super().__init__()
        self.body = mlp(config.length * config.size, 256, 256, 2 * config.latent_dim)

    def forward(self, chunk: Tensor) -> tuple[Tensor, Tensor]:
        mean, spread = self.body(chunk.flatten(1)).chunk(2, dim=-1)
        return mean, spread.clamp(-10.0, 4.0)


class FastDecoder(nn.Module):
    """(latent (B, L, S), elapsed (B,) [s], fast inputs) -> the whole chunk (B, H, D).

    What the latent says is one part; what to change of it, now that so much time has passed, the
    tool is there and feels that, is the other. It is told how far the tool is from where the
    chunk wanted it to be now, which is what a contact changes.

    The latent is normalised: ``centre`` and ``spread`` turn it into what the encoder gave.
    """

    def __init__(self, config: FastConfig) -> None:
        super().__init__()
        self.config = config
        flat = config.length * config.size
        self.register_buffer("centre", torch.zeros(config.latent_dim))
        self.register_buffer("spread", torch.ones(config.latent_dim))
        times = (torch.arange(config.length) - config.first) * config.step_s
        self.register_buffer("times", times.to(torch.float32))
        self.plain = mlp(config.latent_dim, 256, 256, flat)
        self.feel = mlp(config.felt, 192, 96)
        poses = config.poses * config.pose_dim
        self.react = mlp(config.latent_dim + poses + config.pose_dim + 97, 320, 320, flat)
        nn.init.zeros_(self.react[-1].bias)
        self.react[-1].weight.data.mul_(0.1)

    def intended(self, latent: Tensor) -> Tensor:
        """The chunk (B, H, D) that the latent (B, L, S), normalised, stands for by itself."""
        shape = (-1, self.config.length, self.config.size)
        return self.plain(self._raw(latent)).reshape(shape).float()

    def _raw(self, latent: Tensor) -> Tensor:
        return latent.flatten(1) * self.spread + self.centre

    def forward(self, latent: Tensor, elapsed: Tensor, poses: Tensor, felt: Tensor) -> Tensor:
        """poses (B, history*9) in the frame of the chunk, normalised like actions; felt (B, n)."""
        intended = self.intended(latent)
        # Linear interpolation as a sum of hats, which ONNX has no operator for.
        late = (elapsed[:, None] - self.times).abs() / self.config.step_s
        hats = (1.0 - late).clamp(min=0.0)
        pose_dim = self.config.pose_dim
        wanted = (hats[:, :, None] * intended[:, :, :pose_dim]).sum(1)
        error = 20.0 * (poses[:, -pose_dim:] - wanted)
        given = [self._raw(latent), poses, error, self.feel(felt), elapsed[:, None]]
        change = self.react(torch.cat(given, -1)).reshape(intended.shape).float()
        return intended + 0.3 * change


class Corrector(nn.Module):
    """(base action (B, D), poses, felt) -> correction (B, D), within ``bound`` (D,)."""

    def __init__(self, config: FastConfig, bound: Tensor) -> None:
        super().__init__()
        self.register_buffer("bound", bound.to(torch.float32))
        self.pose_dim = config.pose_dim
        self.feel = mlp(config.felt, 96, 64)
        poses = config.poses * config.pose_dim
        self.react = mlp(config.size + poses + config.pose_dim + 64, 192, 192, config.size)

    def forward(self, base: Tensor, poses: Tensor, felt: Tensor) -> Tensor:
        ahead = 20.0 * (base[:, : self.pose_dim] - poses[:, -self.pose_dim :])
        given = torch.cat([base, poses, ahead, self.feel(felt)], -1)
        return self.react(given).float().tanh() * self.bound


class Critic(nn.Module):
    """(condition (B, C), chunk (B, H, D)) -> value (B,); higher is better."""

    def __init__(self, condition_dim: int, length: int, size: int) -> None:
        super().__init__()
        self.condition_dim = condition_dim
        self.body = mlp(condition_dim + length * size, 192, 128, 64, 1)

    def forward(self, condition: Tensor, x: Tensor) -> Tensor:
        return self.body(torch.cat([condition, x.flatten(1)], -1)).squeeze(-1).float()
