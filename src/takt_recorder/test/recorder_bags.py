"""Messages and bags for tests, made without ROS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from takt_recorder.bag_writer import BagWriter
from takt_recorder.definitions import SEPARATOR, find_definition
from takt_recorder.topic import OfferedQos, Received, Topic

SECOND_NS = 1_000_000_000
LATCHED = (OfferedQos(depth=1, durability="transient_local"),)


def _store() -> Any:
    store = get_typestore(Stores.EMPTY)
    types: dict[str, Any] = {}
    for short in ("ArmState", "ActionChunk", "ControlMode", "PoseTrajectory", "TaskStatus"):
        kind = f"takt_msgs/msg/{short}"
        own, *nested = find_definition(kind).text.split(f"{SEPARATOR}\nMSG: ")
        types |= get_types_from_msg(own, kind)
        for part in nested:
            name, text = part.split("\n", 1)
            types |= get_types_from_msg(text, name.replace("/", "/msg/"))
    store.register(types)
    return store


STORE = _store()


def make(kind: str, **values: Any) -> Any:
    """A message with zeros where nothing is said; `kind` is `package/Name`."""
    name = kind.replace("/", "/msg/")
    fields = {}
    for field, (node, description) in STORE.fielddefs[name][1]:
        fields[field] = values.pop(field) if field in values else _zero(int(node), description)
    assert not values, f"{kind} has no {values}"
    return STORE.types[name](**fields)


def _zero(node: int, description: Any) -> Any:
    if node == 1:  # a primitive
        kind = description[0]
        return "" if kind == "string" else (False if kind == "bool" else 0)
    if node == 2:
        return make(description.replace("/msg/", "/"))
    (inner, inner_description), length = description
    if inner == 2 or inner_description[0] == "string":
        return [_zero(inner, inner_description) for _ in range(length if node == 3 else 0)]
    return np.zeros(length if node == 3 else 0, dtype=inner_description[0])


def stamp(time_ns: int) -> Any:
    return make("builtin_interfaces/Time", sec=time_ns // SECOND_NS, nanosec=time_ns % SECOND_NS)


def header(time_ns: int, frame_id: str = "base") -> Any:
    return make("std_msgs/Header", stamp=stamp(time_ns), frame_id=frame_id)


def pose(x: float, y: float = 0.0, z: float = 0.3) -> Any:
    return make(
        "geometry_msgs/Pose",
        position=make("geometry_msgs/Point", x=x, y=y, z=z),
        orientation=make("geometry_msgs/Quaternion", x=1.0, y=0.0, z=0.0, w=0.0),
    )


def encode(message: Any) -> bytes:
    return bytes(STORE.serialize_cdr(message, message.__msgtype__))


def topic(name: str, kind: str, latched: bool = False) -> Topic:
    qos = LATCHED if latched else (OfferedQos(),)
    return Topic(name, find_definition(kind.replace("/", "/msg/")), qos)


ARM = topic("/arm/state", "takt_msgs/ArmState")
MODE = topic("/control/mode", "takt_msgs/ControlMode", latched=True)
CHUNK = topic("/policy/chunk", "takt_msgs/ActionChunk")
TRAJECTORY = topic("/arm/trajectory", "takt_msgs/PoseTrajectory")
TASK = topic("/task/status", "takt_msgs/TaskStatus", latched=True)


def arm_state(time_ns: int, x: float = 0.5, **values: Any) -> Any:
    return make(
        "takt_msgs/ArmState",
        header=header(time_ns),
        joint_position=np.zeros(7),
        joint_velocity=np.full(7, 0.1),
        tcp_pose=pose(x),
        target_pose=pose(x),
        **values,
    )


def received(of: Topic, message: Any, log_ns: int | None = None, sequence: int = 0) -> Received:
    """As the taps hand it over; the log time is the stamp's unless said otherwise."""
    time = message.header.stamp
    stamp_ns = time.sec * SECOND_NS + time.nanosec
    return Received(
        of.name, stamp_ns if log_ns is None else log_ns, stamp_ns, sequence, encode(message)
    )


def write_bag(bag: Path, messages: list[tuple[Topic, Received]], finish: bool = True) -> BagWriter:
    """A bag with these messages; each second message closes a chunk."""
    writer = BagWriter(bag)
    for index, (of, message) in enumerate(messages):
        writer.add_topic(of)
        writer.write(message)
        if index % 2:
            writer.flush(sync=False)
    if finish:
        writer.finish({}, sync=False)
    return writer
