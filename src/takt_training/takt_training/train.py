"""Trains the diffusion policy: noise in, noise out, from a seed.

DDPM with 100 steps and squared-cosine betas (arXiv 2006.11239, 2102.09672), an
exponential moving average of the weights, AdamW with a cosine learning rate. Each
observation is encoded once and serves many noise draws: the encoder is what costs time
on a CPU, the denoiser is cheap.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from takt_training.dataset import TrainingSet
from takt_training.model import Denoiser, Encoder, ModelConfig

Progress = Callable[[str], None]


@dataclass(frozen=True)
class TrainConfig:
    """How long and how fast to learn.

    Attributes:
        steps: optimiser steps.
        batch: observations per step.
        draws: noise draws per observation.
        learning_rate: its peak, after ``warmup`` steps.
        weight_decay: of AdamW.
        ema_decay: of the averaged weights, reached after a ramp.
        landmark_weight: of the auxiliary loss.
        device: ``auto``, ``cpu`` or ``cuda``.
        threads: of PyTorch on the CPU; 0 leaves its default.
        log_every: steps between lines of progress and checkpoints.
        seed: of weights, order and noise.
    """

    steps: int = 6000
    batch: int = 64
    draws: int = 16
    learning_rate: float = 6e-4
    warmup: int = 200
    weight_decay: float = 1e-4
    ema_decay: float = 0.999
    landmark_weight: float = 0.5
    device: str = "auto"
    threads: int = 0
    log_every: int = 250
    seed: int = 0


def training_device(name: str) -> torch.device:
    """``auto`` takes CUDA where there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def autocast(device: torch.device) -> contextlib.AbstractContextManager[object]:
    """bfloat16 where the machine computes in it, else float32."""
    if device.type == "cuda" or torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return torch.autocast(device.type, torch.bfloat16)
    return contextlib.nullcontext()


def augment(images: Tensor) -> Tensor:
    """(B, T, 3, S, S) in [0, 1] with other light: gain, tint, offset and sensor noise.

    No shifts: the camera is fixed to the tool and a pixel is millimetres at the hole, so a
    shifted image with the same action would be a wrong label.
    """
    size = (images.shape[0], 1, 1, 1, 1)
    tint = (images.shape[0], 1, 3, 1, 1)
    gain = 1.0 + 0.15 * (2.0 * torch.rand(size, device=images.device) - 1.0)
    colour = 1.0 + 0.05 * (2.0 * torch.rand(tint, device=images.device) - 1.0)
    offset = 0.05 * (2.0 * torch.rand(size, device=images.device) - 1.0)
    noise = 0.01 * torch.randn_like(images)
    return (images * gain * colour + offset + noise).clamp(0.0, 1.0)


def average(shadow: nn.Module, network: nn.Module, decay: float) -> None:
    """Moves the parameters of ``shadow`` towards those of ``network``."""
    with torch.no_grad():
        for kept, new in zip(shadow.parameters(), network.parameters(), strict=True):
            kept.lerp_(new, 1.0 - decay)


def batches(count: int, size: int, seed: int) -> Iterator[Tensor]:
    """Endless index batches (size,); every sample comes once per pass."""
    generator = torch.Generator().manual_seed(seed)
    size = min(size, count)
    while True:
        order = torch.randperm(count, generator=generator)
        for start in range(0, count - size + 1, size):
            yield order[start : start + size]


