"""The bundle format: a policy as a folder of ONNX graphs, numbers and one readable page.

``docs/policy_bundle.md`` is its reference. ``write_bundle`` lives in ``bundle.write`` and is
offered here lazily, because it opens graphs and the rest of this package does not.
"""

from typing import Any

from takt_policy.bundle.bundle import Bundle, content_hash, load_bundle, load_spec
from takt_policy.bundle.normalizer import Normalizer
from takt_policy.bundle.schema import (
    ActionGroup,
    CriticSpec,
    DecodeSpec,
    EnergySpec,
    FastSpec,
    GoldenSpec,
    Horizons,
    InputSpec,
    MeasuredSuccess,
    PolicySpec,
    Preprocess,
    Provenance,
    ResidualSpec,
    SamplerSpec,
    flow_sampler,
    goal_input,
)

__all__ = [
    "ActionGroup",
    "Bundle",
    "CriticSpec",
    "DecodeSpec",
    "EnergySpec",
    "FastSpec",
    "GoldenSpec",
    "Horizons",
    "InputSpec",
    "MeasuredSuccess",
    "Normalizer",
    "PolicySpec",
    "Preprocess",
    "Provenance",
    "ResidualSpec",
    "SamplerSpec",
    "content_hash",
    "flow_sampler",
    "goal_input",
    "load_bundle",
    "load_spec",
    "write_bundle",
    "write_success",
]


def __getattr__(name: str) -> Any:
    if name in ("write_bundle", "write_success"):
        from takt_policy.bundle import write

        return getattr(write, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
