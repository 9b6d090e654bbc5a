"""``takt policy bench BUNDLE``: how fast a bundle is on this machine, and what to do about it.

Everything in a table is measured in turn, so that other work on the machine falls on all of it
alike; figures are medians, with half the distance of the quartiles.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import textwrap
from pathlib import Path

import onnxruntime as ort

from takt_core.arguments import at_least
from takt_policy.bundle import load_bundle
from takt_policy.errors import PolicyError
from takt_policy.providers import DEFAULT_PROVIDERS
from takt_policy.tune.bench import Options, bench
from takt_policy.tune.calls import BATCHES
from takt_policy.tune.table import calls_table, chunks_table


def main(argv: list[str] | None = None) -> int:
    """Measures and prints."""
    arguments = _parser().parse_args(argv)
    bundle = load_bundle(arguments.bundle)
    print(
        f"{bundle.spec.name} ({bundle.spec.family}, {bundle.spec.provenance.precision}), "
        f"onnxruntime {ort.__version__}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}"
    )
    options = Options(
        tuple(arguments.providers),
        tuple(arguments.threads),
        tuple(arguments.batches),
        arguments.rounds,
        arguments.seconds,
        _text(arguments.robot_description),
        arguments.tcp_frame,
    )
    report = bench(bundle, options, say=lambda line: print(line, file=sys.stderr, flush=True))
    provider = report.provider.removesuffix("ExecutionProvider")
    _print("One call, by batch size", calls_table(report.calls))
    threads = f"{report.threads} thread{'s' * (report.threads > 1)}"
    _print(f"One chunk, on {provider} with {threads}", chunks_table(report.chunks))
    wrapped = [textwrap.wrap(line, 96) for line in report.recommendation + report.notes]
    _print("In words", [line for lines in wrapped for line in ("- " + lines[0], *_indent(lines))])
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(report.plain(), indent=2) + "\n", encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="takt policy bench", description=__doc__)
    parser.add_argument("bundle", type=Path, help="folder of the bundle")
    parser.add_argument("--providers", nargs="+", default=list(DEFAULT_PROVIDERS), metavar="NAME")
    parser.add_argument(
        "--threads",
        nargs="+",
        type=at_least(1),
        default=[],
        help="to try (default: 1, and all cores)",
    )
    parser.add_argument("--batches", nargs="+", type=at_least(1), default=list(BATCHES))
    parser.add_argument(
        "--rounds", type=at_least(1), default=50, help="per table (default %(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="per table, at most (default %(default)s)"
    )
    joints = parser.add_argument_group("for policies that command joints")
    joints.add_argument("--robot-description", type=Path, metavar="FILE", help="the robot's URDF")
    joints.add_argument("--tcp-frame", default="tcp", help="link of the tool (default tcp)")
    parser.add_argument("--json", type=Path, help="also write all figures to this file")
    return parser


def _text(file: Path | None) -> str:
    try:
        return "" if file is None else file.read_text(encoding="utf-8")
    except OSError as error:
        raise PolicyError(f"the robot's description cannot be read: {error}") from None


def _print(heading: str, lines: list[str]) -> None:
    print(f"\n{heading}")
    for line in lines:
        print(f"  {line}")


def _indent(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines[1:]]


if __name__ == "__main__":
    sys.exit(main())
