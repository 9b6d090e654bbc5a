"""Which noise levels a chunk goes through on its way from noise to clean."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from takt_policy.bundle.schema import SamplerSpec
from takt_policy.samplers.base import Levels
from takt_policy.samplers.schedule import NoiseSchedule


def make_levels(spec: SamplerSpec) -> Levels:
    """The levels of a bundle's sampler, or of an override of it."""
    if spec.kind == "flow":
        return flow_levels(spec.inference_steps, spec.direction, spec.time_scale)
    return diffusion_levels(NoiseSchedule.of(spec), spec.inference_steps, spec.spacing)


def diffusion_levels(schedule: NoiseSchedule, steps: int, spacing: str = "leading") -> Levels:
    """Levels of a diffusion model; what the network gets is the level's number."""
    chosen = spaced(schedule.steps, steps, spacing)
    power = np.append(schedule.alpha_bar[chosen], 1.0)
    time = np.append(chosen, 0).astype(np.float64)
    return Levels(time, np.sqrt(power), np.sqrt(1.0 - power), clean_time=0.0)


def spaced(levels: int, steps: int, spacing: str) -> npt.NDArray[np.int64]:
    """(steps,) of the numbers ``levels - 1`` to 0, falling.

    ``leading``: evenly from 0 up, as in Diffusion Policy; with fewer steps than levels the
    noisiest ones, where the prediction says little, are left out. ``trailing``: evenly from
    the noisiest down. ``linspace``: both ends.
    """
    if spacing == "leading":
        rising = np.arange(steps) * (levels // steps)
    elif spacing == "trailing":
        rising = np.round(levels - np.arange(steps) * (levels / steps))[::-1] - 1
    else:
        rising = np.round(np.linspace(0, levels - 1, steps))
    return rising[::-1].astype(np.int64)


def flow_levels(steps: int, direction: str = "noise_to_data", time_scale: float = 1.0) -> Levels:
    """Even Euler steps of flow matching (arXiv 2210.02747)."""
    tau = np.arange(steps + 1) / steps
    time = tau if direction == "noise_to_data" else 1.0 - tau
    return Levels(time * time_scale, tau, 1.0 - tau, clean_time=float(time[-1] * time_scale))
