"""The colcon build, limited to the packages whose sources changed."""

from __future__ import annotations

import os
import re
from pathlib import Path

from environment import Environment
from stages import Log
from stamps import Stamp, fingerprint

_SHARED_FOLDERS = ("config", "launch", "models", "urdf")
_BUILD_FILES = {"package.xml", "CMakeLists.txt", "setup.py", "setup.cfg"}
_BUILD_SUFFIXES = {".msg", ".srv", ".action", ".c", ".cpp", ".h", ".hpp", ".cmake", ".in"}


def packages(root: Path) -> dict[str, Path]:
    """Return the folders of all packages below src/ by package name."""
    found = {}
    for manifest in sorted((root / "src").glob("*/package.xml")):
        name = re.search(r"<name>\s*(\S+?)\s*</name>", manifest.read_text(encoding="utf-8"))
        if name and not (manifest.parent / "COLCON_IGNORE").exists():
            found[name.group(1)] = manifest.parent
    return found


def _source_files(folder: Path) -> list[Path]:
    files = []
    for directory, subdirectories, names in os.walk(folder):
        subdirectories[:] = [
            name
            for name in subdirectories
            if not name.startswith(("__", ".")) and "egg" not in name
        ]
        files += [Path(directory) / name for name in names]
    return files


def package_value(root: Path, folder: Path, environment: Environment) -> str:
    """Return the fingerprint of what the build of one package depends on.

    Python modules are linked into the installation, so their contents do not count. In
    CMake packages, and for folders installed from the top of the checkout, the links
    are made one by one: there the names of the files count.
    """
    files = _source_files(folder)
    contents = [p for p in files if p.name in _BUILD_FILES or p.suffix in _BUILD_SUFFIXES]
    names: list[Path] = []
    if (folder / "CMakeLists.txt").exists():
        names += [path for path in files if "test" not in path.relative_to(folder).parts]
    recipes = [folder / "setup.py", folder / "CMakeLists.txt"]
    texts = [recipe.read_text(encoding="utf-8") for recipe in recipes if recipe.exists()]
    if any("../.." in text or "parents[2]" in text for text in texts):
        for shared in _SHARED_FOLDERS:
            names += _source_files(root / shared)
    meta = root / "colcon.meta"
    listing = sorted(str(path.relative_to(root)) for path in names)
    return fingerprint([*contents, meta], [*listing, environment.build_value()])


class Build:
    """What is to be built, and building it."""

    def __init__(self, root: Path, environment: Environment) -> None:
        self._root = root
        self._environment = environment
        self._packages = packages(root)
        self._values = {
            name: package_value(root, folder, environment)
            for name, folder in self._packages.items()
        }

    def _stamp(self, package: str) -> Stamp:
        return Stamp(self._root / "build" / "stamps" / package)

    def outdated(self) -> list[str]:
        """Return the packages that were never built or whose sources changed since."""
        return [
            name
            for name, value in self._values.items()
            if not self._stamp(name).matches(value)
            or not (self._root / "install" / name / "share" / name / "package.xml").exists()
        ]

    def run(self, log: Log, changed: list[str]) -> str:
        """Build the changed packages."""
        env = self._environment.variables()
        env.setdefault("CMAKE_BUILD_PARALLEL_LEVEL", str(os.cpu_count() or 2))
        for name in changed:
            self._stamp(name).clear()
        python = self._environment.python
        log.run(
            [
                *("nice", python, "-m", "colcon", "--log-base", self._root / "build/log", "build"),
                *("--base-paths", self._root / "src", "--build-base", self._root / "build"),
                *("--install-base", self._root / "install", "--symlink-install"),
                *("--metas", self._root / "colcon.meta", "--parallel-workers", "2"),
                *("--continue-on-error", "--event-handlers", "console_cohesion+"),
                *("--packages-select", *changed),
                *("--cmake-args", "-GNinja", "-DCMAKE_BUILD_TYPE=Release", "-DBUILD_TESTING=OFF"),
                *(f"-DPython3_EXECUTABLE={python}", f"-DPython_EXECUTABLE={python}"),
            ],
            env=env,
            on_failure="After mending the package named above, run it again. If CMake does not "
            "find a package x_y of ROS, add ros-x-y to requirements.txt.",
        )
        for name in changed:
            self._stamp(name).write(self._values[name])
        return f"built {', '.join(changed)}"
