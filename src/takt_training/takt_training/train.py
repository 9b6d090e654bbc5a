"""Trains the reference policy from shards and a seed: see first, then act."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
    data: TrainingSet,
    model: ModelConfig,
    config: TrainConfig,
    path: Path,
    progress: Progress,
    dataset: str = "",
) -> Networks:
    """Trains from scratch and writes the averaged weights to ``path``.

    The first stage is kept beside it as ``seen.pt`` and is not repeated for the same ``dataset``
    (its hash) and settings.
    """
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
    key = f"{dataset} {config.see} {config.seed}"
    _see(networks.encoder, data, config, path.with_name("seen.pt"), key, progress)
    features = remember(networks.encoder, data, config, progress)
    averages = networks_of(model, alpha_bar).to(device)
    averages.load_state_dict(networks.state_dict())
    learn_to_act(networks, averages, data, features, config, progress)
    progress("result: " + validate(averages.encoder, data, device))
    _save(path, averages.cpu().state_dict())
    return averages


def _see(
    encoder: Encoder,
    data: TrainingSet,
    config: TrainConfig,
    path: Path,
    key: str,
    progress: Progress,
) -> None:
    """The first stage, or what an earlier run left of it."""
    if path.exists():
        kept = torch.load(path, weights_only=True)
        if kept["key"] == key:
            encoder.load_state_dict(kept["encoder"])
            progress(f"{path} is there already")
            return
    learn_to_see(encoder, data, config, progress)
    _save(path, {"key": key, "encoder": encoder.state_dict()})


def _save(path: Path, content: dict[str, Any]) -> None:
    """Whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(content, part)
    part.replace(path)
