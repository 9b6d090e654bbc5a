"""``takt policy half BUNDLE OUT``: float16 inside the graphs, for GPUs.

The bundle is loaded and compared with the original on this machine's CPU, where float16 gains
nothing. How fast it is can only be said where it will run: ``takt policy bench`` there.
"""

from __future__ import annotations

import argparse
import sys

from takt_policy.bundle import load_bundle
from takt_policy.cli.derived import add_arguments, report
from takt_policy.tune.convert import float16
from takt_policy.tune.derive import derive


def main(argv: list[str] | None = None) -> int:
    """Writes the bundle and says how far it is from the original."""
    parser = argparse.ArgumentParser(prog="takt policy half", description=__doc__)
    add_arguments(parser, "all")
    arguments = parser.parse_args(argv)
    bundle = load_bundle(arguments.bundle)
    written, difference = derive(
        bundle,
        arguments.out,
        arguments.graphs or bundle.spec.graphs,
        float16,
        "float16",
        arguments.bound,
        arguments.overwrite,
    )
    report(bundle, written, difference)
    print("  compared on the CPU; on a GPU it has not run yet")
    return 0


if __name__ == "__main__":
    sys.exit(main())
