"""What both stages of training share: settings, device, precision, batches, schedule."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Progress = Callable[[str], None]


@dataclass(frozen=True)
class StageConfig:
    """One stage of training.

    Attributes:
        steps: optimiser steps.
        batch: observations per step.
        learning_rate: its peak; it rises over the first twentieth and falls like a cosine.
        weight_decay: of AdamW.
    """

    steps: int
    batch: int
    learning_rate: float
    weight_decay: float = 1e-4


@dataclass(frozen=True)
class TrainConfig:
    """Both stages.

    Attributes:
        see: the cameras' networks learn keypoints.
        act: the rest learns to denoise, on what they see.
        draws: noise draws per observation.
        views: how often each image is looked at for ``act``, once as it is, else in other light.
        ema_decay: of the averaged weights.
        landmark_weight: of finding the hole against denoising.
        device: ``auto``, ``cpu`` or ``cuda``.
        threads: of PyTorch on the CPU; 0 leaves its default.
        log_every: steps between lines of progress.
        seed: of weights, order and noise.
    """

    see: StageConfig = StageConfig(2000, 64, 2e-3)
    act: StageConfig = StageConfig(8000, 128, 1e-3)
    draws: int = 8
    views: int = 2
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


def batches(count: int, size: int, seed: int) -> Iterator[Tensor]:
    """Endless index batches (size,); within a pass no sample comes twice."""
    generator = torch.Generator().manual_seed(seed)
    size = min(size, count)
    while True:
        order = torch.randperm(count, generator=generator)
        for start in range(0, count - size + 1, size):
            yield order[start : start + size]


class Optimiser:
    """AdamW with warm-up, cosine and clipped gradients."""

    def __init__(self, parameters: Iterator[nn.Parameter], stage: StageConfig) -> None:
        self._parameters = list(parameters)
        self._adam = torch.optim.AdamW(
            self._parameters, lr=stage.learning_rate, weight_decay=stage.weight_decay
        )
        warmup = max(1, stage.steps // 20)

        def rate(step: int) -> float:
            cosine = 0.5 * (1.0 + math.cos(math.pi * min(1.0, step / stage.steps)))
            return min(1.0, (step + 1) / warmup) * cosine

        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._adam, rate)

    def step(self, loss: Tensor) -> None:
        """One step down.

        Raises:
            FloatingPointError: the loss is not finite.
        """
        if not torch.isfinite(loss):
            raise FloatingPointError("the loss is not finite; lower the learning rate")
        self._adam.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._parameters, 1.0)
        self._adam.step()
        self._schedule.step()


class Clock:
    """Words for how far a stage is."""

    def __init__(self, name: str, steps: int) -> None:
        self._name, self._steps, self._began = name, steps, time.monotonic()

    def line(self, done: int, text: str) -> str:
        spent = time.monotonic() - self._began
        left = spent / done * (self._steps - done)
        return f"{self._name} {done}/{self._steps}  {text}  {spent:.0f} s, {left:.0f} s left"
