"""What every reader of checkpoints gives: networks, and what the checkpoint says about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from takt_policy.bundle.schema import Family, NormalizerKind, SamplerSpec

Original = Callable[..., Tensor]


@dataclass(frozen=True, eq=False)
class Feature:
    """One thing that the policy was trained to see.

    Attributes:
        name: in the checkpoint, e.g. ``observation.state``.
        kind: ``image`` (3, h, w), RGB in 0 to 1; ``vector`` (n,) in the units of the data set.
        centre, spread: a usual value and how far values are from it, for examples.
    """

    name: str
    kind: Literal["image", "vector"]
    shape: tuple[int, ...]
    centre: Tensor | None = None
    spread: Tensor | None = None


@dataclass(frozen=True, eq=False)
class ActionScale:
    """``action = network * scale + offset``, (D,) each, in the units of the data set."""

    kind: NormalizerKind
    offset: Tensor
    scale: Tensor


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A policy as its framework stored it, networks rebuilt.

    Attributes:
        framework: for people, e.g. ``LeRobot ACT``.
        history: time steps of each feature.
        first: index of the predicted action that is for the time of the observation.
        prediction, execute: lengths of a chunk in steps.
        networks: ``predict(*features)``, or ``encode(*features)`` and ``denoise(x, t,
            condition)``; features (B, history, *shape) in their order here, not normalised.
        originals: the framework's own functions with the same arguments, where it is installed.
        compared_with: what ``originals`` are, e.g. ``lerobot 0.4.4``; empty if there are none.
        notes: what a person should know before using the bundle.
    """

    framework: str
    path: Path
    family: Family
    features: tuple[Feature, ...]
    action_size: int
    actions: ActionScale
    history: int
    first: int
    prediction: int
    execute: int
    sampler: SamplerSpec | None
    networks: Mapping[str, nn.Module]
    originals: Mapping[str, Original]
    compared_with: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for network in self.networks.values():
            network.eval()


def constant_dimensions(name: str, spread: Tensor) -> tuple[str, ...]:
    """A note about dimensions that never changed in the training data."""
    still = [str(index) for index in torch.nonzero(spread.flatten() == 0).flatten().tolist()]
    if not still:
        return ()
    return (
        f"{name}: dimension {', '.join(still)} was constant in training; any other value of it "
        "is far outside of what the network knows",
    )
