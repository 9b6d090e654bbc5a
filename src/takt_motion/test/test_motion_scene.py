"""Obstacles and pairs as they are written down."""

from __future__ import annotations

import numpy as np
import pytest

from takt_core.errors import TaktError
from takt_motion.scene import obstacles_from_yaml, pairs_from_yaml


def test_every_shape_is_read_with_its_place() -> None:
    text = """
    table: {box: [1.0, 2.0, 0.1], position: [0.1, 0.2, 0.3], rpy: [0.0, 0.0, 1.5707963]}
    ball: {sphere: 0.2}
    tool: {cylinder: [0.02, 0.1], frame: tcp}
    wall: {half_space: [0.0, 2.0, 0.0], position: [0.0, -0.5, 0.0]}
    """
    table, ball, tool, wall = obstacles_from_yaml(text)
    assert (table.name, table.shape) == ("table", "box")
    np.testing.assert_allclose(
        table.frame_from_obstacle @ [1.0, 0.0, 0.0, 1.0], [0.1, 1.2, 0.3, 1.0], atol=1e-7
    )
    assert ball.size.tolist() == [0.2]
    assert tool.frame == "tcp"
    assert wall.size.tolist() == [0.0, 1.0, 0.0]
    assert obstacles_from_yaml("  ") == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "no YAML"),
        ("[1, 2]", "obstacles by name"),
        ("a: {box: [1, 1, 1], colour: red}", "allowed are the keys"),
        ("a: {position: [0, 0, 0]}", "allowed is one of"),
        ("a: {box: [1, 1, 1], sphere: 1}", "allowed is one of"),
        ("a: {box: [1, 1]}", "3 finite numbers"),
        ("a: {box: [1, 1, .nan]}", "3 finite numbers"),
        ("a: {box: wide}", "allowed are 3 numbers"),
        ("a: {sphere: 0.0}", "more than 0"),
        ("a: {half_space: [0, 0, 0]}", "a direction"),
        ("a: {sphere: 1.0, position: [0, 0]}", "position of obstacle 'a'"),
    ],
)
def test_what_is_no_scene_is_refused(text: str, words: str) -> None:
    with pytest.raises(TaktError, match=words):
        obstacles_from_yaml(text)


def test_pairs_are_a_list_of_texts() -> None:
    assert pairs_from_yaml("- link5 - link7\n- a - b") == ("link5 - link7", "a - b")
    assert pairs_from_yaml("") == ()
    for text in ("a - b", "[1]", "["):
        with pytest.raises(TaktError, match="allowed_collisions"):
            pairs_from_yaml(text)