class Trainer:
    """Networks, their averages, and the loss."""

    def __init__(self, data: TrainingSet, model: ModelConfig, config: TrainConfig) -> None:
        torch.manual_seed(config.seed)
        if config.threads:
            torch.set_num_threads(config.threads)
        self.data, self.config, self.model = data, config, model
        self.device = training_device(config.device)
        self.alpha_bar = torch.as_tensor(data.alpha_bar, dtype=torch.float32).to(self.device)
        self.networks = self._networks()
        self.averages = self._networks()
        self.averages.load_state_dict(self.networks.state_dict())
        self.optimiser = torch.optim.AdamW(
            self.networks.parameters(),
            lr=config.learning_rate,
            betas=(0.95, 0.999),
            weight_decay=config.weight_decay,
        )
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, self._rate)

    def _networks(self) -> nn.ModuleDict:
        pair = {
            "encoder": Encoder(self.model),
            "denoiser": Denoiser(self.model, self.alpha_bar.cpu()),
        }
        return nn.ModuleDict(pair).to(self.device)

    def _rate(self, step: int) -> float:
        warm = min(1.0, (step + 1) / self.config.warmup)
        return warm * 0.5 * (1.0 + math.cos(math.pi * min(1.0, step / self.config.steps)))

    def losses(
        self, networks: nn.ModuleDict, index: Tensor, draws: int, *, clean: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Mean squared errors of the velocity and of the landmark.

        Args:
            index: (B,) samples of the data.
            draws: noise draws per sample.
            clean: without augmentation, for validation.
        """
        images, vectors, chunk, landmark = self.data.batch(index, self.device)
        if not clean:
            images = [augment(image) for image in images]
        x0 = chunk.repeat_interleave(draws, 0)
        t = torch.randint(0, len(self.alpha_bar), (len(x0),), device=self.device)
        noise = torch.randn_like(x0)
        alpha = self.alpha_bar[t][:, None, None]
        noisy = alpha.sqrt() * x0 + (1.0 - alpha).sqrt() * noise
        wanted = alpha.sqrt() * noise - (1.0 - alpha).sqrt() * x0
        with autocast(self.device):
            condition = networks["encoder"](images, vectors)
            seen = networks["encoder"].landmark(condition)
            given = condition.repeat_interleave(draws, 0)
            velocity = networks["denoiser"].velocity(noisy, t, given)
        return (velocity - wanted).square().mean(), (seen.float() - landmark).square().mean()

    def step(self, index: Tensor, number: int) -> tuple[float, float]:
        """One optimiser step; returns both losses."""
        main, aside = self.losses(self.networks, index, self.config.draws)
        loss = main + self.config.landmark_weight * aside
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss is not finite at step {number}; lower the rate")
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.networks.parameters(), 1.0)
        self.optimiser.step()
        self.schedule.step()
        average(
            self.averages, self.networks, min(self.config.ema_decay, (1 + number) / (10 + number))
        )
        return float(main), float(aside)

    @torch.no_grad()
    def validate(self) -> tuple[float, float]:
        """Loss of the averaged weights on held-out episodes, and landmark error [m]."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            index = self.data.held_out[:512]
            main, _ = self.losses(self.averages, index, 8, clean=True)
            images, vectors, _, landmark = self.data.batch(index, self.device)
            condition = self.averages["encoder"](images, vectors)
            error = self.averages["encoder"].landmark(condition) - landmark
        metres = error.cpu().numpy()[:, :3] * self.data.landmark_scale[:3]
        return float(main), float(np.median(np.linalg.norm(metres, axis=1)))

    def save(self, path: Path, step: int) -> None:
        """Writes the averaged weights, whole or not at all."""
        part = path.with_suffix(".part")
        torch.save({"step": step, "averages": self.averages.state_dict()}, part)
        part.replace(path)


def train(
    data: TrainingSet, model: ModelConfig, config: TrainConfig, path: Path, progress: Progress
) -> Trainer:
    """Trains from scratch and writes checkpoints to ``path``; the last one is the result."""
    trainer = Trainer(data, model, config)
    source = batches(len(data.training), config.batch, config.seed)
    began = time.monotonic()
    recent: list[tuple[float, float]] = []
    for number in range(config.steps):
        recent.append(trainer.step(data.training[next(source)], number))
        done = number + 1
        if done % config.log_every == 0 or done == config.steps:
            held_out, landmark_m = trainer.validate()
            trainer.save(path, done)
            spent = time.monotonic() - began
            loss = float(np.mean([value for value, _ in recent]))
            recent.clear()
            progress(
                f"step {done}/{config.steps}  loss {loss:.4f}  held out {held_out:.4f}  "
                f"hole {1e3 * landmark_m:.1f} mm  {spent:.0f} s, "
                f"{spent / done * (config.steps - done):.0f} s left"
            )
    return trainer
