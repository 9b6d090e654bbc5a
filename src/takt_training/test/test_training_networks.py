"""Properties of the networks that their use relies on."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from takt_policy.samplers import NoiseSchedule
from takt_training.heads.drawing import ddim
from takt_training.heads.sampled import TIME_SCALE, PrefixFlow
from takt_training.networks.act import ActConfig, ActNet
from takt_training.networks.chunk import ChunkConfig, ChunkNet, Denoiser, VelocityNet
from takt_training.networks.fast import Corrector, FastConfig, FastDecoder

CHUNK = ChunkConfig(length=6, size=3, condition_dim=4, hidden_dim=16, blocks=1)
FAST = FastConfig(length=6, size=9, first=1, step_s=0.1, pose_dim=9, poses=2, felt=5, latent=(2, 3))


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def test_each_action_may_have_a_noise_level_of_its_own() -> None:
    network = VelocityNet(CHUNK, token_time=True)
    x, condition = torch.randn(2, 6, 3), torch.randn(2, 4)
    level = torch.full((2, 6), 50.0)
    mixed = level.clone()
    mixed[:, 0] = 100.0
    assert not torch.allclose(network(x, level, condition), network(x, mixed, condition))


def test_epsilon_of_the_denoiser_is_consistent_with_its_velocity() -> None:
    alpha = torch.as_tensor(NoiseSchedule.squared_cosine(100).alpha_bar)
    network = Denoiser(CHUNK, alpha)
    x, t, condition = torch.randn(5, 6, 3), torch.tensor([0, 20, 50, 80, 99]), torch.randn(5, 4)
    noise, velocity = network(x, t, condition), network.flow(x, t, condition)
    part = alpha[t].float()[:, None, None]
    clean = part.sqrt() * x - (1 - part).sqrt() * velocity
    assert torch.allclose(part.sqrt() * clean + (1 - part).sqrt() * noise, x, atol=1e-5)


class Perfect(torch.nn.Module):
    """Knows the chunk: its velocity is right whatever the noise."""

    def __init__(self, chunk: torch.Tensor) -> None:
        super().__init__()
        self.chunk = chunk
        self.asked: list[torch.Tensor] = []

    def forward(self, x, t, condition):
        self.asked.append(t)
        left = (1.0 - t[..., None] / TIME_SCALE).clamp(min=1e-3)
        return (self.chunk - x) / left


class Holder(torch.nn.Module):
    def __init__(self, denoiser: torch.nn.Module) -> None:
        super().__init__()
        self.denoiser = denoiser


def test_loss_of_prefix_training_is_zero_for_who_is_right_and_ignores_the_prefix() -> None:
    chunk = torch.randn(512, 6, 3)
    perfect = Perfect(chunk)
    loss = PrefixFlow(longest=4, offset=torch.zeros(3), step_s=0.1, first=1)
    value = loss(Holder(perfect), chunk, torch.zeros(512, 4))
    # Clean actions are at t = 1, where the noise cannot be told: a velocity for them is arbitrary.
    assert float(value) < 1e-2
    clean = perfect.asked[0] == TIME_SCALE
    lengths = clean.sum(1)
    assert set(lengths.tolist()) == {0, 1, 2, 3, 4}
    for row, length in zip(clean, lengths, strict=True):
        assert row[: int(length)].all()


def test_deviating_prefix_fades_after_its_end() -> None:
    loss = PrefixFlow(longest=3, offset=torch.tensor([1.0, 0.0, 0.0]), step_s=0.1, first=1)
    size = torch.tensor([0, 3])
    off = loss._deviation(size, torch.arange(6), 2)
    assert not off[0].any()
    assert torch.allclose(off[1, 0], off[1, 2])
    sizes = off[1, 2:, 0].abs()
    assert (sizes[1:] < sizes[:-1]).all()
    assert not off[..., 1:].any()


def test_ddim_finds_the_chunk_of_a_denoiser_that_knows_it() -> None:
    alpha = torch.as_tensor(NoiseSchedule.squared_cosine(100).alpha_bar)
    wanted = 0.5 * torch.ones(6, 3)

    class Knows(Denoiser):
        def forward(self, x, t, condition):
            part = self.alpha_bar[t][:, None, None]
            return (x - part.sqrt() * wanted) / (1 - part).sqrt()

    for steps, eta in ((1, 0.0), (4, 0.0), (10, 1.0)):
        drawn = ddim(Knows(CHUNK, alpha), torch.zeros(3, 4), steps, eta)
        assert torch.allclose(drawn, wanted.expand(3, -1, -1), atol=1e-4)


def test_style_is_for_training_only() -> None:
    network = ActNet(ActConfig(6, 3, (5, 7), 4, width=16, heads=2, layers=1, style_dim=2))
    features, condition = torch.randn(2, 12), torch.randn(2, 4)
    plain = network(features, condition, torch.zeros(2, 2))
    assert plain.shape == (2, 6, 3)
    assert not torch.allclose(plain, network(features, condition, torch.ones(2, 2)))
    mean, spread = network.styles(torch.randn(2, 6, 3), condition)
    assert mean.shape == spread.shape == (2, 2)


def test_decoder_is_told_how_far_the_tool_is_from_its_chunk_now() -> None:
    decoder = FastDecoder(FAST)
    seen = []
    decoder.react.register_forward_hook(lambda module, given, out: seen.append(given[0]))
    latent, felt = torch.randn(1, 2, 3), torch.zeros(1, 5)
    intended = decoder.intended(latent)
    # At 0.25 s the chunk is halfway between its actions 3 and 4.
    there = 0.5 * (intended[:, 3] + intended[:, 4])
    poses = torch.cat([torch.zeros(1, 9), there], -1)
    decoder(latent, torch.tensor([0.25]), poses, felt)
    error = seen[0][0, 6 + 18 : 6 + 18 + 9]
    assert torch.allclose(error, torch.zeros(9), atol=1e-4)


def test_latent_that_is_drawn_is_normalised_without_changing_the_chunk() -> None:
    decoder = FastDecoder(FAST)
    raw = torch.randn(1, 2, 3)
    before = decoder.intended(raw)
    decoder.centre.copy_(torch.randn(6))
    decoder.spread.copy_(torch.rand(6) + 0.5)
    normal = ((raw.flatten(1) - decoder.centre) / decoder.spread).reshape(1, 2, 3)
    assert torch.allclose(decoder.intended(normal), before, atol=1e-5)


def test_corrections_stay_within_their_bound() -> None:
    bound = torch.linspace(0.0, 0.02, 9)
    corrector = Corrector(FAST, bound)
    found = corrector(100 * torch.randn(64, 9), 100 * torch.randn(64, 18), 100 * torch.randn(64, 5))
    assert (found.abs() <= bound + 1e-7).all()


def test_networks_of_a_bundle_are_small() -> None:
    config = ChunkConfig(16, 9)
    for network in (ChunkNet(config), ChunkNet(config, token_time=True)):
        assert sum(p.numel() for p in network.parameters()) < 1.4e6
