"""How a policy was trained to be sampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SamplerKind = Literal["ddpm", "ddim", "flow"]
Betas = Literal["squaredcos_cap_v2", "linear", "scaled_linear"]
PredictionKind = Literal["epsilon", "sample", "v", "velocity"]
Spacing = Literal["leading", "linspace", "trailing"]
Direction = Literal["noise_to_data", "data_to_noise"]


@dataclass(frozen=True)
class SamplerSpec:
    """How a chunk is drawn from the denoise graph.

    Attributes:
        kind: ``ddpm`` (Ho et al., arXiv 2006.11239) or ``ddim`` (Song et al., 2010.02502) for
            the family diffusion, ``flow`` (Lipman et al., 2210.02747) for flow.
        training_steps: noise levels of the training (diffusion).
        inference_steps: network calls per chunk.
        betas: noise schedule of the training (diffusion); ``scaled_linear`` is linear in the
            square root.
        beta_start, beta_end: of the linear ones.
        prediction: what the graph predicts: ``epsilon`` the noise, ``sample`` the clean chunk,
            ``v`` (Salimans & Ho, 2202.00512), or ``velocity`` dx/dt (flow).
        spacing: which of the levels are used when there are fewer steps (diffusion).
        direction: of time in the graph (flow): ``noise_to_data`` has noise at t = 0,
            ``data_to_noise`` at t = 1.
        time_scale: the graph gets ``t * time_scale`` (flow).
        clip: bound on the predicted clean sample, or None.
        eta: stochasticity of DDIM; 0 is deterministic.
        prefix: trained on clean prefixes (arXiv 2512.05964); ``t`` is then (batch, length).
    """

    kind: SamplerKind
    training_steps: int = 100
    inference_steps: int = 100
    betas: Betas = "squaredcos_cap_v2"
    beta_start: float = 1e-4
    beta_end: float = 0.02
    prediction: PredictionKind = "epsilon"
    spacing: Spacing = "leading"
    direction: Direction = "noise_to_data"
    time_scale: float = 1.0
    clip: float | None = 1.0
    eta: float = 0.0
    prefix: bool = False


def flow_sampler(
    inference_steps: int = 10,
    direction: Direction = "noise_to_data",
    time_scale: float = 1.0,
    clip: float | None = None,
    prefix: bool = False,
) -> SamplerSpec:
    """The specification of a flow, without the fields that only diffusion has."""
    return SamplerSpec(
        "flow",
        inference_steps=inference_steps,
        prediction="velocity",
        direction=direction,
        time_scale=time_scale,
        clip=clip,
        prefix=prefix,
    )
