"""First stage: the cameras' networks learn where the hole and the tip are in the image.

The simulator knows the pixels of the hole's rim and of the peg's tip; with them as targets
(coordinate regression through a spatial softmax, arXiv 1801.07372) a small network finds them
after some hundred steps, where denoising alone would take many times that.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from takt_training.dataset import TrainingSet
from takt_training.learning import (
    Clock,
    Optimiser,
    Progress,
    StageConfig,
    TrainConfig,
    autocast,
    batches,
)
from takt_training.networks.vision import Encoder, cell_of_pixel


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


def point_error(points: list[Tensor], data: TrainingSet, index: Tensor) -> Tensor:
    """Mean squared error of the taught keypoints that are in view, in cell coordinates."""
    total = torch.zeros((), device=points[0].device)
    for found, (name, pixels) in zip(points, data.points.items(), strict=True):
        side = data.images[name].shape[-1]
        wanted = cell_of_pixel(pixels[index].to(found.device), side)
        taught = found[:, -1, : wanted.shape[1]]
        seen = torch.isfinite(wanted)
        wanted = torch.where(seen, wanted, taught.detach())
        total = total + ((taught - wanted).square() * seen).sum() / seen.sum().clamp(min=1)
    return total / len(points)


def landmark_error(encoder: Encoder, features: Tensor, data: TrainingSet, index: Tensor) -> Tensor:
    """Mean squared error of where the hole is, normalised."""
    vectors = data.felt(index, features.device)
    found = encoder.landmark(features, vectors)
    return (found - data.landmark[index].to(features.device)).square().mean()


@torch.no_grad()
def validate(encoder: Encoder, data: TrainingSet, device: torch.device) -> str:
    """Errors on held-out episodes, for people."""
    index = data.held_out[:512]
    points, features = encoder.look(data.pictures(index, device))
    vectors = data.felt(index, device)
    found = encoder.landmark(features, vectors).cpu() - data.landmark[index]
    error = found.numpy() * data.landmark_scale
    pixels = float(point_error(points, data, index).sqrt()) * 46.0
    lateral_mm = 1e3 * np.median(np.linalg.norm(error[:, :2], axis=1))
    others = "".join(f", {one:.3g}" for one in np.median(np.abs(error[:, 3:]), axis=0))
    return (
        f"keypoints {pixels:.2f} px  landmark {lateral_mm:.2f} mm sideways, "
        f"{1e3 * np.median(np.abs(error[:, 2])):.2f} mm high{others} (medians)"
    )


def learn_to_see(
    encoder: Encoder,
    data: TrainingSet,
    stage: StageConfig,
    config: TrainConfig,
    progress: Progress,
) -> None:
    """Trains ``encoder.cameras`` and ``encoder.locate`` in place."""
    device = next(encoder.parameters()).device
    parts = [*encoder.cameras.parameters(), *encoder.locate.parameters()]
    optimiser = Optimiser(iter(parts), stage)
    source = batches(len(data.training), stage.batch, config.seed)
    clock = Clock("see", stage.steps)
    for done in range(1, stage.steps + 1):
        index = data.training[next(source)]
        images = [augment(image) for image in data.pictures(index, device)]
        with autocast(device):
            points, features = encoder.look(images)
        found = landmark_error(encoder, features, data, index)
        optimiser.step(20.0 * point_error(points, data, index) + 0.3 * found)
        if done % config.log_every == 0 or done == stage.steps:
            progress(clock.line(done, validate(encoder, data, device)))


@torch.no_grad()
def remember(
    encoder: Encoder, data: TrainingSet, config: TrainConfig, progress: Progress
) -> Tensor:
    """Features (views, n, feature_dim) of the whole data, on the CPU.

    The first view is of the images as they are.
    """
    device = next(encoder.parameters()).device
    count = len(data.chunk)
    kept = torch.empty(config.views, count, encoder.feature_dim)
    for view in range(config.views):
        for start in range(0, count, 256):
            index = torch.arange(start, min(start + 256, count))
            images = data.pictures(index, device)
            if view > 0:
                images = [augment(image) for image in images]
            with autocast(device):
                _, features = encoder.look(images)
            kept[view, index] = features.float().cpu()
        progress(f"remembered view {view + 1}/{config.views} of {count} observations")
    return kept
