"""Jumps at hand-overs, from chunks whose motion is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from takt_core.chunk import ActionChunk
from takt_core.geometry import Array, Pose
from takt_evaluation.handover import handovers

STEP_NS = 100_000_000


def _chunk(number: int, start_ns: int, positions_m: Array) -> ActionChunk:
    identity = np.array([0.0, 0.0, 0.0, 1.0])
    return ActionChunk(
        id=number,
        epoch=0,
        policy="p",
        policy_hash="",
        goal="",
        start_ns=start_ns,
        step_ns=STEP_NS,
        poses=tuple(Pose(position, identity) for position in positions_m),
        gripper_width_m=None,
        stiffness=None,
        first_index=0,
        observed_newest_ns=0,
        observed_oldest_ns=0,
        reference_ns=0,
        reference_pose=Pose.identity(),
        inference_start_ns=0,
        inference_end_ns=0,
        inference_wall_ns=0,
        published_ns=0,
        network_calls=1,
        raw=np.zeros((1, 1), np.float32),
    )


def _line(
    number: int, start_s: float, velocity: list[float], origin: list[float], count: int = 10
) -> ActionChunk:
    """A chunk on the straight line origin + velocity * time."""
    times_s = start_s + 0.1 * np.arange(count)
    positions = np.asarray(origin) + times_s[:, None] * np.asarray(velocity)
    return _chunk(number, round(start_s * 1e9), positions)


_AXIS = st.floats(-1.0, 1.0)


@given(st.lists(st.floats(0.05, 0.8), max_size=6), st.tuples(_AXIS, _AXIS, _AXIS))
def test_going_on_along_the_same_line_is_no_jump(
    waits_s: list[float], velocity: tuple[float, float, float]
) -> None:
    starts_s = np.concatenate([[1.0], 1.0 + np.cumsum(waits_s)]).round(3)
    chunks = [
        _line(number, start, list(velocity), [0.4, 0.0, 0.3])
        for number, start in enumerate(starts_s, start=1)
    ]
    found = handovers(chunks)
    assert len(found.position_m) == len(chunks) - 1
    assert found.gaps == 0
    assert np.allclose(found.position_m, 0.0, atol=1e-9)
    assert np.allclose(found.velocity_m_s, 0.0, atol=1e-6)


def test_an_offset_is_a_position_jump_and_another_speed_a_velocity_jump() -> None:
    first = _line(1, 1.0, [0.1, 0.0, 0.0], [0.0, 0.0, 0.0])
    aside = _line(2, 1.5, [0.1, 0.0, 0.0], [0.0, 0.003, 0.004])
    found = handovers([first, aside])
    assert found.position_m == pytest.approx([0.005])
    assert found.velocity_m_s == pytest.approx([0.0], abs=1e-9)
    # From the same place at 1.55 s, between two old actions, but in another direction.
    turned = _line(2, 1.55, [0.0, 0.1, 0.0], [0.155, -0.155, 0.0])
    found = handovers([first, turned])
    assert found.position_m == pytest.approx([0.0], abs=1e-9)
    assert found.velocity_m_s == pytest.approx([0.1 * np.sqrt(2.0)])


def test_a_chunk_after_the_end_of_the_old_one_is_a_gap() -> None:
    first = _line(1, 1.0, [0.1, 0.0, 0.0], [0.0, 0.0, 0.0], count=3)
    found = handovers([first, _line(2, 1.3, [0.1, 0.0, 0.0], [5.0, 0.0, 0.0])])
    assert (found.position_m, found.velocity_m_s, found.gaps) == ((), (), 1)


def test_at_the_very_end_there_is_a_place_but_no_speed() -> None:
    first = _line(1, 1.0, [0.1, 0.0, 0.0], [0.0, 0.0, 0.0], count=3)
    found = handovers([first, _line(2, 1.2, [0.1, 0.0, 0.0], [0.01, 0.0, 0.0])])
    assert found.position_m == pytest.approx([0.01])
    assert found.velocity_m_s == ()


def test_a_revision_is_no_handover_but_counts_for_the_next() -> None:
    first = _line(1, 1.0, [0.0, 0.0, 0.0], [0.0, 0.0, 0.0])
    revised = _line(1, 1.3, [0.0, 0.0, 0.0], [0.002, 0.0, 0.0])
    second = _line(2, 1.6, [0.0, 0.0, 0.0], [0.003, 0.0, 0.0])
    assert handovers([first, revised, second]).position_m == pytest.approx([0.001])


def test_what_replaced_nothing_yet_leaves_the_old_chunk_in_force() -> None:
    """A chunk that is replaced before its first action was never executed."""
    first = _line(1, 1.0, [0.0, 0.0, 0.0], [0.0, 0.0, 0.0])
    later = _line(2, 1.8, [0.0, 0.0, 0.0], [0.5, 0.0, 0.0])
    sooner = _line(3, 1.4, [0.0, 0.0, 0.0], [0.001, 0.0, 0.0])
    assert handovers([first, later, sooner]).position_m == pytest.approx([0.5, 0.001])


def test_a_run_without_chunks_has_no_handovers() -> None:
    assert handovers([]).position_m == ()
