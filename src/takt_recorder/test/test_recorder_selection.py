from __future__ import annotations

import pytest

from takt_recorder.parameters import RecorderParameters
from takt_recorder.selection import Selection

DEFAULTS = RecorderParameters()


@pytest.mark.parametrize(
    ("topic", "wanted"),
    [
        ("/left/arm/state", True),
        ("/left/camera/depth/image_raw", True),
        ("/right/arm/state", False),
        ("/diagnostics", True),
        ("/clock", False),
        ("/left/policy/transition_event", False),
        ("/left/policy/run/_action/status", False),
    ],
)
def test_defaults_take_the_namespace_and_what_is_named(topic: str, wanted: bool) -> None:
    selection = Selection(DEFAULTS.topics, DEFAULTS.exclude, "/left")
    assert selection.wants(topic) is wanted


def test_a_name_wins_over_exclusions_and_a_pattern_does_not() -> None:
    selection = Selection(("/clock", "a/_hidden", "*"), ("/clock", "*/b"), "/")
    assert selection.wants("/clock")
    assert selection.wants("/a/_hidden")
    assert not selection.wants("/a/b")
    assert not selection.wants("/a/_other")


def test_only_names_are_expected_to_be_there() -> None:
    selection = Selection(("arm/state", "*_camera/image_raw", "/x"), (), "/left")
    assert selection.expected() == ("/left/arm/state", "/x")
