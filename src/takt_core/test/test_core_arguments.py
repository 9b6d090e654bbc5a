"""Arguments of command lines."""

import argparse

import pytest

from takt_core.arguments import at_least


def test_whole_numbers_from_a_minimum_on():
    assert at_least(1)("3") == 3
    assert at_least(0)("0") == 0
    for text in ("0", "-2", "1.5", "many", ""):
        with pytest.raises(argparse.ArgumentTypeError, match=r"allowed is a whole number from 1"):
            at_least(1)(text)
