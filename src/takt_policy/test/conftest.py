"""Fixtures of takt_policy's tests: small bundles with known answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from takt_policy.bundle import Bundle
from takt_policy.engine import PolicyEngine
from takt_policy.testing import write_tiny_bundle


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Read-only: a valid bundle that moves the tool 2 mm down per step."""
    return write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny.takt")


@pytest.fixture(scope="session")
def tiny_engine(tiny_bundle: Bundle) -> PolicyEngine:
    return PolicyEngine(tiny_bundle)


@pytest.fixture
def own_bundle(tmp_path: Path) -> Path:
    """A bundle that the test may damage."""
    return write_tiny_bundle(tmp_path / "own.takt").path


@pytest.fixture(scope="session")
def bundle_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Bundle]:
    """Read-only bundles by the arguments of ``write_tiny_bundle``, each made once."""
    folder, made = tmp_path_factory.mktemp("families"), {}

    def bundle_of(family: str = "diffusion", **options: Any) -> Bundle:
        key = repr((family, sorted(options.items())))
        if key not in made:
            path = folder / f"{len(made)}.takt"
            made[key] = write_tiny_bundle(path, family, **options)  # type: ignore[arg-type]
        return made[key]

    return bundle_of
