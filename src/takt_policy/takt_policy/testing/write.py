"""Whole bundles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from takt_policy.bundle.bundle import Bundle
from takt_policy.bundle.normalizer import Normalizer
from takt_policy.bundle.schema import ACTION, Family, InputSpec, PolicySpec
from takt_policy.bundle.write import write_bundle
from takt_policy.testing.chunks import TINY_SCALE, straight_chunk, tiny_latent
from takt_policy.testing.fast import decode_graph, residual_graph
from takt_policy.testing.graphs import (
    critic_graph,
    denoise_graph,
    encode_graph,
    energy_graph,
    predict_graph,
)
from takt_policy.testing.specs import tiny_spec

Array = npt.NDArray[Any]

_INPUT_SCALE = {"pose": 0.5, "wrench": 5.0}


def write_tiny_bundle(
    path: Path,
    family: Family = "diffusion",
    *,
    spec: PolicySpec | None = None,
    clean: Array | None = None,
    faulty: bool = False,
    **options: Any,
) -> Bundle:
    """A complete bundle at ``path``; by default the tool moves by -2 mm per step along its z.

    Args:
        spec: instead of ``tiny_spec(family, **options)``.
        clean: (H, D) normalised actions that the policy gives.
        faulty: it passes every check at load, and its first graph gives NaN for any
            observation but a white image.
        options: of ``tiny_spec``: decode, residual, critic, energy, prefix, goal, and fields of
            the specification.
    """
    spec = tiny_spec(family, **options) if spec is None else spec
    clean = straight_chunk(spec, (0.0, 0.0, -0.002)) if clean is None else clean
    observation = tiny_observation(spec)
    if faulty:
        first = spec.inputs[0].name
        observation[first] = np.full_like(observation[first], 255)
    return write_bundle(
        path,
        spec,
        tiny_graphs(spec, clean, faulty),
        tiny_normalizers(spec),
        observation,
        fast_observation=tiny_fast_observation(spec),
    )


def tiny_graphs(spec: PolicySpec, clean: Array, faulty: bool = False) -> dict[str, bytes]:
    """All graphs of a specification, as ``write_bundle`` takes them."""
    sampled = clean if spec.decode is None else tiny_latent(spec)
    makers = {
        "predict": lambda: predict_graph(spec, clean, faulty),
        "encode": lambda: encode_graph(spec, faulty=faulty),
        "denoise": lambda: denoise_graph(spec, sampled),
        "decode": lambda: decode_graph(spec, clean),
        "residual": lambda: residual_graph(spec),
        "critic": lambda: critic_graph(sampled),
        "energy": lambda: energy_graph(sampled),
    }
    return {name: makers[name]().SerializeToString() for name in spec.graphs}


def tiny_normalizers(spec: PolicySpec) -> dict[str, Normalizer]:
    """Scales of centimetres and newtons."""
    scales = {
        one.name: np.full(one.shape, _INPUT_SCALE.get(one.preprocess.kind, 1.0))
        for one in spec.inputs + spec.fast_inputs
    }
    scales[ACTION] = np.ones(spec.action_size)
    for group, span in spec.spans():
        if group.kind in ("pose", "position"):
            scales[ACTION][span][:3] = TINY_SCALE
        elif group.kind == "width":
            scales[ACTION][span] = 0.04
    normalizers = {}
    for name, kind in spec.normalizer.items():
        if kind == "identity":
            normalizers[name] = Normalizer.identity()
        else:
            scale = scales[name].astype(np.float32)
            normalizers[name] = Normalizer(kind, np.zeros_like(scale), scale)
    return normalizers


def tiny_observation(spec: PolicySpec, seed: int = 0) -> dict[str, Array]:
    """Arrays of the right shapes for the inputs."""
    return _random(spec.inputs, seed)


def tiny_fast_observation(spec: PolicySpec, seed: int = 1) -> dict[str, Array]:
    """The same for the fast inputs."""
    return _random(spec.fast_inputs, seed)


def _random(inputs: tuple[InputSpec, ...], seed: int) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    arrays: dict[str, Array] = {}
    for one in inputs:
        shape = (1, *one.array_shape)
        if one.dtype == "float32":
            arrays[one.name] = rng.uniform(-1, 1, shape).astype(np.float32)
        else:
            arrays[one.name] = rng.integers(0, 256, shape).astype(one.dtype)
    return arrays
