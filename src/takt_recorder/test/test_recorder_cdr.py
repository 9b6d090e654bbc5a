from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from takt_recorder.cdr import leading_stamp_ns

SECONDS = st.integers(0, 2**31 - 1)
NANOSECONDS = st.integers(0, 999_999_999)


@given(SECONDS, NANOSECONDS, st.booleans(), st.binary(max_size=40))
@settings(deadline=None, max_examples=50)
def test_the_stamp_is_read_in_both_byte_orders(
    sec: int, nanosec: int, little: bool, rest: bytes
) -> None:
    head = bytes([0, 1 if little else 0, 0, 0])
    data = head + struct.pack("<iI" if little else ">iI", sec, nanosec) + rest
    expected = sec * 1_000_000_000 + nanosec
    assert leading_stamp_ns(data) == (expected or None)


@given(st.binary(max_size=11))
@settings(deadline=None, max_examples=20)
def test_a_message_too_short_for_a_stamp_has_none(data: bytes) -> None:
    assert leading_stamp_ns(data) is None


def test_what_cannot_be_a_time_is_none() -> None:
    assert leading_stamp_ns(b"\0\1\0\0" + struct.pack("<iI", -1, 0)) is None
    assert leading_stamp_ns(b"\0\1\0\0" + struct.pack("<iI", 5, 1_000_000_000)) is None
