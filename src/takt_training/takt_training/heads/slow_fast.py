"""Slow-fast: a latent chunk drawn at a glance, turned into actions by touch at 20 Hz.

Reactive Diffusion Policy, arXiv 2503.02881. The slow part draws by rectified flow; the fast one
is a small decoder that is run again and again during the chunk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from takt_policy.bundle.schema import (
    ACTION,
    DecodeSpec,
    FastSpec,
    NormalizerKind,
    PolicySpec,
    flow_sampler,
)
from takt_training.felt import POSE_DIM, FeltBatch, FeltSet
from takt_training.heads.base import Acting, GraphSource, Head, Material, Shapes, encode_source
from takt_training.heads.sampled import TIME_SCALE, denoise_source, flow_loss, train_sampled
from takt_training.learning import Progress, StageConfig, batches, learn
from takt_training.networks.chunk import ChunkConfig, VelocityNet
from takt_training.networks.fast import ChunkEncoder, FastConfig, FastDecoder

DIVERGENCE_WEIGHT = 1e-4
LATENT_NOISE = 0.05
"""What is drawn is never quite what the chunk's encoder would have said."""

PLACE_WEIGHT = 4.0
"""Of positions against rotations: touch corrects millimetres, hardly ever a turn."""

PAST_WEIGHT = 0.1
"""Of actions whose time has passed; nobody executes them."""


SLOW = ("denoiser.", "encoder.felt.", "encoder.locate.", "encoder.fuse.")
"""What draws the latent."""


class SlowFast(Acting):
    """All networks of the head."""

    def __init__(self, shapes: Shapes, config: FastConfig) -> None:
        length, size = config.latent
        chunk = ChunkConfig(length, size, shapes.vision.condition_dim, hidden_dim=256)
        super().__init__(shapes.vision, VelocityNet(chunk))
        self.chunks = ChunkEncoder(config)
        self.decoder = FastDecoder(config)

    def acting(self) -> Iterator[nn.Parameter]:
        """The slow part."""
        for name, parameter in self.named_parameters():
            if name.startswith(SLOW):
                yield parameter


class DecodeGraph(nn.Module):
    """(latent, elapsed, fast inputs...) -> actions."""

    def __init__(self, decoder: FastDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, latent: Tensor, elapsed: Tensor, poses: Tensor, *felt: Tensor) -> Tensor:
        rest = torch.cat([one.flatten(1) for one in felt], -1)
        chunk: Tensor = self.decoder(latent, elapsed, poses.flatten(1), rest)
        return chunk


