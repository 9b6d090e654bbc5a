"""One policy, ready to plan: graphs opened, checked and warmed up."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from takt_policy.actions import ActionCodec, Actions, Arm
from takt_policy.bundle.bundle import Bundle
from takt_policy.bundle.schema import ACTION
from takt_policy.choosing import Candidates, choose, measure
from takt_policy.drawing import Before, Drawer, Drawn
from takt_policy.errors import PolicyError
from takt_policy.execution import Execution
from takt_policy.execution_check import check_execution
from takt_policy.fast import FastGraphs, difference
from takt_policy.golden import check_golden, golden_fast_observation, golden_observation
from takt_policy.graphs import DEFAULT_PROVIDERS
from takt_policy.guidance.anchor import reanchor
from takt_policy.guidance.compose import load_partners, mixture_weights
from takt_policy.guidance.steering import Steering
from takt_policy.guidance.steering_file import load_costs
from takt_policy.model import PolicyModel
from takt_policy.observation import Observation
from takt_policy.prediction import Prediction, Reference
from takt_policy.rehearsal import example_observation
from takt_policy.samplers import Float
from takt_policy.samplers.warm_start import Discrete
from takt_policy.uncertainty import Spread

__all__ = ["PolicyEngine", "Prediction"]


class PolicyEngine:
    """Plans chunks with a bundle's graphs; knows no time and no thread.

    A chunk is a pure function of observation, seed, draw number and the previous chunk, so that a
    recording can be re-run and compared.

    Args:
        bundle: from ``load_bundle``.
        execution: how chunks are drawn, guided and chosen.
        providers: execution providers in order of preference.
        seed: of the sampling noise.
        threads: of onnxruntime within one operator; two cores are common, and one of them
            keeps time.
        arm: kinematics, for a policy that commands joints (``takt_policy.kinematics``).

    Raises:
        BundleError: graphs and description do not agree, or the golden pairs do not hold.
        PolicyError: the bundle cannot be executed that way; says why.
    """

    def __init__(
        self,
        bundle: Bundle,
        execution: Execution | None = None,
        providers: Sequence[str] = DEFAULT_PROVIDERS,
        seed: int = 0,
        threads: int = 1,
        arm: Arm | None = None,
    ) -> None:
        self.bundle = bundle
        self.execution = execution or Execution()
        check_execution(self.execution, bundle)
        self.model = PolicyModel(bundle.path, bundle.spec, providers, threads)
        self.golden_differences = check_golden(bundle, self.model)
        self._partners = load_partners(bundle, self.execution.compose, providers, threads)
        self._costs = load_costs(self.execution.steer, bundle.spec)
        self._fast = FastGraphs.of(self.model, self.execution)
        self._codec = ActionCodec.of(bundle, arm)
        self._drawer: Drawer | None = None
        if bundle.spec.sampler is not None:
            weights = mixture_weights(self.execution.compose_weights, len(self._partners) + 1)
            self._drawer = Drawer(bundle.spec, self.execution, Discrete.of(bundle.spec), weights)
        self._seed = seed
        self._draws = 0

    @property
    def provider(self) -> str:
        """Execution provider in use."""
        return self.model.provider

    @property
    def needs_fast(self) -> bool:
        """Whether ``plan`` takes a fast observation."""
        return self._fast.decodes or self._fast.residual

    @property
    def has_reflex(self) -> bool:
        """Whether ``reflex`` is to be called during a chunk."""
        return self.execution.reflex and self.needs_fast

    def reset(self, seed: int) -> None:
        """Begins the noise anew, as for a new episode."""
        self._seed = seed
        self._draws = 0

    def plan(
        self,
        observation: Observation,
        *,
        draw: int | None = None,
        previous: Prediction | None = None,
        commit_ns: int | None = None,
        noise: npt.ArrayLike | None = None,
        fast: Observation | None = None,
    ) -> Prediction:
        """Plans one chunk.

        Args:
            draw: number of the draw; by default one more than the last.
            previous: the chunk of this engine that is being executed, if one is.
            commit_ns: when this chunk is expected to take over [ns]; actions for a time up to
                then will be executed from the previous one. By default the observation's time.
            noise: initial noise, (L, S) or (candidates, L, S); by default drawn.
            fast: newest observation of the fast inputs; needed by a policy that decodes, and
                without it there is no residual.

        Raises:
            PolicyError: a graph failed, an output is not finite or no rotation. Nothing of the
                chunk is to be executed then.
        """
        start_ns = time.perf_counter_ns()
        number = self._draws + 1 if draw is None else draw
        self._draws = number
        rng = np.random.default_rng([self._seed, number])
        reference = Reference.of(observation)
        before = self._before(observation, reference, previous, commit_ns)
        drawn, condition = self._draw(observation, before, noise, rng)
        raws = drawn.samples
        if self._fast.decodes:
            raws = self._fast.decode(raws, observation.reference_ns, fast)
        candidates = Candidates(drawn.samples, raws, condition)
        anchor = None if before is None else before.anchor
        index, scores = choose(candidates, anchor, self.execution, self.model, rng)
        uncertainty, spread = self._measure(candidates, index, reference)
        corrected = self._fast.correct(raws[index], fast)
        actions = reference.decode(self._codec, corrected)
        horizons = self.bundle.spec.horizons
        return Prediction(
            raw=raws[index],
            corrected=corrected,
            actions=actions,
            reference_ns=observation.reference_ns,
            reference=reference,
            first=horizons.first,
            step_ns=horizons.step_ns,
            network_calls=drawn.network_calls,
            rounds=drawn.rounds,
            draw=number,
            condition=condition,
            latent=drawn.samples[index] if self._fast.decodes else None,
            scores=scores,
            chosen=index,
            uncertainty=uncertainty,
            spread=None if spread is None else spread.position_m,
            spread_rad=None if spread is None else spread.rotation_rad,
            residual=self._residual(raws[index], corrected, actions, reference),
            warm_chunks=drawn.warm_chunks,
            wall_ns=time.perf_counter_ns() - start_ns,
        )

    def reflex(self, prediction: Prediction, fast: Observation, now_ns: int) -> Prediction:
        """The chunk with the newest fast observation, from the next action on.

        Actions for a time up to ``now_ns`` stay as they were. It may run in another thread
        than ``plan``.

        Args:
            prediction: the chunk that is being executed, at its latest revision.

        Raises:
            PolicyError: as ``plan``; or the policy has no fast graphs.
        """
        start_ns = time.perf_counter_ns()
        if not self.needs_fast:
            raise PolicyError(
                f"policy {self.bundle.spec.name!r} has no fast graph in use (decode, or residual "
                "with the parameter 'residual'), so there is no reflex"
            )
        ahead = prediction.times_ns > now_ns
        raw, corrected = prediction.raw.copy(), prediction.corrected.copy()
        if prediction.latent is not None:
            latents = prediction.latent[None]
            raw[ahead] = self._fast.decode(latents, prediction.reference_ns, fast)[0][ahead]
        corrected[ahead] = self._fast.correct(raw[ahead], fast)
        actions = prediction.reference.decode(self._codec, corrected)
        return replace(
            prediction,
            raw=raw,
            corrected=corrected,
            actions=actions,
            residual=self._residual(raw, corrected, actions, prediction.reference),
            network_calls=0,
            rounds=0,
            wall_ns=time.perf_counter_ns() - start_ns,
            revision=prediction.revision + 1,
        )

    def warm_up(self, rounds: int = 2) -> int:
        """Plans with the golden observation, as in a run; returns the last round's time [ns].

        The draws that follow are those of an engine that was never warmed up.
        """
        draws = self._draws
        observation = example_observation(self.bundle.spec, golden_observation(self.bundle))
        fast = None
        if self.needs_fast:
            arrays = golden_fast_observation(self.bundle)
            fast = example_observation(self.bundle.spec, arrays)
        wall_ns = 0
        for _ in range(rounds):
            prediction = self.plan(observation, draw=0, fast=fast)
            wall_ns = prediction.wall_ns
            self.plan(observation, draw=0, previous=prediction, fast=fast)
            if fast is not None:
                self.reflex(prediction, fast, observation.reference_ns)
        self._draws = draws
        return wall_ns

    def _before(
        self,
        observation: Observation,
        reference: Reference,
        previous: Prediction | None,
        commit_ns: int | None,
    ) -> Before | None:
        """The previous chunk, if anything of this execution asks for it."""
        execution = self.execution
        wanted = (
            execution.schedule == "rtc" or execution.choose == "coherence" or execution.warm_start
        )
        if previous is None or not wanted:
            return None
        now_ns = observation.reference_ns
        decided_ns = now_ns if commit_ns is None else commit_ns
        anchor = reanchor(previous, self._codec, reference, now_ns, decided_ns)
        return Before(anchor, previous.condition, previous.warm_chunks)

    def _draw(
        self,
        observation: Observation,
        before: Before | None,
        noise: npt.ArrayLike | None,
        rng: np.random.Generator,
    ) -> tuple[Drawn, Float | None]:
        """Candidates, and the condition that they were drawn with."""
        if self._drawer is None:
            if noise is not None:
                raise PolicyError("a policy of family direct has no initial noise to give")
            return Drawn(self.model.predict(observation.arrays), 1, 1, 0), None
        condition = self.model.encode(observation.arrays)
        runs = [self.model.denoiser(condition)]
        runs += [partner.run(observation.arrays) for partner in self._partners]
        steering = self._steer(observation, before)
        return self._drawer.draw(runs, condition, before, steering, noise, rng), condition

    def _steer(self, observation: Observation, before: Before | None) -> Steering | None:
        if self._costs is None:
            return None
        spec, normalizer = self.bundle.spec, self.bundle.normalizers[ACTION]
        free = np.ones(spec.horizons.prediction, np.bool_)
        if before is not None and self.execution.schedule == "rtc":
            free = ~before.anchor.decided
        scale = self.execution.steer_scale
        return Steering.of(self._costs, spec, normalizer, observation.reference_pose, free, scale)

    def _measure(
        self, candidates: Candidates, index: int, reference: Reference
    ) -> tuple[float, Spread | None]:
        decode = partial(reference.decode, self._codec)
        horizons = self.bundle.spec.horizons
        return measure(candidates, index, decode, self.execution, self.model, horizons)

    def _residual(
        self, raw: Float, corrected: Float, actions: Actions, reference: Reference
    ) -> npt.NDArray[np.float64] | None:
        """(H, 6) what the residual changed, if there is one in use."""
        if not self._fast.residual:
            return None
        if corrected is raw:
            return np.zeros((len(raw), 6))
        return difference(actions.poses, reference.decode(self._codec, raw).poses)
