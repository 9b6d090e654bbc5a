"""Samplers: how one chunk is drawn from a network, outside the graph and in numpy."""

from takt_policy.bundle.schema import SamplerSpec
from takt_policy.samplers.base import Float, Predict, Sampler
from takt_policy.samplers.ddim import Ddim
from takt_policy.samplers.ddpm import Ddpm
from takt_policy.samplers.schedule import NoiseSchedule

__all__ = ["Ddim", "Ddpm", "Float", "NoiseSchedule", "Predict", "Sampler", "make_sampler"]


def make_sampler(spec: SamplerSpec) -> Sampler:
    """The sampler that a bundle (or an override of it) asks for."""
    schedule = NoiseSchedule.squared_cosine(spec.training_steps)
    if spec.kind == "ddpm":
        return Ddpm(schedule, spec.inference_steps, spec.clip)
    return Ddim(schedule, spec.inference_steps, spec.clip, spec.eta)
