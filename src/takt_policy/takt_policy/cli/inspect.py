"""``takt policy inspect BUNDLE``: explains a bundle to a person and runs its checks."""

from __future__ import annotations

import argparse
import sys
import textwrap
import time

import numpy as np

from takt_core.errors import TaktError
from takt_core.percentiles import summary
from takt_policy.bundle import Bundle, load_bundle
from takt_policy.describe import describe
from takt_policy.engine import PolicyEngine
from takt_policy.golden import golden_observation
from takt_policy.graphs import DEFAULT_PROVIDERS


def main(argv: list[str] | None = None) -> int:
    """Prints the explanation; returns 1 if the bundle would be refused."""
    arguments = _parser().parse_args(argv)
    print(f"Policy bundle {arguments.bundle}")
    try:
        bundle = load_bundle(arguments.bundle)
        for heading, lines in describe(bundle):
            _print(heading, lines)
        engine = PolicyEngine(bundle, tuple(arguments.providers), threads=arguments.threads)
    except TaktError as error:
        _print("Checks", ["FAILED: this bundle is refused"])
        print(f"error: {error}", file=sys.stderr)
        return 1
    _print("Checks", _checks(engine))
    _print("Here and now", _timing(engine, bundle, arguments.rounds))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="takt policy inspect", description=__doc__)
    parser.add_argument("bundle", help="folder of the bundle, e.g. models/peg_insertion.takt")
    parser.add_argument("--threads", type=int, default=1, help="of onnxruntime (default 1)")
    parser.add_argument("--rounds", type=int, default=20, help="chunks to time (default 20)")
    parser.add_argument("--providers", nargs="+", default=list(DEFAULT_PROVIDERS), metavar="NAME")
    return parser


def _print(heading: str, lines: list[str]) -> None:
    print(f"\n{heading}")
    for line in lines:
        print(textwrap.fill(line, 100, initial_indent="  ", subsequent_indent="    "))


def _checks(engine: PolicyEngine) -> list[str]:
    golden = engine.bundle.spec.golden
    limits = {"sample.out.actions": golden.sample_tolerance}
    lines = ["passed: names, shapes and dtypes of both graphs agree with policy.yaml"]
    for key, difference in engine.golden_differences.items():
        limit = limits.get(key, golden.graph_tolerance)
        lines.append(f"passed: golden {key} differs by {difference:.1e}, allowed {limit:.1e}")
    return lines


def _timing(engine: PolicyEngine, bundle: Bundle, rounds: int) -> list[str]:
    spec = bundle.spec
    observation = golden_observation(bundle)
    engine.warm_up()
    encode_ms, chunk_ms = [], []
    for _ in range(max(1, rounds)):
        start = time.perf_counter()
        engine.model.encode(observation)
        encode_ms.append((time.perf_counter() - start) * 1e3)
        chunk_ms.append(engine.warm_up(1) * 1e-6)
    chunk, encode = summary(chunk_ms), float(np.median(encode_ms))
    calls = engine.sampler_spec.inference_steps
    step_ms = spec.horizons.step_s * 1e3
    return [
        f"provider {engine.provider}",
        f"a chunk takes {chunk['p50']:.1f} ms (median of {chunk['count']}; 95 %: "
        f"{chunk['p95']:.1f} ms): {encode:.1f} ms to encode, then {calls} calls of "
        f"{(chunk['p50'] - encode) / calls:.2f} ms",
        f"that is {chunk['p95'] / step_ms:.2f} steps of {step_ms:g} ms: so many actions of a chunk "
        "are late, besides those lost to the age of the images",
    ]


if __name__ == "__main__":
    sys.exit(main())
