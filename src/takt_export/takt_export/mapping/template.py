"""A mapping file to fill in, from what a checkpoint says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from takt_export.mapping.parse import CHANGE_ME
from takt_export.mapping.schema import MAPPING_VERSION

if TYPE_CHECKING:
    from takt_export.checkpoint import Checkpoint, Feature

_ACTIONS = """\
actions:   # what the {size} numbers of an action are, in their order
  arm:     # exactly one of these kinds:
    # kind: joints           names: [joint_1, ...]   scale: 0.0174533 from degrees
    # kind: pose             rotation: 6d | 6d_rows | quaternion | rotation_vector (3 + 6, 4 or 3)
    # kind: position         fixed: {{z: 0.10}} for coordinates [m] that the policy does not have
    kind: {todo}
    reference: {todo}   # absolute | observation | delta (then axes: tool | base, but for joints)
  # gripper:               # at most one of these kinds:
  #   kind: width            reference: absolute     scale: 0.001 from millimetres
  #   kind: open             open_above: 0.5 (or open_below), open_width_m, closed_width_m
"""


def mapping_template(checkpoint: Checkpoint) -> str:
    """The text of a mapping file; what the user must say is ``CHANGE_ME``."""
    chunk = f"{checkpoint.prediction} predicted, {checkpoint.execute} executed"
    lines = [
        f"# How {checkpoint.framework} meets the robot. docs/export.md explains every key.",
        f"takt_mapping: {MAPPING_VERSION}",
        f"name: {CHANGE_ME}",
        'description: ""',
        f"step_s: {CHANGE_ME}   # time between two actions [s]; a chunk: {chunk}",
        "# execute: 8            # actions to execute of each chunk",
        "tool:                   # where the tool's pose comes from",
        "  {stream: arm/state, type: takt_msgs/msg/ArmState, feature: tcp_pose}",
        "observations:",
    ]
    for feature in checkpoint.features:
        lines += _feature(feature)
    text = "\n".join(lines) + "\n"
    text += _ACTIONS.format(size=checkpoint.action_size, todo=CHANGE_ME)
    if checkpoint.sampler is not None:
        one = checkpoint.sampler
        text += (
            f"# sampler: {{kind: {one.kind}, inference_steps: {one.inference_steps}}}   # or ddim "
            "with fewer steps\n"
        )
    return text


def _feature(feature: Feature) -> list[str]:
    if feature.kind == "image":
        shape = " x ".join(str(size) for size in feature.shape)
        return [
            f"  {feature.name}:   # image, {shape}",
            f"    {{stream: {CHANGE_ME}, type: sensor_msgs/msg/Image, feature: image}}",
        ]
    count = feature.shape[0]
    return [
        f"  {feature.name}:   # {count} numbers: one entry for each stream, in their order, e.g.",
        "    # - {stream: joint_states, type: sensor_msgs/msg/JointState, feature: joint_position,",
        f"    #    size: {count}, scale: 57.29578}}   # to degrees; size: joints in the message",
        "    # - {stream: arm/state, type: takt_msgs/msg/ArmState, feature: tcp_pose,",
        "    #    take: position}   # or 6d, 6d_rows, quaternion, rotation_vector",
        "    # - {stream: arm/state, type: takt_msgs/msg/ArmState, feature: gripper_width}",
        f"    - {{stream: {CHANGE_ME}, type: {CHANGE_ME}, feature: {CHANGE_ME}}}",
    ]
