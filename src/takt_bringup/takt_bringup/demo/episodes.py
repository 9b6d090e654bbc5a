"""The course of the demo's episodes, without ROS: reset, record, run, finish."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class RunResult:
    """How one run of the policy ended.

    Attributes:
        outcome: succeeded, timed_out, cancelled, failed or task_failed.
        duration_s: in simulated time [s].
    """

    outcome: str
    message: str
    duration_s: float
    chunks: int


@dataclass(frozen=True)
class TopicCount:
    """What the recorder says of one topic in one episode."""

    received: int
    written: int
    lost: int


@dataclass(frozen=True)
class Recording:
    """A finished bag and what went into it."""

    bag: str
    topics: dict[str, TopicCount] = field(default_factory=dict)


@dataclass(frozen=True)
class EpisodeResult:
    """One episode of the demo."""

    index: int
    seed: int
    run: RunResult
    recording: Recording

    @property
    def success(self) -> bool:
        return self.run.outcome == "succeeded"


class Operator(Protocol):
    """What an episode needs from the running system; each call returns when it is done.

    Raises:
        TaktError: the system does not answer, or refuses.
    """

    def reset_task(self, seed: int) -> None:
        """A new episode; the robot is at its start, holds, and its states are fresh."""

    def start_recording(self, name: str, task: str, tags: dict[str, str]) -> None: ...

    def run_policy(self, time_limit_s: float) -> RunResult: ...

    def finish_recording(self, outcome: str, note: str) -> Recording: ...


def run_episodes(
    operator: Operator,
    task: str,
    seeds: Iterable[int],
    time_limit_s: float,
    before: Callable[[int, int], None],
    after: Callable[[EpisodeResult], None],
) -> list[EpisodeResult]:
    """Run one recorded episode per seed.

    Args:
        task: its name, for the recordings.
        before: called with index and seed of each episode, from 0.
        after: called with each result.
    """
    results = []
    for index, seed in enumerate(seeds):
        before(index, seed)
        operator.reset_task(seed)
        name = f"demo_{index:02d}_seed_{seed}"
        operator.start_recording(name, task, {"seed": str(seed), "demo": str(index)})
        run = operator.run_policy(time_limit_s)
        outcome = "success" if run.outcome == "succeeded" else "failure"
        recording = operator.finish_recording(outcome, run.message)
        result = EpisodeResult(index, seed, run, recording)
        results.append(result)
        after(result)
    return results
