"""Heads whose chunks are sampled: diffusion (arXiv 2303.04137) and rectified flow (2209.03003)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from takt_policy.bundle.schema import PolicySpec, flow_sampler
from takt_policy.samplers import NoiseSchedule
from takt_training.heads.base import (
    Acting,
    GraphSource,
    Head,
    Material,
    Shapes,
    drawn,
    encode_source,
    landmark_error,
)
from takt_training.learning import Progress, StageConfig, autocast, batches, learn
from takt_training.networks.chunk import ChunkConfig, Denoiser, VelocityNet

DRAWS = 8
"""Noise draws per observation; each looks at the condition anew and costs no encoding."""

TIME_SCALE = 100.0
"""The flow's networks get t in 0 to 100, as the diffusion's get their level."""

MEMORY_S = 0.2
"""Within this time the teacher has made good most of a deviation; see ``PrefixFlow``."""

Sampled = Callable[[nn.Module, Tensor, Tensor], Tensor]
"""(networks, chunk (N, H, D), condition (N, C)) -> loss."""


def diffusion_loss(networks: nn.Module, chunk: Tensor, condition: Tensor) -> Tensor:
    """DDPM (arXiv 2006.11239), measured on the velocity v."""
    denoiser = networks.denoiser
    t = torch.randint(0, len(denoiser.alpha_bar), (len(chunk),), device=chunk.device)
    noise = torch.randn_like(chunk)
    alpha = denoiser.alpha_bar[t][:, None, None]
    noisy = alpha.sqrt() * chunk + (1.0 - alpha).sqrt() * noise
    wanted = alpha.sqrt() * noise - (1.0 - alpha).sqrt() * chunk
    with autocast(chunk.device):
        velocity = denoiser.flow(noisy, t, condition)
    return (velocity - wanted).square().mean()


def flow_loss(networks: nn.Module, chunk: Tensor, condition: Tensor) -> Tensor:
    """Rectified flow; t = 0 is noise, t = 1 the chunk."""
    t = torch.rand(len(chunk), device=chunk.device)
    noise = torch.randn_like(chunk)
    part = t[:, None, None]
    with autocast(chunk.device):
        found = networks.denoiser(noise + part * (chunk - noise), t * TIME_SCALE, condition)
    return (found - (chunk - noise)).square().mean()


class PrefixFlow:
    """Flow with clean prefixes of random length: training-time RTC (arXiv 2512.05964).

    At run time a prefix is what the chunk before says, which is not exactly what this one would
    have said. So the prefix here is off by a random offset, which the rest of the chunk makes
    good as fast as the teacher does.

    Args:
        longest: greatest length of the prefix.
        offset: (D,) standard deviation of the offset, normalised.
        step_s: between actions.
        first: index of the action for the reference time.
    """

    def __init__(self, longest: int, offset: Tensor, step_s: float, first: int) -> None:
        self._longest, self._offset = longest, offset
        self._step_s, self._first = step_s, first

    def __call__(self, networks: nn.Module, chunk: Tensor, condition: Tensor) -> Tensor:
        count, length, _ = chunk.shape
        device = chunk.device
        # Half of the draws have no prefix: the first chunk has none.
        size = torch.randint(0, self._longest + 1, (count,), device=device)
        size = size * torch.randint(0, 2, (count,), device=device)
        place = torch.arange(length, device=device)
        clean = place[None] < size[:, None]
        chunk = chunk + self._deviation(size, place, count)
        t = torch.rand(count, 1, device=device).expand(-1, length)
        t = torch.where(clean, torch.ones_like(t), t)
        noise = torch.randn_like(chunk)
        noisy = noise + t[..., None] * (chunk - noise)
        with autocast(device):
            found = networks.denoiser(noisy, t * TIME_SCALE, condition)
        error = (found - (chunk - noise)).square().mean(-1) * ~clean
        return error.sum() / (~clean).sum()

    def _deviation(self, size: Tensor, place: Tensor, count: int) -> Tensor:
        offset = torch.randn(count, 1, len(self._offset), device=size.device)
        offset = offset * self._offset.to(size.device)
        after = (place[None] - size[:, None] + 1).clamp(min=0)
        fading = torch.exp(-after * self._step_s / MEMORY_S) * (size[:, None] > 0)
        return offset * fading[..., None]


def train_sampled(
    name: str,
    networks: Acting,
    chunk: Tensor,
    loss: Sampled,
    material: Material,
    stage: StageConfig,
    progress: Progress,
) -> Acting:
    """Trains the encoder's upper part and what samples (n, L, S), the chunks or their latents."""
    eyes = material.weights["see"]
    networks.encoder.load_state_dict(eyes)
    networks.to(material.device)
    data, weight = material.data, material.config.landmark_weight

    def losses(network: nn.Module, index: Tensor, draws: int) -> tuple[Tensor, Tensor]:
        features, vectors = drawn(material, index)
        condition, landmark = network.know(features, vectors)
        clean = chunk[index].to(material.device).repeat_interleave(draws, 0)
        main = loss(network, clean, condition.repeat_interleave(draws, 0))
        return main, landmark_error(material, landmark, index)

    def objective(network: nn.Module, index: Tensor) -> Tensor:
        main, aside = losses(network, data.training[index], DRAWS)
        return main + weight * aside

    def validate(network: nn.Module) -> str:
        main, aside = losses(network, data.held_out[:512], DRAWS)
        return f"held out {float(main):.4f}, landmark {float(aside):.4f}"

    source = batches(len(data.training), stage.batch, material.config.seed + 1)
    learned = learn(
        name, networks, networks.acting(), objective, validate, source, stage,
        material.config, progress,
    )  # fmt: skip
    assert isinstance(learned, Acting)
    return learned


