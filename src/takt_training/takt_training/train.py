"""Trains the reference policy from shards and a seed: see first, then act."""

from __future__ import annotations

from pathlib import Path

import torch

from takt_training.act import Networks, learn_to_act
from takt_training.dataset import TrainingSet
from takt_training.learning import Progress, TrainConfig, training_device
from takt_training.model import Denoiser, Encoder, ModelConfig, parameter_count
from takt_training.see import learn_to_see, remember, validate


def networks_of(model: ModelConfig, alpha_bar: torch.Tensor) -> Networks:
    """Fresh networks."""
    return Networks(Encoder(model), Denoiser(model, alpha_bar))


def train(
    data: TrainingSet, model: ModelConfig, config: TrainConfig, path: Path, progress: Progress
) -> Networks:
    """Trains from scratch and writes the averaged weights to ``path``."""
    torch.manual_seed(config.seed)
    if config.threads:
        torch.set_num_threads(config.threads)
    device = training_device(config.device)
    alpha_bar = torch.as_tensor(data.alpha_bar, dtype=torch.float32)
    networks = networks_of(model, alpha_bar).to(device)
    progress(
        f"{len(data.training)} observations, {len(data.held_out)} held out; "
        f"{parameter_count(networks) / 1e6:.2f} M parameters on {device}"
    )
    learn_to_see(networks.encoder, data, config, progress)
    features = remember(networks.encoder, data, config, progress)
    averages = networks_of(model, alpha_bar).to(device)
    averages.load_state_dict(networks.state_dict())
    learn_to_act(networks, averages, data, features, config, progress)
    progress("result: " + validate(averages.encoder, data, device))
    part = path.with_suffix(".part")
    torch.save(averages.cpu().state_dict(), part)
    part.replace(path)
    return averages
