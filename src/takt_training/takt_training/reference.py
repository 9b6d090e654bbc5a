"""The reference policy: what it sees, what it does, how it samples.

One place that collection, training, export and evaluation share, so that they cannot
disagree about an input.
"""

from __future__ import annotations

from takt_policy.bundle.schema import (
    ACTION,
    ActionGroup,
    Horizons,
    InputSpec,
    PolicySpec,
    Preprocess,
    SamplerSpec,
)

NAME = "peg_insertion"
TASK = "peg_insertion"
IMAGE_SIDE = 96
TACTILE_CELLS = 8
STEP_S = 0.1
HORIZONS = Horizons(observation=2, prediction=16, execute=8, step_s=STEP_S)


def _camera(name: str, topic: str) -> InputSpec:
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


def inputs() -> tuple[InputSpec, ...]:
    """Two cameras, the pose of the tool, the wrench at it, and the fingertip.

    The world stands still but for the arm, so one image of each camera says where the
    hole is; the history is in the pose and the wrench.
    """
    return (
        _camera("wrist_image", "wrist_camera"),
        _camera("front_image", "front_camera"),
        InputSpec(
            "tcp_pose",
            "arm/state",
            "takt_msgs/msg/ArmState",
            "tcp_pose",
            Preprocess("pose", "base"),
            (9,),
            "float32",
            2,
            STEP_S,
            "pose",
            0.05,
        ),
        InputSpec(
            "wrench",
            "arm/state",
            "takt_msgs/msg/ArmState",
            "wrench",
            Preprocess("wrench", "reference"),
            (6,),
            "float32",
            4,
            0.05,
            "linear",
            0.05,
        ),
        InputSpec(
            "tactile",
            "fingertip/field",
            "takt_msgs/msg/TactileField",
            "displacement",
            Preprocess("field"),
            (3, TACTILE_CELLS, TACTILE_CELLS),
            "float32",
            1,
            STEP_S,
            "hold",
            0.1,
        ),
    )


def specification(inference_steps: int = 16) -> PolicySpec:
    """The reference policy's policy.yaml without provenance."""
    return PolicySpec(
        name=NAME,
        description="Inserts the square peg in the gripper into the chamfered hole; "
        "image-and-touch diffusion policy trained on simulated demonstrations.",
        family="diffusion",
        reference_pose="tcp_pose",
        inputs=inputs(),
        actions=(ActionGroup("arm", "pose", "observation"),),
        horizons=HORIZONS,
        sampler=SamplerSpec("ddim", training_steps=100, inference_steps=inference_steps),
        normalizer={
            "wrist_image": "identity",
            "front_image": "identity",
            "tcp_pose": "minmax",
            "wrench": "meanstd",
            "tactile": "meanstd",
            ACTION: "minmax",
        },
    )
