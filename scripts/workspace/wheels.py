"""Make the ROS 2 wheels of a virtual environment usable for building.

The wheels were built on a machine whose Python lives under /opt/python, and some of
their exported CMake files name its include directories. Interface packages do not
configure until these name the environment's own directories.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path

_FOREIGN_PYTHON = re.compile(r"/opt/python/cp\d+-cp\d+/include/python3\.\d+")
_FOREIGN_SITE_PACKAGES = re.compile(r"/opt/python/cp\d+-cp\d+/lib/python3\.\d+/site-packages")


def rewrite_foreign_directories(prefix: Path) -> int:
    """Rewrite the two foreign directories below `prefix`/share; return the files changed."""
    own_python = sysconfig.get_path("include")
    own_site_packages = sysconfig.get_path("purelib")
    changed = 0
    for path in sorted((prefix / "share").glob("*/cmake/*.cmake")):
        text = path.read_text(encoding="utf-8")
        fixed = _FOREIGN_PYTHON.sub(lambda _: own_python, text)
        fixed = _FOREIGN_SITE_PACKAGES.sub(lambda _: own_site_packages, fixed)
        if fixed != text:
            path.write_text(fixed, encoding="utf-8")
            changed += 1
    return changed


if __name__ == "__main__":
    print(f"{rewrite_foreign_directories(Path(sys.prefix))} CMake files rewritten")
