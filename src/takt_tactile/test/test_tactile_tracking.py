"""Displacement fields of synthetic gels: known in, known out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tactile_gel import COLUMNS, PITCH_PX, ROWS, draw, rest_positions

from takt_tactile.markers import MarkerStyle, detect
from takt_tactile.reference import Reference, make_reference
from takt_tactile.tracking import Tracker

MM_PER_PIXEL = 0.05
M_PER_PIXEL = MM_PER_PIXEL * 1e-3
STYLE = MarkerStyle()


@pytest.fixture(scope="module")
def reference():
    return make_reference(draw(rest_positions()), ROWS, COLUMNS, STYLE)


def ideal():
    present = np.ones((ROWS, COLUMNS), dtype=bool)
    return Reference(rest_positions(), present, PITCH_PX)


def press(amount_px):
    """(ROWS, COLUMNS, 2) [px]: the dots move away from a point of contact."""
    away = rest_positions() - rest_positions()[2, 3]
    distance = np.linalg.norm(away, axis=-1, keepdims=True)
    return amount_px * away / 40.0 * np.exp(-((distance / 70.0) ** 2))


@settings(max_examples=10, deadline=None)
@given(shift_x=st.floats(-8, 8), shift_y=st.floats(-8, 8), amount_px=st.floats(-6, 6))
def test_known_displacements_come_back_sub_pixel(shift_x, shift_y, amount_px):
    reference = make_reference(draw(rest_positions()), ROWS, COLUMNS, STYLE)
    moved_px = press(amount_px) + np.array([shift_x, shift_y])
    field = Tracker(reference, MM_PER_PIXEL).track(
        detect(draw(rest_positions() + moved_px, noise=2.0), STYLE)
    )
    assert field.valid.all()
    expected_m = moved_px * M_PER_PIXEL * np.array([1.0, -1.0])
    error_px = np.abs(field.displacement_m[..., :2] - expected_m) / M_PER_PIXEL
    assert error_px.max() < 0.25
    assert (field.displacement_m[..., 2] == 0.0).all()


def test_an_untouched_skin_has_no_displacement(reference):
    field = Tracker(reference, MM_PER_PIXEL).track(
        detect(draw(rest_positions(), noise=2.0, seed=3), STYLE)
    )
    assert field.valid.all()
    assert np.abs(field.displacement_m).max() < 0.15 * M_PER_PIXEL


def test_positions_are_metres_from_the_middle(reference):
    field = Tracker(reference, MM_PER_PIXEL).track(detect(draw(rest_positions()), STYLE))
    assert field.position_m.shape == (ROWS, COLUMNS, 2)
    # Left and up in the image.
    corner = np.array([-3 * PITCH_PX, 2 * PITCH_PX]) * M_PER_PIXEL
    np.testing.assert_allclose(field.position_m[0, 0], corner, atol=0.1 * M_PER_PIXEL)


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(0, ROWS * COLUMNS - 1), max_size=12))
def test_lost_dots_are_invalid_and_follow_their_neighbours(lost):
    seen = np.ones(ROWS * COLUMNS, dtype=bool)
    seen[list(lost)] = False
    moved = rest_positions() + np.array([5.0, -3.0])
    field = Tracker(ideal(), MM_PER_PIXEL).track(moved.reshape(-1, 2)[seen])
    np.testing.assert_array_equal(field.valid.reshape(-1), seen)
    expected_m = np.broadcast_to(np.array([5.0, 3.0, 0.0]) * M_PER_PIXEL, (ROWS, COLUMNS, 3))
    np.testing.assert_allclose(field.displacement_m, expected_m, atol=1e-9)


def test_dirt_is_no_dot():
    dirt = rest_positions()[1, 1] + np.array([15.0, 12.0])
    points = np.vstack([rest_positions().reshape(-1, 2), dirt])
    field = Tracker(ideal(), MM_PER_PIXEL).track(points)
    assert field.valid.all()
    assert np.abs(field.displacement_m).max() == 0.0


def test_a_dot_that_moves_against_its_neighbours_is_invalid():
    # Its own dot is hidden, and dirt lies within its reach, but across the half pitch.
    tracker = Tracker(ideal(), MM_PER_PIXEL)
    moved = rest_positions() + np.array([0.0, -8.0])
    moved[2, 2] = rest_positions()[2, 2] + np.array([0.0, 17.0])
    field = tracker.track(moved.reshape(-1, 2))
    assert field.valid.sum() == ROWS * COLUMNS - 1
    assert not field.valid[2, 2]
    np.testing.assert_allclose(field.displacement_m[2, 2], [0.0, 8.0 * M_PER_PIXEL, 0.0])


def test_large_movements_are_followed_step_by_step():
    tracker = Tracker(ideal(), MM_PER_PIXEL)
    step = np.array([0.35 * PITCH_PX, 0.0])
    for count in range(1, 5):
        field = tracker.track((rest_positions() + count * step).reshape(-1, 2))
        assert field.valid.all()
    assert field.displacement_m[0, 0, 0] == pytest.approx(1.4 * PITCH_PX * M_PER_PIXEL)


def test_a_blackout_is_invalid_and_forgotten():
    tracker = Tracker(ideal(), MM_PER_PIXEL)
    tracker.track((rest_positions() + 10.0).reshape(-1, 2))
    dark = tracker.track(np.zeros((0, 2)))
    assert not dark.valid.any()
    assert np.isfinite(dark.displacement_m).all()
    back = tracker.track(rest_positions().reshape(-1, 2))
    assert back.valid.all()
    assert np.abs(back.displacement_m).max() == 0.0
