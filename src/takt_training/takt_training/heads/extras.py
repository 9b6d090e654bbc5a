"""What a diffusion policy may have besides: a critic that ranks its chunks, and a residual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from takt_policy.bundle.schema import ACTION, CriticSpec, FastSpec, PolicySpec, ResidualSpec
from takt_training.heads.base import Acting, GraphSource, Head, Material, Shapes
from takt_training.heads.drawing import ddim
from takt_training.heads.sampled import DiffusionHead
from takt_training.heads.slow_fast import fast_config, kind_of
from takt_training.learning import Progress, StageConfig, batches, learn
from takt_training.networks.fast import Corrector, Critic

DRAWN_STEPS = (2, 3, 4, 8)
"""Of the samplers whose chunks the critic learns to rank."""

CANDIDATES = 4
SLACK_M = 0.0005
"""Distances below do not matter to the critic."""

CORRECTION_M = 0.006
CORRECTION_TURN = 0.02


class CriticHead(Head):
    """Learns how far chunks are off, from those that few sampling steps give.

    The value is less the logarithm of the mean distance from the teacher's chunk, over the actions
    to execute: a chunk that is half as far off is better by 0.7.
    """

    name = "critic"
    stage = StageConfig(3000, 256, 1e-3)
    follows = ("diffusion",)

    def specification(self, shapes: Shapes, spec: PolicySpec) -> PolicySpec:
        return replace(spec, critic=CriticSpec())

    def networks(self, shapes: Shapes) -> Critic:
        horizons = shapes.spec.horizons
        return Critic(shapes.vision.condition_dim, horizons.prediction, shapes.spec.action_size)

    def train(self, material: Material, stage: StageConfig, progress: Progress) -> nn.Module:
        policy = trained_diffusion(material)
        condition = conditions(policy, material)
        sets = []
        for steps in DRAWN_STEPS:
            for _ in range(CANDIDATES):
                drawn = ddim(policy.denoiser, condition, steps, eta=1.0)
                sets.append(drawn.cpu())
            progress(f"drew {CANDIDATES} chunks of each observation in {steps} steps")
        chunks = torch.stack(sets)
        value = self._values(material, chunks)
        network = self.networks(material.shapes).to(material.device)
        data = material.data

        def error(net: nn.Module, index: Tensor) -> Tensor:
            which = torch.randint(0, len(chunks), (len(index),))
            x = chunks[which, index].to(material.device)
            found = net(condition[index], x)
            return (found - value[which, index].to(material.device)).abs().mean()

        def objective(net: nn.Module, index: Tensor) -> Tensor:
            return error(net, data.training[index])

        def validate(net: nn.Module) -> str:
            index = data.held_out[:512]
            better = []
            for group in range(len(DRAWN_STEPS)):
                part = slice(group * CANDIDATES, (group + 1) * CANDIDATES)
                scores = torch.stack([net(condition[index], x[index]) for x in chunks[part]])
                chosen = value[part][:, index].gather(0, scores.cpu().argmax(0)[None])
                better.append(f"{mean_mm(value[part][:, index]):.2f} {mean_mm(chosen):.2f}")
            words = ", ".join(better)
            return f"held out {float(error(net, index)):.4f}; mm of one, of the best of 4: {words}"

        source = batches(len(data.training), stage.batch, material.config.seed + 2)
        return learn(
            self.name, network, network.parameters(), objective, validate, source, stage,
            material.config, progress,
        )  # fmt: skip

    def _values(self, material: Material, chunks: Tensor) -> Tensor:
        horizons = material.shapes.spec.horizons
        scale = torch.as_tensor(material.shapes.scales.normalizers[ACTION].scale[:3])
        executed = slice(horizons.first, horizons.first + horizons.execute)
        wanted = material.data.chunk[:, executed, :3]
        off_m = ((chunks[:, :, executed, :3] - wanted) * scale).norm(dim=-1)
        return -(off_m.mean(-1) + SLACK_M).log()

    def graphs(
        self, networks: nn.Module, spec: PolicySpec, examples: Mapping[str, Tensor]
    ) -> dict[str, GraphSource]:
        condition = torch.randn(2, networks.condition_dim)
        x = torch.randn(2, *spec.chunk)
        return {"critic": GraphSource(networks, ("condition", "x"), (condition, x), "value")}


def mean_mm(values: Tensor) -> float:
    """Mean distance [mm] behind values of the critic."""
    return 1e3 * float(((-values).exp() - SLACK_M).mean())


class ResidualGraph(nn.Module):
    """(base, fast inputs...) -> correction."""

    def __init__(self, corrector: Corrector) -> None:
        super().__init__()
        self.corrector = corrector

    def forward(self, base: Tensor, poses: Tensor, *felt: Tensor) -> Tensor:
        rest = torch.cat([one.flatten(1) for one in felt], -1)
        correction: Tensor = self.corrector(base, poses.flatten(1), rest)
        return correction


class ResidualHead(Head):
    """Learns what to add to the diffusion policy's actions, from what is felt meanwhile."""

    name = "residual"
    stage = StageConfig(4000, 256, 1e-3)
    follows = ("diffusion",)
    needs_touch = True

    def specification(self, shapes: Shapes, spec: PolicySpec) -> PolicySpec:
        kinds = {one.name: kind_of(one.preprocess.kind) for one in shapes.fast_inputs}
        bound = tuple(round(float(one), 6) for one in self._bound(shapes))
        return replace(
            spec,
            normalizer={**spec.normalizer, **kinds},
            fast=FastSpec(shapes.fast_inputs[0].period_s, shapes.fast_inputs),
            residual=ResidualSpec(bound),
        )

    def networks(self, shapes: Shapes) -> Corrector:
        return Corrector(fast_config(shapes), self._bound(shapes))

    def _bound(self, shapes: Shapes) -> Tensor:
        scale = torch.as_tensor(shapes.scales.normalizers[ACTION].scale)
        units = torch.full((shapes.spec.action_size,), CORRECTION_TURN)
        units[:3] = CORRECTION_M
        units[9:] = 0.0
        return units / scale

    def train(self, material: Material, stage: StageConfig, progress: Progress) -> nn.Module:
        felt, device = material.felt, material.device
        assert felt is not None  # the pipeline gives it to heads that need touch
        policy = trained_diffusion(material)
        condition = conditions(policy, material, felt=True)
        steps = material.shapes.spec.require_sampler().inference_steps
        planned = ddim(policy.denoiser, condition, steps).cpu()
        network = self.networks(material.shapes).to(device)
        bound = network.bound.cpu()

        def error(net: nn.Module, size: int, held_out: bool) -> tuple[Tensor, Tensor]:
            batch = felt.draw(size, held_out)
            weight = batch.ahead.float() + 1e-6
            action = torch.multinomial(weight, 1)[:, 0]
            row = torch.arange(size)
            base = planned[batch.slow, action]
            wanted = (batch.target[row, action] - base).clamp(-bound, bound) / bound.clamp(min=1e-6)
            found = net(base.to(device), batch.poses.to(device), batch.felt.to(device))
            found = found / network.bound.clamp(min=1e-6)
            used = (bound > 0.0).float()
            off = (found - wanted.to(device)).abs() * used.to(device)
            return off[:, :3].mean() + 0.2 * off[:, 3:].mean(), (wanted * used)[:, :3].abs().mean()

        def objective(net: nn.Module, index: Tensor) -> Tensor:
            return error(net, stage.batch, held_out=False)[0]

        def validate(net: nn.Module) -> str:
            off, wanted = error(net, 2048, held_out=True)
            return f"held out {float(off):.4f} of the bound; without {float(wanted):.4f}"

        source = batches(stage.batch, stage.batch, 0)
        return learn(
            self.name, network, network.parameters(), objective, validate, source, stage,
            material.config, progress,
        )  # fmt: skip

    def graphs(
        self, networks: nn.Module, spec: PolicySpec, examples: Mapping[str, Tensor]
    ) -> dict[str, GraphSource]:
        assert isinstance(networks, Corrector)
        names = tuple(one.name for one in spec.fast_inputs)
        given = (torch.randn(2, spec.action_size), *(examples[name] for name in names))
        module = ResidualGraph(networks)
        return {"residual": GraphSource(module, ("base", *names), given, "correction")}


def trained_diffusion(material: Material) -> Acting:
    """The diffusion policy that was trained before."""
    networks = DiffusionHead().networks(material.shapes)
    networks.load_state_dict(material.weights["diffusion"])
    return networks.to(material.device).eval()


@torch.no_grad()
def conditions(policy: Acting, material: Material, felt: bool = False) -> Tensor:
    """(n, C) of all observations, of the images as they are."""
    data = material.data
    features = material.features
    if felt:
        assert material.felt is not None
        assert material.felt_features is not None
        data, features = material.felt.data, material.felt_features
    index = torch.arange(len(data.chunk))
    vectors = data.felt(index, material.device)
    condition, _ = policy.know(features[0].to(material.device), vectors)
    return condition
