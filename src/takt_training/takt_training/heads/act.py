"""The direct head: action chunking with a transformer (ACT, arXiv 2304.13705)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from takt_policy.bundle.schema import PolicySpec
from takt_training.heads.base import (
    Acting,
    EncodeGraph,
    GraphSource,
    Head,
    Material,
    Shapes,
    drawn,
    landmark_error,
)
from takt_training.learning import Progress, StageConfig, autocast, batches, learn
from takt_training.networks.act import ActConfig, ActNet

STYLE_WEIGHT = 0.003
"""Of the style's divergence, against the mean absolute error of normalised actions."""


class PredictGraph(EncodeGraph):
    """Inputs to the chunk at once, with the style at zero."""

    def __init__(self, networks: Acting, spec: PolicySpec) -> None:
        super().__init__(networks.encoder, spec)
        self.body = networks.denoiser

    def forward(self, *inputs: Tensor) -> Tensor:
        images, vectors = self.split(inputs)
        _, features = self.encoder.look(images)
        landmark = self.encoder.landmark(features, vectors)
        condition = self.encoder.condition(features, vectors, landmark)
        style = torch.zeros_like(condition[:, : self.body.config.style_dim])
        chunk: Tensor = self.body(features, condition, style).float()
        return chunk


class ActHead(Head):
    """L1 loss and a variational style in training."""

    name = "act"
    stage = StageConfig(6000, 128, 1e-3)

    def specification(self, shapes: Shapes, spec: PolicySpec) -> PolicySpec:
        return replace(
            spec,
            name=f"{spec.name}_act",
            description=spec.description.replace("diffusion policy", "ACT policy"),
            family="direct",
            sampler=None,
        )

    def networks(self, shapes: Shapes) -> Acting:
        config = ActConfig(
            shapes.spec.horizons.prediction,
            shapes.spec.action_size,
            shapes.vision.camera_dims,
            shapes.vision.condition_dim,
        )
        return Acting(shapes.vision, ActNet(config))

    def train(self, material: Material, stage: StageConfig, progress: Progress) -> nn.Module:
        networks = self.networks(material.shapes)
        networks.encoder.load_state_dict(material.weights["see"])
        networks.to(material.device)
        data, weight = material.data, material.config.landmark_weight

        def losses(network: nn.Module, index: Tensor, free: bool) -> tuple[Tensor, ...]:
            features, vectors = drawn(material, index)
            chunk = data.chunk[index].to(material.device)
            condition, landmark = network.know(features, vectors)
            with autocast(material.device):
                mean, spread = network.denoiser.styles(chunk, condition.detach())
                style = mean + torch.randn_like(mean) * (0.5 * spread).exp()
                style = style * 0.0 if free else style
                found = network.denoiser(features, condition, style)
            divergence = 0.5 * (spread.exp() + mean.square() - 1.0 - spread).sum(-1).mean()
            error = (found.float() - chunk).abs().mean()
            return error, divergence, landmark_error(material, landmark, index)

        def objective(network: nn.Module, index: Tensor) -> Tensor:
            error, divergence, aside = losses(network, data.training[index], free=False)
            return error + STYLE_WEIGHT * divergence + 0.1 * weight * aside

        def validate(network: nn.Module) -> str:
            error, divergence, _ = losses(network, data.held_out[:512], free=True)
            return f"held out {float(error):.4f}, divergence {float(divergence):.3f}"

        source = batches(len(data.training), stage.batch, material.config.seed + 1)
        return learn(
            self.name, networks, networks.acting(), objective, validate, source, stage,
            material.config, progress,
        )  # fmt: skip

    def graphs(
        self, networks: nn.Module, spec: PolicySpec, examples: Mapping[str, Tensor]
    ) -> dict[str, GraphSource]:
        assert isinstance(networks, Acting)
        names = tuple(one.name for one in spec.inputs)
        given = tuple(examples[name] for name in names)
        return {"predict": GraphSource(PredictGraph(networks, spec), names, given, "actions")}
