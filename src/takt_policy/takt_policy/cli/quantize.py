"""``takt policy quantize BUNDLE OUT``: weights of matrix products in 8 bits, for CPUs.

Refuses if whole chunks from the golden observation come out too different. Whether it is worth
it here is said by ``takt policy bench``; what it costs in success, only ``takt eval`` can say.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial

from takt_policy.bundle import load_bundle
from takt_policy.cli.derived import add_arguments, report
from takt_policy.tune.convert import int8_weights
from takt_policy.tune.derive import busiest_graph, derive


def main(argv: list[str] | None = None) -> int:
    """Writes the bundle and says how far it is from the original."""
    parser = argparse.ArgumentParser(prog="takt policy quantize", description=__doc__)
    add_arguments(parser, "the one that is called most: denoise or predict")
    parser.add_argument(
        "--per-channel", action="store_true", help="a scale per column: closer, a little slower"
    )
    arguments = parser.parse_args(argv)
    bundle = load_bundle(arguments.bundle)
    written, difference = derive(
        bundle,
        arguments.out,
        arguments.graphs or [busiest_graph(bundle)],
        partial(int8_weights, per_channel=arguments.per_channel),
        "int8",
        arguments.bound,
        arguments.overwrite,
    )
    report(bundle, written, difference)
    return 0


if __name__ == "__main__":
    sys.exit(main())
