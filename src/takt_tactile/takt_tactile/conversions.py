"""Between takt_msgs/TactileField and the type of takt_tactile: pure functions, in pairs."""

from __future__ import annotations

import array
from typing import Any

import numpy as np

from takt_core.conversions import header_to_ros
from takt_msgs.msg import TactileField
from takt_tactile.tracking import DisplacementField


def field_to_ros(field: DisplacementField, stamp_ns: int, frame_id: str) -> TactileField:
    rows, columns = field.valid.shape
    return TactileField(
        header=header_to_ros(stamp_ns, frame_id),
        rows=rows,
        columns=columns,
        displacement=array.array("f", field.displacement_m.astype(np.float32).tobytes()),
        position=array.array("f", field.position_m.astype(np.float32).tobytes()),
        valid=field.valid.reshape(-1).tolist(),
    )


def field_from_ros(message: Any) -> DisplacementField:
    shape = (message.rows, message.columns)
    return DisplacementField(
        displacement_m=np.array(message.displacement, dtype=np.float32).reshape(*shape, 3),
        position_m=np.array(message.position, dtype=np.float32).reshape(*shape, 2),
        valid=np.array(message.valid, dtype=bool).reshape(shape),
    )
