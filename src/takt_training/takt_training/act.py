"""Second stage: denoising chunks of actions, on what the cameras' networks see.

DDPM with epsilon prediction (arXiv 2006.11239) and an exponential moving average of the
weights. Each observation serves several noise draws.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from takt_training.dataset import TrainingSet
from takt_training.learning import Clock, Optimiser, Progress, TrainConfig, autocast, batches
from takt_training.model import Denoiser, Encoder


class Networks(nn.Module):
    """Everything that is trained, as one module."""

    def __init__(self, encoder: Encoder, denoiser: Denoiser) -> None:
        super().__init__()
        self.encoder, self.denoiser = encoder, denoiser

    def acting(self) -> Iterator[nn.Parameter]:
        """What the second stage trains: all but the cameras' networks."""
        for name, parameter in self.named_parameters():
            if not name.startswith("encoder.cameras."):
                yield parameter


def losses(
    networks: Networks, data: TrainingSet, features: Tensor, index: Tensor, draws: int
) -> tuple[Tensor, Tensor]:
    """Mean squared errors of the velocity and of the landmark.

    Args:
        features: (B, feature_dim) of the samples.
        index: (B,) of the samples.
        draws: noise draws per sample.
    """
    device = features.device
    encoder, denoiser = networks.encoder, networks.denoiser
    vectors = data.felt(index, device)
    x0 = data.chunk[index].to(device).repeat_interleave(draws, 0)
    t = torch.randint(0, len(denoiser.alpha_bar), (len(x0),), device=device)
    noise = torch.randn_like(x0)
    alpha = denoiser.alpha_bar[t][:, None, None]
    noisy = alpha.sqrt() * x0 + (1.0 - alpha).sqrt() * noise
    wanted = alpha.sqrt() * noise - (1.0 - alpha).sqrt() * x0
    landmark = encoder.landmark(features, vectors)
    with autocast(device):
        # The denoiser must not bend the landmark to its own needs.
        condition = encoder.condition(features, vectors, landmark.detach())
        given = condition.repeat_interleave(draws, 0)
        velocity = denoiser.velocity(noisy, t, given)
    aside = (landmark - data.landmark[index].to(device)).square().mean()
    return (velocity - wanted).square().mean(), aside


def average(shadow: nn.Module, network: nn.Module, decay: float) -> None:
    """Moves the parameters of ``shadow`` towards those of ``network``."""
    with torch.no_grad():
        for kept, new in zip(shadow.parameters(), network.parameters(), strict=True):
            kept.lerp_(new, 1.0 - decay)


def learn_to_act(
    networks: Networks,
    averages: Networks,
    data: TrainingSet,
    features: Tensor,
    config: TrainConfig,
    progress: Progress,
) -> None:
    """Trains in place; ``averages`` ends as the result.

    Args:
        features: (views, n, feature_dim) from ``see.remember``.
    """
    stage = config.act
    device = next(networks.parameters()).device
    optimiser = Optimiser(networks.acting(), stage)
    source = batches(len(data.training), stage.batch, config.seed + 1)
    clock = Clock("act", stage.steps)
    recent = 0.0
    for done in range(1, stage.steps + 1):
        index = data.training[next(source)]
        view = torch.randint(0, len(features), (len(index),))
        main, aside = losses(networks, data, features[view, index].to(device), index, config.draws)
        optimiser.step(main + config.landmark_weight * aside)
        average(averages, networks, min(config.ema_decay, done / (10 + done)))
        recent += float(main.detach())
        every = config.log_every
        if done % every == 0 or done == stage.steps:
            held_out = validate(averages, data, features, device)
            progress(clock.line(done, f"loss {recent / every:.4f}  held out {held_out}"))
            recent = 0.0


@torch.no_grad()
def validate(networks: Networks, data: TrainingSet, features: Tensor, device: torch.device) -> str:
    """Losses on held-out episodes, for people."""
    index = data.held_out[:512]
    main, aside = losses(networks, data, features[0, index].to(device), index, 8)
    return f"{float(main):.4f}, hole {float(aside):.4f}"
