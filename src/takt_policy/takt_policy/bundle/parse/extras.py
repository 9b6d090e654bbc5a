"""The sections of the optional graphs and of what they are fed with."""

from __future__ import annotations

from typing import NamedTuple

from takt_policy.bundle.parse.inputs import parse_fast
from takt_policy.bundle.schema import (
    CriticSpec,
    DecodeSpec,
    EnergySpec,
    Family,
    FastSpec,
    ResidualSpec,
)
from takt_policy.bundle.section import Section
from takt_policy.errors import BundleError

NEEDS_SAMPLING = ("decode", "critic", "energy")
NEEDS_FAST = ("decode", "residual")


class Extras(NamedTuple):
    """What a policy has besides the graphs of its family."""

    fast: FastSpec | None
    decode: DecodeSpec | None
    residual: ResidualSpec | None
    critic: CriticSpec | None
    energy: EnergySpec | None


def parse_extras(top: Section, family: Family, action_size: int, source: str) -> Extras:
    """The optional sections.

    Raises:
        BundleError: one contradicts the family, or needs another that is missing.
    """
    wanted = {name for name in ("fast", *NEEDS_SAMPLING, "residual") if top.given(name)}
    for name in NEEDS_SAMPLING:
        if name in wanted and family == "direct":
            raise BundleError(
                f"{source}: '{name}' is given, but the family is direct; {name}.onnx works on "
                "what is sampled, so it needs the family diffusion or flow"
            )
    readers = sorted(wanted & set(NEEDS_FAST))
    if readers and "fast" not in wanted:
        raise BundleError(
            f"{source}: '{readers[0]}' is given without 'fast'; add the section 'fast' with the "
            f"inputs of {readers[0]}.onnx and their period_s"
        )
    if "fast" in wanted and not readers:
        raise BundleError(
            f"{source}: 'fast' is given, but no graph reads its inputs; add 'decode' or "
            "'residual', or leave it out"
        )
    return Extras(
        parse_fast(top.section("fast")) if "fast" in wanted else None,
        _decode(top.section("decode")) if "decode" in wanted else None,
        _residual(top.section("residual"), action_size) if "residual" in wanted else None,
        CriticSpec() if _empty(top, "critic", wanted) else None,
        EnergySpec() if _empty(top, "energy", wanted) else None,
    )


def _decode(section: Section) -> DecodeSpec:
    latent = section.integers("latent", 1)
    section.finish()
    if len(latent) != 2:
        raise section.error("latent", list(latent), "[length, size]")
    return DecodeSpec((latent[0], latent[1]))


def _residual(section: Section, action_size: int) -> ResidualSpec:
    bound = section.numbers_or_one("bound", action_size)
    section.finish()
    if min(bound) < 0.0 or max(bound) == 0.0:
        raise section.error(
            "bound", list(bound), "numbers of at least 0, one of them above, in normalised units"
        )
    return ResidualSpec(bound)


def _empty(top: Section, key: str, wanted: set[str]) -> bool:
    if key in wanted:
        top.section(key).finish()
    return key in wanted
