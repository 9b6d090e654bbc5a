"""The grid of the untouched skin: found, completed, or refused with the reason."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tactile_gel import COLUMNS, HEIGHT, PITCH_PX, ROWS, WIDTH, draw, rest_positions

from takt_core.errors import TaktError
from takt_tactile.markers import MarkerStyle
from takt_tactile.reference import ReferenceCollector, load_image, make_reference


def make(positions, rows=ROWS, columns=COLUMNS):
    return make_reference(draw(positions), rows, columns, MarkerStyle())


@settings(max_examples=15, deadline=None)
@given(st.floats(-0.27, 0.27))
def test_a_turned_grid_is_put_in_order(turn_rad):
    reference = make(rest_positions(turn_rad))
    assert reference.present.all()
    assert reference.pitch_px == pytest.approx(PITCH_PX, abs=0.2)
    error = np.linalg.norm(reference.position_px - rest_positions(turn_rad), axis=-1)
    assert error.max() < 0.1


def test_a_bent_grid_is_followed():
    bent = rest_positions()
    bent[..., 1] += 0.002 * (bent[..., 0] - WIDTH / 2) ** 2 * 0.5
    reference = make(bent)
    assert np.linalg.norm(reference.position_px - bent, axis=-1).max() < 0.1


def test_missing_dots_are_marked_and_placed():
    positions = rest_positions()
    seen = np.ones((ROWS, COLUMNS), dtype=bool)
    seen[2, 3] = seen[0, 0] = False
    reference = make(positions[seen])
    np.testing.assert_array_equal(reference.present, seen)
    assert np.linalg.norm(reference.position_px - positions, axis=-1).max() < 0.5


def test_dirt_between_the_dots_is_ignored():
    dirt = np.array([[WIDTH / 2 + 21.0, HEIGHT / 2 + 19.0]])
    reference = make(np.vstack([rest_positions().reshape(-1, 2), dirt]))
    assert reference.present.all()
    assert np.linalg.norm(reference.position_px - rest_positions(), axis=-1).max() < 0.1


def test_another_grid_is_refused():
    with pytest.raises(TaktError, match=r"make a grid of 5x7, 6x6 are expected.*'rows'"):
        make(rest_positions(), rows=6, columns=6)


def test_a_blank_skin_is_refused():
    with pytest.raises(TaktError, match=r"shows 0 markers, 5x7 = 35 are expected"):
        make(np.zeros((0, 2)))


def test_the_mean_of_noisy_frames_is_better_than_one():
    collector = ReferenceCollector(10)
    full = [collector.add(draw(rest_positions(), noise=15.0, seed=seed)) for seed in range(10)]
    assert full == [False] * 9 + [True]
    reference = make_reference(collector.mean(), ROWS, COLUMNS, MarkerStyle())
    assert np.linalg.norm(reference.position_px - rest_positions(), axis=-1).max() < 0.15


def test_an_image_file_is_a_reference(tmp_path):
    path = tmp_path / "rest.png"
    cv2.imwrite(str(path), draw(rest_positions()))
    image = load_image(str(path), WIDTH, HEIGHT)
    assert make_reference(image, ROWS, COLUMNS, MarkerStyle()).present.all()
    with pytest.raises(TaktError, match=r"is 320x240, the camera delivers 640x480"):
        load_image(str(path), 640, 480)


def test_what_is_no_image_is_refused(tmp_path):
    path = tmp_path / "rest.png"
    for content in (None, "text"):
        if content:
            path.write_text(content)
        with pytest.raises(TaktError, match="is no image that can be read"):
            load_image(str(path), WIDTH, HEIGHT)
