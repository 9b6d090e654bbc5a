"""Quality of service by role.

Publishers of sensor data offer reliable delivery, so that the recorder can ask for it and
lose nothing; who only wants the newest sample asks for best effort and is never held up.
"""

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy


def _profile(reliable: bool, depth: int, latched: bool = False) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


SENSOR_PUBLISH = _profile(reliable=True, depth=10)
SENSOR = _profile(reliable=False, depth=5)
SENSOR_LATEST = _profile(reliable=False, depth=1)
COMMAND = _profile(reliable=True, depth=1)
LATCHED = _profile(reliable=True, depth=1, latched=True)
STEPS = _profile(reliable=True, depth=100)
RECORD = _profile(reliable=True, depth=1000)
RECORD_LATCHED = _profile(reliable=True, depth=1000, latched=True)
