"""Execution providers of onnxruntime: which there are, and how each is set up."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import onnxruntime as ort

from takt_policy.errors import PolicyError

TENSORRT = "TensorrtExecutionProvider"
CUDA = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"

DEFAULT_PROVIDERS = (TENSORRT, CUDA, CPU)
"""Tried in this order; those that this onnxruntime lacks are passed over."""

GREATEST_BATCH = 32
"""TensorRT builds one engine for batches up to this; a greater one is built when it comes."""

Signature = Mapping[str, Sequence[object]]
"""Shapes of inputs by name; what is not a number is an axis of any length."""


def available_providers(wanted: Sequence[str]) -> list[str]:
    """Those of ``wanted`` that this onnxruntime has, in the same order.

    Raises:
        PolicyError: it has none of them.
    """
    present = ort.get_available_providers()
    usable = [provider for provider in wanted if provider in present]
    if not usable:
        raise PolicyError(
            f"none of the execution providers {', '.join(wanted)} is available; this "
            f"onnxruntime has {', '.join(present)}. Change the parameter 'providers'"
        )
    return usable


def device_of(provider: str) -> str | None:
    """The device in whose memory a provider's inputs belong; None: plain arrays."""
    return "cuda" if provider in (TENSORRT, CUDA) else None


def cuda_options(half: bool) -> dict[str, str]:
    """Of the CUDA provider.

    TF32 is off for graphs of full precision: it rounds to 10 bits, and a bundle answers for
    its graphs to a far closer tolerance. The search for convolutions is short, or the first
    chunk would wait for it.
    """
    return {
        "use_tf32": "1" if half else "0",
        "cudnn_conv_algo_search": "HEURISTIC",
        "arena_extend_strategy": "kSameAsRequested",
    }


def tensorrt_options(
    graph: Path, signature: Signature, half: bool, cache: Path | None = None
) -> dict[str, str]:
    """Of the TensorRT provider: engines are kept, as building one takes up to minutes.

    Args:
        graph: its content names the folder of the engine.
        signature: of the graph's inputs, for the range of batch sizes.
        half: allow float16.
        cache: parent of the folder; by default one in the user's cache.
    """
    digest = hashlib.sha256(graph.read_bytes()).hexdigest()[:16]
    folder = (engine_cache() if cache is None else cache) / f"{graph.stem}-{digest}"
    options = {
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": str(folder),
        "trt_fp16_enable": "1" if half else "0",
    }
    fixed = all(isinstance(size, int) for shape in signature.values() for size in shape[1:])
    if fixed:
        # Without a range an engine is built for the first batch size, and again for the next.
        for which, batch in (("min", 1), ("opt", 1), ("max", GREATEST_BATCH)):
            options[f"trt_profile_{which}_shapes"] = ",".join(
                f"{name}:{'x'.join(str(size) for size in (batch, *shape[1:]))}"
                for name, shape in signature.items()
            )
    return options


def engine_cache() -> Path:
    """``~/.cache/takt/tensorrt``, or where ``XDG_CACHE_HOME`` says."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "takt" / "tensorrt"


def configured(
    wanted: Sequence[str], graph: Path, half: bool = False
) -> list[str | tuple[str, dict[str, str]]]:
    """The available ones of ``wanted`` with their options, as a session takes them.

    Raises:
        PolicyError: none is available.
    """
    found: list[str | tuple[str, dict[str, str]]] = []
    for provider in available_providers(wanted):
        if provider == CUDA:
            found.append((provider, cuda_options(half)))
        elif provider == TENSORRT:
            options = tensorrt_options(graph, _signature(graph), half)
            Path(options["trt_engine_cache_path"]).mkdir(parents=True, exist_ok=True)
            found.append((provider, options))
        else:
            found.append(provider)
    return found


def _signature(graph: Path) -> Signature:
    """Reading it takes a session, which takes no time on the CPU beside building an engine."""
    session = ort.InferenceSession(str(graph), providers=[CPU])
    return {one.name: one.shape for one in session.get_inputs()}
