"""The checks of `make lint` see every package."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_ROOT = Path(__file__).resolve().parents[1]


def _linter() -> dict[str, Any]:
    with (_ROOT / "pyproject.toml").open("rb") as file:
        linter: dict[str, Any] = tomllib.load(file)["tool"]["importlinter"]
    return linter


def test_every_python_package_is_checked_by_import_linter() -> None:
    packages = sorted(path.parent.name for path in _ROOT.glob("src/takt_*/takt_*/__init__.py"))
    linter = _linter()
    assert sorted(linter["root_packages"]) == packages
    layers, ros = linter["contracts"]
    assert sorted(ros["source_modules"]) == packages
    named = " ".join(layers["layers"]).replace("(", " ").replace(")", " ").replace("|", " ")
    assert sorted(named.split()) == packages


def test_every_package_declares_its_version_and_licence() -> None:
    manifests = sorted(_ROOT.glob("src/*/package.xml"))
    assert manifests
    for manifest in manifests:
        text = manifest.read_text(encoding="utf-8")
        assert f"<name>{manifest.parent.name}</name>" in text
        assert "<version>0.1.0</version>" in text, manifest
        assert "<license>Apache-2.0</license>" in text, manifest
