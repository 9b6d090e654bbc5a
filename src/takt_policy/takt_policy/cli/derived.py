"""What `takt policy quantize` and `takt policy half` have in common."""

from __future__ import annotations

import argparse
from pathlib import Path

from takt_policy.bundle import Bundle
from takt_policy.tune.compare import Difference
from takt_policy.tune.derive import DEFAULT_BOUND


def add_arguments(parser: argparse.ArgumentParser, graphs: str) -> None:
    """Bundle, where to, which graphs, how far off.

    Args:
        graphs: which are changed if none is named, in words.
    """
    parser.add_argument("bundle", type=Path, help="folder of the bundle, in float32")
    parser.add_argument("out", type=Path, help="folder to make, e.g. models/NAME_small.takt")
    parser.add_argument(
        "--graphs", nargs="+", metavar="NAME", help=f"to change (default: {graphs})"
    )
    parser.add_argument(
        "--bound",
        type=float,
        default=DEFAULT_BOUND,
        help="greatest difference of whole chunks, in normalised units (default %(default)s)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a bundle that is there")


def report(original: Bundle, written: Bundle, difference: Difference) -> None:
    """Prints what became of a bundle."""
    before, after = (_megabytes(one) for one in (original, written))
    golden = written.spec.golden
    print(f"{written.path}: {after:.2f} MB instead of {before:.2f} MB")
    print(f"  {difference.words()}")
    print(
        f"  tolerances at load: {golden.graph_tolerance:g} for a call, "
        f"{golden.sample_tolerance:g} for a chunk"
    )
    print("  success was not taken over, as nobody measured it with these graphs: `takt eval`")


def _megabytes(bundle: Bundle) -> float:
    return sum(bundle.graph_path(name).stat().st_size for name in bundle.spec.graphs) / 1e6
