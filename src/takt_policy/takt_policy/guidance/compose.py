"""Composition: several policies' predictions mixed at each denoising step.

GPC (arXiv 2510.01068) and PoCo (arXiv 2402.02511). The mixture of predictions means something only
where all of them speak of the same noisy sample: the same noise levels, the same kind of
prediction, the same actions in the same normalised units, for the same times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_policy.bundle.bundle import Bundle, load_bundle
from takt_policy.bundle.normalizer import Normalizer
from takt_policy.bundle.schema import ACTION, SamplerSpec
from takt_policy.errors import PolicyError
from takt_policy.model import PolicyModel
from takt_policy.samplers.base import Float
from takt_policy.samplers.denoiser import Run

Arrays = Mapping[str, npt.NDArray[Any]]

WEIGHT_TOLERANCE = 1e-6


class Partner:
    """A further policy whose predictions are mixed in.

    Args:
        main: the policy it joins; it has all inputs of this one.
        bundle: this one.

    Raises:
        PolicyError: the two cannot be mixed; the message says what differs.
    """

    def __init__(
        self, main: Bundle, bundle: Bundle, providers: Sequence[str], threads: int
    ) -> None:
        check_partner(main, bundle)
        self.bundle = bundle
        self._model = PolicyModel(bundle.path, bundle.spec, providers, threads)
        names = [one.name for one in bundle.spec.inputs]
        self._units = {name: (main.normalizers[name], bundle.normalizers[name]) for name in names}

    def run(self, arrays: Arrays) -> Run:
        """The network for one observation, normalised as the main policy's."""
        own = {name: _renormalized(arrays[name], *units) for name, units in self._units.items()}
        return self._model.denoiser(self._model.encode(own))


def load_partners(
    main: Bundle, paths: Sequence[str], providers: Sequence[str], threads: int
) -> tuple[Partner, ...]:
    """The policies in some folders, checked against the one they join."""
    return tuple(Partner(main, load_bundle(path), providers, threads) for path in paths)


def mixture_weights(given: Sequence[float], policies: int) -> tuple[float, ...]:
    """Of each policy's prediction; equal if none are given.

    Raises:
        PolicyError: their number or their sum is wrong.
    """
    if not given:
        return (1.0 / policies,) * policies
    if len(given) != policies or abs(sum(given) - 1.0) > WEIGHT_TOLERANCE:
        raise PolicyError(
            f"compose_weights is {list(given)}; allowed: {policies} numbers that add up to 1, the "
            "bundle's own weight first, or none for equal weights"
        )
    return tuple(given)


def check_partner(main: Bundle, other: Bundle) -> None:
    """Refuses a policy that cannot be mixed with the main one.

    Raises:
        PolicyError: says what differs.
    """
    a, b = main.spec, other.spec

    def refuse(what: str, ours: object, theirs: object) -> PolicyError:
        return PolicyError(
            f"{other.path} cannot be composed with {main.path}: {what} differs, {theirs} against "
            f"{ours}. Policies that are mixed must agree on it; change 'compose', or train alike"
        )

    if a.family != b.family:
        raise refuse("the family", a.family, b.family)
    ours, theirs = _training(a.require_sampler()), _training(b.require_sampler())
    for key, value in ours.items():
        if theirs[key] != value:
            raise refuse(f"the sampler's {key}", value, theirs[key])
    if a.horizons.prediction != b.horizons.prediction or a.horizons.first != b.horizons.first:
        raise refuse("the horizons", a.horizons, b.horizons)
    if a.horizons.step_ns != b.horizons.step_ns:
        raise refuse("the time between actions", a.horizons.step_s, b.horizons.step_s)
    if [replace(one, name="") for one in a.actions] != [replace(one, name="") for one in b.actions]:
        raise refuse("the layout of the actions", a.actions, b.actions)
    for part in ("offset", "scale"):
        our_part, their_part = (getattr(one.normalizers[ACTION], part) for one in (main, other))
        if not np.allclose(our_part, their_part, rtol=1e-5, atol=1e-7):
            raise refuse(f"the normaliser of the actions ({part})", our_part, their_part)
    known = {one.name: replace(one, max_age_s=0.0, tolerance_s=0.0) for one in a.inputs}
    for one in b.inputs:
        if known.get(one.name) != replace(one, max_age_s=0.0, tolerance_s=0.0):
            raise refuse(f"input {one.name!r}", known.get(one.name), one)


def _training(spec: SamplerSpec) -> dict[str, object]:
    """What a sampler says of the training rather than of the run."""
    keys = ["training_steps", "betas", "prediction", "direction", "time_scale", "prefix"]
    if spec.betas != "squaredcos_cap_v2":
        keys += ["beta_start", "beta_end"]
    return {key: getattr(spec, key) for key in keys}


def _renormalized(values: npt.NDArray[Any], ours: Normalizer, theirs: Normalizer) -> Float:
    if ours is theirs or ours.kind == theirs.kind == "identity":
        return values
    return theirs.normalize(ours.denormalize(values))