class SlowFastHead(Head):
    """Trained in two parts: the latent and its decoder, then what draws the latent."""

    name = "slow_fast"
    stage = StageConfig(5000, 128, 1e-3)
    decoder_stage = StageConfig(5000, 256, 1e-3)
    needs_touch = True
    inference_steps = 6
    execute = 14

    def specification(self, shapes: Shapes, spec: PolicySpec) -> PolicySpec:
        kinds = {one.name: kind_of(one.preprocess.kind) for one in shapes.fast_inputs}
        return replace(
            spec,
            name=f"{spec.name}_slow_fast",
            description=spec.description.replace(
                "diffusion policy", "latent flow policy with a decoder that feels at 20 Hz,"
            ),
            family="flow",
            horizons=replace(spec.horizons, execute=self.execute),
            sampler=flow_sampler(self.inference_steps, time_scale=TIME_SCALE),
            normalizer={**spec.normalizer, **kinds},
            fast=FastSpec(shapes.fast_inputs[0].period_s, shapes.fast_inputs),
            decode=DecodeSpec(fast_config(shapes).latent),
        )

    def networks(self, shapes: Shapes) -> SlowFast:
        return SlowFast(shapes, fast_config(shapes))

    def train(self, material: Material, stage: StageConfig, progress: Progress) -> nn.Module:
        networks = self.networks(material.shapes).to(material.device)
        assert material.felt is not None
        fast = replace(self.decoder_stage, steps=stage.steps * self.decoder_stage.steps
                       // self.stage.steps)  # fmt: skip
        networks = learn_latent(networks, material, material.felt, fast, progress)
        latents = latents_of(networks, material)
        return train_sampled(self.name, networks, latents, flow_loss, material, stage, progress)

    def graphs(
        self, networks: nn.Module, spec: PolicySpec, examples: Mapping[str, Tensor]
    ) -> dict[str, GraphSource]:
        assert isinstance(networks, SlowFast)
        assert spec.decode is not None
        latent = torch.randn(2, *spec.decode.latent)
        names = tuple(one.name for one in spec.fast_inputs)
        given = (latent, torch.tensor([0.05, 0.5]), *(examples[name] for name in names))
        decode = GraphSource(
            DecodeGraph(networks.decoder), ("latent", "elapsed", *names), given, "actions"
        )
        return {
            "encode": encode_source(networks.encoder, spec, examples),
            "denoise": denoise_source(networks.denoiser, networks.denoiser.config, prefix=False),
            "decode": decode,
        }


def learn_latent(
    networks: SlowFast, material: Material, felt: FeltSet, stage: StageConfig, progress: Progress
) -> SlowFast:
    """The chunk's encoder and the fast decoder."""
    device = material.device

    def reconstruct(network: nn.Module, batch: FeltBatch) -> tuple[Tensor, Tensor, Tensor]:
        """The chunk with touch and without, and the divergence of the latent."""
        mean, spread = network.chunks(felt.data.chunk[batch.slow].to(device))
        drawn = mean + torch.randn_like(mean) * (0.5 * spread).exp()
        drawn = drawn + LATENT_NOISE * mean.detach().std(0) * torch.randn_like(drawn)
        # In full precision: half of it would be off by a millimetre.
        found = network.decoder(
            drawn, batch.elapsed.to(device), batch.poses.to(device), batch.felt.to(device)
        )
        divergence = 0.5 * (spread.exp() + mean.square() - 1.0 - spread).sum(-1).mean()
        return found, network.decoder.intended(drawn), divergence

    def objective(network: nn.Module, index: Tensor) -> Tensor:
        batch = felt.draw(stage.batch)
        found, intended, divergence = reconstruct(network, batch)
        weight = torch.where(batch.ahead, 1.0, PAST_WEIGHT).to(device)[..., None]
        off = (found - batch.target.to(device)).abs() * weight
        error = off.mean() + (PLACE_WEIGHT - 1.0) * off[..., :3].mean() / 3.0
        chunk = felt.data.chunk[batch.slow].to(device)
        other = material.data.chunk[index].to(device)
        again = network.decoder.intended(network.chunks(other)[0])
        plain = 0.5 * ((intended - chunk).abs().mean() + (again - other).abs().mean())
        return error + plain + DIVERGENCE_WEIGHT * divergence

    scale = torch.as_tensor(material.shapes.scales.normalizers[ACTION].scale[:3]).to(device)

    def validate(network: nn.Module) -> str:
        batch = felt.draw(2048, held_out=True)
        found, intended, _ = reconstruct(network, batch)
        ahead, target = batch.ahead.to(device), batch.target.to(device)

        def off_mm(chunk: Tensor) -> float:
            off = ((chunk - target)[..., :3] * scale).norm(dim=-1)
            return 1e3 * float(off[ahead].mean())

        return f"held out {off_mm(found):.2f} mm, without touch {off_mm(intended):.2f} mm"

    parts = [*networks.chunks.parameters(), *networks.decoder.parameters()]
    source = batches(len(material.data.chunk), stage.batch, material.config.seed)
    learned = learn(
        "latent", networks, iter(parts), objective, validate, source, stage,
        material.config, progress,
    )  # fmt: skip
    assert isinstance(learned, SlowFast)
    normalise_latent(learned, felt.data.chunk.to(device))
    return learned


@torch.no_grad()
def normalise_latent(networks: SlowFast, chunk: Tensor) -> None:
    """The latent that is drawn has mean 0 and deviation 1 in each number."""
    mean, _ = networks.chunks(chunk)
    networks.decoder.centre.copy_(mean.mean(0))
    networks.decoder.spread.copy_(mean.std(0).clamp(min=1e-3))


@torch.no_grad()
def latents_of(networks: SlowFast, material: Material) -> Tensor:
    """(n, L, S) of all chunks of the demonstrations, normalised."""
    mean, _ = networks.chunks(material.data.chunk.to(material.device))
    decoder = networks.decoder
    normal = (mean - decoder.centre) / decoder.spread
    return normal.reshape(-1, *decoder.config.latent).cpu()


def fast_config(shapes: Shapes) -> FastConfig:
    """Shapes of the fast networks."""
    horizons, inputs = shapes.spec.horizons, shapes.fast_inputs
    return FastConfig(
        length=horizons.prediction,
        size=shapes.spec.action_size,
        first=horizons.first,
        step_s=horizons.step_s,
        pose_dim=POSE_DIM,
        poses=inputs[0].history,
        felt=sum(numbers(one.array_shape) for one in inputs[1:]),
    )


def numbers(shape: Sequence[int]) -> int:
    """How many an array of that shape has."""
    return int(torch.Size(shape).numel())


def kind_of(preprocess: str) -> NormalizerKind:
    """Normaliser of a fast input."""
    return "minmax" if preprocess == "pose" else "meanstd"
