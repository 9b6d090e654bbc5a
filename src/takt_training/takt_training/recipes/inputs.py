"""Inputs that the simulator and the real arm offer alike."""

from __future__ import annotations

from takt_policy.bundle.schema import InputSpec, Preprocess
from takt_policy.bundle.schema.inputs import Alignment, Frame

STEP_S = 0.1
IMAGE_SIDE = 96


def camera(name: str, topic: str) -> InputSpec:
    """One colour image, square."""
    return InputSpec(
        name=name,
        stream=f"{topic}/image_raw",
        type="sensor_msgs/msg/Image",
        feature="image",
        preprocess=Preprocess("image"),
        shape=(3, IMAGE_SIDE, IMAGE_SIDE),
        dtype="uint8",
        history=1,
        period_s=STEP_S,
        align="hold",
        tolerance_s=0.12,
        max_age_s=0.5,
    )


def pose_input(name: str, frame: Frame, history: int, period_s: float = STEP_S) -> InputSpec:
    """The pose of the tool, as position and 6d rotation."""
    return _arm(name, "tcp_pose", Preprocess("pose", frame), (9,), history, period_s, "pose")


def wrench_input(name: str, frame: Frame, history: int, period_s: float = 0.05) -> InputSpec:
    """The external wrench at the tool."""
    return _arm(name, "wrench", Preprocess("wrench", frame), (6,), history, period_s, "linear")


def vector_input(name: str, feature: str, size: int, history: int = 1) -> InputSpec:
    """Numbers of the arm's state, e.g. ``gripper_width``."""
    return _arm(name, feature, Preprocess("vector"), (size,), history, STEP_S, "linear")


def field_input(name: str, cells: int) -> InputSpec:
    """The displacement of the fingertip's markers, newest only."""
    return InputSpec(
        name,
        "fingertip/field",
        "takt_msgs/msg/TactileField",
        "displacement",
        Preprocess("field"),
        (3, cells, cells),
        "float32",
        1,
        STEP_S,
        "hold",
        0.1,
    )


def _arm(
    name: str,
    feature: str,
    preprocess: Preprocess,
    shape: tuple[int, ...],
    history: int,
    period_s: float,
    align: Alignment,
) -> InputSpec:
    return InputSpec(
        name,
        "arm/state",
        "takt_msgs/msg/ArmState",
        feature,
        preprocess,
        shape,
        "float32",
        history,
        period_s,
        align,
        0.05,
    )
