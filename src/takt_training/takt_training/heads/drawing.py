"""Drawing many chunks at once in training, in PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor

from takt_training.networks.chunk import Denoiser

AT_ONCE = 4096


@torch.no_grad()
def ddim(denoiser: Denoiser, condition: Tensor, steps: int, eta: float = 0.0) -> Tensor:
    """One chunk (n, H, D) for each condition (n, C), as ``takt_policy.samplers`` draws them.

    DDIM (arXiv 2010.02502) over levels evenly spaced from 0 up, clean estimates clipped to 1.
    """
    parts = [_draw(denoiser, part, steps, eta) for part in condition.split(AT_ONCE)]
    return torch.cat(parts)


def _draw(denoiser: Denoiser, condition: Tensor, steps: int, eta: float) -> Tensor:
    alpha_bar = denoiser.alpha_bar
    stride = len(alpha_bar) // steps
    config = denoiser.config
    x = torch.randn(len(condition), config.length, config.size, device=condition.device)
    one = torch.ones((), device=condition.device)
    for level in range((steps - 1) * stride, -1, -stride):
        alpha = alpha_bar[level]
        before = alpha_bar[level - stride] if level >= stride else one
        t = torch.full((len(x),), level, device=x.device)
        noise = denoiser(x, t, condition)
        clean = ((x - (1 - alpha).sqrt() * noise) / alpha.sqrt()).clamp(-1.0, 1.0)
        noise = (x - alpha.sqrt() * clean) / (1 - alpha).sqrt()
        spread = eta * ((1 - before) / (1 - alpha) * (1 - alpha / before)).clamp(min=0).sqrt()
        towards = (1 - before - spread**2).clamp(min=0).sqrt() * noise
        x = before.sqrt() * clean + towards + spread * torch.randn_like(x)
    return x
