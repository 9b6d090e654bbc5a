"""Composition: several policies' predictions mixed at each denoising step.

GPC (arXiv 2510.01068) and PoCo (arXiv 2402.02511). The mixture of predictions means something only
where all of them speak of the same noisy sample: the same noise levels, the same kind of
prediction, the same actions in the same normalised units, for the same times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_policy.bundle.bundle import Bundle, load_bundle
from takt_policy.bundle.normalizer import Normalizer
from takt_policy.bundle.schema import ACTION, InputSpec, SamplerSpec
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
    for what, ours, theirs in _compared(main, other):
        if ours != theirs:
            raise PolicyError(
                f"{other.path} cannot be composed with {main.path}: {what} differs, {theirs} "
                f"against {ours}. Policies that are mixed must agree on it; change 'compose', or "
                "train alike"
            )


def _compared(main: Bundle, other: Bundle) -> Iterator[tuple[str, object, object]]:
    """What must be equal, in words, of both."""
    a, b = main.spec, other.spec
    yield "the family", a.family, b.family
    yield "what is sampled (a latent, or actions)", a.decode, b.decode
    ours, theirs = _training(a.require_sampler()), _training(b.require_sampler())
    for key, value in ours.items():
        yield f"the sampler's {key}", value, theirs[key]
    yield "the length of the chunk", a.horizons.prediction, b.horizons.prediction
    yield "the action for the observation's time", a.horizons.first, b.horizons.first
    yield "the time between actions", a.horizons.step_s, b.horizons.step_s
    layouts = [[replace(one, name="") for one in spec.actions] for spec in (a, b)]
    yield "the layout of the actions", layouts[0], layouts[1]
    for part in ("offset", "scale"):
        values = [getattr(one.normalizers[ACTION], part) for one in (main, other)]
        differs = not np.allclose(values[0], values[1], rtol=1e-5, atol=1e-7)
        yield f"the normaliser of the actions ({part})", str(values[0]), str(values[differs])
    known = {one.name: _seen(one) for one in a.inputs}
    for one in b.inputs:
        yield f"input {one.name!r}", known.get(one.name), _seen(one)


def _seen(one: InputSpec) -> InputSpec:
    """An input without what only says when it is too old."""
    return replace(one, max_age_s=0.0, tolerance_s=0.0)


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
