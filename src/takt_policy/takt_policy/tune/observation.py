"""The golden inputs as observations."""

from __future__ import annotations

from takt_policy.bundle import Bundle
from takt_policy.golden import golden_fast_observation, golden_observation
from takt_policy.observation import Observation
from takt_policy.rehearsal import example_observation


def golden_observations(bundle: Bundle) -> tuple[Observation, Observation | None]:
    """What the bundle was tested with; and the same of the fast inputs, if it has any."""
    fast = golden_fast_observation(bundle)
    return (
        example_observation(bundle.spec, golden_observation(bundle)),
        example_observation(bundle.spec, fast) if fast else None,
    )
