"""Observations are aligned, or the missing input is named."""

import numpy as np
import pytest

from takt_core.alignment import Aligned, Aligner, Missing, StreamSpec
from takt_core.errors import TaktError
from takt_core.streams import Sample

MS = 1_000_000


def spec(**changes: object) -> StreamSpec:
    values = {
        "name": "x",
        "stream": "arm/state",
        "feature": "joint_position",
        "history": 2,
        "period_ns": 100 * MS,
        "method": "hold",
        "tolerance_ns": 30 * MS,
    }
    return StreamSpec(**(values | changes))


def push(aligner: Aligner, stream: str, stamp_ms: int, **features: float) -> None:
    arrays = {name: np.array([value]) for name, value in features.items()}
    aligner.push(Sample(stream, stamp_ms * MS, arrays))


def test_history_is_stacked_oldest_first() -> None:
    aligner = Aligner([spec()])
    for stamp in range(0, 500, 20):
        push(aligner, "arm/state", stamp, joint_position=stamp)
    found = aligner.align(490 * MS)
    assert isinstance(found, Aligned)
    np.testing.assert_array_equal(found.arrays["x"], [[380.0], [480.0]])
    assert found.newest_ns == found.oldest_ns == 480 * MS


def test_two_streams_report_the_older_one() -> None:
    camera = spec(name="y", stream="camera", feature="image", history=1, tolerance_ns=100 * MS)
    aligner = Aligner([spec(history=1), camera])
    push(aligner, "arm/state", 100, joint_position=1)
    push(aligner, "camera", 40, image=2)
    found = aligner.align(110 * MS)
    assert isinstance(found, Aligned)
    assert (found.newest_ns, found.oldest_ns) == (100 * MS, 40 * MS)


def test_latency_moves_samples_back() -> None:
    aligner = Aligner([spec(history=1, latency_ns=50 * MS, tolerance_ns=1 * MS)])
    push(aligner, "arm/state", 100, joint_position=7)
    assert isinstance(aligner.align(50 * MS), Aligned)
    assert isinstance(aligner.align(100 * MS), Missing)


@pytest.mark.parametrize(
    ("stamps", "time", "words"),
    [
        ([], 100, "nothing received"),
        ([0, 100], 200, "100 ms old, allowed are 30 ms"),
        ([100], 100, "too little history"),
    ],
)
def test_what_is_missing_is_named(stamps: list[int], time: int, words: str) -> None:
    aligner = Aligner([spec()])
    for stamp in stamps:
        push(aligner, "arm/state", stamp, joint_position=stamp)
    found = aligner.align(time * MS)
    assert isinstance(found, Missing)
    assert "arm/state" in found.reason
    assert words in found.reason


def test_an_unknown_feature_is_refused_with_those_there_are() -> None:
    aligner = Aligner([spec(feature="joint_angle")])
    with pytest.raises(TaktError, match=r"no feature 'joint_angle'.*joint_position"):
        push(aligner, "arm/state", 0, joint_position=1)


def test_clear_forgets() -> None:
    aligner = Aligner([spec(history=1)])
    push(aligner, "arm/state", 100, joint_position=1)
    aligner.clear()
    assert isinstance(aligner.align(100 * MS), Missing)


@pytest.mark.parametrize("change", [{"history": 0}, {"tolerance_ns": 0}, {"method": "guess"}])
def test_a_spec_that_means_nothing_is_refused(change: dict) -> None:
    with pytest.raises(TaktError, match="allowed are"):
        spec(**change)


def test_one_latency_for_one_stream() -> None:
    one = StreamSpec("a", "camera", "image", 1, 100 * MS, "hold", 50 * MS, latency_ns=10 * MS)
    other = StreamSpec("b", "camera", "image", 2, 100 * MS, "hold", 50 * MS, latency_ns=20 * MS)
    with pytest.raises(TaktError, match="'b': latency of 'camera' is 20000000 ns"):
        Aligner([one, other])


def test_a_time_before_the_first_sample_is_named_so() -> None:
    aligner = Aligner([StreamSpec("a", "pose", "x", 1, 100 * MS, "hold", 50 * MS)])
    aligner.push(Sample("pose", 500 * MS, {"x": np.zeros(1)}))
    found = aligner.align(374 * MS)
    assert isinstance(found, Missing)
    assert "a time 126 ms before its newest one" in found.reason
