"""Parameters of the policy node."""

from __future__ import annotations

from dataclasses import dataclass, fields

from takt_core.parameters import parameter
from takt_policy.execution import Execution
from takt_policy.graphs import DEFAULT_PROVIDERS
from takt_policy.runtime import FAILURES_ALLOWED


@dataclass(frozen=True)
class PolicyParameters(Execution):
    """Of the node ``policy``: how it runs, and how the policies that it loads are executed."""

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
    goal: str = parameter("", description="goal at start in words, recorded with every chunk")
    autorun: bool = parameter(
        False, description="begin to run as soon as the node is active, without policy/run"
    )
    failures_allowed: int = parameter(
        FAILURES_ALLOWED, minimum=1, maximum=1000,
        description="plans that may fail, one after the other, before the run has failed",
    )  # fmt: skip
    base_frame: str = parameter("base", description="frame of the poses")
    robot_description: str = parameter(
        "", description="URDF of the arm, or its file; for policies that command joints"
    )
    tcp_frame: str = parameter("tcp", description="frame of the tool in the robot description")
    tick_hz: float = parameter(
        100.0, unit="Hz", minimum=1.0, maximum=1000.0,
        description="how often the schedule is looked at; reflexes are no faster",
    )  # fmt: skip
    heartbeat_hz: float = parameter(
        50.0, unit="Hz", minimum=10.0, maximum=1000.0, description="rate of policy/status"
    )

    def execution(self) -> Execution:
        return Execution(**{one.name: getattr(self, one.name) for one in fields(Execution)})
