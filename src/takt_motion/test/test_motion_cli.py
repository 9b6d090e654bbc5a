"""`takt move`: what its words and numbers mean."""

from __future__ import annotations

import numpy as np
import pytest

from takt_core.errors import TaktError
from takt_motion.cli import move


def test_words_and_numbers() -> None:
    assert move._target("home", []) == ("home", [], None)
    assert move._target("joints", [0.1, -0.2]) == ("", [0.1, -0.2], None)
    place, joints, pose = move._target("pose", [0.4, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0])
    assert (place, joints) == ("", [])
    assert pose is not None
    np.testing.assert_array_equal(pose.array7(), [0.4, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("word", "numbers", "words"),
    [
        ("joints", [], "an angle"),
        ("pose", [1.0, 2.0], "has 2 numbers"),
        ("home", [1.0], "takes no numbers"),
    ],
)
def test_what_does_not_fit_is_refused(word: str, numbers: list[float], words: str) -> None:
    with pytest.raises(TaktError, match=words):
        move._target(word, numbers)


def test_negative_numbers_are_no_options() -> None:
    options = move._parse(["pose", "-0.4", "0", "0.3", "--speed", "0.2", "--real-time"])
    assert options.numbers == [-0.4, 0.0, 0.3]
    assert (options.speed, options.real_time) == (0.2, True)
