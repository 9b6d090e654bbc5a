"""A whole policy.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from takt_policy.bundle.schema.actions import ActionGroup, Horizons
from takt_policy.bundle.schema.extras import (
    CriticSpec,
    DecodeSpec,
    EnergySpec,
    FastSpec,
    ResidualSpec,
)
from takt_policy.bundle.schema.inputs import InputSpec
from takt_policy.bundle.schema.provenance import GoldenSpec, Provenance
from takt_policy.bundle.schema.sampler import SamplerSpec
from takt_policy.errors import PolicyError

FORMAT_VERSION = 2

Family = Literal["direct", "diffusion", "flow"]
NormalizerKind = Literal["identity", "minmax", "meanstd"]

GRAPHS_OF_FAMILY: dict[Family, tuple[str, ...]] = {
    "direct": ("predict",),
    "diffusion": ("encode", "denoise"),
    "flow": ("encode", "denoise"),
}
"""The ONNX files that a family needs."""

ACTION = "action"
"""Name of the actions in the normaliser."""


@dataclass(frozen=True)
class PolicySpec:
    """A whole policy.yaml.

    Attributes:
        reference_pose: name of the pose input whose pose at the reference time is the tool's;
            relative actions and inputs refer to it.
        sampler: None for the family direct.
        normalizer: input name (fast ones, too) or ``action`` to the kind of its normaliser.
        reference_joints: name of the vector input that has the joints of a ``joints`` group, in
            its order; needed where that group is relative.
        reference_width: name of the vector input [1] that has the gripper's width [m]; needed
            where a ``width`` group is relative.
        fast, decode, residual, critic, energy: None where the policy has no such graph.
    """

    name: str
    description: str
    family: Family
    reference_pose: str
    inputs: tuple[InputSpec, ...]
    actions: tuple[ActionGroup, ...]
    horizons: Horizons
    sampler: SamplerSpec | None
    normalizer: dict[str, NormalizerKind]
    golden: GoldenSpec = field(default_factory=GoldenSpec)
    provenance: Provenance = field(default_factory=Provenance)
    reference_joints: str | None = None
    reference_width: str | None = None
    fast: FastSpec | None = None
    decode: DecodeSpec | None = None
    residual: ResidualSpec | None = None
    critic: CriticSpec | None = None
    energy: EnergySpec | None = None

    @property
    def graphs(self) -> tuple[str, ...]:
        """Names of the ONNX files, without their ending."""
        extras = ("decode", "residual", "critic", "energy")
        return GRAPHS_OF_FAMILY[self.family] + tuple(
            name for name in extras if getattr(self, name) is not None
        )

    @property
    def observing_graph(self) -> str:
        """The graph that gets the inputs."""
        return GRAPHS_OF_FAMILY[self.family][0]

    @property
    def action_size(self) -> int:
        """D, the number of action dimensions."""
        return sum(group.size for group in self.actions)

    @property
    def chunk(self) -> tuple[int, int]:
        """Length and size of what is sampled: (H, D), or those of the latent."""
        if self.decode is not None:
            return self.decode.latent
        return self.horizons.prediction, self.action_size

    @property
    def fast_inputs(self) -> tuple[InputSpec, ...]:
        return () if self.fast is None else self.fast.inputs

    @property
    def goal_inputs(self) -> tuple[InputSpec, ...]:
        return tuple(one for one in self.inputs if one.is_goal)

    def input(self, name: str) -> InputSpec:
        return next(one for one in self.inputs + self.fast_inputs if one.name == name)

    def require_sampler(self) -> SamplerSpec:
        """The sampler of a policy that has one.

        Raises:
            PolicyError: the family is direct.
        """
        if self.sampler is None:
            raise PolicyError(
                f"policy {self.name!r} is of family {self.family}, which samples nothing; "
                "samplers are for the families diffusion and flow"
            )
        return self.sampler

    def spans(self) -> tuple[tuple[ActionGroup, slice], ...]:
        """Each action group with its place in the action vector."""
        spans, start = [], 0
        for group in self.actions:
            spans.append((group, slice(start, start + group.size)))
            start += group.size
        return tuple(spans)
