"""Draws the pictures of docs/control.md: python -m takt_sim.experiments [FOLDER]"""

from __future__ import annotations

import sys
from pathlib import Path

from takt_sim.experiments.figures import PICTURES


def main(arguments: list[str]) -> int:
    """Draw all pictures into a folder, docs/images unless another is named."""
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 2 if len(arguments) > 1 else 0
    folder = Path(arguments[0] if arguments else "docs/images")
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        draw(folder / name)
        print(folder / name, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
