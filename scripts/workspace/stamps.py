"""Stamp files: what a stage was last done for, so that it is not done twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def fingerprint(files: Iterable[Path] = (), texts: Iterable[str] = ()) -> str:
    """Return a hash of the contents of `files` (with their names) and of `texts`."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"\0{path}\0".encode())
        digest.update(path.read_bytes())
    for text in texts:
        digest.update(f"\0{text}".encode())
    return digest.hexdigest()


class Stamp:
    """One stamp file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def matches(self, value: str) -> bool:
        return self._path.is_file() and self._path.read_text(encoding="utf-8") == value

    def clear(self) -> None:
        self._path.unlink(missing_ok=True)

    def write(self, value: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(value, encoding="utf-8")
