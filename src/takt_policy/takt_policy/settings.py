"""Parameters of the policy node."""

from __future__ import annotations

from dataclasses import dataclass

from takt_core.parameters import parameter
from takt_policy.graphs import DEFAULT_PROVIDERS
from takt_policy.schedules.receding import RecedingSettings


@dataclass(frozen=True)
class PolicyParameters:
    """Of the node ``policy``."""

    bundle: str = parameter(
        "", description="folder of the bundle to load at configure; empty: wait for policy/load"
    )
    providers: tuple[str, ...] = parameter(
        DEFAULT_PROVIDERS, description="execution providers of onnxruntime, best first"
    )
    threads: int = parameter(
        1, minimum=1, maximum=64, description="threads of onnxruntime within one operator"
    )
    seed: int = parameter(0, minimum=0, description="of the sampling noise")
    sampler: str = parameter(
        "", choices=("", "ddpm", "ddim"), description="instead of the bundle's; empty: the bundle's"
    )
    sampler_steps: int = parameter(
        0, minimum=0, description="network calls per chunk; 0: as the bundle says"
    )
    goal: str = parameter("", description="goal at start, recorded with every chunk")
    autorun: bool = parameter(
        False, description="begin to run as soon as the node is active, without policy/run"
    )
    base_frame: str = parameter("base", description="frame of the poses")
    expected_delay_s: float = parameter(
        0.1, unit="s", minimum=0.0, maximum=5.0,
        description="from starting a plan to publishing it, until one was measured",
    )  # fmt: skip
    margin_s: float = parameter(
        0.02, unit="s", minimum=0.0, maximum=1.0,
        description="how much before it is needed a chunk should be ready",
    )  # fmt: skip
    lead_s: float = parameter(
        0.01, unit="s", minimum=0.0, maximum=1.0,
        description="actions less than this ahead count as late",
    )  # fmt: skip
    reserve: int = parameter(
        4, minimum=0, maximum=1000,
        description="predicted actions sent beyond those to execute, for when a chunk is late",
    )  # fmt: skip
    tick_hz: float = parameter(
        100.0, unit="Hz", minimum=1.0, maximum=1000.0,
        description="how often the schedule is looked at",
    )  # fmt: skip
    heartbeat_hz: float = parameter(
        50.0, unit="Hz", minimum=10.0, maximum=1000.0, description="rate of policy/status"
    )

    def receding(self) -> RecedingSettings:
        return RecedingSettings(self.margin_s, self.lead_s, self.reserve, self.expected_delay_s)
