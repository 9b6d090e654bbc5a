from __future__ import annotations

import platform
import subprocess
from pathlib import Path

from takt_recorder import provenance


def test_the_machine_is_described_and_not_named() -> None:
    host = provenance.host()
    assert host["cores"] >= 1
    assert host["memory_gib"] > 0
    assert platform.node() not in map(str, host.values())


def test_versions_of_what_decides_are_there() -> None:
    versions = provenance.versions()
    assert versions["takt"] == "0.1.0"
    assert versions["ros_distro"]
    assert versions["packages"]["mcap"]


def test_the_commit_is_found_with_its_changes_or_is_unknown(tmp_path: Path) -> None:
    assert provenance.git_revision(tmp_path / "nowhere") is None

    def git(*words: str) -> str:
        names = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
        command = ["git", "-C", str(tmp_path), *names, *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    git("init", "-q")
    (tmp_path / "file").write_text("one", encoding="utf-8")
    git("add", "file")
    git("commit", "-q", "-m", "first")
    assert provenance.git_revision(tmp_path) == git("rev-parse", "HEAD")
    (tmp_path / "file").write_text("two", encoding="utf-8")
    assert provenance.git_revision(tmp_path) == git("rev-parse", "HEAD") + "-dirty"
