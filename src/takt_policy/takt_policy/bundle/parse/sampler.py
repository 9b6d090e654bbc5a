"""The section ``sampler`` of policy.yaml."""

from __future__ import annotations

from typing import cast, get_args

from takt_policy.bundle.schema import (
    Betas,
    Direction,
    Family,
    PredictionKind,
    SamplerKind,
    SamplerSpec,
    Spacing,
    flow_sampler,
)
from takt_policy.bundle.section import Section
from takt_policy.errors import BundleError

KINDS_OF_FAMILY: dict[Family, tuple[SamplerKind, ...]] = {
    "direct": (),
    "diffusion": ("ddpm", "ddim"),
    "flow": ("flow",),
}


def parse_sampler(top: Section, family: Family, source: str) -> SamplerSpec | None:
    """The sampler; None for the family direct.

    Raises:
        BundleError: the family and the sampler do not belong together.
    """
    if family == "direct":
        if top.given("sampler"):
            raise BundleError(
                f"{source}: 'sampler' is given; a policy of family direct samples nothing, so "
                "leave it out, or change 'family'"
            )
        return None
    section = top.section("sampler")
    kind = section.text("kind")
    allowed = KINDS_OF_FAMILY[family]
    if kind not in allowed:
        wanted = f"{' or '.join(allowed)} for a policy of family {family}"
        raise section.error("kind", kind, wanted)
    spec = _flow(section) if family == "flow" else _diffusion(section, kind)
    section.finish()
    return spec


def _flow(section: Section) -> SamplerSpec:
    section.choice("prediction", ["velocity"], "velocity")
    return flow_sampler(
        section.integer("inference_steps", 1),
        cast(Direction, section.choice("direction", get_args(Direction))),
        section.number("time_scale", 0.0, 1.0),
        _clip(section),
        section.boolean("prefix", False),
    )


def _diffusion(section: Section, kind: SamplerKind) -> SamplerSpec:
    kinds = [one for one in get_args(PredictionKind) if one != "velocity"]
    betas = cast(Betas, section.choice("betas", get_args(Betas)))
    for key in ("beta_start", "beta_end"):
        if betas == "squaredcos_cap_v2" and section.has(key):
            raise section.error(key, "given", "nothing, as squaredcos_cap_v2 has no such number")
    spec = SamplerSpec(
        kind,
        section.integer("training_steps", 2),
        section.integer("inference_steps", 1),
        betas,
        section.number("beta_start", 0.0, SamplerSpec.beta_start),
        section.number("beta_end", 0.0, SamplerSpec.beta_end),
        cast(PredictionKind, section.choice("prediction", kinds)),
        cast(Spacing, section.choice("spacing", get_args(Spacing), SamplerSpec.spacing)),
        clip=_clip(section),
        eta=section.number("eta", 0.0, 0.0, at_least=True),
        prefix=section.boolean("prefix", False),
    )
    if spec.inference_steps > spec.training_steps:
        raise section.error("inference_steps", spec.inference_steps, f"1 to {spec.training_steps}")
    if spec.eta > 1.0:
        raise section.error("eta", spec.eta, "0 (deterministic) to 1")
    if kind == "ddpm" and spec.eta != 0.0:
        raise section.error("eta", spec.eta, "0 or nothing; it belongs to ddim")
    if not spec.beta_start <= spec.beta_end < 1.0:
        raise section.error("beta_end", spec.beta_end, f"{spec.beta_start:g} to less than 1")
    return spec


def _clip(section: Section) -> float | None:
    return section.number("clip", 0.0) if section.has("clip") else None
