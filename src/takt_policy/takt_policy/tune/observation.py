"""The golden inputs as observations."""

from __future__ import annotations

from takt_core.geometry import Pose
from takt_policy.bundle import Bundle
from takt_policy.golden import golden_fast_observation, golden_observation
from takt_policy.observation import Observation

_TIME_NS = 1_000_000_000


def golden_observations(bundle: Bundle) -> tuple[Observation, Observation | None]:
    """What the bundle was tested with, as if seen at the origin; and of the fast inputs."""
    fast = golden_fast_observation(bundle)
    slow = Observation(golden_observation(bundle), _TIME_NS, Pose.identity(), _TIME_NS, _TIME_NS)
    if not fast:
        return slow, None
    return slow, Observation(fast, _TIME_NS, Pose.identity(), _TIME_NS, _TIME_NS)
