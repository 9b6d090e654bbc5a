"""Where a policy comes from, and how closely it must compute what it computed there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Precision = Literal["float32", "float16", "int8"]


@dataclass(frozen=True)
class GoldenSpec:
    """How far outputs may differ from the stored ones (absolute).

    Attributes:
        graph_tolerance: of each graph's outputs, when a bundle is loaded.
        sample_tolerance: of a whole sampling.
        export_tolerance: between a graph and the framework it was exported from, when the
            bundle is written. Tighter than ``graph_tolerance``, as both run on one machine.
    """

    graph_tolerance: float = 1e-4
    sample_tolerance: float = 1e-3
    export_tolerance: float = 1e-5


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
    """Where a policy comes from.

    Attributes:
        derived: what was done to another bundle to make this one, in words.
        precision: of the weights.
    """

    dataset_hash: str = ""
    training_commit: str = ""
    seed: int | None = None
    device: str = ""
    created: str = ""
    success: tuple[MeasuredSuccess, ...] = ()
    derived: str = ""
    precision: Precision = "float32"
