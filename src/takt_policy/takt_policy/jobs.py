"""What the workers do, and what comes of it. A job turns its own errors into words."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from takt_core.chunk import ActionChunk
from takt_policy.errors import PolicyError
from takt_policy.loaded import LoadedPolicy
from takt_policy.observation import Observation
from takt_policy.prediction import Prediction
from takt_policy.schedules import Ticket


@dataclass(frozen=True, eq=False)
class Plan:
    """What came of one observation; ``error`` instead of a prediction on failure.

    Attributes:
        previous_id: of the chunk that it is to continue; 0: none.
        goal: in words, when it was observed.
        end_ns: end of inference in ROS time [ns].
        end_steady_ns: the same on a steady clock [ns].
    """

    policy: LoadedPolicy
    ticket: Ticket
    epoch: int
    previous_id: int
    goal: str
    observation: Observation
    prediction: Prediction | None
    error: str
    end_ns: int
    end_steady_ns: int


@dataclass(frozen=True, eq=False)
class Reflex:
    """What came of one fast observation.

    Attributes:
        chunk: that was being executed.
        base: its prediction, before.
        start_ns, end_ns: in ROS time [ns].
        wall_ns: on a steady clock [ns].
    """

    policy: LoadedPolicy
    chunk: ActionChunk
    base: Prediction
    observation: Observation
    prediction: Prediction | None
    error: str
    start_ns: int
    end_ns: int
    wall_ns: int


def plan_job(
    policy: LoadedPolicy,
    ticket: Ticket,
    epoch: int,
    previous_id: int,
    goal: str,
    observation: Observation,
    fast: Observation | None,
    clock: Callable[[], int],
) -> Callable[[], Plan]:
    """Plans one chunk."""

    def plan() -> Prediction:
        # The noise follows from the seed and a time that the chunk carries, so that a
        # recording can be re-run to the same chunk.
        return policy.engine.plan(
            observation,
            draw=observation.reference_ns,
            previous=ticket.previous,
            commit_ns=ticket.takeover_ns,
            fast=fast,
        )

    def job() -> Plan:
        prediction, error = _guarded(plan)
        end_steady_ns = time.perf_counter_ns()
        return Plan(
            policy, ticket, epoch, previous_id, goal, observation, prediction, error, clock(),
            end_steady_ns,
        )  # fmt: skip

    return job


def reflex_job(
    policy: LoadedPolicy,
    chunk: ActionChunk,
    base: Prediction,
    observation: Observation,
    now_ns: int,
    clock: Callable[[], int],
) -> Callable[[], Reflex]:
    """Revises the chunk that is being executed."""

    def job() -> Reflex:
        start_ns = time.perf_counter_ns()
        prediction, error = _guarded(lambda: policy.engine.reflex(base, observation, now_ns))
        wall_ns = time.perf_counter_ns() - start_ns
        return Reflex(policy, chunk, base, observation, prediction, error, now_ns, clock(), wall_ns)

    return job


def _guarded(make: Callable[[], Prediction]) -> tuple[Prediction | None, str]:
    try:
        return make(), ""
    except PolicyError as failure:
        return None, str(failure)
    except Exception as failure:
        return None, f"inference failed: {type(failure).__name__}: {failure}"
