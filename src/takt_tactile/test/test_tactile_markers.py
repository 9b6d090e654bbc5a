"""Dots are found where they are, to a fraction of a pixel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tactile_gel import HEIGHT, WIDTH, draw, rest_positions

from takt_tactile.markers import MarkerStyle, detect


def errors_px(found, true):
    """Distance of every true centre to the nearest found one."""
    difference = found[None] - np.reshape(true, (-1, 1, 2))
    return np.linalg.norm(difference, axis=-1).min(axis=1)


@settings(max_examples=20, deadline=None)
@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_centres_are_sub_pixel(shift_x, shift_y):
    true = rest_positions() + np.array([shift_x, shift_y])
    found = detect(draw(true), MarkerStyle())
    assert len(found) == true.shape[0] * true.shape[1]
    assert errors_px(found, true).max() < 0.1


def test_noise_costs_little():
    true = rest_positions()
    found = detect(draw(true, noise=6.0), MarkerStyle())
    assert errors_px(found, true).max() < 0.2


def test_bright_dots_on_a_dark_gel():
    found = detect(255 - draw(rest_positions()), MarkerStyle(dark=False))
    assert errors_px(found, rest_positions()).max() < 0.1


def test_grey_images_give_the_same():
    image = draw(rest_positions())
    np.testing.assert_allclose(
        detect(image[:, :, 0], MarkerStyle()), detect(image, MarkerStyle()), atol=0.05
    )


def test_a_blank_gel_has_no_dots():
    assert len(detect(draw(np.zeros((0, 2)), noise=4.0), MarkerStyle())) == 0


def test_dots_cut_by_the_edge_are_left_out():
    whole, cut = (WIDTH / 2, HEIGHT / 2), (1.0, HEIGHT / 2)
    found = detect(draw(np.array([whole, cut])), MarkerStyle())
    assert found.shape == (1, 2)
    assert found[0] == pytest.approx(whole, abs=0.1)


def test_areas_outside_the_bounds_are_left_out():
    image = draw(rest_positions())
    assert len(detect(image, MarkerStyle(minimum_area_px=400.0))) == 0
    image[10:12, 10:12] = 0
    found = detect(image, MarkerStyle())
    assert errors_px(found, rest_positions()).max() < 0.1
    assert len(found) == rest_positions().size // 2
