"""Graphs that a policy may have besides those of its family."""

from __future__ import annotations

from dataclasses import dataclass

from takt_policy.bundle.schema.inputs import InputSpec


@dataclass(frozen=True)
class FastSpec:
    """Inputs that ``decode`` and ``residual`` get again and again during a chunk.

    Attributes:
        period_s: time between two evaluations [s].
        inputs: as the policy's own, with the additional frame ``chunk``.
    """

    period_s: float
    inputs: tuple[InputSpec, ...]

    @property
    def period_ns(self) -> int:
        return round(self.period_s * 1e9)


@dataclass(frozen=True)
class DecodeSpec:
    """``decode.onnx`` turns a latent chunk into actions (slow-fast; arXiv 2503.02881).

    Attributes:
        latent: length and size of the latent that ``denoise`` works on.
    """

    latent: tuple[int, int]


@dataclass(frozen=True)
class ResidualSpec:
    """``residual.onnx`` corrects each action (arXiv 2407.16677, 2405.10315).

    Attributes:
        bound: greatest correction of each of the D dimensions, in normalised units.
    """

    bound: tuple[float, ...]


@dataclass(frozen=True)
class CriticSpec:
    """``critic.onnx`` values a chunk; higher is better."""


@dataclass(frozen=True)
class EnergySpec:
    """``energy.onnx`` says how uncertain a chunk is; higher is less certain."""
