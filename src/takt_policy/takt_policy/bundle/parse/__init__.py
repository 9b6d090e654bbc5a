"""policy.yaml to PolicySpec: strict, and consistent in itself before any graph is opened."""

from __future__ import annotations

from typing import Any, cast, get_args

from takt_policy.bundle.parse.actions import parse_actions, parse_horizons
from takt_policy.bundle.parse.checks import check_whole
from takt_policy.bundle.parse.extras import parse_extras
from takt_policy.bundle.parse.inputs import parse_inputs
from takt_policy.bundle.parse.provenance import parse_golden, parse_provenance
from takt_policy.bundle.parse.sampler import parse_sampler
from takt_policy.bundle.schema import (
    ACTION,
    FORMAT_VERSION,
    GRAPHS_OF_FAMILY,
    Family,
    InputSpec,
    NormalizerKind,
    PolicySpec,
)
from takt_policy.bundle.section import Section
from takt_policy.errors import BundleError

__all__ = ["spec_from_mapping"]


def spec_from_mapping(mapping: Any, source: str) -> PolicySpec:
    """The specification in a mapping that YAML gave.

    Args:
        mapping: content of policy.yaml.
        source: the file's name, for messages.

    Raises:
        BundleError: a key is unknown, missing or out of range, or two contradict each other.
    """
    top = Section(mapping, source)
    version = top.integer("takt_bundle", 1)
    if version != FORMAT_VERSION:
        raise top.error("takt_bundle", version, f"{FORMAT_VERSION}, the format of this takt")
    family = cast(Family, top.choice("family", GRAPHS_OF_FAMILY))
    inputs = parse_inputs(top.section("inputs"))
    actions = parse_actions(top.section("actions"), source)
    if not inputs:
        raise BundleError(f"{source}: 'inputs' must have at least one entry")
    size = sum(group.size for group in actions)
    extras = parse_extras(top, family, size, source)
    fast_inputs = () if extras.fast is None else extras.fast.inputs
    spec = PolicySpec(
        name=top.text("name"),
        description=top.text("description", ""),
        family=family,
        reference_pose=top.text("reference_pose"),
        inputs=inputs,
        actions=actions,
        horizons=parse_horizons(top.section("horizons")),
        sampler=parse_sampler(top, family, source),
        normalizer=_normalizer(top.section("normalizer"), inputs + fast_inputs),
        golden=parse_golden(top.section("golden", {})),
        provenance=parse_provenance(top.section("provenance", {})),
        reference_joints=top.text("reference_joints") if top.has("reference_joints") else None,
        reference_width=top.text("reference_width") if top.has("reference_width") else None,
        **extras._asdict(),
    )
    top.finish()
    check_whole(spec, source)
    return spec


def _normalizer(section: Section, inputs: tuple[InputSpec, ...]) -> dict[str, NormalizerKind]:
    kinds = {
        name: cast(NormalizerKind, section.choice(name, get_args(NormalizerKind)))
        for name in [spec.name for spec in inputs] + [ACTION]
    }
    section.finish()
    for spec in inputs:
        if spec.dtype != "float32" and kinds[spec.name] != "identity":
            wanted = f"identity for an input of dtype {spec.dtype}"
            raise section.error(spec.name, kinds[spec.name], wanted)
    return kinds
