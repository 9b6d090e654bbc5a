"""How heat and load lower the current of a joint."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from takt_core.errors import TaktError
from takt_hands.health import Health
from takt_hands.parameters import HandParameters

P = HandParameters(warn_c=50, derate_c=55, stop_c=65, resume_c=50, overload_s=2.0)
NAMES = ("a", "b")
VOLTS = (4.5, 6.0)


def health(temperature: list[float], volts: float = 5.0) -> Health:
    made = Health(2, P)
    made.measured(np.full(2, volts), np.array(temperature))
    return made


def test_cold_joints_have_all_their_current_and_nothing_to_say() -> None:
    made = health([25.0, 49.0])
    assert made.scale().tolist() == [1.0, 1.0]
    assert made.warnings(NAMES, VOLTS) == ()


def test_warn_then_less_then_stop() -> None:
    assert health([51.0, 25.0]).warnings(NAMES, VOLTS) == ("a gets hot: 51 C",)
    half = health([60.0, 25.0])
    assert half.scale().tolist() == [pytest.approx(0.65), 1.0]
    assert half.warnings(NAMES, VOLTS) == ("a is hot: 60 C, current x 0.65",)
    assert not half.overheated.any()
    assert health([65.0, 25.0]).overheated.tolist() == [True, False]


@given(st.lists(st.floats(0.0, 120.0), min_size=2, max_size=2))
def test_hotter_never_means_more_current(temperatures: list[float]) -> None:
    low, high = sorted(temperatures)
    scale = health([low, high]).scale()
    assert P.derate_to <= scale[1] <= scale[0] <= 1.0


def test_overheating_stays_until_reset() -> None:
    made = health([66.0, 25.0])
    made.measured(np.full(2, 5.0), np.array([60.0, 25.0]))
    assert made.overheated.tolist() == [True, False]
    assert made.cool_enough().tolist() == [False, True]
    made.measured(np.full(2, 5.0), np.array([45.0, 25.0]))
    assert made.cool_enough().all()
    made.reset()
    assert not made.overheated.any()


def test_a_reading_that_is_missing_changes_nothing() -> None:
    made = health([60.0, 25.0])
    made.measured(np.full(2, np.nan), np.full(2, np.nan))
    assert made.temperature.tolist() == [60.0, 25.0]
    assert made.scale()[0] == pytest.approx(0.65)


def test_before_the_first_reading_nothing_is_held_back() -> None:
    made = Health(2, P)
    assert made.scale().tolist() == [1.0, 1.0]
    assert made.cool_enough().all()
    assert made.warnings(NAMES, VOLTS) == ()


def test_pushing_for_long_lowers_the_current_until_it_eases() -> None:
    made, limit = health([25.0, 25.0]), np.array([0.3, 0.3])
    for _ in range(199):
        made.pushed(np.array([0.3, 0.1]), limit, 0.01)
    assert made.scale().tolist() == [1.0, 1.0]
    made.pushed(np.array([-0.3, 0.1]), limit, 0.01)
    assert made.scale().tolist() == [P.overload_to, 1.0]
    assert made.warnings(NAMES, VOLTS) == ("a is overloaded: current x 0.60",)
    # It pushes on against the lowered limit: it stays lowered.
    for _ in range(300):
        made.pushed(np.array([0.18, 0.1]), 0.6 * limit, 0.01)
    assert made.scale()[0] == P.overload_to
    for _ in range(201):
        made.pushed(np.array([0.05, 0.1]), 0.6 * limit, 0.01)
    assert made.scale()[0] == 1.0


def test_the_supply_is_watched() -> None:
    assert health([25.0, 25.0], 4.2).warnings(NAMES, VOLTS) == (
        "supply is 4.2 to 4.2 V; allowed is 4.5 to 6",
    )


def test_temperatures_out_of_order_are_refused() -> None:
    with pytest.raises(TaktError, match="warn_c <= derate_c < stop_c"):
        HandParameters(derate_c=70.0)
