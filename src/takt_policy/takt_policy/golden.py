"""Golden pairs: inputs and outputs stored with a bundle, compared when it is loaded.

They tell a policy that was damaged, mixed up, or computes something else on this machine from
one that is as it was exported. Keys in golden.npz: ``<graph>.in.<input>``,
``<graph>.out.<output>``; and for the whole sampling ``sample.seed`` and ``sample.out.actions``
(H, D), drawn with the bundle's own sampler from the golden observation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_policy.bundle.bundle import GOLDEN_FILE, Bundle
from takt_policy.bundle.schema import PolicySpec
from takt_policy.diffusion import CONDITION, PREDICTION, Arrays, DiffusionModel
from takt_policy.errors import BundleError
from takt_policy.samplers import make_sampler

Array = npt.NDArray[Any]

SAMPLE_SEED = 7


def make_golden(
    model: DiffusionModel,
    spec: PolicySpec,
    observation: Arrays,
    reference: Mapping[str, Callable[..., Array]] | None = None,
) -> dict[str, Array]:
    """Golden arrays for a bundle.

    Args:
        observation: what the encode graph gets, (1, history, *shape) each.
        reference: ``encode(**observation)`` and ``denoise(x, t, condition)`` of the framework
            that the graphs were exported from. Its outputs are stored, so that every later
            load compares with the original and not with the export.

    Raises:
        BundleError: the graphs differ from the reference by more than the bundle's tolerance.
    """
    rng = np.random.default_rng(SAMPLE_SEED)
    condition = model.encode(observation)
    levels = np.array([spec.sampler.training_steps - 1, 0], np.int64)
    noise = rng.standard_normal((2, *model.chunk), dtype=np.float32)
    both = np.concatenate([condition, condition])
    denoise_in: dict[str, Array] = {
        "x": noise,
        "t": levels,
        CONDITION: both,
    }
    outputs = {
        "encode": {CONDITION: condition},
        "denoise": {PREDICTION: model.predict(noise, levels, both)},
    }
    inputs: dict[str, Arrays] = {"encode": observation, "denoise": denoise_in}
    arrays: dict[str, Array] = {}
    for graph, found in outputs.items():
        for name, value in inputs[graph].items():
            arrays[f"{graph}.in.{name}"] = value
        for name, value in found.items():
            stored = value
            if reference is not None:
                stored = np.asarray(reference[graph](**inputs[graph]), np.float32)
                _compare(
                    f"{graph}.onnx, output {name!r}, against the framework it was exported from",
                    value,
                    stored,
                    spec.golden.graph_tolerance,
                )
            arrays[f"{graph}.out.{name}"] = stored
    arrays["sample.seed"] = np.array(SAMPLE_SEED)
    arrays["sample.out.actions"] = _sample(model, spec, condition, SAMPLE_SEED)
    return arrays


def check_golden(bundle: Bundle, model: DiffusionModel) -> dict[str, float]:
    """Runs the golden inputs; returns the greatest difference per output.

    Raises:
        BundleError: an array is missing or misshapen, or an output differs too much.
    """
    spec, golden = bundle.spec, bundle.golden
    observation = {one.name: _take(bundle, f"encode.in.{one.name}") for one in spec.inputs}
    for one in spec.inputs:
        value, wanted = observation[one.name], (one.history, *one.shape)
        if value.shape[1:] != wanted or value.dtype != one.dtype:
            raise BundleError(
                f"{bundle.path / GOLDEN_FILE}: encode.in.{one.name} is {value.dtype} "
                f"{list(value.shape)}; policy.yaml says {one.dtype} [batch, *{list(wanted)}]"
            )
    x, levels, condition_in = (_take(bundle, f"denoise.in.{n}") for n in ("x", "t", CONDITION))
    condition = model.encode(observation)
    found = {
        f"encode.out.{CONDITION}": condition,
        f"denoise.out.{PREDICTION}": model.predict(x, levels, condition_in),
    }
    differences = {
        key: _compare(
            f"{bundle.path}: golden {key}", value, _take(bundle, key), spec.golden.graph_tolerance
        )
        for key, value in found.items()
    }
    key = "sample.out.actions"
    seed = int(_take(bundle, "sample.seed"))
    sampled = _sample(model, spec, condition, seed)
    differences[key] = _compare(
        f"{bundle.path}: golden {key}", sampled, _take(bundle, key), spec.golden.sample_tolerance
    )
    known = {f"encode.in.{one.name}" for one in spec.inputs} | set(differences)
    known |= {f"denoise.in.{n}" for n in ("x", "t", CONDITION)} | {"sample.seed"}
    if extra := sorted(set(golden) - known):
        raise BundleError(
            f"{bundle.path / GOLDEN_FILE}: entry {extra[0]!r} belongs to no graph "
            "of this bundle; export it again"
        )
    return differences


def _sample(
    model: DiffusionModel, spec: PolicySpec, condition: npt.NDArray[np.float32], seed: int
) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    chunks: npt.NDArray[np.float32] = model.draw(condition, make_sampler(spec.sampler), rng)
    first: npt.NDArray[np.float32] = chunks[0]
    return first


def _take(bundle: Bundle, key: str) -> Array:
    if key not in bundle.golden:
        raise BundleError(
            f"{bundle.path / GOLDEN_FILE}: entry {key!r} is missing; export the bundle again"
        )
    return bundle.golden[key]


def _compare(what: str, found: Array, stored: Array, tolerance: float) -> float:
    if found.shape != stored.shape:
        raise BundleError(
            f"{what}: shape {list(found.shape)} instead of {list(stored.shape)}; "
            "export the bundle again"
        )
    difference = float(np.max(np.abs(found.astype(np.float64) - stored.astype(np.float64))))
    # Written so that a stored NaN fails, too.
    if not difference <= tolerance:
        raise BundleError(
            f"{what} differs by {difference:.2g}; allowed are {tolerance:.2g}. The graphs are not "
            "those that were exported, or this machine computes differently: export again, or "
            "raise 'golden' in policy.yaml if the difference is understood"
        )
    return difference
