"""How one chunk's samples are drawn: initial noise or warm start, sampler, guidance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from takt_policy.bundle.schema import PolicySpec, SamplerKind, SamplerSpec
from takt_policy.errors import PolicyError
from takt_policy.execution import Execution
from takt_policy.guidance.anchor import Anchor
from takt_policy.guidance.base import Guidance
from takt_policy.guidance.prefix import CleanPrefix
from takt_policy.guidance.realtime import RealTimeGuidance
from takt_policy.samplers import Float, NetworkDenoiser, make_sampler
from takt_policy.samplers.denoiser import Run
from takt_policy.samplers.warm_start import Discrete, WarmStart, discrete_change, warm_sample

RtcMode = Literal["guidance", "trained"]


@dataclass(frozen=True, eq=False)
class Drawn:
    """Samples of one chunk.

    Attributes:
        samples: (N, L, S) of the candidates.
        network_calls, rounds: see ``Prediction``.
        warm_chunks: since the last chunk that was drawn in full.
    """

    samples: Float
    network_calls: int
    rounds: int
    warm_chunks: int


@dataclass(frozen=True, eq=False)
class Before:
    """What of the previous chunk matters for this one.

    Attributes:
        anchor: its actions in this one's terms.
        condition: of its observation.
        warm_chunks: when it was drawn, since the last one in full.
    """

    anchor: Anchor
    condition: Float | None
    warm_chunks: int


class Drawer:
    """Draws the candidates of a denoising policy (diffusion, flow).

    Args:
        discrete: the actions' dimensions with two values.
        weights: of the networks in the mixture.
    """

    def __init__(
        self, spec: PolicySpec, execution: Execution, discrete: Discrete, weights: Sequence[float]
    ) -> None:
        self.sampler_spec = resolved_sampler(spec.require_sampler(), execution)
        self._sampler = make_sampler(self.sampler_spec, execution.speculate)
        self._execution = execution
        self._chunk = spec.chunk
        self._discrete = discrete
        self._weights = tuple(weights)
        self._warm = WarmStart(
            execution.warm_start, execution.warm_start_refresh, execution.warm_start_threshold
        )

    def draw(
        self,
        runs: Sequence[Run],
        condition: Float,
        before: Before | None,
        steering: Guidance | None,
        noise: npt.ArrayLike | None,
        rng: np.random.Generator,
    ) -> Drawn:
        """The candidates for one observation.

        Args:
            runs: the network(s) with their conditions.
            condition: of the policy itself.
            before: the chunk that is being executed.
            noise: (L, S) or (N, L, S) in place of drawn initial noise (DSRL, arXiv 2506.15799).
        """
        anchor = None if before is None else before.anchor
        guidance, prefix = self._joining(anchor)
        steered = [] if steering is None else [steering]
        denoiser = NetworkDenoiser(
            self.sampler_spec, runs, self._weights, [*steered, *guidance], prefix
        )
        initial = self._initial(noise, rng)
        if before is not None and self._starts_warm(denoiser, condition, before, initial):
            initial = warm_sample(self._sampler.levels, self._warm.steps, before.anchor, initial)
            skip, warm_chunks = (
                self._sampler.levels.steps - self._warm.steps,
                before.warm_chunks + 1,
            )
        else:
            skip, warm_chunks = 0, 0
        samples = self._sampler.draw(denoiser, initial, rng, skip)
        return Drawn(samples, denoiser.network_calls, denoiser.rounds, warm_chunks)

    def _initial(self, noise: npt.ArrayLike | None, rng: np.random.Generator) -> Float:
        shape = (self._execution.candidates, *self._chunk)
        if noise is None:
            return rng.standard_normal(shape, dtype=np.float32)
        given = np.asarray(noise, np.float32)
        if given.shape not in (self._chunk, shape):
            raise PolicyError(
                f"the initial noise has shape {list(given.shape)}; allowed: {list(self._chunk)} or "
                f"{list(shape)} (candidates, length, size)"
            )
        return np.array(np.broadcast_to(given, shape))

    def _starts_warm(
        self, denoiser: NetworkDenoiser, condition: Float, before: Before, noise: Float
    ) -> bool:
        anchor = before.anchor
        if not self._warm.steps or not anchor.covered.any():
            return False
        if not self._warm.allowed(condition, before.condition, before.warm_chunks):
            return False
        if not len(self._discrete.index):
            return True
        levels = self._sampler.levels
        return not discrete_change(denoiser, levels, anchor, noise, self._discrete)

    def _joining(self, anchor: Anchor | None) -> tuple[list[Guidance], CleanPrefix | None]:
        """What makes the chunk continue the previous one."""
        if anchor is None or self._execution.schedule != "rtc":
            return [], None
        if rtc_mode(self.sampler_spec, self._execution) == "guidance":
            return [RealTimeGuidance.of(anchor, self._execution.rtc_weight)], None
        if anchor.prefix == 0:
            return [], None
        return [], CleanPrefix(anchor.tokens[: anchor.prefix], self._sampler.levels.clean_time)


def rtc_mode(spec: SamplerSpec, execution: Execution) -> RtcMode:
    """Trained where the bundle is, unless asked otherwise."""
    if execution.rtc_mode == "auto":
        return "trained" if spec.prefix else "guidance"
    return cast(RtcMode, execution.rtc_mode)


def resolved_sampler(spec: SamplerSpec, execution: Execution) -> SamplerSpec:
    """The bundle's sampler with what ``execution`` says instead."""
    return replace(
        spec,
        kind=cast(SamplerKind, execution.sampler or spec.kind),
        inference_steps=execution.sampler_steps or spec.inference_steps,
        eta=spec.eta if execution.eta < 0.0 else execution.eta,
    )
