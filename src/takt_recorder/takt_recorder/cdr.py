"""The few bytes of a serialized message that the recorder looks at.

Messages are written as they came. Only the stamp of a leading header is read, straight
from its place behind the encapsulation: representation (2 bytes), options (2 bytes),
then `int32 sec` and `uint32 nanosec`.
"""

from __future__ import annotations

import struct

_LITTLE = struct.Struct("<iI")
_BIG = struct.Struct(">iI")
_STAMP_OFFSET = 4
_MINIMUM_BYTES = _STAMP_OFFSET + 8
_NS_PER_S = 1_000_000_000


def leading_stamp_ns(data: bytes) -> int | None:
    """Stamp at the start of a serialized message whose first member is a time [ns].

    Returns:
        None if the stamp is not set (zero), is not a time, or the message is too short.
    """
    if len(data) < _MINIMUM_BYTES:
        return None
    # The lowest bit of the representation tells the byte order in all versions of CDR.
    layout = _LITTLE if data[1] & 1 else _BIG
    sec, nanosec = layout.unpack_from(data, _STAMP_OFFSET)
    if sec < 0 or nanosec >= _NS_PER_S or (sec == 0 and nanosec == 0):
        return None
    return int(sec) * _NS_PER_S + int(nanosec)
