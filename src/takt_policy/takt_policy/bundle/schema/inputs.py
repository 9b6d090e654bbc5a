"""What a policy sees: one input of a graph, and how a stream becomes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

Alignment = Literal["hold", "linear", "pose"]
InputDtype = Literal["float32", "uint8", "int64"]
StreamKind = Literal["image", "vector", "pose", "wrench", "field"]
GoalKind = Literal["goal_text", "goal_bytes", "goal_pose", "goal_point", "goal_image"]
PreprocessKind = Literal[
    "image", "vector", "pose", "wrench", "field",
    "goal_text", "goal_bytes", "goal_pose", "goal_point", "goal_image",
]  # fmt: skip
Frame = Literal["base", "reference", "fixed", "chunk"]

GOAL_STREAM = "goal"
"""The stream of goal inputs; no topic, but what the run was asked for."""

GOAL_TYPE = "takt_msgs/msg/Goal"

GOAL_FEATURES: dict[GoalKind, str] = {
    "goal_text": "text",
    "goal_bytes": "text",
    "goal_pose": "pose",
    "goal_point": "point",
    "goal_image": "image",
}
"""What of a goal each kind of preprocessing takes."""

MESSAGE_TYPES = (
    "geometry_msgs/msg/PoseStamped",
    "geometry_msgs/msg/WrenchStamped",
    "sensor_msgs/msg/Image",
    "sensor_msgs/msg/JointState",
    "takt_msgs/msg/ArmState",
    "takt_msgs/msg/TactileField",
)
"""Message types that a streamed input may come from."""


@dataclass(frozen=True)
class Preprocess:
    """From a stream's feature to one time step of a graph's input.

    Attributes:
        kind: ``image`` (H, W, 3) to channels first at the input's size; ``vector``
            flattened; ``pose`` (7,) to position and 6d rotation; ``wrench`` (6,) in the
            wanted axes; ``field`` (rows, columns, 3) to channels first. Of the goal:
            ``goal_text`` one of ``choices`` as one-hot; ``goal_bytes`` UTF-8, padded with
            zeros; ``goal_pose`` as ``pose``; ``goal_point``; ``goal_image`` as ``image``.
        frame: of poses, points and the axes of wrenches: ``base``; ``reference``, the tool's
            pose at the observation's reference time; ``fixed``; and of fast inputs ``chunk``,
            the tool's pose at the reference time of the chunk that is being executed.
        base_from_fixed: xyz and quaternion xyzw of the fixed frame, for ``fixed``.
        choices: sentences of ``goal_text``.
    """

    kind: PreprocessKind
    frame: Frame = "base"
    base_from_fixed: tuple[float, ...] | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class InputSpec:
    """One input of a graph; the graph gets (batch, history, *shape), of a goal (batch, *shape).

    Attributes:
        name: of the graph's input.
        stream: relative topic name, or ``goal``.
        type: ROS message type on it.
        feature: name within the stream's samples.
        preprocess: what is done to each value.
        shape: of one time step.
        dtype: of the graph's input.
        history: number of time steps, the last one at the reference time; 1 for a goal.
        period_s: time between them [s].
        align: how a value at exactly these times is had.
        tolerance_s: greatest age of a held value [s].
        max_age_s: of the stream's newest sample, now [s]; older means the stream is dead.
    """

    name: str
    stream: str
    type: str
    feature: str
    preprocess: Preprocess
    shape: tuple[int, ...]
    dtype: InputDtype
    history: int
    period_s: float
    align: Alignment
    tolerance_s: float
    max_age_s: float = 0.25

    @property
    def is_goal(self) -> bool:
        return self.stream == GOAL_STREAM

    @property
    def array_shape(self) -> tuple[int, ...]:
        """Of the graph's input after the batch axis."""
        return self.shape if self.is_goal else (self.history, *self.shape)


def goal_input(
    name: str, preprocess: Preprocess, shape: tuple[int, ...], dtype: InputDtype
) -> InputSpec:
    """An input that is fed with the goal."""
    feature = GOAL_FEATURES[cast(GoalKind, preprocess.kind)]
    return InputSpec(
        name, GOAL_STREAM, GOAL_TYPE, feature, preprocess, shape, dtype, 1, 1.0, "hold", 1.0
    )
