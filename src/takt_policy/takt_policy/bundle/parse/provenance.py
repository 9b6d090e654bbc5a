"""The sections ``golden`` and ``provenance`` of policy.yaml."""

from __future__ import annotations

from typing import cast, get_args

from takt_policy.bundle.schema import GoldenSpec, MeasuredSuccess, Precision, Provenance
from takt_policy.bundle.section import Section


def parse_golden(section: Section) -> GoldenSpec:
    """The tolerances of the golden pairs."""
    spec = GoldenSpec(
        section.number("graph_tolerance", 0.0, GoldenSpec.graph_tolerance),
        section.number("sample_tolerance", 0.0, GoldenSpec.sample_tolerance),
        section.number("export_tolerance", 0.0, GoldenSpec.export_tolerance),
    )
    section.finish()
    return spec


def parse_provenance(section: Section) -> Provenance:
    """Where the policy comes from."""
    measured = section.section("success", {})
    spec = Provenance(
        dataset_hash=section.text("dataset_hash", ""),
        training_commit=section.text("training_commit", ""),
        seed=section.integer("seed", 0) if section.has("seed") else None,
        device=section.text("device", ""),
        created=section.text("created", ""),
        derived=section.text("derived", ""),
        precision=cast(
            Precision, section.choice("precision", get_args(Precision), Provenance.precision)
        ),
        success=tuple(_success(measured, task) for task in measured.names()),
    )
    section.finish()
    return spec


def _success(section: Section, task: str) -> MeasuredSuccess:
    one = section.section(task)
    low, high = one.numbers("interval", 2)
    result = MeasuredSuccess(
        task=task,
        episodes=one.integer("episodes", 1),
        successes=one.integer("successes", 0),
        interval=(low, high),
        setting=one.text("setting", ""),
    )
    one.finish()
    if result.successes > result.episodes:
        raise one.error("successes", result.successes, f"0 to the {result.episodes} episodes")
    if not 0.0 <= low <= result.successes / result.episodes <= high <= 1.0:
        raise one.error("interval", [low, high], "fractions around successes / episodes")
    return result
