"""Golden pairs: inputs and outputs stored with a bundle, compared when it is loaded.

They tell a policy that was damaged, mixed up, or computes something else on this machine from
one that is as it was exported. Keys in golden.npz: ``<graph>.in.<input>`` and
``<graph>.out.<output>`` of every graph; and ``sample.seed`` and ``sample.out.actions`` (H, D):
a whole chunk from the golden observation, drawn with the bundle's own sampler.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_policy.bundle.bundle import GOLDEN_FILE, Bundle
from takt_policy.bundle.schema import InputSpec
from takt_policy.errors import BundleError
from takt_policy.model import CONDITION, OUTPUTS, Arrays, Float, PolicyModel, graph_inputs
from takt_policy.samplers import draw_plain

Array = npt.NDArray[Any]

_LOG = logging.getLogger(__name__)

SAMPLE_SEED = 7
WHOLE = "sample.out.actions"
SEED = "sample.seed"


def make_golden(
    model: PolicyModel,
    observation: Arrays,
    fast_observation: Arrays | None = None,
    reference: Mapping[str, Callable[..., Array]] | None = None,
) -> dict[str, Array]:
    """Golden arrays for a bundle.

    Args:
        observation: what the encode (or predict) graph gets, (1, history, *shape) each.
        fast_observation: the same for the fast inputs, if there are any.
        reference: by name of the graph, the function of the framework that it was exported from,
            called with the graph's inputs by name. Its outputs are stored, so that every later
            load compares with the original and not with the export. Graphs that it lacks are
            not compared, and a warning in the log says so.

    Raises:
        BundleError: a graph differs from its reference by more than ``export_tolerance``.
    """
    fast = fast_observation or {}
    _check_examples(model.spec.inputs, observation, "observation")
    _check_examples(model.spec.fast_inputs, fast, "fast_observation")
    if unknown := sorted(set(reference or {}) - set(model.graphs)):
        raise BundleError(
            f"'reference' has a function for {unknown[0]}, but the bundle's graphs are "
            f"{', '.join(model.graphs)}"
        )
    if reference is not None and (left := [one for one in model.graphs if one not in reference]):
        _LOG.warning(
            "%s: not compared with the framework; 'reference' has no function for it",
            ", ".join(f"{one}.onnx" for one in left),
        )
    arrays: dict[str, Array] = {}
    condition: Array | None = None
    for graph in model.graphs:
        feed = _example(model, graph, observation, fast, condition)
        found = model.graphs[graph].run(feed)[OUTPUTS[graph]]
        stored = found
        if reference is not None and graph in reference:
            stored = np.asarray(reference[graph](**feed), np.float32)
            what = f"{graph}.onnx, output {OUTPUTS[graph]!r}, against the framework's own"
            _compare(what, found, stored, model.spec.golden.export_tolerance)
        if graph == "encode":
            condition = found
        arrays |= {f"{graph}.in.{name}": value for name, value in feed.items()}
        arrays[f"{graph}.out.{OUTPUTS[graph]}"] = stored
    arrays[SEED] = np.array(SAMPLE_SEED)
    arrays[WHOLE] = whole_chunk(model, observation, fast, SAMPLE_SEED)
    return arrays


def check_golden(bundle: Bundle, model: PolicyModel) -> dict[str, float]:
    """Runs the golden inputs; returns the greatest difference per output.

    Raises:
        BundleError: an array is missing or misshapen, or an output differs too much.
    """
    spec = bundle.spec
    _check_entries(bundle)
    differences: dict[str, float] = {}
    for graph in model.graphs:
        feed = {name: bundle.golden[f"{graph}.in.{name}"] for name in graph_inputs(spec, graph)}
        key = f"{graph}.out.{OUTPUTS[graph]}"
        found = model.graphs[graph].run(feed)[OUTPUTS[graph]]
        differences[key] = _compare(
            f"{bundle.path}: golden {key}", found, bundle.golden[key], spec.golden.graph_tolerance
        )
    seed = int(bundle.golden[SEED])
    found = whole_chunk(model, golden_observation(bundle), golden_fast_observation(bundle), seed)
    differences[WHOLE] = _compare(
        f"{bundle.path}: golden {WHOLE}", found, bundle.golden[WHOLE], spec.golden.sample_tolerance
    )
    return differences


def golden_observation(bundle: Bundle) -> dict[str, Array]:
    """One example of the inputs, (1, history, *shape) each, as the graph gets them."""
    graph = bundle.spec.observing_graph
    return {one.name: bundle.golden[f"{graph}.in.{one.name}"][:1] for one in bundle.spec.inputs}


def golden_fast_observation(bundle: Bundle) -> dict[str, Array]:
    """The same of the fast inputs; empty if there are none."""
    graph = "residual" if bundle.spec.decode is None else "decode"
    return {
        one.name: bundle.golden[f"{graph}.in.{one.name}"][:1] for one in bundle.spec.fast_inputs
    }


def _example(
    model: PolicyModel, graph: str, observation: Arrays, fast: Arrays, condition: Array | None
) -> dict[str, Array]:
    """An input of a graph: the observation where it takes one, else noise."""
    spec = model.spec
    if graph in ("predict", "encode"):
        return dict(observation)
    rng = np.random.default_rng(SAMPLE_SEED)
    sample = rng.standard_normal((2, *model.chunk), dtype=np.float32)
    if graph == "decode":
        return {"latent": sample[:1], "elapsed": np.array([0.05], np.float32), **fast}
    if graph == "residual":
        return {"base": rng.standard_normal((1, spec.action_size), dtype=np.float32), **fast}
    assert condition is not None  # encode comes first among the graphs of its families
    known = {CONDITION: np.concatenate([condition, condition])}
    if graph == "denoise":
        return {"x": sample, "t": _golden_times(model), **known}
    return {**known, "x": sample}


def _golden_times(model: PolicyModel) -> Array:
    """A noisy and a clean end of time for the two golden samples."""
    sampler = model.spec.require_sampler()
    if sampler.kind == "flow":
        times = np.array([0.25, 0.75]) * sampler.time_scale
    else:
        times = np.array([sampler.training_steps - 1.0, 0.0])
    if sampler.prefix:
        times = np.repeat(times[:, None], model.chunk[0], axis=1)
    return times.astype(model.graphs["denoise"].dtype("t"))


def whole_chunk(model: PolicyModel, observation: Arrays, fast: Arrays, seed: int) -> Float:
    """A chunk (H, D) in normalised units, without residual."""
    if "predict" in model.graphs:
        chunk: Float = model.predict(observation)[0]
        return chunk
    run = model.denoiser(model.encode(observation))
    drawn = draw_plain(model.spec.require_sampler(), run, model.chunk, np.random.default_rng(seed))
    if "decode" in model.graphs:
        drawn = model.decode(drawn[None], fast, 0.0)[0]
    return drawn


def _check_examples(inputs: tuple[InputSpec, ...], arrays: Arrays, name: str) -> None:
    wanted = {one.name for one in inputs}
    if set(arrays) != wanted:
        raise BundleError(
            f"'{name}' has {', '.join(sorted(arrays)) or 'nothing'}; it must have "
            f"{', '.join(sorted(wanted)) or 'nothing'}, one array for each input"
        )


def _check_entries(bundle: Bundle) -> None:
    """All arrays are there, none is left over, and inputs are as policy.yaml says."""
    spec, file = bundle.spec, bundle.path / GOLDEN_FILE
    wanted = {f"{graph}.in.{name}" for graph in spec.graphs for name in graph_inputs(spec, graph)}
    wanted |= {f"{graph}.out.{OUTPUTS[graph]}" for graph in spec.graphs} | {SEED, WHOLE}
    if missing := sorted(wanted - set(bundle.golden)):
        raise BundleError(f"{file}: entry {missing[0]!r} is missing; export the bundle again")
    if extra := sorted(set(bundle.golden) - wanted):
        raise BundleError(
            f"{file}: entry {extra[0]!r} belongs to no graph of this bundle; export it again"
        )
    for graph in spec.graphs:
        for one in spec.inputs + spec.fast_inputs:
            value = bundle.golden.get(f"{graph}.in.{one.name}")
            if value is None:
                continue
            if value.shape[1:] != one.array_shape or value.dtype != one.dtype:
                raise BundleError(
                    f"{file}: {graph}.in.{one.name} is {value.dtype} {list(value.shape)}; "
                    f"policy.yaml says {one.dtype} [batch, *{list(one.array_shape)}]"
                )


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
