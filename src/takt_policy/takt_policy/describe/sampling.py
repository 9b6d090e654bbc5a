"""How a chunk comes about, in words."""

from __future__ import annotations

from takt_policy.bundle.schema import PolicySpec, SamplerSpec

_PREDICTION = {
    "epsilon": "the noise",
    "sample": "the clean chunk",
    "v": "the velocity v",
    "velocity": "the velocity",
}


def family_in_words(spec: PolicySpec) -> str:
    """What kind of network it is."""
    what = "a latent, from which a fast decoder makes actions" if spec.decode else "a chunk"
    return {
        "direct": "one network call gives a chunk",
        "diffusion": f"noise is turned into {what}, step by step",
        "flow": f"noise flows into {what}",
    }[spec.family]


def sampler_in_words(sampler: SamplerSpec | None) -> str:
    """One line on how a chunk is drawn."""
    if sampler is None:
        return "nothing is sampled"
    bound = "unbounded" if sampler.clip is None else f"clipped to ±{sampler.clip:g}"
    predicts = f"the network predicts {_PREDICTION[sampler.prediction]}"
    how = _flow(sampler) if sampler.kind == "flow" else _diffusion(sampler)
    prefix = "; trained to continue a given beginning" if sampler.prefix else ""
    return f"{how}; {predicts}; clean actions {bound}{prefix}"


def extras_in_words(spec: PolicySpec) -> list[str]:
    """A line for each graph besides those of the family."""
    lines = []
    period = "" if spec.fast is None else f"every {spec.fast.period_s:g} s"
    if spec.decode is not None:
        length, size = spec.decode.latent
        lines.append(
            f"decoder: turns a latent of {length} × {size} into actions, again {period} with what "
            "it feels"
        )
    if spec.residual is not None:
        low, high = min(spec.residual.bound), max(spec.residual.bound)
        bound = f"{high:g}" if low == high else f"{low:g} to {high:g}"
        lines.append(
            f"residual: corrects the actions {period} by at most {bound} in normalised units"
        )
    if spec.critic is not None:
        lines.append("critic: says which of several chunks is best")
    if spec.energy is not None:
        lines.append("energy: says how uncertain a chunk is")
    return lines


def _flow(sampler: SamplerSpec) -> str:
    ends = "noise at time 0" if sampler.direction == "noise_to_data" else "noise at time 1"
    return f"flow, {sampler.inference_steps} network calls per chunk, {ends}; Euler steps"


def _diffusion(sampler: SamplerSpec) -> str:
    noise = {
        "ddpm": "stochastic",
        "ddim": "deterministic given the first noise"
        if sampler.eta == 0.0
        else f"stochastic, eta {sampler.eta:g}",
    }[sampler.kind]
    return (
        f"{sampler.kind.upper()}, {sampler.inference_steps} network calls per chunk out of "
        f"{sampler.training_steps} noise levels of training ({sampler.betas}, {sampler.spacing}); "
        f"{noise}"
    )
