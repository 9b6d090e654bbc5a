"""What all stages of training share: settings, device, precision, batches, schedule."""

from __future__ import annotations

import contextlib
import copy
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
    """What all stages share.

    Attributes:
        views: how often each image is looked at for the heads, once as it is, else in other light.
        ema_decay: of the averaged weights.
        landmark_weight: of finding the landmark against acting.
        device: ``auto``, ``cpu`` or ``cuda``.
        threads: of PyTorch on the CPU; 0 leaves its default.
        log_every: steps between lines of progress.
        seed: of weights, order and noise.
    """

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


def average(shadow: nn.Module, network: nn.Module, decay: float) -> None:
    """Moves the parameters of ``shadow`` towards those of ``network``."""
    with torch.no_grad():
        for kept, new in zip(shadow.parameters(), network.parameters(), strict=True):
            kept.lerp_(new, 1.0 - decay)


def learn(
    name: str,
    network: nn.Module,
    parameters: Iterator[nn.Parameter],
    loss: Callable[[nn.Module, Tensor], Tensor],
    validate: Callable[[nn.Module], str],
    source: Iterator[Tensor],
    stage: StageConfig,
    config: TrainConfig,
    progress: Progress,
) -> nn.Module:
    """Trains ``network`` in place; returns its averaged copy, which is the result.

    Args:
        parameters: those that are trained.
        loss: of the network on a batch of indices.
        validate: says how good a network is, for people.
    """
    averaged = copy.deepcopy(network)
    optimiser = Optimiser(parameters, stage)
    clock = Clock(name, stage.steps)
    recent = torch.zeros(())
    for done in range(1, stage.steps + 1):
        value = loss(network, next(source))
        optimiser.step(value)
        average(averaged, network, min(config.ema_decay, done / (10 + done)))
        recent += value.detach().cpu()
        if done % config.log_every == 0 or done == stage.steps:
            with torch.no_grad():
                words = validate(averaged)
            progress(clock.line(done, f"loss {float(recent) / config.log_every:.4f}  {words}"))
            recent.zero_()
    return averaged


class Clock:
    """Words for how far a stage is."""

    def __init__(self, name: str, steps: int) -> None:
        self._name, self._steps, self._began = name, steps, time.monotonic()

    def line(self, done: int, text: str) -> str:
        spent = time.monotonic() - self._began
        left = spent / done * (self._steps - done)
        return f"{self._name} {done}/{self._steps}  {text}  {spent:.0f} s, {left:.0f} s left"
