"""One policy, ready to plan: graphs opened, checked and warmed up."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from takt_policy.actions import ActionCodec, Actions
from takt_policy.bundle.bundle import Bundle
from takt_policy.bundle.schema import SamplerKind, SamplerSpec
from takt_policy.diffusion import DiffusionModel
from takt_policy.errors import PolicyError
from takt_policy.golden import check_golden
from takt_policy.graphs import DEFAULT_PROVIDERS
from takt_policy.observation import Observation
from takt_policy.samplers import make_sampler


@dataclass(frozen=True, eq=False)
class Prediction:
    """One drawn chunk.

    Attributes:
        raw: (H, D) in normalised action space, float32.
        actions: what it means in the base frame, all H of them.
        network_calls: calls of the denoise graph.
        wall_ns: time it took on a steady clock [ns].
        draw: number of the draw; with the seed and the observation it repeats the chunk.
    """

    raw: npt.NDArray[np.float32]
    actions: Actions
    network_calls: int
    wall_ns: int
    draw: int


class PolicyEngine:
    """Plans chunks with a bundle's graphs; knows no time and no thread.

    A chunk is a pure function of observation, seed and draw number, so that a recording can
    be re-run and compared.

    Args:
        bundle: from ``load_bundle``.
        providers: execution providers in order of preference.
        seed: of the sampling noise.
        threads: of onnxruntime within one operator; two cores are common, and one of them
            keeps time.
        sampler: instead of the bundle's own, see ``override_sampler``.

    Raises:
        BundleError: graphs and description do not agree, or the golden pairs do not hold.
    """

    def __init__(
        self,
        bundle: Bundle,
        providers: Sequence[str] = DEFAULT_PROVIDERS,
        seed: int = 0,
        threads: int = 1,
        sampler: SamplerSpec | None = None,
    ) -> None:
        self.bundle = bundle
        self.sampler_spec = sampler or bundle.spec.sampler
        self.model = DiffusionModel(bundle.path, bundle.spec, providers, threads)
        self.golden_differences = check_golden(bundle, self.model)
        self._sampler = make_sampler(self.sampler_spec)
        self._codec = ActionCodec.of(bundle)
        self._seed = seed
        self._draws = 0

    @property
    def provider(self) -> str:
        """Execution provider in use."""
        return self.model.provider

    def reset(self, seed: int) -> None:
        """Begins the noise anew, as for a new episode."""
        self._seed = seed
        self._draws = 0

    def warm_up(self, rounds: int = 2) -> int:
        """Runs every graph as ``plan`` does; returns the last round's time [ns]."""
        spec = self.bundle.spec
        observation = {
            one.name: self.bundle.golden[f"encode.in.{one.name}"][:1] for one in spec.inputs
        }
        elapsed_ns = 0
        for _ in range(rounds):
            start_ns = time.perf_counter_ns()
            condition = self.model.encode(observation)
            self.model.draw(condition, self._sampler, np.random.default_rng(0))
            elapsed_ns = time.perf_counter_ns() - start_ns
        return elapsed_ns

    def plan(self, observation: Observation, draw: int | None = None) -> Prediction:
        """Draws one chunk.

        Args:
            draw: number of the draw; by default one more than the last.

        Raises:
            PolicyError: a graph failed, an output is not finite or no rotation. Nothing of the
                chunk is to be executed then.
        """
        start_ns = time.perf_counter_ns()
        number = self._draws + 1 if draw is None else draw
        self._draws = number
        rng = np.random.default_rng([self._seed, number])
        condition = self.model.encode(observation.arrays)
        raw = self.model.draw(condition, self._sampler, rng)[0]
        actions = self._codec.decode(raw, observation.reference_pose)
        wall_ns = time.perf_counter_ns() - start_ns
        return Prediction(raw, actions, self._sampler.calls, wall_ns, number)


def override_sampler(spec: SamplerSpec, kind: str, steps: int) -> SamplerSpec:
    """The bundle's sampler with another kind (``""``: its own) or steps (0: its own).

    Raises:
        PolicyError: the wish is not possible with this bundle.
    """
    kinds: dict[str, SamplerKind] = {"ddpm": "ddpm", "ddim": "ddim"}
    if kind and kind not in kinds:
        raise PolicyError(
            f"sampler {kind!r}; allowed: {', '.join(kinds)}, or empty for the bundle's"
        )
    if not 0 <= steps <= spec.training_steps:
        raise PolicyError(
            f"sampler_steps is {steps}; allowed: 1 to {spec.training_steps}, the bundle's noise "
            "levels, or 0 for the bundle's own"
        )
    return replace(
        spec, kind=kinds.get(kind, spec.kind), inference_steps=steps or spec.inference_steps
    )
