"""The hand-written serialization of images agrees with rclpy's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takt_core.errors import TaktError
from takt_core.image_transport import ImageEncoder, parse_image

frame_ids = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)


def images():
    kinds = st.sampled_from([("uint8", (3,)), ("uint8", ()), ("uint16", ()), ("float32", ())])
    sizes = st.tuples(st.integers(1, 7), st.integers(1, 7))
    return st.builds(
        lambda kind, size, seed: (
            np.random.default_rng(seed).integers(0, 200, size + kind[1]).astype(kind[0])
        ),
        kinds,
        sizes,
        st.integers(0, 99),
    )


@settings(max_examples=50, deadline=None)
@given(pixels=images(), frame_id=frame_ids, stamp_ns=st.integers(0, 2**60))
def test_what_was_encoded_is_parsed(pixels, frame_id, stamp_ns):
    view = parse_image(ImageEncoder(frame_id).encode(pixels, stamp_ns))
    assert view.header.frame_id == frame_id
    assert view.header.stamp.sec * 10**9 + view.header.stamp.nanosec == stamp_ns
    assert (view.height, view.width) == pixels.shape[:2]
    assert bytes(view.data) == pixels.tobytes()


@settings(max_examples=50, deadline=None)
@given(pixels=images(), frame_id=frame_ids)
def test_rclpy_reads_and_writes_the_same_bytes(pixels, frame_id):
    serialization = pytest.importorskip("rclpy.serialization")
    from sensor_msgs.msg import Image

    encoded = ImageEncoder(frame_id).encode(pixels, 1_500_000_000)
    message = serialization.deserialize_message(encoded, Image)
    assert (message.height, message.width) == pixels.shape[:2]
    assert message.header.frame_id == frame_id
    assert message.header.stamp.nanosec == 500_000_000
    assert bytes(message.data) == pixels.tobytes()
    # Not the bytes: rclpy leaves its padding uninitialised.
    view = parse_image(serialization.serialize_message(message))
    assert view == parse_image(encoded)


def test_an_encoder_follows_a_change_of_size_and_time():
    encoder = ImageEncoder("camera")
    first = encoder.encode(np.zeros((4, 6, 3), dtype=np.uint8), 1)
    second = encoder.encode(np.ones((2, 2), dtype=np.uint8), 2)
    assert parse_image(first).header.stamp.nanosec == 1
    view = parse_image(second)
    assert (view.header.stamp.nanosec, view.height, view.encoding) == (2, 2, "mono8")


def test_pixels_that_are_not_contiguous_keep_their_order():
    pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)[:, ::2]
    assert bytes(parse_image(ImageEncoder("").encode(pixels, 0)).data) == pixels.tobytes()


@pytest.mark.parametrize("shape", [(4,), (4, 4, 4), (2, 2, 2, 2)])
def test_shapes_without_encoding_are_refused(shape):
    with pytest.raises(TaktError, match="has no encoding"):
        ImageEncoder("").encode(np.zeros(shape, dtype=np.uint8), 0)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 200))
def test_a_truncated_message_is_refused(length):
    encoded = ImageEncoder("camera").encode(np.zeros((8, 8, 3), dtype=np.uint8), 0)
    with pytest.raises(TaktError, match="no sensor_msgs/Image"):
        parse_image(encoded[:length])


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=80))
def test_foreign_bytes_are_refused(data):
    with pytest.raises(TaktError, match="no sensor_msgs/Image"):
        parse_image(b"\x00\x00" + data)
