"""What every head is: networks, how they are trained, and the graphs that they become."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from takt_policy.bundle.schema import InputSpec, PolicySpec
from takt_training.dataset import Scales, TrainingSet
from takt_training.felt import FeltSet
from takt_training.learning import Progress, StageConfig, TrainConfig, autocast, training_device
from takt_training.networks.vision import Encoder, VisionConfig


@dataclass(frozen=True, eq=False)
class Shapes:
    """What networks are made from: the task's specification and what follows from it."""

    spec: PolicySpec
    fast_inputs: tuple[InputSpec, ...]
    vision: VisionConfig
    scales: Scales


@dataclass(frozen=True, eq=False)
class Material:
    """What heads learn from.

    Attributes:
        data, features: demonstrations, and what the cameras' networks see in them (views, n, F).
        felt, felt_features: episodes with touch and disturbances, likewise; None without.
        weights: of the networks that were trained before, by name; ``see`` is the encoder.
    """

    shapes: Shapes
    data: TrainingSet
    features: Tensor
    felt: FeltSet | None
    felt_features: Tensor | None
    weights: Mapping[str, Mapping[str, Tensor]]
    config: TrainConfig

    @property
    def device(self) -> torch.device:
        return training_device(self.config.device)


@dataclass(frozen=True, eq=False)
class GraphSource:
    """One graph of a bundle.

    Attributes:
        module: takes the inputs in this order and gives the one output.
        inputs: their names.
        examples: (2, ...) each; two samples, so that no batch axis is taken for a constant 1.
    """

    module: nn.Module
    inputs: tuple[str, ...]
    examples: tuple[Tensor, ...]
    output: str


class Head(ABC):
    """One kind of network that is trained.

    Attributes:
        stage: of its training at full scale.
        follows: heads that must be trained before.
        needs_touch: learns from episodes with fast rows.
    """

    name: ClassVar[str]
    stage: ClassVar[StageConfig]
    follows: ClassVar[tuple[str, ...]] = ()
    needs_touch: ClassVar[bool] = False

    @abstractmethod
    def specification(self, shapes: Shapes, spec: PolicySpec) -> PolicySpec:
        """policy.yaml with this head, from the recipe's or from that of the head it extends."""

    @abstractmethod
    def networks(self, shapes: Shapes) -> nn.Module:
        """Fresh ones."""

    @abstractmethod
    def train(self, material: Material, stage: StageConfig, progress: Progress) -> nn.Module:
        """The trained networks."""

    @abstractmethod
    def graphs(
        self, networks: nn.Module, spec: PolicySpec, examples: Mapping[str, Tensor]
    ) -> dict[str, GraphSource]:
        """What the bundle gets from it; examples (2, ...) of all inputs, normalised."""


class Acting(nn.Module):
    """An encoder of observations, and what turns its condition into actions."""

    def __init__(self, vision: VisionConfig, body: nn.Module) -> None:
        super().__init__()
        self.encoder, self.denoiser = Encoder(vision), body

    def acting(self) -> Iterator[nn.Parameter]:
        """What a head trains: all but the cameras' networks."""
        for name, parameter in self.named_parameters():
            if not name.startswith("encoder.cameras."):
                yield parameter

    def know(self, features: Tensor, vectors: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Condition (B, C) and landmark (B, n).

        The head must not bend the landmark to its own needs.
        """
        landmark = self.encoder.landmark(features, vectors)
        with autocast(features.device):
            condition = self.encoder.condition(features, vectors, landmark.detach())
        return condition, landmark


class EncodeGraph(nn.Module):
    """The encode graph: inputs in the order of the specification, as the runtime gives them."""

    def __init__(self, encoder: Encoder, spec: PolicySpec) -> None:
        super().__init__()
        self.encoder = encoder
        self.is_image = [one.dtype == "uint8" for one in spec.inputs]

    def split(self, inputs: tuple[Tensor, ...]) -> tuple[list[Tensor], list[Tensor]]:
        """Images in [0, 1], and flattened vectors."""
        images, vectors = [], []
        for value, is_image in zip(inputs, self.is_image, strict=True):
            if is_image:
                images.append(value.to(torch.float32) / 255.0)
            else:
                vectors.append(value.flatten(1))
        return images, vectors

    def forward(self, *inputs: Tensor) -> Tensor:
        condition: Tensor = self.encoder(*self.split(inputs))
        return condition


def encode_source(
    encoder: Encoder, spec: PolicySpec, examples: Mapping[str, Tensor]
) -> GraphSource:
    """The encode graph of a head."""
    names = tuple(one.name for one in spec.inputs)
    given = tuple(examples[name] for name in names)
    return GraphSource(EncodeGraph(encoder, spec), names, given, "condition")


def drawn(material: Material, index: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Features (B, F), of a view drawn for each sample, and what was felt."""
    device = material.device
    view = torch.randint(0, len(material.features), (len(index),))
    return material.features[view, index].to(device), material.data.felt(index, device)


def landmark_error(material: Material, landmark: Tensor, index: Tensor) -> Tensor:
    """Mean squared error of the landmark."""
    return (landmark - material.data.landmark[index].to(landmark.device)).square().mean()
