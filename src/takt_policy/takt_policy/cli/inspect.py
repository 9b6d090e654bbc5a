"""``takt policy inspect BUNDLE``: explains a bundle to a person and runs its checks."""

from __future__ import annotations

import argparse
import sys
import textwrap
from pathlib import Path

from takt_core.arguments import at_least
from takt_core.errors import TaktError
from takt_core.percentiles import summary
from takt_policy.bundle import Bundle, load_bundle
from takt_policy.describe import describe
from takt_policy.engine import PolicyEngine
from takt_policy.errors import PolicyError
from takt_policy.golden import WHOLE
from takt_policy.graphs import DEFAULT_PROVIDERS
from takt_policy.kinematics import arm_of


def main(argv: list[str] | None = None) -> int:
    """Prints the explanation; returns 1 if the bundle would be refused."""
    arguments = _parser().parse_args(argv)
    print(f"Policy bundle {arguments.bundle}")
    try:
        bundle = load_bundle(arguments.bundle)
        for heading, lines in describe(bundle):
            _print(heading, lines)
        engine = PolicyEngine(
            bundle,
            providers=tuple(arguments.providers),
            threads=arguments.threads,
            arm=arm_of(bundle.spec, _text(arguments.robot_description), arguments.tcp_frame),
        )
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
    parser.add_argument("--threads", type=at_least(1), default=1, help="of onnxruntime (default 1)")
    parser.add_argument(
        "--rounds", type=at_least(1), default=20, help="chunks to time (default 20)"
    )
    parser.add_argument("--providers", nargs="+", default=list(DEFAULT_PROVIDERS), metavar="NAME")
    joints = parser.add_argument_group("for policies that command joints")
    joints.add_argument("--robot-description", metavar="FILE", help="the robot's URDF")
    joints.add_argument("--tcp-frame", default="tcp", help="its tool frame (default tcp)")
    return parser


def _text(file: str | None) -> str:
    if file is None:
        return ""
    try:
        return Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise PolicyError(f"the robot's description cannot be read: {error}") from None


def _print(heading: str, lines: list[str]) -> None:
    print(f"\n{heading}")
    for line in lines:
        print(textwrap.fill(line, 100, initial_indent="  ", subsequent_indent="    "))


def _checks(engine: PolicyEngine) -> list[str]:
    golden = engine.bundle.spec.golden
    names = ", ".join(f"{name}.onnx" for name in engine.bundle.spec.graphs)
    lines = [f"passed: names, shapes and dtypes of {names} agree with policy.yaml"]
    for key, difference in engine.golden_differences.items():
        limit = golden.sample_tolerance if key == WHOLE else golden.graph_tolerance
        lines.append(f"passed: golden {key} differs by {difference:.1e}, allowed {limit:.1e}")
    return lines


def _timing(engine: PolicyEngine, bundle: Bundle, rounds: int) -> list[str]:
    step_ms = bundle.spec.horizons.step_s * 1e3
    engine.warm_up()
    chunk = summary([engine.warm_up(1) * 1e-6 for _ in range(rounds)])
    return [
        f"provider {engine.provider}",
        f"a chunk takes {chunk['p50']:.1f} ms (median of {chunk['count']}; 95 %: "
        f"{chunk['p95']:.1f} ms), that is {chunk['p95'] / step_ms:.2f} steps of {step_ms:g} ms: so "
        "many actions of a chunk are late, besides those lost to the age of the images",
        "takt policy bench says more",
    ]


if __name__ == "__main__":
    sys.exit(main())
