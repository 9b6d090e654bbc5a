"""What guidance costs: no call of a network."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from takt_policy.bundle import Bundle
from takt_policy.errors import PolicyError
from takt_policy.guidance.overhead import guidance_overhead


@pytest.mark.parametrize("family", ["diffusion", "flow"])
def test_guidance_calls_no_network(bundle_of: Callable[..., Bundle], family: str) -> None:
    found = guidance_overhead(bundle_of(family), rounds=3)
    assert found.extra_calls == 0
    assert min(found.plain_ms, found.guided_ms, found.ratio, found.ratio_wall) > 0.0


def test_what_cannot_be_guided_is_refused(bundle_of: Callable[..., Bundle]) -> None:
    with pytest.raises(PolicyError, match="schedule 'rtc' is not possible"):
        guidance_overhead(bundle_of("direct"))
