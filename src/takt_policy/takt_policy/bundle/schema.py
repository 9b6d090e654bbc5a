"""What policy.yaml says, as frozen dataclasses. docs/policy_bundle.md explains every key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

FORMAT_VERSION = 1

Family = Literal["diffusion"]
Alignment = Literal["hold", "linear", "pose"]
InputDtype = Literal["float32", "uint8"]
PreprocessKind = Literal["image", "vector", "pose", "wrench", "field"]
Frame = Literal["base", "reference", "fixed"]
ActionKind = Literal["pose", "width"]
Reference = Literal["observation", "absolute"]
NormalizerKind = Literal["identity", "minmax", "meanstd"]
SamplerKind = Literal["ddpm", "ddim"]

GRAPHS_OF_FAMILY: dict[str, tuple[str, ...]] = {"diffusion": ("encode", "denoise")}
"""The ONNX files that a family needs."""

MESSAGE_TYPES = (
    "geometry_msgs/msg/PoseStamped",
    "geometry_msgs/msg/WrenchStamped",
    "sensor_msgs/msg/Image",
    "sensor_msgs/msg/JointState",
    "takt_msgs/msg/ArmState",
    "takt_msgs/msg/TactileField",
)
"""Message types that an input may come from."""

ROTATION_6D = 6
ACTION = "action"
"""Name of the actions in the normaliser."""


@dataclass(frozen=True)
class Preprocess:
    """From a stream's feature to one time step of a graph's input.

    Attributes:
        kind: ``image`` (H, W, 3) to channels first at the input's size; ``vector``
            flattened; ``pose`` (7,) to position and 6d rotation; ``wrench`` (6,) in the
            wanted axes; ``field`` (rows, columns, 3) to channels first.
        frame: of poses and the axes of wrenches: ``base``; ``reference``, the tool's pose
            at the reference time; ``fixed``.
        base_from_fixed: xyz and quaternion xyzw of the fixed frame, for ``fixed``.
    """

    kind: PreprocessKind
    frame: Frame = "base"
    base_from_fixed: tuple[float, ...] | None = None


@dataclass(frozen=True)
class InputSpec:
    """One input of the encode graph; the graph gets (batch, history, *shape).

    Attributes:
        name: of the graph's input.
        stream: relative topic name.
        type: ROS message type on it.
        feature: name within the stream's samples.
        preprocess: what is done to each value.
        shape: of one time step.
        dtype: of the graph's input.
        history: number of time steps, the last one at the reference time.
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


@dataclass(frozen=True)
class ActionGroup:
    """Neighbouring dimensions of the action vector.

    Attributes:
        name: e.g. ``arm`` or ``gripper``.
        kind: ``pose`` (position and 6d rotation, 9 numbers) or ``width`` (1 number, [m]).
        reference: poses relative to the tool's pose at the reference time, or in base.
    """

    name: str
    kind: ActionKind
    reference: Reference = "absolute"

    @property
    def size(self) -> int:
        return 3 + ROTATION_6D if self.kind == "pose" else 1


@dataclass(frozen=True)
class Horizons:
    """Lengths in steps; To, H and Ta of Diffusion Policy (arXiv 2303.04137).

    Predicted action i is for ``reference + (i - (observation - 1)) * step_s``.
    """

    observation: int
    prediction: int
    execute: int
    step_s: float

    @property
    def first(self) -> int:
        """Index of the action that is for the reference time."""
        return self.observation - 1

    @property
    def step_ns(self) -> int:
        return round(self.step_s * 1e9)


@dataclass(frozen=True)
class SamplerSpec:
    """How a chunk is drawn from the denoise graph.

    Attributes:
        kind: ``ddpm`` (Ho et al., 2006.11239) or ``ddim`` (Song et al., 2010.02502).
        training_steps: noise levels of the training.
        inference_steps: network calls per chunk.
        betas: noise schedule of the training.
        prediction: what the graph predicts.
        clip: bound on the predicted clean sample, or None.
        eta: stochasticity of DDIM; 0 is deterministic.
    """

    kind: SamplerKind
    training_steps: int = 100
    inference_steps: int = 100
    betas: Literal["squaredcos_cap_v2"] = "squaredcos_cap_v2"
    prediction: Literal["epsilon"] = "epsilon"
    clip: float | None = 1.0
    eta: float = 0.0


@dataclass(frozen=True)
class GoldenSpec:
    """How far this machine may differ from the stored golden outputs (absolute)."""

    graph_tolerance: float = 1e-4
    sample_tolerance: float = 1e-3


@dataclass(frozen=True)
class MeasuredSuccess:
    """Success that somebody measured, with its 95 % interval.

    Attributes:
        setting: what was run, in words a reader can repeat.
    """

    task: str
    episodes: int
    successes: int
    interval: tuple[float, float]
    setting: str = ""


@dataclass(frozen=True)
class Provenance:
    """Where a policy comes from."""

    dataset_hash: str = ""
    training_commit: str = ""
    seed: int | None = None
    device: str = ""
    created: str = ""
    success: tuple[MeasuredSuccess, ...] = ()


@dataclass(frozen=True)
class PolicySpec:
    """A whole policy.yaml.

    Attributes:
        reference_pose: name of the pose input whose pose at the reference time is the tool's;
            relative actions and inputs refer to it.
        normalizer: input name or ``action`` to the kind of its normaliser.
    """

    name: str
    description: str
    family: Family
    reference_pose: str
    inputs: tuple[InputSpec, ...]
    actions: tuple[ActionGroup, ...]
    horizons: Horizons
    sampler: SamplerSpec
    normalizer: dict[str, NormalizerKind]
    golden: GoldenSpec = field(default_factory=GoldenSpec)
    provenance: Provenance = field(default_factory=Provenance)

    @property
    def action_size(self) -> int:
        """D, the number of action dimensions."""
        return sum(group.size for group in self.actions)

    def input(self, name: str) -> InputSpec:
        return next(spec for spec in self.inputs if spec.name == name)