def denoise_source(network: nn.Module, config: ChunkConfig, prefix: bool) -> GraphSource:
    """The denoise graph; its time is a whole number for diffusion only."""
    x = torch.randn(2, config.length, config.size)
    times = torch.tensor([0, 1]) if isinstance(network, Denoiser) else torch.tensor([10.0, 90.0])
    t = times[:, None].repeat(1, config.length) if prefix else times
    given = (x, t, torch.randn(2, config.condition_dim))
    return GraphSource(network, ("x", "t", "condition"), given, "prediction")


class DiffusionHead(Head):
    """Denoising of chunks."""

    name = "diffusion"
    stage = StageConfig(6000, 128, 1e-3)

    def specification(self, shapes: Shapes, spec: PolicySpec) -> PolicySpec:
        return spec

    def networks(self, shapes: Shapes) -> Acting:
        alpha = NoiseSchedule.squared_cosine(shapes.spec.require_sampler().training_steps).alpha_bar
        body = Denoiser(chunk_config(shapes), torch.as_tensor(alpha))
        return Acting(shapes.vision, body)

    def train(self, material: Material, stage: StageConfig, progress: Progress) -> nn.Module:
        networks = self.networks(material.shapes)
        return train_sampled(
            self.name, networks, material.data.chunk, diffusion_loss, material, stage, progress
        )

    def graphs(
        self, networks: nn.Module, spec: PolicySpec, examples: Mapping[str, Tensor]
    ) -> dict[str, GraphSource]:
        assert isinstance(networks, Acting)
        body = networks.denoiser
        return {
            "encode": encode_source(networks.encoder, spec, examples),
            "denoise": denoise_source(body, body.config, prefix=False),
        }


class FlowHead(Head):
    """Rectified flow that can continue a chunk that is being executed."""

    name = "flow"
    stage = StageConfig(6000, 128, 1e-3)
    inference_steps = 8
    longest_prefix = 8
    offset_m = 0.0015

    def specification(self, shapes: Shapes, spec: PolicySpec) -> PolicySpec:
        sampler = flow_sampler(self.inference_steps, time_scale=TIME_SCALE, prefix=True)
        return replace(
            spec,
            name=f"{spec.name}_flow",
            description=spec.description.replace(
                "diffusion policy", "flow policy, trained with clean prefixes,"
            ),
            family="flow",
            sampler=sampler,
        )

    def networks(self, shapes: Shapes) -> Acting:
        return Acting(shapes.vision, VelocityNet(chunk_config(shapes), token_time=True))

    def train(self, material: Material, stage: StageConfig, progress: Progress) -> nn.Module:
        shapes = material.shapes
        horizons = shapes.spec.horizons
        scale = torch.as_tensor(shapes.scales.normalizers["action"].scale, dtype=torch.float32)
        offset = torch.zeros(shapes.spec.action_size)
        offset[:3] = self.offset_m / scale[:3]
        loss = PrefixFlow(self.longest_prefix, offset, horizons.step_s, horizons.first)
        networks = self.networks(shapes)
        return train_sampled(
            self.name, networks, material.data.chunk, loss, material, stage, progress
        )

    def graphs(
        self, networks: nn.Module, spec: PolicySpec, examples: Mapping[str, Tensor]
    ) -> dict[str, GraphSource]:
        assert isinstance(networks, Acting)
        body = networks.denoiser
        return {
            "encode": encode_source(networks.encoder, spec, examples),
            "denoise": denoise_source(body, body.config, prefix=True),
        }


def chunk_config(shapes: Shapes) -> ChunkConfig:
    """Of the specification's chunks."""
    length, size = shapes.spec.horizons.prediction, shapes.spec.action_size
    return ChunkConfig(length, size, shapes.vision.condition_dim)
