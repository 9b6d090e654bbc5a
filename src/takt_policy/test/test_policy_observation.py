"""Observations: what a graph gets, at which time, and what is said when it cannot be had."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_core.alignment import Missing
from takt_core.deferred import DeferredArray
from takt_core.geometry import Pose, rotation_6d_from_matrix
from takt_core.streams import Sample
from takt_policy.bundle.schema import InputSpec, PolicySpec, Preprocess
from takt_policy.errors import PolicyError
from takt_policy.observation import Observation, ObservationBuilder
from takt_policy.testing import IMAGE_SIZE, tiny_normalizers, tiny_spec

MS = 1_000_000
START = 5_000 * MS
QUARTER_TURN = np.array([0.0, 0.0, np.sqrt(0.5), np.sqrt(0.5)])


def _pose(time_ns: int) -> np.ndarray:
    """Moves along x at 0.1 m/s, turned by a quarter about z."""
    return np.concatenate([[0.1 * (time_ns - START) * 1e-9, 0.2, 0.3], QUARTER_TURN])


def _image(value: int, size: int = IMAGE_SIZE) -> np.ndarray:
    return np.full((size, size, 3), value, np.uint8)


def _fill(builder: ObservationBuilder, until_ms: int = 1000) -> None:
    """Camera at 30 Hz whose frames count up, arm and wrench at 100 Hz."""
    for ms in range(0, until_ms + 1, 10):
        now = START + ms * MS
        builder.push(Sample("arm/state", now, {"tcp_pose": _pose(now)}))
        force = np.array([0.0, ms, 0.0, 0.0, 0.0, 1.0])
        builder.push(Sample("arm/wrench", now, {"wrench": force}))
    for frame in range(until_ms * 30 // 1000 + 1):
        now = START + round(frame * 1e9 / 30)
        builder.push(Sample("wrist_camera/image_raw", now, {"image": _image(frame)}))


def _built(builder: ObservationBuilder, reference_ns: int) -> Observation:
    found = builder.build(reference_ns)
    assert isinstance(found, Observation), found
    return found


def _missing(found: object) -> Missing:
    assert isinstance(found, Missing)
    return found


def test_shapes_dtypes_and_stamps() -> None:
    spec = tiny_spec()
    builder = ObservationBuilder(spec)
    _fill(builder)
    reference = builder.reference(START + 1010 * MS)
    assert reference == START + 1000 * MS
    observation = _built(builder, reference)
    for one in spec.inputs:
        array = observation.arrays[one.name]
        assert array.shape == (1, one.history, *one.shape)
        assert array.dtype == one.dtype
    assert observation.newest_ns == observation.oldest_ns == reference
    np.testing.assert_array_equal(observation.arrays["image"][0, :, 0, 0, 0], [27, 30])


def test_pose_is_relative_to_the_reference_pose() -> None:
    builder = ObservationBuilder(tiny_spec())
    _fill(builder)
    observation = _built(builder, START + 505 * MS)
    np.testing.assert_allclose(observation.reference_pose.array7(), _pose(START + 505 * MS))
    before, now = observation.arrays["tcp"][0]
    np.testing.assert_allclose(now, [0, 0, 0, 1, 0, 0, 0, 1, 0], atol=1e-6)
    # 0.1 s ago it was 1 cm back along base x, which is the tool's -y after a quarter turn: R^T.
    np.testing.assert_allclose(before[:3], [0.0, 0.01, 0.0], atol=1e-6)


def test_pose_in_base_and_in_a_fixed_frame() -> None:
    fixed = Pose(np.array([0.5, -0.5, 0.1]), np.array([0.0, 0.6, 0.0, 0.8]))
    for preprocess, frame_from_base in (
        (Preprocess("pose", "base"), Pose.identity()),
        (Preprocess("pose", "fixed", tuple(fixed.array7())), fixed.inverse()),
    ):
        builder = ObservationBuilder(_with_input("tcp", preprocess=preprocess))
        _fill(builder)
        reference = START + 500 * MS
        pose = frame_from_base @ Pose.from_array7(_pose(reference))
        wanted = np.concatenate([pose.position_m, rotation_6d_from_matrix(pose.rotation())])
        np.testing.assert_allclose(
            _built(builder, reference).arrays["tcp"][0, -1], wanted, atol=1e-6
        )


def test_wrench_is_turned_into_the_tools_axes() -> None:
    builder = ObservationBuilder(tiny_spec())
    _fill(builder)
    wrench = _built(builder, START + 500 * MS).arrays["wrench"][0]
    # Base y is the tool's x after a quarter turn about z; the torque is along z and stays.
    np.testing.assert_allclose(wrench[:, 0], [470, 480, 490, 500], atol=1e-3)
    np.testing.assert_allclose(wrench[:, 1:], [[0, 0, 0, 0, 1]] * 4, atol=1e-3)
    builder = ObservationBuilder(_with_input("wrench", preprocess=Preprocess("wrench", "base")))
    _fill(builder)
    wrench = _built(builder, START + 500 * MS).arrays["wrench"][0]
    np.testing.assert_allclose(wrench[:, 1], [470, 480, 490, 500], atol=1e-3)


def test_inputs_are_normalised() -> None:
    spec = tiny_spec()
    plain, normalised = ObservationBuilder(spec), ObservationBuilder(spec, tiny_normalizers(spec))
    for builder in (plain, normalised):
        _fill(builder)
    raw, scaled = (_built(one, START + 500 * MS).arrays for one in (plain, normalised))
    np.testing.assert_allclose(scaled["wrench"], raw["wrench"] / 5.0, rtol=1e-6)
    np.testing.assert_array_equal(scaled["image"], raw["image"])


def test_only_the_images_that_are_used_are_made() -> None:
    spec = tiny_spec()
    builder, usual = ObservationBuilder(spec), ObservationBuilder(spec)
    made = []

    def draw(frame: int) -> np.ndarray:
        made.append(frame)
        return _image(frame, 2 * IMAGE_SIZE)

    _fill(builder)
    _fill(usual)
    for frame in range(40, 50):
        now = START + round(frame * 1e9 / 30)
        shape = (2 * IMAGE_SIZE, 2 * IMAGE_SIZE, 3)
        image: Any = DeferredArray(shape, np.uint8, partial(draw, frame))
        builder.push(Sample("wrist_camera/image_raw", now, {"image": image}))
        usual.push(Sample("wrist_camera/image_raw", now, {"image": _image(frame)}))
        for one in (builder, usual):
            one.push(Sample("arm/state", now, {"tcp_pose": _pose(now)}))
            one.push(Sample("arm/wrench", now, {"wrench": np.zeros(6)}))
    assert not made
    reference_ns = builder.reference(START + 1_650 * MS)
    assert isinstance(reference_ns, int)
    for _ in range(2):
        arrays, expected = _built(builder, reference_ns).arrays, _built(usual, reference_ns).arrays
        assert all(np.array_equal(arrays[name], expected[name]) for name in expected)
    assert 1 <= len(made) == len(set(made)) <= 2


def test_images_are_resized_and_scaled() -> None:
    spec = _with_input("image", dtype="float32", history=1)
    builder = ObservationBuilder(spec)
    _fill(builder)
    checker = np.zeros((2 * IMAGE_SIZE, 2 * IMAGE_SIZE, 3), np.uint8)
    checker[::2, ::2, 1] = 200
    builder.push(Sample("wrist_camera/image_raw", START + 1010 * MS, {"image": checker}))
    builder.push(Sample("arm/state", START + 1010 * MS, {"tcp_pose": _pose(START)}))
    builder.push(Sample("arm/wrench", START + 1010 * MS, {"wrench": np.zeros(6)}))
    image = _built(builder, START + 1010 * MS).arrays["image"][0, 0]
    np.testing.assert_allclose(image[1], 50 / 255, atol=1e-6)
    assert not image[[0, 2]].any()


def test_fields_and_vectors() -> None:
    extra = (
        InputSpec("touch", "skin", "takt_msgs/msg/TactileField", "displacement",
                  Preprocess("field"), (3, 2, 4), "float32", 1, 0.1, "hold", 0.05),
        InputSpec("joints", "arm/state", "takt_msgs/msg/ArmState", "joint_position",
                  Preprocess("vector"), (7,), "float32", 1, 0.1, "linear", 0.05),
    )  # fmt: skip
    tcp = tiny_spec().input("tcp")
    builder = ObservationBuilder(tiny_spec(inputs=(tcp, *extra)))
    field = np.arange(24.0).reshape(2, 4, 3)
    for ms in (0, 10, 100, 110):
        now = START + ms * MS
        arm = {"tcp_pose": _pose(now), "joint_position": np.arange(7.0) + ms}
        builder.push(Sample("arm/state", now, arm))
        builder.push(Sample("skin", now, {"displacement": field}))
    arrays = _built(builder, START + 105 * MS).arrays
    np.testing.assert_array_equal(arrays["touch"][0, 0], np.moveaxis(field, -1, 0))
    np.testing.assert_allclose(arrays["joints"][0, 0], np.arange(7.0) + 105)


def test_jitter_of_stamps_does_not_take_the_frame_before() -> None:
    builder = ObservationBuilder(tiny_spec())
    _fill(builder, 400)
    for frame, late_ns in ((13, 0), (14, 0), (15, 0), (16, 0)):
        now = START + round(frame * 1e9 / 30) + late_ns
        builder.push(Sample("wrist_camera/image_raw", now, {"image": _image(frame)}))
    now = START + round(17 * 1e9 / 30)
    builder.push(Sample("wrist_camera/image_raw", now + 900_000, {"image": _image(17)}))
    for ms in range(400, 700, 10):
        builder.push(Sample("arm/state", START + ms * MS, {"tcp_pose": _pose(START)}))
        builder.push(Sample("arm/wrench", START + ms * MS, {"wrench": np.zeros(6)}))
    builder.push(
        Sample("wrist_camera/image_raw", START + round(20 * 1e9 / 30), {"image": _image(20)})
    )
    arrays = _built(builder, START + round(20 * 1e9 / 30)).arrays
    np.testing.assert_array_equal(arrays["image"][0, :, 0, 0, 0], [17, 20])


def test_reference_is_the_newest_time_that_all_streams_know() -> None:
    builder = ObservationBuilder(tiny_spec())
    assert (
        "nothing received on 'wrist_camera/image_raw' yet"
        in _missing(builder.reference(START)).reason
    )
    _fill(builder, 1030)
    last_frame = START + round(30 * 1e9 / 30)
    assert builder.reference(START + 1035 * MS) == last_frame
    assert builder.reference(START + 500 * MS) == START + 500 * MS, "never in the future"


def test_a_silent_stream_is_named_with_age_and_limit() -> None:
    builder = ObservationBuilder(tiny_spec())
    _fill(builder)
    reason = _missing(builder.reference(START + 1400 * MS)).reason
    for words in ("'image'", "wrist_camera/image_raw", "0.40 s old", "allowed are 0.25 s"):
        assert words in reason


def test_gaps_and_missing_history_are_named() -> None:
    builder = ObservationBuilder(tiny_spec())
    _fill(builder)
    early = _missing(builder.build(START + 50 * MS))
    assert "image" in early.reason
    builder = ObservationBuilder(tiny_spec())
    _fill(builder, 200)
    for ms in range(600, 640, 10):
        now = START + ms * MS
        builder.push(Sample("arm/state", now, {"tcp_pose": _pose(now)}))
        builder.push(Sample("arm/wrench", now, {"wrench": np.zeros(6)}))
        builder.push(Sample("wrist_camera/image_raw", now, {"image": _image(1)}))
    gap = _missing(builder.build(START + 630 * MS))
    assert gap.stream.startswith("wrist_camera/image_raw")
    assert "50 ms" in gap.reason or "52 ms" in gap.reason


def test_nan_counts_as_not_received_and_is_named() -> None:
    builder = ObservationBuilder(tiny_spec())
    bad = Sample("arm/wrench", START, {"wrench": np.full(6, np.nan)})
    builder.push(bad)
    builder.push(Sample("arm/state", START, {"tcp_pose": _pose(START)}))
    builder.push(Sample("wrist_camera/image_raw", START, {"image": _image(1)}))
    assert "its last 1 samples had NaN" in _missing(builder.reference(START)).reason
    builder.push(Sample("arm/wrench", START, {"wrench": np.zeros(6)}))
    assert builder.reference(START) == START
    builder.push(replace(bad, stamp_ns=START + 10 * MS))
    builder.push(Sample("arm/state", START + 400 * MS, {"tcp_pose": _pose(START)}))
    builder.push(Sample("wrist_camera/image_raw", START + 400 * MS, {"image": _image(1)}))
    reason = _missing(builder.reference(START + 400 * MS)).reason
    assert "'wrench'" in reason
    assert "NaN" in reason


@pytest.mark.parametrize(
    ("stream", "features"),
    [
        ("arm/state", {"tcp_pose": np.array([0.4, 0.0, 0.2, 0.0, 0.0, 0.0, 0.0])}),
        ("arm/wrench", {"wrench": np.full(6, 1e300)}),
    ],
)
def test_what_no_graph_can_be_fed_with_counts_as_not_received(
    stream: str, features: dict[str, Any]
) -> None:
    builder = ObservationBuilder(tiny_spec())
    good = {
        "arm/state": {"tcp_pose": _pose(START)},
        "arm/wrench": {"wrench": np.zeros(6)},
        "wrist_camera/image_raw": {"image": _image(1)},
    }
    for name, value in (good | {stream: features}).items():
        builder.push(Sample(name, START, value))
    found = _missing(builder.reference(START))
    assert found.stream == stream
    assert "its last 1 samples had NaN, infinity or no rotation" in found.reason
    builder.push(Sample(stream, START, good[stream]))
    assert builder.reference(START) == START


@pytest.mark.parametrize(
    ("stream", "features", "words"),
    [
        ("arm/state", {"joint_position": np.zeros(7)}, "no feature 'tcp_pose'; it has joint_pos"),
        ("arm/wrench", {"wrench": np.zeros(5)}, "float64 \\[5\\]; preprocess kind wrench needs 6"),
        ("wrist_camera/image_raw", {"image": np.zeros((8, 8), np.uint8)}, "needs uint8"),
    ],
)
def test_unusable_samples_are_refused_by_name(
    stream: str, features: dict[str, Any], words: str
) -> None:
    builder = ObservationBuilder(tiny_spec())
    with pytest.raises(PolicyError, match=words):
        builder.push(Sample(stream, START, features))


def test_foreign_streams_are_ignored_and_time_may_begin_anew() -> None:
    builder = ObservationBuilder(tiny_spec())
    builder.push(Sample("joint_states", START, {}))
    _fill(builder)
    old = START - 3_000 * MS
    for stream, features in (
        ("arm/state", {"tcp_pose": _pose(START)}),
        ("arm/wrench", {"wrench": np.zeros(6)}),
        ("wrist_camera/image_raw", {"image": _image(3)}),
    ):
        builder.push(Sample(stream, old, features))
    assert builder.reference(old) == old
    builder.clear()
    assert isinstance(builder.reference(old), Missing)


@given(order=st.permutations(range(40)), offset_ms=st.integers(120, 300))
@settings(max_examples=25, deadline=None)
def test_order_of_arrival_does_not_matter(order: list[int], offset_ms: int) -> None:
    """Streams arrive interleaved in any way; the observation is that of their stamps."""
    spec = tiny_spec()
    samples = []
    for index in range(40):
        now = START + index * 10 * MS
        samples.append(Sample("arm/state", now, {"tcp_pose": _pose(now)}))
    wanted, found = ObservationBuilder(spec), ObservationBuilder(spec)
    for builder, indices in ((wanted, range(40)), (found, order)):
        for index in indices:
            builder.push(samples[index])
        for ms in range(0, 400, 10):
            now = START + ms * MS
            builder.push(Sample("arm/wrench", now, {"wrench": np.ones(6)}))
            builder.push(Sample("wrist_camera/image_raw", now, {"image": _image(ms // 10)}))
    reference = START + offset_ms * MS
    first, second = _built(wanted, reference), _built(found, reference)
    for name, array in first.arrays.items():
        np.testing.assert_array_equal(array, second.arrays[name])


def _with_input(name: str, **changes: Any) -> PolicySpec:
    spec = tiny_spec()
    inputs = tuple(replace(one, **changes) if one.name == name else one for one in spec.inputs)
    return replace(spec, inputs=inputs)
